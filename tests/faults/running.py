"""A real server on a database of a test's own, with somebody signed in whose enrolment is not finished."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from subprocess import Popen
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session

from models.database import make_engine
from models.enrolments import EnrolmentStatus
from services import sessions
from services.access import DESK
from services.schema import migrate
from services.schemes import starting
from tests.browser.conftest import start_server
from tests.factories import make_account, make_enrolment, make_participant, make_person
from tests.ports import free_port


@dataclass
class Running:
    """`start` and `stop` it as often as needed: database, port and log stay the same."""

    engine: Engine
    url: str
    folder: Path
    process: "Popen[str] | None" = None

    def start(self) -> None:
        """It answers when this returns. Mail cannot leave, because nobody listens: the worker keeps trying."""
        address, port = self.engine.url.render_as_string(hide_password=False), int(self.url.rpartition(":")[2])
        self.process = start_server(self.folder / "home", address, port, free_port(), self.folder / "server.log")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=60)
            self.process = None

    def kill(self) -> None:
        """SIGKILL: it gets no chance to finish anything."""
        if self.process is not None:
            self.process.kill()
            assert self.process.wait(timeout=60) == -signal.SIGKILL
            self.process = None

    @property
    def said(self) -> str:
        return (self.folder / "server.log").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Writer:
    """Somebody who is filling in their form."""

    token: str
    place: str


@contextmanager
def running(database_url: str, folder: Path) -> Iterator[Running]:
    """Not started yet."""
    engine = make_engine(database_url)
    migrate(engine)
    found = Running(engine, f"http://127.0.0.1:{free_port()}", folder)
    try:
        yield found
    finally:
        found.stop()
        engine.dispose()


def somebody_writing(engine: Engine, name: str = "Ama Boateng") -> Writer:
    """A signed-in person with a draft in the AULP scheme's form, of which nothing is answered."""
    with Session(engine) as session:
        cohort = starting.start(
            session,
            DESK,
            "aulp",
            cohort_name="One",
            starts_on=date(2026, 9, 1),
            ends_on=date(2027, 8, 31),
            scheme_name=f"Scheme of {name}",
        )
        person = make_person(session, name)
        blank: dict[str, Any] = dict.fromkeys(("role_title", "sector", "summary", "submitted_at", "decided_at"))
        enrolment = make_enrolment(
            session, cohort, person=person, status=EnrolmentStatus.DRAFT, languages=[], channels=[], **blank
        )
        place = make_participant(session, enrolment).place.key
        return Writer(sessions.open_for(session, make_account(session, person).id), place)
