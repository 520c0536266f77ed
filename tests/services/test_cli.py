"""The command `mentoring`: says what it did, and ends with 1 when something is wrong."""

import os
import signal
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, select
from typer.testing import CliRunner

from models.messages import JobLease, Message
from services import audit, cli, storage
from services.access import DESK
from services.schema import HEAD, current
from services.settings import settings
from tests.factories import make_account, make_person
from tests.ports import free_port
from tests.services.counting import soon

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Outcome:
    code: int
    said: str
    complained: str


def mentoring(*words: str) -> Outcome:
    """The command's exit code and what it wrote, on wide lines."""
    result = CliRunner(env={"COLUMNS": "200"}).invoke(cli.app, list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Outcome(result.exit_code, result.stdout.strip(), result.stderr.strip())


@pytest.fixture
def own_engine() -> Any:
    """The engine that the settings name, as the command uses it."""
    storage.engine.cache_clear()
    yield storage.engine
    storage.engine().dispose()
    storage.engine.cache_clear()


def test_every_command_says_in_words_what_it_does() -> None:
    for words in (
        [],
        ["run"],
        ["worker"],
        ["migrate"],
        ["demo"],
        ["version"],
        ["audit"],
        ["audit", "verify"],
        ["second-factor", "reset"],
        ["address"],
        ["role", "give"],
        ["role", "take"],
        ["role", "list"],
    ):
        outcome = mentoring(*words, "--help")

        assert outcome.code == 0
        assert "Usage: " in outcome.said


def test_version_is_the_packages() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert mentoring("version") == Outcome(0, project["version"], "")


def test_migrate_makes_the_tables_once(own_engine: Any) -> None:
    first, second = mentoring("migrate"), mentoring("migrate")

    assert first == Outcome(0, "The database is now up to date.", "")
    assert second == Outcome(0, "The database was up to date already.", "")
    with own_engine().connect() as connection:
        assert current(connection) == HEAD


def test_migrate_refuses_a_database_of_a_newer_version(own_engine: Any) -> None:
    mentoring("migrate")
    with own_engine().begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    outcome = mentoring("migrate")

    sentence = "The database is at revision 9999, which this version does not know: update it."
    assert outcome == Outcome(1, "", sentence)


def test_verify_says_that_the_journal_holds(session: Session, engine: Engine) -> None:
    for _ in range(3):
        audit.record(session, DESK, "test.done")
    session.commit()

    assert mentoring("audit", "verify") == Outcome(
        0, "The journal holds: 3 entries, none changed and none missing.", ""
    )


def test_verify_names_the_entry_that_was_changed_and_ends_with_1(page_session: Session, sqlite_engine: Engine) -> None:
    for _ in range(3):
        audit.record(page_session, DESK, "test.done")
    page_session.commit()
    with sqlite_engine.begin() as connection:
        names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        for name in names:
            connection.execute(text(f'DROP TRIGGER "{name}"'))
        connection.execute(text("UPDATE audit_entry SET action = 'test.forged' WHERE sequence = 2"))

    assert mentoring("audit", "verify") == Outcome(1, "", "The journal does not hold: entry 2 is changed or missing.")


def test_a_lost_phone_is_reset_by_the_address_that_its_owner_signs_in_with(session: Session, engine: Engine) -> None:
    account = make_account(session, make_person(session, email="ros@example.org"), totp_secret="unreadable")
    session.commit()

    done, again = (mentoring("second-factor", "reset", "Ros@Example.org") for _ in range(2))

    session.refresh(account)
    assert account.totp_secret is None
    assert done == Outcome(0, "Done. The next sign-in sets up a new authenticator app.", "")
    assert again == Outcome(1, "", "This account has no second factor. There is nothing to reset.")


def test_a_lost_mailbox_and_password_are_replaced_from_the_server(session: Session, engine: Engine) -> None:
    person = make_person(session, "Ros Owner", email="ros@example.org")
    make_account(session, person)
    session.commit()

    done, same = (
        mentoring("address", "Ros@Example.org", "new@example.org"),
        mentoring("address", *["ros@example.org"] * 2),
    )

    assert done.said.startswith(
        "An email to new@example.org is queued. Ros Owner opens its link and chooses a password"
    )
    assert "No mail server is set" in done.said
    assert same == Outcome(1, "", "This is the address that counts already. Enter the new one.")
    assert len(session.exec(select(Message).where(Message.person_id == person.id)).all()) == 2


def test_a_worker_does_not_start_on_an_old_database(own_engine: Any, tmp_path: Path) -> None:
    outcome = mentoring("worker")

    assert outcome == Outcome(1, "", "The database is not up to date. Run 'mentoring migrate' first.")


def test_a_demonstration_is_refused_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENTORING_ENV", "production")
    settings.cache_clear()

    outcome = mentoring("demo")

    assert outcome == Outcome(1, "", "A demonstration has no place in production. Start a desk of its own for it.")


def test_accounts_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    account = SimpleNamespace(role="mentor", name="[red]Bo[/red] 李", email="bo@example.org", password="a b c")

    cli._console().print(cli._accounts_in_words([account]), soft_wrap=True)

    assert capsys.readouterr().out == (
        "Sign in as one of these; the passwords are shown only once.\n"
        "  bo@example.org  a b c  mentor: [red]Bo[/red] 李\n"
    )


def test_a_worker_in_a_process_of_its_own_ends_when_asked(sqlite_engine: Engine) -> None:
    environment = os.environ | {"DATABASE_URL": str(sqlite_engine.url)}
    command = [sys.executable, "-m", "services.cli", "worker"]
    worker = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None

    said = worker.stdout.readline()
    # Its first job is begun after it has begun to listen to signals.
    has_worked = soon(lambda: a_job_was_taken(sqlite_engine))
    worker.send_signal(signal.SIGTERM)

    assert has_worked
    assert said == "No mail server is set (SMTP_HOST): messages will wait in the outbox.\n"
    assert worker.wait(timeout=60) == 0


def a_job_was_taken(engine: Engine) -> bool:
    with Session(engine) as session:
        return session.exec(select(JobLease)).first() is not None


def test_run_brings_the_database_up_to_date_and_serves(tmp_path: Path) -> None:
    port = free_port()
    environment = os.environ | {"MENTORING_HOME": str(tmp_path / "home"), "MENTORING_URL": f"http://127.0.0.1:{port}"}
    command = [sys.executable, "-m", "services.cli", "run", f"--port={port}"]
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    ready = _answers(port, "/readyz")
    server.terminate()

    assert ready == 200
    assert server.wait(timeout=60) in {0, -signal.SIGTERM}
    assert (tmp_path / "home" / "mentoring.db").is_file()


def _answers(port: int, path: str, seconds: float = 120) -> int | None:
    """The status of the first answer, or None when none came in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        connection = HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            time.sleep(0.2)
        finally:
            connection.close()
    return None


def test_taking_away_a_demonstration_that_is_not_there_says_so(own_engine: Any) -> None:
    assert mentoring("demo", "--remove") == Outcome(
        1, "", "There is no demonstration here. Nothing needs to be removed."
    )


@pytest.mark.parametrize("which", ["screens", "home", "matching", "review"])
def test_the_benchmarks_are_said_to_be_missing_from_an_installed_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, which: str
) -> None:
    monkeypatch.setattr(cli, "__file__", str(tmp_path / "services" / "cli.py"))

    outcome = mentoring("bench", which)

    assert outcome == Outcome(
        1, "", "The benchmarks are not part of what is installed. Start this in a copy of the project's source."
    )
