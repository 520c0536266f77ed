"""The coordinator's queue, and what is decided there."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import ConsentPurpose, Enrolment, EnrolmentStatus, Side
from models.messages import Message, MessageStatus
from models.people import Account, Person
from models.schemes import Cohort
from services import enrolment_queue, enrolments, people_search, queue_finding
from services.access import Actor
from services.enrolments import Filter, Gate
from services.errors import Conflict, Invalid, NotAllowed
from tests.factories import (
    make_account,
    make_actor,
    make_cohort,
    make_consent,
    make_coordinator,
    make_enrolment,
    make_participant,
    make_person,
    make_scheme,
)
from tests.services.counting import queries_of
from tests.services.test_enrolments import a_cohort as a_real_cohort

TODAY = date(2026, 11, 20)
SUBMITTED = EnrolmentStatus.SUBMITTED


def a_cohort(session: Session) -> tuple[Cohort, Actor]:
    cohort = make_cohort(session, make_scheme(session, mentor_gates=["conflicts"], mentee_gates=["conflicts"]))
    return cohort, make_actor(make_coordinator(session, cohort), cohort)


def a_submitted(session: Session, cohort: Cohort, side: Side = Side.MENTEE, **facts: Any) -> Enrolment:
    facts = {"status": SUBMITTED, "decided_at": None, "waiting_since": None} | facts
    return make_enrolment(session, cohort, side, **facts)


def names(session: Session, actor: Actor, cohort: Cohort, **chosen: Any) -> list[str]:
    return [row.name for row in enrolments.queue(session, actor, cohort.id, today=TODAY, **chosen).rows]


def mails(session: Session) -> list[tuple[str, str]]:
    """(name, template) of everything in the outbox."""
    statement = select(Person.full_name, Message.template).join(Person, col(Person.id) == Message.person_id)
    return sorted(session.exec(statement).all())


def test_the_queue_counts_the_cohort_and_shows_what_the_filter_leaves(session: Session) -> None:
    cohort, actor = a_cohort(session)
    bo = make_enrolment(session, cohort, Side.MENTOR, name="Bo")
    make_consent(session, bo, ConsentPurpose.SHARE_EMAIL)
    a_submitted(session, cohort, Side.MENTOR, name="Ama")
    a_submitted(session, cohort, name="Chen", conflicts_declared_at=None)
    make_enrolment(session, make_cohort(session), name="Elsewhere")

    found = enrolments.queue(session, actor, cohort.id, side=Side.MENTOR, today=TODAY)

    assert [row.name for row in found.rows] == ["Ama", "Bo"]
    assert (found.total, found.decidable, found.pages) == (2, 1, 1)
    assert (found.count(SUBMITTED), found.count(SUBMITTED, side=Side.MENTEE)) == (2, 1)
    assert names(session, actor, cohort, status=SUBMITTED) == ["Ama", "Chen"]
    assert names(session, actor, cohort, gate=Gate.READY) == ["Bo"]
    assert names(session, actor, cohort, gate=Gate.NOT_READY) == ["Ama", "Chen"]


@pytest.mark.parametrize("search", ["lindqvist bo", "BO@mail", "lindq", "bo example"])
def test_the_search_takes_beginnings_of_words_of_a_name_or_address(session: Session, search: str) -> None:
    cohort, actor = a_cohort(session)
    bo = make_person(session, "Bo Lindqvist", email="bo@mail.example")
    a_submitted(session, cohort, person=bo, sector="D", role_title="Grid counsel")
    a_submitted(session, cohort, name="Chen Yuxin", sector="A", role_title="Student")

    assert names(session, actor, cohort, search=search) == ["Bo Lindqvist"]


def test_claims_are_shown_as_words_of_a_spreadsheet(session: Session) -> None:
    cohort, actor = a_cohort(session)
    a_submitted(session, cohort, Side.MENTOR, claims={"training": "Yes", "agreement": "I agree"})

    (row,) = enrolments.queue(session, actor, cohort.id, today=TODAY).rows

    assert row.claims == ("says: agreement I agree", "says: training Yes")
    assert row.readiness.is_ready is False


def test_a_page_holds_twenty(session: Session) -> None:
    cohort, actor = a_cohort(session)
    for number in range(21):
        a_submitted(session, cohort, name=f"Person {number:02}")

    pages = [enrolments.queue(session, actor, cohort.id, page=page, today=TODAY) for page in (1, 2, 99)]

    assert [(page.page, page.pages, len(page.rows), page.decidable) for page in pages] == [
        (1, 2, 20, 21),
        (2, 2, 1, 21),
        (2, 2, 1, 21),
    ]


def test_the_queue_costs_the_same_for_one_and_for_three(session: Session) -> None:
    cohort, actor = a_cohort(session)
    a_submitted(session, cohort)
    session.commit()
    cohort_id, asked = cohort.id, []

    for more in (0, 2):
        for _ in range(more):
            a_submitted(session, session.get_one(Cohort, cohort_id))
        session.commit()
        with queries_of(session) as seen:
            found = enrolments.queue(session, actor, cohort_id, gate=Gate.READY, today=TODAY)
        asked.append((len(found.rows), len(seen)))

    assert asked[0][0] == 1
    assert asked == [(1, asked[0][1]), (3, asked[0][1])]
    assert asked[0][1] <= 9


def test_the_coordinator_reads_the_answers_but_no_wechat_id(session: Session) -> None:
    cohort = a_real_cohort(session)
    person = make_person(session, "Ama", email="ama@example.org", telephone="+44 20 7946 0123", wechat_id="wx_ama_123")
    facts: dict[str, Any] = {"goals": "Energy law.", "answers": {"needs": "Notes."}, "languages": ["en", "zh"]}
    mentee = a_submitted(session, cohort, person=person, sector="D", role_title=None, summary=None, **facts)
    actor = make_actor(make_coordinator(session, cohort), cohort)

    found = enrolments.details(session, actor, mentee.id)

    assert found.answers == (
        ("Full name", "Ama"),
        ("The sector you are interested in", "Energy"),
        ("What you would like mentoring to do for you", "Energy law."),
        ("What would help you to get the most out of it", "Notes."),
        ("Languages you could talk in", "English, Chinese (Mandarin)"),
        ("How you are happy to be in touch", "Email"),
        ("Email address", "ama@example.org"),
        ("Telephone", "+44 20 7946 0123"),
    )


def test_approving_tells_the_person_and_invites_them_to_sign_in(session: Session) -> None:
    cohort, actor = a_cohort(session)
    ama, bo = a_submitted(session, cohort, name="Ama"), a_submitted(session, cohort, Side.MENTOR, name="Bo")
    make_account(session, session.get_one(Person, bo.person_id))
    session.commit()

    number = enrolments.approve(session, actor, [ama.id, bo.id])

    assert number == 2
    assert [each.status for each in (ama, bo)] == [EnrolmentStatus.APPROVED] * 2
    assert None not in (ama.decided_at, ama.waiting_since)
    assert mails(session) == [("Ama", "invitation"), ("Bo", "enrolment_approved")]


def test_one_that_cannot_be_approved_leaves_all_as_they_were(session: Session) -> None:
    cohort, actor = a_cohort(session)
    ama, draft = a_submitted(session, cohort), a_submitted(session, cohort, status=EnrolmentStatus.DRAFT)
    session.commit()

    with pytest.raises(Conflict):
        enrolments.approve(session, actor, [ama.id, draft.id])

    assert (ama.status, draft.status, mails(session)) == (SUBMITTED, EnrolmentStatus.DRAFT, [])


def test_everything_submitted_on_the_filter_is_approved_but_never_ones_own(session: Session) -> None:
    cohort, actor = a_cohort(session)
    ama, chen = a_submitted(session, cohort, name="Ama"), a_submitted(session, cohort, name="Chen")
    a_submitted(session, cohort, Side.MENTOR, name="Bo")
    mine = a_submitted(session, cohort, person=session.get_one(Person, actor.person_id))
    session.commit()

    waiting = enrolments.submitted_on(session, actor, cohort.id, Filter(side=Side.MENTEE), TODAY)
    shown = enrolments.queue(session, actor, cohort.id, side=Side.MENTEE, today=TODAY)
    enrolments.approve(session, actor, waiting)

    assert (set(waiting), shown.decidable, shown.total) == ({ama.id, chen.id}, 2, 3)
    assert mine.status is SUBMITTED


def test_nobody_decides_about_their_own_enrolment(session: Session) -> None:
    cohort, actor = a_cohort(session)
    mine = a_submitted(session, cohort, person=session.get_one(Person, actor.person_id))
    session.commit()

    for decide in (enrolments.approve, enrolments.decline):
        with pytest.raises(NotAllowed):
            decide(session, actor, [mine.id])
    with pytest.raises(NotAllowed):
        enrolments.return_(session, actor, mine.id, "Why?")
    with pytest.raises(NotAllowed):
        enrolments.details(session, actor, mine.id)

    assert (mine.status, mails(session)) == (SUBMITTED, [])


def test_a_form_goes_back_with_a_question_as_often_as_needed(session: Session) -> None:
    cohort, actor = a_cohort(session)
    ama = a_submitted(session, cohort, name="Ama")
    session.commit()

    for question in ("Which year are you in?", "Which year will that be?"):
        enrolments.return_(session, actor, ama.id, question)
        session.get_one(Enrolment, ama.id).status = SUBMITTED
        session.commit()
    enrolments.approve(session, actor, [ama.id])

    assert ama.decision_note is None
    assert mails(session) == [
        ("Ama", "enrolment_returned"),
        ("Ama", "enrolment_returned"),
        ("Ama", "invitation"),
    ]


@pytest.mark.parametrize("question", ["", "  ", "x" * 2001])
def test_a_question_must_say_something(session: Session, question: str) -> None:
    cohort, actor = a_cohort(session)
    ama = a_submitted(session, cohort)
    session.commit()

    with pytest.raises(Invalid):
        enrolments.return_(session, actor, ama.id, question)

    assert (ama.status, mails(session)) == (SUBMITTED, [])


def test_declining_tells_the_person_and_closes_the_form(session: Session) -> None:
    cohort, actor = a_cohort(session)
    ama = a_submitted(session, cohort, name="Ama")
    session.commit()

    enrolments.decline(session, actor, [ama.id])

    assert (ama.status, mails(session)) == (EnrolmentStatus.DECLINED, [("Ama", "enrolment_declined")])


def test_the_preview_is_what_the_decision_sends(session: Session) -> None:
    cohort, actor = a_cohort(session)
    ama = a_submitted(session, cohort, name="Ama")
    session.commit()

    preview = enrolments.preview(session, actor, ama.id, EnrolmentStatus.RETURNED, note="Which year are you in?")
    enrolments.return_(session, actor, ama.id, "Which year are you in?")

    sent = session.exec(select(Message)).one()
    assert (preview.subject, "Which year are you in?" in preview.text) == (sent.subject, True)


def test_an_invitation_makes_a_person_a_place_and_an_account(session: Session) -> None:
    cohort, actor = a_cohort(session)
    session.commit()

    invited = enrolments.invite(session, actor, cohort.id, side=Side.MENTOR, full_name="李", email="Li.Wei@Example.org")

    enrolment = session.get_one(Enrolment, invited.enrolment_id)
    person = session.get_one(Person, enrolment.person_id)
    assert (person.full_name, person.email, person.email_key) == ("李", "Li.Wei@Example.org", "li.wei@example.org")
    assert (enrolment.side, enrolment.status, invited.mail_queued) == (Side.MENTOR, EnrolmentStatus.DRAFT, True)
    assert session.exec(select(Account.person_id)).all() == [person.id]
    assert mails(session) == [("李", "invitation")]


def test_somebody_whom_the_desk_knows_gets_a_place_and_no_second_account(session: Session) -> None:
    cohort, actor = a_cohort(session)
    ama = make_person(session, "Ama Boateng", email="ama@example.org")
    make_account(session, ama)
    session.commit()

    invited = enrolments.invite(session, actor, cohort.id, side=Side.MENTEE, full_name="A. B.", email="AMA@example.org")

    assert (invited.mail_queued, mails(session)) == (True, [("Ama Boateng", "place_offered")])
    assert session.get_one(Person, ama.id).full_name == "Ama Boateng"


def test_a_second_place_on_the_same_side_is_refused(session: Session) -> None:
    cohort, actor = a_cohort(session)
    session.commit()
    person = {"full_name": "Ama", "email": "ama@example.org"}
    enrolments.invite(session, actor, cohort.id, side=Side.MENTEE, **person)

    with pytest.raises(Conflict):
        enrolments.invite(session, actor, cohort.id, side=Side.MENTEE, **person)

    assert len(session.exec(select(Enrolment)).all()) == 1


@pytest.mark.parametrize(("full_name", "email"), [("", "ama@example.org"), ("Ama", "ama"), ("Ama", "a@b.org, c@d.org")])
def test_an_invitation_needs_a_name_and_one_address(session: Session, full_name: str, email: str) -> None:
    cohort, actor = a_cohort(session)
    session.commit()

    with pytest.raises(Invalid):
        enrolments.invite(session, actor, cohort.id, side=Side.MENTEE, full_name=full_name, email=email)

    assert session.exec(select(Enrolment)).all() == []


def test_nobody_but_the_schemes_coordinator_sees_or_decides(session: Session) -> None:
    cohort, _ = a_cohort(session)
    ama, mentor = a_submitted(session, cohort), make_enrolment(session, cohort, Side.MENTOR)
    _, other_coordinator = a_cohort(session)
    session.commit()

    for actor in (other_coordinator, make_participant(session, mentor)):
        for look in (enrolments.queue, enrolments.details):
            with pytest.raises(NotAllowed):
                look(session, actor, cohort.id if look is enrolments.queue else ama.id)
        with pytest.raises(NotAllowed):
            enrolments.submitted_on(session, actor, cohort.id, Filter(), TODAY)
        with pytest.raises(NotAllowed):
            enrolments.preview(session, actor, ama.id, EnrolmentStatus.APPROVED)
        with pytest.raises(NotAllowed):
            enrolments.approve(session, actor, [ama.id])
        with pytest.raises(NotAllowed):
            enrolments.invite(session, actor, cohort.id, side=Side.MENTEE, full_name="X", email="x@example.org")

    assert (ama.status, mails(session)) == (SUBMITTED, [])


def test_each_gate_shows_who_lacks_just_that(session: Session) -> None:
    cohort = a_real_cohort(session)
    actor = make_actor(make_coordinator(session, cohort), cohort)
    whole: dict[str, Any] = {"goals": "Energy law.", "answers": {"year_of_study": "Second"}, "sector": "D"}
    a_submitted(session, cohort, name="Asked", conflicts_declared_at=None, **whole)
    a_submitted(session, cohort, name="Blank", **(whole | {"goals": None}))
    mentor = a_submitted(session, cohort, Side.MENTOR, name="Full", capacity=0)
    make_consent(session, mentor, ConsentPurpose.SHARE_EMAIL)

    found = {gate: names(session, actor, cohort, gate=gate) for gate in Gate}
    lights = {row.name: row.readiness for row in enrolments.queue(session, actor, cohort.id, today=TODAY).rows}

    for gate in set(Gate) - {Gate.READY, Gate.NOT_READY}:
        lacking = [name for name, each in lights.items() if getattr(each, gate.value).holds is False]
        assert (gate, found[gate]) == (gate, sorted(lacking))
    assert found[Gate.READY] == sorted(name for name, each in lights.items() if each.is_ready)
    assert found[Gate.NOT_READY] == sorted(name for name, each in lights.items() if not each.is_ready)


@pytest.mark.parametrize("decision", ["declined", "returned"])
def test_a_decision_can_be_undone_until_its_email_leaves(session: Session, decision: str) -> None:
    cohort, actor = a_cohort(session)
    ama = a_submitted(session, cohort, name="Ama")
    session.commit()

    for _ in range(2):
        if decision == "declined":
            enrolments.decline(session, actor, [ama.id])
        else:
            enrolments.return_(session, actor, [ama.id], "Which year?")
        waiting = session.exec(select(Message).where(Message.status == MessageStatus.QUEUED)).one()
        assert waiting.due_at > utc_now() + timedelta(minutes=5)
        assert enrolments.undo(session, actor, [ama.id]) == 1

    kept = session.exec(select(Message.status)).all()
    assert (ama.status, ama.decided_at, ama.decision_note) == (SUBMITTED, None, None)
    assert kept == [MessageStatus.CANCELLED] * 2


def test_nothing_is_undone_once_one_of_the_emails_has_left(session: Session) -> None:
    cohort, actor = a_cohort(session)
    ama, bo = a_submitted(session, cohort, name="Ama"), a_submitted(session, cohort, name="Bo")
    approved = make_enrolment(session, cohort, name="Chen")
    session.commit()
    enrolments.decline(session, actor, [ama.id, bo.id])
    left = session.exec(select(Message).where(Message.person_id == ama.person_id)).one()
    left.status = MessageStatus.SENT
    session.commit()

    for ids in ([ama.id, bo.id], [approved.id]):
        with pytest.raises(Conflict, match="too late"):
            enrolments.undo(session, actor, ids)
        session.rollback()  # the open unit of work is this test's own

    assert {ama.status, bo.status} == {EnrolmentStatus.DECLINED}


def test_everybody_who_would_be_written_to_is_named_with_their_email(session: Session) -> None:
    cohort, actor = a_cohort(session)
    ama, bo = a_submitted(session, cohort, name="Bo"), a_submitted(session, cohort, name="Ama")
    make_account(session, session.get_one(Person, ama.person_id))
    session.commit()

    told = enrolments.recipients(session, actor, [ama.id, bo.id], EnrolmentStatus.APPROVED)

    assert [(each.name, each.template) for each in told] == [("Ama", "invitation"), ("Bo", "enrolment_approved")]
    assert mails(session) == []


@pytest.mark.parametrize("at_once", [(1, 1), (2, 3, 100)], ids=["then everybody", "in steps"])
def test_however_few_are_looked_at_in_one_go_a_gate_and_a_search_lead_to_the_same_people(
    session: Session, monkeypatch: pytest.MonkeyPatch, at_once: tuple[int, ...]
) -> None:
    cohort = a_real_cohort(session)
    actor = make_actor(make_coordinator(session, cohort), cohort)
    for number in range(4):
        declared = None if number % 2 else utc_now()
        a_submitted(session, cohort, name=f"Bo {number}", conflicts_declared_at=declared, goals="Energy.")
        a_submitted(session, cohort, Side.MENTOR, name=f"Chen {number}", conflicts_declared_at=declared)
    a_submitted(session, cohort, name="Bo Gone", status=EnrolmentStatus.WITHDRAWN)
    questions = [
        {"gate": gate, "search": search} for gate in (None, *Gate) for search in ("", "bo", "chen 1", "nobody")
    ]
    usual = [names(session, actor, cohort, **question) for question in questions]

    monkeypatch.setattr(queue_finding, "_AT_ONCE", at_once)
    monkeypatch.setattr(people_search, "_FEW", 0)

    assert [names(session, actor, cohort, **question) for question in questions] == usual
    assert [len(found) for found in usual[:4]] == [9, 5, 1, 0]


@pytest.mark.clause("U-C5.3")
def test_whoever_paused_or_left_is_neither_ready_nor_on_the_way(session: Session) -> None:
    cohort, actor = a_cohort(session)
    for status in (EnrolmentStatus.PAUSED, EnrolmentStatus.WITHDRAWN, EnrolmentStatus.APPROVED):
        for declared in (None, utc_now()):
            name = f"{status.value} {'asked' if declared is None else 'done'}"
            a_submitted(session, cohort, name=name, status=status, conflicts_declared_at=declared)

    assert names(session, actor, cohort, gate=Gate.READY) == ["approved done"]
    assert names(session, actor, cohort, gate=Gate.NOT_READY) == ["approved asked"]
    assert names(session, actor, cohort, gate=Gate.CONFLICTS) == ["approved asked", "paused asked", "withdrawn asked"]


def test_a_gate_is_followed_as_far_as_anybody_pages(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    cohort, actor = a_cohort(session)
    monkeypatch.setattr(enrolment_queue, "MOST_FOUND", 2)
    for number in range(3):
        a_submitted(session, cohort, name=f"Person {number}")

    found = enrolments.queue(session, actor, cohort.id, gate=Gate.READY, today=TODAY)
    everybody = enrolments.submitted_on(session, actor, cohort.id, Filter(gate=Gate.READY), TODAY)

    assert ([row.name for row in found.rows], found.total, found.decidable) == (["Person 0", "Person 1"], 2, 2)
    assert (found.has_more, len(everybody)) == (True, 3)
