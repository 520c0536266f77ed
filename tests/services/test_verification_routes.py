"""The door that needs no sign-in, behind the real gate: a form, one answer, and never more than it can carry."""

import html
import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from models.schemes import Cohort
from services import verification, verification_routes
from services.gateway import Gateway
from services.training_certificates import spaced
from tests.factories import make_cohort, make_scheme
from tests.services.test_verification import paper_of

OURS = {"sec-fetch-site": "same-origin"}


@pytest.fixture
def browser(engine: Engine) -> Iterator[TestClient]:
    server = Starlette(routes=verification_routes.routes(), middleware=[Middleware(Gateway)])
    with TestClient(server, base_url="http://127.0.0.1:8501", headers=OURS) as client:
        yield client


@pytest.fixture
def cohort(session: Session) -> Cohort:
    return make_cohort(session, make_scheme(session, name="AULP mentoring"))


def said(page: str) -> list[str]:
    """The title and the paragraphs."""
    return [html.unescape(part).strip() for part in re.findall(r"<(?:h1|p)[^>]*>([^<]+)</(?:h1|p)>", page)]


def test_the_address_of_the_qr_code_fills_in_the_code_and_asks_for_the_name(browser: TestClient) -> None:
    page = browser.get("/verify?code=2345-6789-BCDF")

    assert page.status_code == 200
    assert 'value="2345-6789-BCDF"' in page.text
    assert ('enctype="multipart/form-data"' in page.text, "<script" in page.text) == (True, False)


def test_what_stands_in_the_address_is_only_text(browser: TestClient) -> None:
    page = browser.get('/verify?code="><b>x')

    assert "<b>" not in page.text


def test_a_file_gets_a_yes_and_one_byte_less_a_no(browser: TestClient, session: Session, cohort: Cohort) -> None:
    _, content, _ = paper_of(session, cohort)
    session.commit()

    yes, no = (browser.post("/verify", files={"file": ("a.pdf", each)}) for each in (content, content[:-1]))

    assert said(yes.text)[:4] == [
        "Yes, it is genuine",
        "This is the very file that we made.",
        "Signed by: Ama Boateng",
        "Scheme: AULP mentoring",
    ]
    assert said(no.text)[:2] == [
        "No",
        "This file carries a code of ours, but it is not the file that we made: it was changed.",
    ]
    assert (yes.status_code, no.status_code, yes.headers["cache-control"]) == (200, 200, "no-store")


def test_a_code_needs_its_name(browser: TestClient, session: Session, cohort: Cohort) -> None:
    _, _, code = paper_of(session, cohort)
    session.commit()

    right, wrong, alone = (
        browser.post("/verify", data={"code": spaced(code), "name": name}, files={"file": ("", b"")})
        for name in ("Ama Boateng", "Bo", " ")
    )

    assert [said(page.text)[0] for page in (right, wrong, alone)] == [
        "Yes, it is genuine",
        "No",
        "Is this paper genuine?",
    ]
    assert (wrong.status_code, alone.status_code, "Ama" in wrong.text) == (200, 422, False)


def test_a_file_that_is_too_large_is_refused_before_it_is_read(browser: TestClient) -> None:
    too_large = b"x" * (verification.MOST_FILE_BYTES + 100_000)

    answer = browser.post("/verify", files={"file": ("a.pdf", too_large)})

    assert answer.status_code == 422
    assert verification_routes.TOO_LARGE in html.unescape(answer.text)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"content-type": "multipart/form-data; boundary=x"}, b"--y\r\nnot a form"),
        ({"content-type": "multipart/form-data"}, b"x"),
        ({"content-type": "application/json"}, b"{}"),
        (
            {"content-type": "multipart/form-data; boundary=x"},
            b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--",
        ),
    ],
    ids=["other-boundary", "no-boundary", "json", "no-name"],
)
def test_what_is_no_form_gets_the_form_again(browser: TestClient, headers: dict[str, str], body: bytes) -> None:
    answer = browser.post("/verify", content=body, headers=headers)

    assert (answer.status_code, said(answer.text)[0]) == (422, "Is this paper genuine?")


def test_a_form_of_somebody_elses_page_is_refused(browser: TestClient) -> None:
    answer = browser.post("/verify", data={"code": "x", "name": "y"}, headers={"sec-fetch-site": "cross-site"})

    assert answer.status_code == 403


def test_after_too_many_questions_one_waits(browser: TestClient, session: Session) -> None:
    for _ in range(verification.PER_ADDRESS):
        verification.knock(session, None)

    answer = browser.post("/verify", data={"code": "2345-6789-BCDF", "name": "Ama"})

    assert (answer.status_code, said(answer.text)[0]) == (429, "There were too many questions in a short time.")
