"""The quality of an extract before it is landed: checks declared as data, after Kahn and others (2016)."""
