"""The real server, a real mail server and real Chromium, for walks through the product as its users take them."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiosmtpd.controller import Controller
from playwright.sync_api import Browser, expect, sync_playwright
from sqlalchemy import text

from models.database import make_engine
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
SCREENS = ROOT / "var" / "screens"
# Milliseconds that anything may take to be seen: a machine with other work to do is slow, and no worse for it.
PATIENCE = 120_000
expect.set_options(timeout=PATIENCE)

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Mailbox:
    """Every message that the mail server took, oldest first."""

    received: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        message = message_from_bytes(envelope.content, policy=policy.default)
        message["X-To"] = ",".join(envelope.rcpt_tos)
        self.received.append(message)
        return "250 OK"

    def waited_for(self, subject: str, *, to: str = "", naming: str = "", seconds: float = 120) -> tuple[str, str]:
        """Address and plain text of the newest message with these words in its subject, naming somebody."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for message in reversed(self.received):
                address, body = message["X-To"], message.get_body(("plain",))
                text = body.get_content() if body else ""
                if to in address and subject.lower() in str(message["Subject"]).lower() and naming in text:
                    return address, text
            time.sleep(0.2)
        subjects = sorted({str(message["Subject"]) for message in self.received})
        raise AssertionError(f"no message to {to or 'anybody'} about {subject!r}; subjects received: {subjects}")


@dataclass
class Desk:
    """A running server of this test's own."""

    url: str
    home: Path
    database_url: str
    mailbox: Mailbox
    process: subprocess.Popen[str]
    log: Path
    smtp_port: int

    def set_up_code(self) -> str:
        """The one-time code that the server printed."""
        until = time.monotonic() + 120
        while time.monotonic() < until:
            if found := re.search(r"this code once: (\S+)", self.log.read_text()):
                return found.group(1)
            time.sleep(0.2)
        raise AssertionError(f"no set-up code in:\n{self.log.read_text()}")


def link_in(body: str) -> str:
    """The first link in a plain-text mail."""
    found = re.search(r"https?://\S+", body)
    assert found is not None, body
    return found.group(0)


def start_server(home: Path, database_url: str, port: int, smtp_port: int, log: Path) -> subprocess.Popen[str]:
    """Start the real server and wait until it answers."""
    environment = os.environ | {
        "MENTORING_HOME": str(home),
        "DATABASE_URL": database_url,
        "MENTORING_URL": f"http://127.0.0.1:{port}",
        "MENTORING_PASSWORD_COST": "4",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(smtp_port),
        "SMTP_SECURITY": "none",
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"]
    with log.open("a") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output, text=True)
    until = time.monotonic() + 180
    while time.monotonic() < until and process.poll() is None:
        if answers(port):
            return process
        time.sleep(0.1)
    process.kill()
    raise AssertionError(f"the server did not start:\n{log.read_text()}")


def answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """When a walk fails, leave a picture of every page that was open."""
    report = yield
    opened = getattr(item, "funcargs", {}).get("browser")
    if report.failed and call.when == "call" and isinstance(opened, Browser):
        SCREENS.mkdir(parents=True, exist_ok=True)
        for number, context in enumerate(opened.contexts):
            for page in context.pages:
                page.screenshot(path=SCREENS / f"failed-{item.name.partition('[')[0]}-{number}.png")
    return report


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        advice = "no chromium here: install Debian's package 'chromium' to run the browser walks"
        if os.environ.get("CI"):
            pytest.fail(advice)
        pytest.skip(advice)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(autouse=True)
def _pages_closed(request: pytest.FixtureRequest) -> Iterator[None]:
    """No page of a test that is over keeps asking for a server that is gone."""
    yield
    if "browser" in request.fixturenames:
        for context in request.getfixturevalue("browser").contexts:
            context.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A new, empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'walk.db'}"
        return
    server_url = request.getfixturevalue("postgres_url")
    name = f"walk_{uuid4().hex[:8]}"
    _administer(server_url, f"CREATE DATABASE {name}")
    yield re.sub(r"/postgres(?=\?|$)", f"/{name}", server_url)
    _administer(server_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    """The server on an empty database, with a mail server that takes everything."""
    mailbox, port, smtp_port = Mailbox(), free_port(), free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=smtp_port)
    controller.start()
    home, log = tmp_path / "home", tmp_path / "server.log"
    process = start_server(home, database_url, port, smtp_port, log)
    yield Desk(f"http://127.0.0.1:{port}", home, database_url, mailbox, process, log, smtp_port)
    process.terminate()
    process.wait(timeout=60)
    controller.stop()


def _administer(url: str, statement: str) -> None:
    engine = make_engine(url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))
    engine.dispose()
