"""The real server, started as the README says, asked over HTTP and over its socket."""

import http.client
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlmodel import Session
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from models.database import make_engine
from services import gateway_watch, sessions
from services.schema import migrate
from tests.factories import make_account, make_cohort, make_coordinator
from tests.ports import free_port

ROOT = Path(__file__).parents[1]
PYTHON = sys.executable


class Server:
    """A running server: its port, its data directory, and what it has printed."""

    def __init__(self, home: Path, port: int, process: "subprocess.Popen[bytes]") -> None:
        self.home, self.port, self.process = home, port, process

    @property
    def said(self) -> str:
        return (self.home / "said.txt").read_text(encoding="utf-8")

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request(method, path, headers={name.replace("_", "-"): text for name, text in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace")

    def sign_in(self) -> str:
        """A token of a new coordinator, made in the server's own database."""
        engine = make_engine(f"sqlite:///{self.home / 'mentoring.db'}")
        with Session(engine) as session:
            coordinator = make_coordinator(session, make_cohort(session, name="Seen only by its coordinator"))
            return sessions.open_for(session, make_account(session, coordinator).id)

    def sign_out(self, token: str) -> None:
        with Session(make_engine(f"sqlite:///{self.home / 'mentoring.db'}")) as session:
            sessions.revoke(session, token)

    def open_socket(self, token: str | None = None, *, resuming: str | None = None) -> ClientConnection:
        protocols = [Subprotocol(name) for name in ("streamlit", "none", resuming) if name]
        return connect(
            f"ws://127.0.0.1:{self.port}/_stcore/stream",
            subprotocols=protocols,
            additional_headers={"Cookie": f"mentoring={token}"} if token else {},
            origin=None,
            max_size=None,
        )


def start(home: Path, command: list[str], **environment: str) -> Server:
    port = free_port()
    home.mkdir(parents=True, exist_ok=True)
    given = {name: text for name, text in os.environ.items() if not name.startswith(("MENTORING", "DATABASE", "SMTP"))}
    given |= {"MENTORING_HOME": str(home), "MENTORING_PORT": str(port), "MENTORING_PASSWORD_COST": "4"} | environment
    with (home / "said.txt").open("wb") as said:
        process = subprocess.Popen(
            [part.format(port=port) for part in command], cwd=ROOT, env=given, stdout=said, stderr=subprocess.STDOUT
        )
    return Server(home, port, process)


def wait_until_ready(server: Server) -> None:
    for _ in range(1800):
        with suppress(OSError):
            if server.ask("/readyz")[0] == 200:
                return
        assert server.process.poll() is None, server.said
        time.sleep(0.1)
    raise AssertionError(server.said)


def stop(server: Server) -> None:
    server.process.terminate()
    try:
        server.process.wait(15)
    except subprocess.TimeoutExpired:
        server.process.kill()
        server.process.wait()


STREAMLIT = [PYTHON, "-m", "streamlit", "run", "app.py", "--server.port", "{port}"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = start(tmp_path_factory.mktemp("server") / "home", STREAMLIT)
    try:
        wait_until_ready(started)
        yield started
    finally:
        stop(started)


def screen(connection: ClientConnection, page: str = "") -> tuple[str, bytes]:
    """The name of Streamlit's session, and every byte sent for one run of a screen."""
    request = BackMsg()
    request.rerun_script.page_name = page
    connection.send(request.SerializeToString())
    name, everything = "", b""
    while True:
        raw = connection.recv(timeout=60)
        assert isinstance(raw, bytes)
        message = ForwardMsg()
        message.ParseFromString(raw)
        everything += raw
        if message.HasField("new_session"):
            name = message.new_session.initialize.session_id or name
        if message.HasField("script_finished"):
            return name, everything


# The first test of this module meets a server on which no screen has ever run.
def test_a_deep_link_on_a_fresh_server_shows_a_visitor_nothing_of_the_screen(server: Server) -> None:
    with server.open_socket() as visitor:
        _name, sent = screen(visitor, "enrolments")

    assert b"Set up your Mentoring Desk" in sent
    assert b"Nobody fits these filters" not in sent
    assert b"Sign out" not in sent


def test_the_first_start_prints_one_code_and_no_more(server: Server) -> None:
    assert len(re.findall(r"enter this code once: [A-Z0-9-]+", server.said)) == 1


def test_a_coordinator_sees_their_screen_and_a_visitor_the_sign_in_form(server: Server) -> None:
    token = server.sign_in()

    with server.open_socket(token) as mine, server.open_socket() as theirs:
        _name, seen = screen(mine, "enrolments")
        _name, unseen = screen(theirs, "enrolments")

    assert b"Seen only by its coordinator" in seen
    assert b"Seen only by its coordinator" not in unseen
    assert b"Forgot your password?" in unseen


def test_nobody_takes_over_a_session_whose_name_they_know(server: Server) -> None:
    with server.open_socket(server.sign_in()) as mine:
        name, _sent = screen(mine)
        with (
            server.open_socket(resuming=name) as stranger,
            server.open_socket(server.sign_in(), resuming=name) as other,
        ):
            names = {screen(stranger)[0], screen(other)[0]}
        still_mine, _sent = screen(mine)

    assert name != ""
    assert name not in names
    assert still_mine in (name, "")


def test_a_forged_identity_header_signs_nobody_in(server: Server) -> None:
    token = server.sign_in()
    with Session(make_engine(f"sqlite:///{server.home / 'mentoring.db'}")) as session:
        found = sessions.resolve(session, token)
    assert found is not None

    with connect(
        f"ws://127.0.0.1:{server.port}/_stcore/stream",
        subprotocols=[Subprotocol("streamlit")],
        additional_headers={"x-app-session": str(found.session_id)},
        max_size=None,
    ) as forger:
        _name, sent = screen(forger)

    assert b"Forgot your password?" in sent


def test_a_socket_that_says_nothing_ends_after_signing_out(server: Server) -> None:
    token = server.sign_in()
    with server.open_socket(token) as mine:
        screen(mine)
        server.sign_out(token)

        with pytest.raises(ConnectionClosed):
            while True:
                mine.recv(timeout=60)

    # How long an answer is remembered, and then the wait for the next look: five seconds by SECURITY c4.
    assert gateway_watch.FRESH_SECONDS + gateway_watch.TICK_SECONDS <= 5


def test_a_replayed_cookie_lands_on_the_sign_in_form(server: Server) -> None:
    token = server.sign_in()
    server.sign_out(token)

    with server.open_socket(token) as replay:
        _name, sent = screen(replay, "enrolments")

    assert b"Forgot your password?" in sent
    assert b"Seen only by its coordinator" not in sent


def test_an_upload_goes_into_ones_own_page_and_nobody_elses(server: Server) -> None:
    token, other = server.sign_in(), server.sign_in()
    with server.open_socket(token) as mine:
        name, _sent = screen(mine)
        path = f"/_stcore/upload_file/{name}/some-file"
        visitor = server.ask(path, "PUT", content_length="0")
        stranger = server.ask(path, "PUT", content_length="0", cookie=f"mentoring={other}")
        owner = server.ask(path, "PUT", content_length="0", cookie=f"mentoring={token}")

    assert (visitor[0], "You are not signed in" in visitor[1]) == (403, True)
    assert (stranger[0], "no longer yours" in stranger[1]) == (403, True)
    # Past our gate, Streamlit asks for its own token against forged requests.
    assert "XSRF" in owner[1]


def test_files_and_closed_doors(server: Server) -> None:
    asked = ["/media/abc.png", "/_stcore/metrics", "/_stcore/agent/openapi.json", "/auth/login", "/forgot", "/"]

    assert [server.ask(path)[0] for path in asked] == [403, 404, 404, 404, 200, 200]
    assert server.ask("/", host="evil.test")[0] == 421
    pages = ["/no/such/page", "/answer/x/y", "/rights/none", "/enrolments"]
    assert [server.ask(path, accept="text/html")[0] for path in pages] == [404, 404, 200, 200]


def test_nothing_heavy_is_loaded_before_somebody_needs_it() -> None:
    code = (
        "import sys, app; print([name for name in ('alembic', 'scipy', 'sklearn', 'ortools') if name in sys.modules])"
    )

    found = subprocess.run([PYTHON, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=240, check=True)

    assert found.stdout.strip().splitlines()[-1] == "[]"


def test_the_server_starts_as_a_plain_python_program_too(tmp_path: Path) -> None:
    started = start(tmp_path / "home", [PYTHON, "app.py"])
    try:
        wait_until_ready(started)
        found = started.ask("/healthz")
    finally:
        stop(started)

    assert found == (200, '{"status":"alive"}')


def test_production_does_not_start_with_unsafe_settings_and_names_each(tmp_path: Path) -> None:
    started = start(tmp_path / "home", STREAMLIT, MENTORING_ENV="production", MENTORING_URL="http://desk.example.org")
    try:
        code = started.process.wait(30)
    finally:
        stop(started)

    assert code != 0
    named = (
        "MENTORING_URL",
        "MENTORING_PASSWORD_COST",
        "MENTORING_SECRET_KEYS",
        "MENTORING_TRUSTED_PROXY",
        "server.allowedHosts",
    )
    assert [name for name in named if name not in started.said] == []


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    engine = make_engine(f"sqlite:///{home / 'mentoring.db'}")
    migrate(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()

    started = start(home, STREAMLIT)
    try:
        code = started.process.wait(30)
    finally:
        stop(started)

    assert code != 0
    assert "revision 9999, which this version does not know" in started.said
