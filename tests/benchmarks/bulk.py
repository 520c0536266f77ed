"""Many rows at once, as plain dictionaries: a benchmark waits for its screens, not for its people."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import insert
from sqlmodel import Session, SQLModel

from models.columns import utc_now

CHUNK = 2000


def row(created_at: datetime | None = None, **columns: Any) -> dict[str, Any]:
    """A row with a key and the moment of its making."""
    return {"id": uuid4(), "created_at": created_at or utc_now()} | columns


def insert_rows(session: Session, table: type[SQLModel], rows: list[dict[str, Any]]) -> None:
    """Adds them; never commits. All rows name the same columns."""
    for start in range(0, len(rows), CHUNK):
        session.execute(insert(table), rows[start : start + CHUNK])
