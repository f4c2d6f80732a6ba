"""Returns the numbered steps that make and change the service's tables (Alembic)."""
