"""Opens the equality answers of many, for those two who may: to count them, and to take a question out of them.

That takes a while, so it is done before anything is locked. Whoever then holds the right to write looks again, and
opens only what has come in between.
"""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from models.database import begin_looking, look_anew
from services import equality
from services.errors import NotAllowed

# By what is stored of somebody's answers, what they say; None where no key of this server opens it.
Opened = Mapping[str, Mapping[str, str] | None]


def beforehand(session: Session, statement: Any, values: Mapping[str, Any]) -> Opened:
    """What the statement finds, a column of sealed answers, opened when nothing is open in the database any more.

    Within somebody's unit of work it is opened there.
    """
    begin_looking(session)
    found = session.execute(statement, values).scalars().all()
    look_anew(session)
    return {sealed: said(sealed) for sealed in found}


def said(sealed: str, known: Opened | None = None) -> Mapping[str, str] | None:
    """One person's answers, by question; None where no key of this server opens them."""
    if known and sealed in known:
        return known[sealed]
    try:
        return equality.opened(sealed)
    except NotAllowed:
        return None
