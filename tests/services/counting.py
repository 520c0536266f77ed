"""Counts what a service asks of the database, and waits for what others do."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event
from sqlmodel import Session


@contextmanager
def sent(through: Session | Engine) -> Iterator[list[str]]:
    """Every statement sent meanwhile, by whoever uses the same database."""
    bind = through.get_bind() if isinstance(through, Session) else through
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(bind, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(bind, "before_cursor_execute", note)


def reads(statements: list[str]) -> list[str]:
    """Those that ask for rows."""
    return [each for each in statements if each.lstrip().upper().startswith(("SELECT", "WITH"))]


@contextmanager
def queries_of(session: Session) -> Iterator[list[str]]:
    """The SELECT statements sent meanwhile, from a session that has to ask for every row again."""
    session.expire_all()
    seen: list[str] = []
    with sent(session) as statements:
        yield seen
    seen += reads(statements)


def soon(holds: Callable[[], bool], seconds: float = 60) -> bool:
    """Whether it comes to hold within so many seconds: many, for a machine that has much else to do."""
    until = time.monotonic() + seconds
    while not holds() and time.monotonic() < until:
        time.sleep(0.05)
    return holds()
