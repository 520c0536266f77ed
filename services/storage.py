"""This process's one engine, and the sessions that come from it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from sqlalchemy import Engine
from sqlmodel import Session

from models.database import make_engine, normalised
from models.database import reading as reading_from
from services.settings import settings


@cache
def engine() -> Engine:
    """The engine of this process, made at first use."""
    current = settings()
    if normalised(current.database).startswith("sqlite"):
        current.home.mkdir(parents=True, exist_ok=True)
    return make_engine(current.database)


@contextmanager
def reading() -> Iterator[Session]:
    """A session that reads one snapshot; a service that changes something takes the right to write by itself."""
    session = reading_from(engine())
    try:
        yield session
    finally:
        session.close()
