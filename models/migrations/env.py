"""Runs migrations on the connection that services/schema.py hands over; reads no configuration file."""

from alembic import context

from models.all_tables import metadata
from models.migrations.env_options import include_name, render_item, same_type

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    render_item=render_item,
    compare_type=same_type,
    include_name=include_name,
    # The caller's transaction holds the whole move: all of it happens, or none.
    transactional_ddl=True,
)
context.run_migrations()
