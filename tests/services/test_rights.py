"""The notice of rights: for everybody, in their scheme's words as they are in force, one click from anywhere."""

import re
from html import unescape

import pytest
from sqlmodel import Session
from starlette.applications import Starlette
from starlette.testclient import TestClient

from models.agreements import DocumentKind
from models.enrolments import Side
from services import letters, plain_pages, rights, rights_routes, sessions
from services.rights import Notice
from tests.factories import (
    make_account,
    make_cohort,
    make_document,
    make_enrolment,
    make_manager,
    make_person,
    make_scheme,
)

NOBODY_ABOVE = (
    "A complaint about a coordinator: this scheme has entered no address for it yet. Ask the university that runs the "
    "scheme who manages it; you need not say why."
)
TEXT = "# Your rights\n\nBe **safe**.\n\n## To complain\n\n- Write to us.\n- <b>Or</b> call.\n"


def publish(session: Session, name: str, contact: str | None = None, text: str = TEXT, edition: int = 1) -> object:
    scheme = make_scheme(session, name=name, reply_address=contact)
    make_document(session, scheme.id, kind=DocumentKind.RIGHTS, text=text, edition=edition, signed_by=[])
    session.commit()
    return scheme


@pytest.fixture
def client(session: Session) -> TestClient:
    """The real routes, over HTTP, as a browser that is not signed in."""
    session.commit()
    return TestClient(Starlette(routes=rights_routes.routes()))


def words(page: str) -> str:
    main = page.partition("<main>")[2].partition("</main>")[0]
    return " ".join(unescape(re.sub("<[^>]+>", " ", main)).split())


@pytest.mark.clause("A-MR7")
def test_signed_out_all_schemes_notices_stand_there_with_their_offices(session: Session, client: TestClient) -> None:
    publish(session, "AULP Mentoring", "office@aulp.example.org")
    make_scheme(session, name="Quiet Scheme")
    session.commit()

    page = client.get("/rights")

    assert page.status_code == 200
    assert words(page.text) == (
        "Your rights, and how to complain AULP Mentoring The office of this scheme: office@aulp.example.org "
        f"{NOBODY_ABOVE} Be safe . To complain Write to us. <b>Or</b> call. "
        "Quiet Scheme This scheme has not published its notice yet. "
        f"The office of this scheme has no address here yet: ask whoever invited you. {NOBODY_ABOVE} "
        "Back to the desk"
    )


@pytest.mark.clause("A-MR7")
def test_a_complaint_about_a_coordinator_has_an_address_and_names_nobody(session: Session, client: TestClient) -> None:
    scheme = publish(session, "AULP Mentoring")
    make_manager(session, make_cohort(session, scheme), "Hugh Manager")  # type: ignore[arg-type]
    scheme.other_settings = {rights.COMPLAINTS: "complaints@aulp.example.org"}  # type: ignore[attr-defined]
    session.commit()

    page = words(client.get("/rights").text)

    assert "The scheme manager, also for a complaint about a coordinator: complaints@aulp.example.org" in page
    assert "Hugh" not in page


@pytest.mark.clause("A-MR7")
def test_whoever_is_signed_in_reads_the_notice_of_their_own_schemes(session: Session, client: TestClient) -> None:
    publish(session, "Another Scheme", "there@example.org")
    cohort = make_cohort(session, publish(session, "My Scheme", "here@example.org"))  # type: ignore[arg-type]
    person = make_person(session)
    make_enrolment(session, cohort, Side.MENTEE, person=person)
    token = sessions.open_for(session, make_account(session, person).id)

    client.cookies.set(sessions.cookie_name(), token)
    page = client.get("/rights")

    assert "here@example.org" in page.text
    assert "there@example.org" not in page.text


def test_a_demonstration_is_left_out_beside_real_schemes_and_named_as_one_alone(
    session: Session, client: TestClient
) -> None:
    invented = publish(session, "Invented Scheme", "invented@example.org")
    make_cohort(session, invented, is_demonstration=True)  # type: ignore[arg-type]
    session.commit()
    alone = words(client.get("/rights").text)
    publish(session, "Real Scheme", "real@example.org")

    beside, named = (words(client.get(path).text) for path in ("/rights", "/rights/invented-scheme"))

    label = "Invented Scheme (demonstration: its people are invented)"
    assert [label in page for page in (alone, beside, named)] == [True, False, True]
    assert ["Real Scheme" in page for page in (alone, beside, named)] == [False, True, False]


def test_an_address_may_name_a_scheme_and_an_unknown_one_shows_all(session: Session, client: TestClient) -> None:
    publish(session, "Schéma Un", "un@example.org")
    publish(session, "Schéma Deux", "deux@example.org")

    one, unknown = client.get("/rights/schema-un").text, client.get("/rights/nobody").text

    assert [name in one for name in ("un@example.org", "deux@example.org")] == [True, False]
    assert [name in unknown for name in ("un@example.org", "deux@example.org")] == [True, True]


def test_the_newest_edition_is_the_one_that_counts(session: Session) -> None:
    scheme = publish(session, "One", text="# Rights\n\nOld.\n")
    make_document(session, scheme.id, kind=DocumentKind.RIGHTS, text="# Rights\n\nNew.\n", edition=2)  # type: ignore[attr-defined]

    assert rights.notices(session) == (Notice("One", "one", None, "# Rights\n\nNew.\n", languages=("en",)),)


@pytest.mark.clause("A-MR7")
def test_a_notice_opens_in_the_readers_language_and_offers_the_others(session: Session, client: TestClient) -> None:
    scheme = publish(session, "One Scheme", edition=2)
    chinese = {"kind": DocumentKind.RIGHTS, "language": "zh", "signed_by": []}
    make_document(session, scheme.id, text="# 权利\n\n旧的。\n", edition=1, **chinese)  # type: ignore[attr-defined]
    old = client.get("/rights", headers={"accept-language": "zh-CN,en;q=0.5"}).text
    make_document(session, scheme.id, text="# 权利\n\n请保重。\n", edition=2, **chinese)  # type: ignore[attr-defined]
    session.commit()

    plain = client.get("/rights", headers={"accept-language": "fr, de"}).text
    browsers = client.get("/rights", headers={"accept-language": "zh-CN,en;q=0.5"}).text
    chosen = client.get("/rights/one-scheme?language=en", headers={"accept-language": "zh-CN"}).text

    assert ["Read this notice in:" in page for page in (old, plain, browsers, chosen)] == [False, True, True, True]
    assert ["请保重" in page for page in (old, plain, browsers, chosen)] == [False, False, True, False]
    assert "Read this notice in: English · Chinese (Mandarin)" in words(plain)
    assert '<a href="/rights/one-scheme?language=zh" rel="noopener noreferrer">Chinese (Mandarin)</a></p>' in plain


@pytest.mark.clause("A-MR7")
def test_every_plain_page_and_every_email_leads_there() -> None:
    page = plain_pages.render("Anything", ["At all."])
    facts = {"scheme_name": "AULP Mentoring", "person_name": "Ama", "reply_address": None, "link_hours": 72}
    letter = letters.write("invitation", facts, link="https://desk.example.org/x", zone="UTC")

    assert b'<footer><a href="/rights">Your rights and how to complain</a></footer>' in page.body
    assert "Your rights and how to complain: http://127.0.0.1:8501/rights/aulp-mentoring" in letter.text
