"""The unit of work around every service function that changes something."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm.exc import StaleDataError
from sqlmodel import Session

from models.database import begin_writing
from services import people_index  # noqa: F401 - whoever writes is heard: words must lead to people as they are now
from services.errors import Conflict

P = ParamSpec("P")
R = TypeVar("R")


def writes(service: Callable[Concatenate[Session, P], R]) -> Callable[Concatenate[Session, P], R]:
    """Give the service the right to write before it reads, and leave nothing half done when it refuses.

    Raises Conflict when somebody else changed the same row a moment earlier, or when the database stays busy.
    """

    @wraps(service)
    def unit(session: Session, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            began = begin_writing(session)
        except OperationalError as busy:
            raise _too_busy() from busy
        try:
            return service(session, *args, **kwargs)
        except StaleDataError as clash:
            session.rollback()
            raise Conflict("Somebody else changed this a moment ago.", remedy="Reload the page to see how.") from clash
        except BaseException:
            # Whoever handed over an open unit of work decides about it; ours ends here.
            if began:
                session.rollback()
            raise

    unit.__dict__["writes"] = True
    return cast("Callable[Concatenate[Session, P], R]", unit)


def _too_busy() -> Conflict:
    return Conflict("The database is busy and nothing was saved.", remedy="Wait a moment, then try again.")


def is_write(service: Callable[..., Any]) -> bool:
    """Whether a service function is a unit of work."""
    return bool(getattr(service, "writes", False))
