"""The event store: one row per event, one file per domain and bucket of people, sorted by person and day."""
