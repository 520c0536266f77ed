"""A real server without a browser, and every byte that it sends to one person."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session

from models.database import make_engine
from models.enrolments import Enrolment
from services import proposal_answers
from services.schema import migrate
from tests.browser.conftest import start_server
from tests.browser.introduced import UNNC, Half, Introduced
from tests.browser.planted import found_in
from tests.browser.protocol import Tab, ask, files_named_in
from tests.factories import make_participant
from tests.mail_server import MailServer, mail_server
from tests.ports import free_port


@dataclass
class Serving:
    """The real server, its database and its mail server."""

    url: str
    engine: Engine
    mail: MailServer

    def letter_to(self, half: Half) -> str:
        """The first email that this person was sent."""
        until = time.monotonic() + 90
        while time.monotonic() < until:
            for received in self.mail.received:
                if received.recipients == [half.email]:
                    return received.part("plain")
            time.sleep(0.1)
        raise AssertionError(f"no email came; {len(self.mail.received)} others did")


def serve(folder: Path) -> Iterator[Serving]:
    """The server on a new database in this folder, until it is no longer needed."""
    port = free_port()
    url = f"sqlite:///{folder / 'desk.db'}"
    engine = make_engine(url)
    migrate(engine)
    with mail_server() as mail:
        process = start_server(folder / "home", url, port, mail.port, folder / "server.log")
        yield Serving(f"http://127.0.0.1:{port}", engine, mail)
        process.terminate()
        process.wait(timeout=60)
    engine.dispose()


def every_screen(serving: Serving, half: Half) -> dict[str, bytes]:
    """All bytes of each screen that this person's navigation names, and of every file offered there."""
    with Tab(serving.url, half.token, place=half.place) as tab:
        found = {"first": tab.open()}
        for screen in tab.screens:
            found[screen.address or "home"] = tab.open(screen.address)
        found["enrolment: every step"] = every_step(tab)
        everything = tab.received
    for path in files_named_in(everything):
        found[path] = ask(serving.url, path, token=half.token)[1]
    return found


def every_step(tab: Tab) -> bytes:
    """The steps of the enrolment form, which are drawn one at a time."""
    tab.open("enrolment")
    steps = range(len(tab.find("Step").element.options))
    return b"".join(tab.choose("Step", step) for step in steps)


def leaks(screens: dict[str, bytes], planted: dict[str, str]) -> dict[str, list[str]]:
    """Where which of the secrets stand."""
    found = {name: sorted(found_in(raw, planted)) for name, raw in screens.items()}
    return {name: secrets for name, secrets in found.items() if secrets}


def say_yes(serving: Serving, introduced: Introduced) -> None:
    """The answer that the scheme waits for: the mentee's, or the mentor's after a wish."""
    half = introduced.mentor if introduced.scheme_key == UNNC else introduced.mentee
    with Session(serving.engine) as session:
        actor = make_participant(session, session.get_one(Enrolment, half.enrolment_id))
        session.rollback()
        proposal_answers.accept(session, actor, introduced.proposal_id)
