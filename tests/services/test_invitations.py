"""Asking people in by list and by link."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlmodel import Session, col, select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.invitations import JoinAttempt, SelfEnrolmentLink
from models.messages import Message, MessageStatus
from models.people import LinkPurpose, LinkToken, Person
from models.schemes import Cohort, Scheme
from services import enrolment_decisions, invitations, join_routes, links, open_invitations, self_enrolment
from services.access import Actor
from services.errors import Conflict, Invalid, NotAllowed
from services.invitations import Standing
from services.settings import settings
from tests.factories import make_account, make_actor, make_cohort, make_coordinator, make_enrolment, make_person

PASTED = """Ama Boateng <ama@example.org>
bo@example.org
AMA@Example.org
"Chen, Yuxin" <chen@example.org>; d@example.org, Eve Li <eve@example.org>
not an address
here@example.org
known@example.org
"""


@pytest.fixture
def cohort(session: Session) -> Cohort:
    return make_cohort(session)


@pytest.fixture
def actor(session: Session, cohort: Cohort) -> Actor:
    return make_actor(make_coordinator(session, cohort), cohort)


def mails(session: Session) -> list[tuple[str, str]]:
    statement = select(Person.email, Message.template).join(Person, col(Person.id) == Message.person_id)
    return sorted(session.exec(statement).all())


def a_link(session: Session, actor: Actor, cohort: Cohort, **facts: Any) -> str:
    chosen: dict[str, Any] = {"side": Side.MENTEE, "label": "Newsletter", "days": 7, "most": 2}
    return self_enrolment.create(session, actor, cohort.id, **(chosen | facts)).address.rpartition("/")[2]


def test_every_pasted_line_is_judged_by_itself(session: Session, cohort: Cohort, actor: Actor) -> None:
    make_enrolment(session, cohort, person=make_person(session, "Here", email="here@example.org"))
    make_enrolment(session, cohort, Side.MENTOR, person=make_person(session, "Known", email="known@example.org"))
    make_person(session, "Of another scheme", email="bo@example.org")
    session.commit()

    lines = invitations.check(session, actor, cohort.id, side=Side.MENTEE, pasted=PASTED)

    assert [(line.name, line.email, line.standing) for line in lines] == [
        ("Ama Boateng", "ama@example.org", Standing.NEW),
        ("bo", "bo@example.org", Standing.NEW),
        ("AMA", "AMA@Example.org", Standing.TWICE),
        ("Chen, Yuxin", "chen@example.org", Standing.NEW),
        ("d", "d@example.org", Standing.NEW),
        ("Eve Li", "eve@example.org", Standing.NEW),
        ("", "", Standing.WRONG),
        ("here", "here@example.org", Standing.HERE),
        ("known", "known@example.org", Standing.KNOWN),
    ]


def test_a_list_is_invited_once_however_often_it_is_sent(session: Session, cohort: Cohort, actor: Actor) -> None:
    make_account(session, make_person(session, "Bo Known", email="bo@example.org"))
    session.commit()
    pasted = "Ama <ama@example.org>\nbo@example.org\nrubbish"

    sent = invitations.send(session, actor, cohort.id, side=Side.MENTOR, pasted=pasted)
    with pytest.raises(Invalid, match="nobody on this list"):
        invitations.send(session, actor, cohort.id, side=Side.MENTOR, pasted=pasted)

    assert (sent, mails(session)) == (2, [("ama@example.org", "invitation"), ("bo@example.org", "place_offered")])
    assert session.exec(select(Person.full_name).where(Person.email_key == "bo@example.org")).one() == "Bo Known"


def test_too_long_a_list_is_refused_and_a_hostile_line_is_no_address(
    session: Session, cohort: Cohort, actor: Actor
) -> None:
    many = "\n".join(f"p{number}@example.org" for number in range(invitations.MOST_AT_ONCE + 1))
    session.commit()

    for pasted in (many, "x" * 200_000):
        with pytest.raises(Invalid):
            invitations.check(session, actor, cohort.id, side=Side.MENTEE, pasted=pasted)
    (line,) = invitations.check(session, actor, cohort.id, side=Side.MENTEE, pasted=" , " * 20_000 + "a@b")

    assert line.standing is Standing.WRONG


def test_an_open_invitation_can_be_sent_again_and_taken_back(session: Session, cohort: Cohort, actor: Actor) -> None:
    with time_machine.travel(datetime(2026, 11, 20, 9, tzinfo=UTC), tick=False):
        invitations.send(session, actor, cohort.id, side=Side.MENTEE, pasted="Ama <ama@example.org>")
        (row,) = open_invitations.open_ones(session, actor, cohort.id).rows
        same_day = open_invitations.send_again(session, actor, [row.enrolment_id])
    with time_machine.travel(datetime(2026, 11, 21, 9, tzinfo=UTC), tick=False):
        next_day = open_invitations.send_again(session, actor, [row.enrolment_id])
        person = session.exec(select(Person).where(Person.email_key == "ama@example.org")).one()
        token = links.mint(session, LinkPurpose.INVITATION, person.id, hours=72)
        session.commit()
        revoked = open_invitations.revoke(session, actor, [row.enrolment_id])

        with pytest.raises(NotAllowed):
            links.find(session, token, LinkPurpose.INVITATION)
        assert open_invitations.open_ones(session, actor, cohort.id).total == 0
        with pytest.raises(Conflict):
            open_invitations.revoke(session, actor, [row.enrolment_id])
        again = invitations.send(session, actor, cohort.id, side=Side.MENTEE, pasted="ama@example.org")

    assert (row.state, same_day, next_day, revoked, again) == ("the email waits to be sent", 0, 1, 1, 1)
    assert set(session.exec(select(Message.status))) == {MessageStatus.CANCELLED}
    assert session.get_one(Enrolment, row.enrolment_id).status is EnrolmentStatus.DRAFT


@pytest.mark.parametrize("how", ["one by one", "by list"])
def test_whoever_was_declined_begins_anew_when_a_coordinator_invites_them(
    session: Session, cohort: Cohort, actor: Actor, how: str
) -> None:
    ama = a_declined(session, cohort, "Ama", goals="Energy law.")
    enrolment_decisions.decline(session, actor, [ama.id])

    (line,) = invitations.check(session, actor, cohort.id, side=Side.MENTEE, pasted="Ama@example.org")
    if how == "by list":
        invitations.send(session, actor, cohort.id, side=Side.MENTEE, pasted="ama@example.org")
    else:
        invitations.invite(session, actor, cohort.id, side=Side.MENTEE, full_name="Ama", email="ama@example.org")

    assert (line.standing, line.is_to_invite, line.why.split(". ")[0]) == (
        Standing.AGAIN,
        True,
        "Was declined as mentee here",
    )
    assert (ama.status, ama.goals, ama.submitted_at, ama.decided_at) == (
        EnrolmentStatus.DRAFT,
        "Energy law.",
        None,
        None,
    )
    assert sorted(session.exec(select(Message.template, Message.status))) == [
        ("enrolment_declined", MessageStatus.CANCELLED),  # a no that has not left yet would only confuse
        ("invitation", MessageStatus.QUEUED),
    ]


def test_no_link_and_no_coordinator_themselves_open_what_was_declined(
    session: Session, cohort: Cohort, actor: Actor
) -> None:
    token = a_link(session, actor, cohort)
    ama = a_declined(session, cohort, "Ama")
    mine = make_enrolment(
        session,
        cohort,
        person=session.get_one(Person, actor.person_id),
        status=EnrolmentStatus.DECLINED,
    )
    own_address = session.get_one(Person, mine.person_id).email
    ama.status = EnrolmentStatus.DECLINED
    session.commit()

    self_enrolment.join(session, token, full_name="Ama", email="ama@example.org")
    (line,) = invitations.check(session, actor, cohort.id, side=Side.MENTEE, pasted=own_address)
    with pytest.raises(Conflict):
        invitations.invite(session, actor, cohort.id, side=Side.MENTEE, full_name="I", email=own_address)

    assert (line.standing, ama.status, mine.status) == (
        Standing.HERE,
        EnrolmentStatus.DECLINED,
        EnrolmentStatus.DECLINED,
    )
    assert mails(session) == []


def test_whoever_left_can_be_invited_by_a_list_as_well(session: Session, cohort: Cohort, actor: Actor) -> None:
    ama = a_declined(session, cohort, "Ama")
    ama.status = EnrolmentStatus.WITHDRAWN
    session.commit()

    (line,) = invitations.check(session, actor, cohort.id, side=Side.MENTEE, pasted="ama@example.org")
    sent = invitations.send(session, actor, cohort.id, side=Side.MENTEE, pasted="ama@example.org")

    assert (line.standing, sent, ama.status) == (Standing.AGAIN, 1, EnrolmentStatus.DRAFT)


def a_declined(session: Session, cohort: Cohort, name: str, **facts: Any) -> Enrolment:
    """Somebody who has sent the form, with an address of their own."""
    person = make_person(session, name, email=f"{name.casefold()}@example.org")
    sent: dict[str, Any] = {"status": EnrolmentStatus.SUBMITTED, "submitted_at": utc_now(), "decided_at": None}
    return make_enrolment(session, cohort, person=person, **(sent | facts))


def test_open_invitations_are_found_by_name_and_read_before_they_go_again(
    session: Session, cohort: Cohort, actor: Actor
) -> None:
    with time_machine.travel(datetime(2026, 11, 20, 9, tzinfo=UTC), tick=False):
        pasted = "Ama Boateng <ama@example.org>\nBo Lind <bo@example.org>"
        invitations.send(session, actor, cohort.id, side=Side.MENTEE, pasted=pasted)
        found = open_invitations.open_ones(session, actor, cohort.id, search="boa ama")
        (today,) = open_invitations.those(session, actor, [found.rows[0].enrolment_id])
    with time_machine.travel(datetime(2026, 11, 21, 9, tzinfo=UTC), tick=False):
        (next_day,) = open_invitations.those(session, actor, [found.rows[0].enrolment_id])
        preview = open_invitations.preview(session, actor, next_day.enrolment_id)
        open_invitations.send_again(session, actor, [next_day.enrolment_id])

    newest = session.exec(select(Message).order_by(col(Message.created_at).desc())).first()
    assert newest is not None
    assert ([row.name for row in found.rows], found.total) == (["Ama Boateng"], 1)
    assert (today.written_today, next_day.written_today) == (True, False)
    assert (preview.subject, "Dear Ama Boateng" in preview.text) == (newest.subject, True)


def test_nobody_else_invites_looks_or_makes_links(session: Session, cohort: Cohort) -> None:
    elsewhere = make_cohort(session)
    stranger = make_actor(make_coordinator(session, elsewhere), elsewhere)
    session.commit()
    facts: dict[str, Any] = {"side": Side.MENTEE, "pasted": "ama@example.org"}

    for way in (
        lambda: invitations.check(session, stranger, cohort.id, **facts),
        lambda: invitations.send(session, stranger, cohort.id, **facts),
        lambda: open_invitations.open_ones(session, stranger, cohort.id),
        lambda: invitations.preview_for_known(session, stranger, cohort.id, name="Ama", side=Side.MENTEE),
        lambda: invitations.preview(session, stranger, cohort.id, name="Ama"),
        lambda: self_enrolment.links_of(session, stranger, cohort.id),
        lambda: a_link(session, stranger, cohort),
    ):
        with pytest.raises(NotAllowed, match="You cannot open this cohort"):
            way()

    assert (mails(session), session.exec(select(SelfEnrolmentLink)).all()) == ([], [])


def test_a_link_lets_in_as_many_as_it_says_and_then_no_more(session: Session, cohort: Cohort, actor: Actor) -> None:
    token = a_link(session, actor, cohort)

    for number in range(2):
        self_enrolment.join(session, token, full_name=f"P {number}", email=f"p{number}@example.org")
    with pytest.raises(NotAllowed, match="taken"):
        self_enrolment.join(session, token, full_name="P 3", email="p3@example.org")

    (link,) = self_enrolment.links_of(session, actor, cohort.id)
    assert (link.used, link.most, link.state, len(mails(session))) == (2, 2, "full", 2)
    assert session.exec(select(SelfEnrolmentLink.token_hash)).one() != token


def test_a_link_ends_by_its_day_or_by_hand(session: Session, cohort: Cohort, actor: Actor) -> None:
    first, second = a_link(session, actor, cohort), a_link(session, actor, cohort)
    made = session.exec(select(SelfEnrolmentLink).where(SelfEnrolmentLink.token_hash == links.hashed(second))).one()

    self_enrolment.revoke(session, actor, made.id)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=8)), pytest.raises(NotAllowed, match="run out"):
        self_enrolment.look(session, first)
    for token in (second, "forged", "x" * 1000):
        with pytest.raises(NotAllowed):
            self_enrolment.look(session, token)

    assert self_enrolment.look(session, first).side is Side.MENTEE


@pytest.mark.parametrize(("server", "said"), [("mail.example.org", "We have sent"), ("", "has no mail server yet")])
def test_the_page_says_the_same_to_strangers_and_to_whoever_has_a_place(
    session: Session, cohort: Cohort, actor: Actor, monkeypatch: pytest.MonkeyPatch, server: str, said: str
) -> None:
    monkeypatch.setenv("SMTP_HOST", server)
    settings.cache_clear()
    person = make_person(session, "Ama", email="ama@example.org")
    make_account(session, person)
    make_enrolment(session, cohort, person=person)
    token = a_link(session, actor, cohort)
    session.commit()
    browser = TestClient(Starlette(routes=join_routes.routes()))

    answers = [
        browser.post(f"/join/{token}", data={"name": "Somebody", "email": email})
        for email in ("ama@example.org", "new@example.org")
    ]

    assert {(each.status_code, each.text) for each in answers} == {(200, answers[0].text)}
    assert [words for words in ("We have sent", "has no mail server yet") if words in answers[0].text] == [said]
    session.expire_all()
    assert mails(session) == [("ama@example.org", "place_offered"), ("new@example.org", "invitation")]


def test_looking_changes_nothing_and_what_was_typed_stays(session: Session, cohort: Cohort, actor: Actor) -> None:
    token = a_link(session, actor, cohort)
    browser = TestClient(Starlette(routes=join_routes.routes()))

    shown = browser.get(f"/join/{token}")
    wrong = browser.post(f"/join/{token}", data={"name": "<b>Ama</b>", "email": "ama"})
    unknown = browser.get("/join/forged")

    assert (shown.status_code, wrong.status_code, unknown.status_code) == (200, 422, 403)
    assert "&lt;b&gt;Ama&lt;/b&gt;" in wrong.text
    assert (mails(session), session.exec(select(JoinAttempt)).all()) == ([], [])


def openings(session: Session) -> list[tuple[str, str]]:
    """Whom the desk wrote to, and how the letter begins, up to its first full stop."""
    statement = select(Person.email, Message.body_text).join(Person, col(Person.id) == Message.person_id)
    found = session.exec(statement)
    return sorted((email.partition("@")[0], str(text).split("\n\n")[1].partition(".")[0]) for email, text in found)


def test_nobody_reads_of_more_than_the_coordinator_has_decided(session: Session, cohort: Cohort, actor: Actor) -> None:
    scheme = session.get_one(Scheme, cohort.scheme_id).name
    imported = make_person(session, "Ama", email="imported@example.org")
    sent = make_enrolment(session, cohort, person=imported, status=EnrolmentStatus.SUBMITTED)
    make_account(session, make_person(session, "Bo", email="known@example.org"))
    token = a_link(session, actor, cohort, most=9)

    for name in ("new", "imported", "known"):
        self_enrolment.join(session, token, full_name=name, email=f"{name}@example.org")
    enrolment_decisions.approve(session, actor, [sent.id])

    assert openings(session) == [
        ("imported", f"We have your enrolment in {scheme}"),
        # On the very day on which they were invited.
        ("imported", f"Your enrolment in {scheme} is approved"),
        ("known", f"You can enrol as mentee in {scheme} now"),
        ("new", f"You can enrol in {scheme} now"),
    ]


def test_one_address_cannot_send_the_form_for_ever(session: Session, cohort: Cohort, actor: Actor) -> None:
    token = a_link(session, actor, cohort, most=100)

    for _ in range(self_enrolment.PER_ADDRESS):
        self_enrolment.knock(session, token, network_address="192.0.2.1")
    with pytest.raises(NotAllowed, match="within the hour"):
        self_enrolment.knock(session, token, network_address="192.0.2.1")
    self_enrolment.knock(session, token, network_address="192.0.2.2")
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=2)):
        self_enrolment.knock(session, token, network_address="192.0.2.1")

    assert len(session.exec(select(JoinAttempt)).all()) == 1
    assert session.exec(select(LinkToken)).all() == []
