"""What somebody reads when a page breaks, under a reference that stands in the log too."""

import logging
import secrets
import traceback

from sqlalchemy import exc
from starlette.responses import Response

from services import plain_pages

log = logging.getLogger(__name__)

# The database is away, or too busy to give a connection: it may well answer in a minute.
_AWAY = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError)
TELL = "if it happens again, tell the coordinator the reference"


def answer_to(error: Exception) -> Response:
    """A calm page: status 503 when the database does not answer, else 500. Says nothing of the inside."""
    reference = secrets.token_hex(4)
    log.error("A page broke; its reader was given the reference %s\n%s", reference, _without_values(error))
    if not isinstance(error, _AWAY):
        return plain_pages.render(
            "Something went wrong on our side",
            [f"Open the page again to see whether this step was saved; {TELL} {reference}."],
            status=500,
        )
    answer = plain_pages.render(
        "We cannot open this page just now", [f"Try again in a minute; {TELL} {reference}."], status=503
    )
    answer.headers["retry-after"] = "60"
    return answer


def _without_values(error: Exception) -> str:
    """Where it broke and by what kind of error. Its message may quote what somebody typed, so it stays out."""
    return "".join(traceback.format_tb(error.__traceback__)) + type(error).__name__
