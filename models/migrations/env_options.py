"""How migrations are written and compared; apart from env.py, which only Alembic can load."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from sqlmodel.sql.sqltypes import AutoString


def render_item(kind: str, value: Any, _context: AutogenContext) -> str | Literal[False]:
    """Write SQLModel's own types as what the database keeps, so that a migration needs no import of theirs."""
    if kind != "type":
        return False
    if isinstance(value, AutoString):
        return f"sa.String({value.length})" if value.length else "sa.String()"
    if type(value).__name__ == "UTCDateTime":
        return "sa.DateTime(timezone=True)"
    return False


def same_type(context: Any, _column: Any, _inspected: Any, _inspected_type: Any, model_type: Any) -> bool | None:
    """SQLite keeps times, ids and JSON under other names: about those only PostgreSQL's answer counts."""
    if context.dialect.name == "sqlite" and isinstance(model_type, sa.types.TypeDecorator | sa.JSON | sa.Uuid):
        return False
    return None


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    """Leave out what finds words: migrations make it, each database in its own way, and no model describes it."""
    return kind not in {"table", "index"} or not (name or "").startswith(("search_words", "ix_search_words"))
