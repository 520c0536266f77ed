"""One file per change to a table, run by Alembic on SQLite and PostgreSQL alike."""
