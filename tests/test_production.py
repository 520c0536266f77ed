"""The real server in production: a coordinator comes in by password and code, and by nothing less."""

import http.client
import re
import socket
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlencode

import pyotp
import pytest
from sqlmodel import Session
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from models.database import make_engine
from models.people import AccountStatus, LinkPurpose
from services import links
from tests.factories import make_account, make_cohort, make_coordinator
from tests.test_app import STREAMLIT, Server, screen, start, stop, wait_until_ready

HOST = "desk.example.org"
PASSWORD = "correct horse battery staple"
SETTINGS = {
    "MENTORING_ENV": "production",
    "MENTORING_URL": f"https://{HOST}",
    "MENTORING_PASSWORD_COST": "12",
    "MENTORING_TRUSTED_PROXY": "127.0.0.1",
    "MENTORING_SECRET_KEYS": "some invented bytes that are good for a test",
    "STREAMLIT_SERVER_ALLOWED_HOSTS": HOST,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = start(tmp_path_factory.mktemp("production") / "home", STREAMLIT, **SETTINGS)
    try:
        wait_until_ready(started)
        yield started
    finally:
        stop(started)


def invited(server: Server) -> str:
    """The token of a new coordinator's invitation, made in the server's own database."""
    engine = make_engine(f"sqlite:///{server.home / 'mentoring.db'}")
    with Session(engine) as session:
        coordinator = make_coordinator(session, make_cohort(session, name="Seen only by its coordinator"))
        make_account(session, coordinator, status=AccountStatus.INVITED)
        token = links.mint(session, LinkPurpose.INVITATION, coordinator.id, hours=1)
        session.commit()
        return token


def send(server: Server, path: str, **form: str) -> tuple[int, dict[str, str], str]:
    """Status, headers and body of a page, or of a form, as a browser asks for it through the proxy."""
    headers = {"Host": HOST, "Sec-Fetch-Site": "same-origin", "X-Forwarded-For": "192.0.2.1"}
    if form:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        connection.request("POST" if form else "GET", path, urlencode(form) or None, headers)
        answer = connection.getresponse()
        found = {name.lower(): text for name, text in answer.getheaders()}
        return answer.status, found, answer.read().decode()


def open_socket(server: Server, cookie: str) -> ClientConnection:
    return connect(
        f"ws://{HOST}/_stcore/stream",
        sock=socket.create_connection(("127.0.0.1", server.port)),
        subprotocols=[Subprotocol("streamlit"), Subprotocol("none")],
        additional_headers={"Cookie": cookie},
        origin=Origin(f"https://{HOST}"),
        max_size=None,
    )


def test_a_coordinator_comes_in_by_password_and_code_and_sees_their_screen(server: Server) -> None:
    chosen, headers, _page = send(server, f"/welcome/{invited(server)}", password=PASSWORD, again=PASSWORD)
    address = headers["location"]
    _status, _headers, page = send(server, address)
    key = re.search(r"Key: ([A-Z2-7 ]+)<", page)
    assert key is not None
    secret = key.group(1).replace(" ", "")

    entered, headers, _page = send(server, address, code=pyotp.TOTP(secret).now())
    cookie, _, rest = headers["set-cookie"].partition("; ")
    with open_socket(server, cookie) as mine:
        _name, seen = screen(mine, "enrolments")

    assert (chosen, entered) == (303, 303)
    assert (cookie.partition("=")[0], rest) == ("__Host-mentoring", "HttpOnly; Path=/; SameSite=lax; Secure")
    assert b"Seen only by its coordinator" in seen
    assert [word for word in (secret, PASSWORD) if word in server.said] == []


def test_without_the_code_there_is_no_cookie(server: Server) -> None:
    _status, headers, _page = send(server, f"/welcome/{invited(server)}", password=PASSWORD, again=PASSWORD)
    before = "set-cookie" in headers

    wrong, headers, page = send(server, headers["location"], code="not it")

    assert (before, wrong, "set-cookie" in headers) == (False, 422, False)
    assert "This is not the code that we expect now." in page
