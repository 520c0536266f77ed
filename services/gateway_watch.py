"""Which sign-ins still live, asked of the database at most every two seconds, and the sockets that hang on them."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

from anyio import to_thread
from sqlalchemy.exc import SQLAlchemyError

from models.columns import utc_now
from services import sessions, storage
from services.errors import Refusal
from services.sessions import SignedIn

log = logging.getLogger(__name__)

FRESH_SECONDS = 2.0
TICK_SECONDS = 3.0
# Enough for everybody who is active within two seconds; the rest is asked again.
MOST_REMEMBERED = 10_000


class Watch:
    """Answers from a short memory; one clock for all sockets asks about those that say nothing."""

    def __init__(self) -> None:
        self._known: dict[str | UUID, tuple[float, SignedIn | None]] = {}
        self._sockets: dict[Callable[[], None], UUID] = {}
        self._clock: asyncio.Task[None] | None = None

    async def of_token(self, token: str | None) -> SignedIn | None:
        """Whose browser this is. Raises SQLAlchemyError when the database cannot say."""
        return await self._ask(token, lambda: _by_token(token)) if token else None

    async def is_alive(self, session_id: UUID) -> bool:
        """Whether a socket's session lives. Without a database it stays: nothing can be read without one anyway."""
        try:
            return await self._ask(session_id, lambda: _by_id(session_id)) is not None
        except SQLAlchemyError:
            log.warning("The database does not answer; sockets stay open and their screens will say so.")
            return True

    def add(self, session_id: UUID, end: Callable[[], None]) -> None:
        """From now on `end` is called when the session has died, even while its socket is silent."""
        self._sockets[end] = session_id
        if self._clock is None or self._clock.done():
            self._clock = asyncio.create_task(self._tick())

    def remove(self, end: Callable[[], None]) -> None:
        self._sockets.pop(end, None)

    def count(self, session_id: UUID) -> int:
        """How many sockets one session holds."""
        return sum(1 for held in self._sockets.values() if held == session_id)

    async def _tick(self) -> None:
        while self._sockets:
            await asyncio.sleep(TICK_SECONDS)
            watched = frozenset(self._sockets.values())
            try:
                living = await to_thread.run_sync(_living_of, watched)
            except Exception:
                # The clock must go on: without it, silent sockets would outlive their sign-in.
                log.exception("Could not look up which sign-ins live.")
                continue
            for end, session_id in list(self._sockets.items()):
                if session_id in watched and session_id not in living:
                    end()

    async def _ask(self, key: str | UUID, look: Callable[[], SignedIn | None]) -> SignedIn | None:
        now = time.monotonic()
        known = self._known.get(key)
        if known is not None and now - known[0] < FRESH_SECONDS:
            return known[1]
        found = await to_thread.run_sync(look)
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[key] = (now, found)
        return found


def _by_token(token: str | None) -> SignedIn | None:
    with storage.reading() as session:
        return sessions.resolve(session, token)


def _by_id(session_id: UUID) -> SignedIn | None:
    """The session, remembered as seen just now: whoever sends a message is there."""
    with storage.reading() as session:
        found = sessions.alive(session, session_id)
        if found is not None and utc_now() - found.last_seen_at > sessions.TOUCHED_EVERY:
            # Nothing is lost when the database is too busy for it: the next message tries again.
            with suppress(Refusal, SQLAlchemyError):
                sessions.touch(session, session_id)
        return found


def _living_of(session_ids: frozenset[UUID]) -> frozenset[UUID]:
    with storage.reading() as session:
        return sessions.living_of(session, session_ids)
