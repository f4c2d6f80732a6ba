"""Features known before the day: the window kernel, the columns declared in the catalogue, and their matrix."""
