"""The server's few addresses outside Streamlit for being alive, signing in and signing out."""

import re

from anyio import to_thread
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from services import plain_pages, sessions, storage
from services.gateway import session_cookie
from services.gateway_headers import is_same_origin
from services.schema import HEAD, current
from services.settings import settings

# A screen of ours, and the place in which to open it: nothing that could lead away from here.
SCREEN = re.compile(r"/[a-z_]{0,40}(\?place=[a-z0-9-]{1,80})?")


def routes() -> list[Route]:
    return [
        Route("/healthz", _healthz),
        Route("/readyz", _readyz),
        Route("/home", _home),
        Route("/auth/session", _enter),
        Route("/auth/sign-out", _leave),
    ]


def screen_asked_for(request: Request) -> str:
    """Where somebody wanted to go before they signed in, if that is a screen of ours; else the first one."""
    asked = request.query_params.get("to", "/")
    return asked if SCREEN.fullmatch(asked) else "/"


def keep_signed_in(response: Response, token: str) -> None:
    """Put a session's token into this browser. Without an age it goes when the browser closes."""
    response.set_cookie(
        sessions.cookie_name(), token, path="/", httponly=True, secure=settings().is_production, samesite="lax"
    )


def forget(response: Response) -> None:
    """Take the token out of this browser."""
    response.delete_cookie(
        sessions.cookie_name(), path="/", httponly=True, secure=settings().is_production, samesite="lax"
    )


async def _home(request: Request) -> Response:
    """The first screen's own address is `/`; Streamlit knows nothing at the one that its menu suggests."""
    query = request.url.query
    return RedirectResponse(f"/?{query}" if query else "/")


async def _healthz(_request: Request) -> Response:
    """This process answers. Whether it can work is the next route's question."""
    return JSONResponse({"status": "alive"}, headers={"cache-control": "no-store"})


async def _readyz(_request: Request) -> Response:
    """The database answers, and its tables are of this version."""
    problem = await to_thread.run_sync(_what_is_missing)
    answer = {"status": "ready"} if problem is None else {"status": "not ready", "because": problem}
    return JSONResponse(answer, 200 if problem is None else 503, headers={"cache-control": "no-store"})


def _what_is_missing() -> str | None:
    try:
        with storage.engine().connect() as connection:
            found = current(connection)
    except SQLAlchemyError:
        return "The database does not answer."
    return None if found == HEAD else "The database's tables are of another version."


async def _enter(request: Request) -> Response:
    """Turn a ticket into this browser's cookie. Only our own sign-in page may send somebody here."""
    if not is_same_origin(request.headers):
        return plain_pages.render(
            "Please sign in on our own page", ["This address only works from there."], link=_HOME, status=403
        )
    token = await to_thread.run_sync(_redeem, request.query_params.get("ticket", ""))
    if token is None:
        return plain_pages.render(
            "That took too long", ["Please sign in once more; nothing is lost."], link=_HOME, status=403
        )
    response = RedirectResponse(screen_asked_for(request), 303, {"cache-control": "no-store"})
    keep_signed_in(response, token)
    return response


async def _leave(request: Request) -> Response:
    """Sign this browser out; from another site's page this only leads home."""
    response = RedirectResponse("/", 303, {"cache-control": "no-store"})
    if is_same_origin(request.headers):
        await to_thread.run_sync(_revoke, session_cookie(request.headers))
        forget(response)
    return response


def _redeem(ticket: str) -> str | None:
    with storage.reading() as session:
        return sessions.redeem(session, ticket)


def _revoke(token: str | None) -> None:
    if token:
        with storage.reading() as session:
            sessions.revoke(session, token)


_HOME = ("/", "Go to the sign-in page")
