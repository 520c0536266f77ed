"""A person's own enrolment, from the first draft to leaving."""

import re
from datetime import date
from typing import Any

import pytest
from sqlmodel import Session, select

from models.audit import AuditEntry
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.people import Person
from models.schemes import Cohort
from services import conflicts, enrolments
from services.access import DESK, Actor
from services.errors import Conflict, Invalid, NotAllowed
from services.schemes import starting
from tests.factories import make_actor, make_coordinator, make_enrolment, make_participant, make_person
from tests.services.counting import queries_of

WHO = {"full_name": "Ama Boateng", "year_of_study": "Year 3", "sector": "D", "role_title": "Energy counsel"}
HOPES = {"summary": "Law student.", "goals": "Find my way into energy law.", "needs": "Written notes."}
REACH = {
    "languages": ["en", "zh"],
    "time_zone": "Asia/Shanghai",
    "channels": ["email", "wechat"],
    "telephone": "+86 136 4985 8350",
    "wechat_id": "wx_ama_123",
}


def a_cohort(session: Session, template: str = "unnc_alumni") -> Cohort:
    return starting.start(
        session, DESK, template, cohort_name="2026", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
    )


def a_draft(session: Session, side: Side = Side.MENTEE, template: str = "unnc_alumni", **facts: Any) -> Actor:
    """Somebody who was invited and has answered nothing yet."""
    person = make_person(session, "A. Boateng", email="ama@example.org")
    enrolment = Enrolment(person_id=person.id, cohort_id=a_cohort(session, template).id, side=side, **facts)
    session.add(enrolment)
    session.commit()
    return make_participant(session, enrolment)


def a_complete_draft(session: Session) -> Actor:
    actor = a_draft(session)
    enrolments.save_draft(session, actor, {**WHO, **HOPES, **REACH})
    conflicts.declare(session, actor, [])
    return actor


def own(session: Session, actor: Actor) -> Enrolment:
    return session.get_one(Enrolment, actor.place.enrolment_id)


def test_the_form_asks_what_the_scheme_asks_of_this_side_in_steps(session: Session) -> None:
    actor = a_draft(session, Side.MENTOR, "aulp")

    form = enrolments.form(session, actor)

    assert [step.title for step in form.steps] == [
        "Who I am",
        "What I offer",
        "How to reach me",
        "Conflicts",
        "Consents",
        "Review",
    ]
    assert [question.key for question in form.steps[1].questions] == [
        "summary",
        "capacity",
        "access_needs",
        "background",
        "support",
        "situation",
    ]
    assert (form.status, form.given, form.is_sent) == (EnrolmentStatus.DRAFT, frozenset(), False)


@pytest.mark.clause("U-1", "U-2")
@pytest.mark.parametrize("template", ["aulp", "unnc_alumni", "blank"])
@pytest.mark.parametrize("side", list(Side))
def test_every_question_says_who_will_see_the_answer(session: Session, template: str, side: Side) -> None:
    form = enrolments.form(session, a_draft(session, side, template))

    silent = [question.key for step in form.steps for question in step.questions if not question.audience]
    assert silent == []


def test_a_saved_step_is_there_again_the_next_time(session: Session) -> None:
    actor = a_draft(session)

    changed = enrolments.save_draft(session, actor, {**WHO, **HOPES})
    changed_again = enrolments.save_draft(session, actor, {**WHO, **HOPES})
    session.expire_all()

    form = enrolments.form(session, actor)
    answers = {question.key: question.value for step in form.steps for question in step.questions}
    assert set(changed) == {*WHO, *HOPES}
    assert changed_again == ()
    assert {key: answers[key] for key in {**WHO, **HOPES}} == {**WHO, **HOPES}
    assert [step.is_done for step in form.steps] == [True, True, False, False, True, False]


def test_answers_go_where_they_belong(session: Session) -> None:
    actor = a_draft(session)

    enrolments.save_draft(session, actor, {**WHO, **HOPES, **REACH})

    enrolment, person = own(session, actor), session.get_one(Person, actor.person_id)
    assert (person.full_name, person.telephone_key, person.wechat_id) == ("Ama Boateng", "+8613649858350", "wx_ama_123")
    assert (enrolment.sort_key, enrolment.sector, enrolment.languages) == ("ama boateng", "D", ["en", "zh"])
    assert enrolment.answers == {"year_of_study": "Year 3", "needs": "Written notes."}


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        ({"telephone": "call me"}, "Telephone"),
        ({"wechat_id": "1"}, "WeChat ID"),
        ({"time_zone": "CST"}, "Your time zone"),
        ({"sector": "Nonsense"}, "The sector you are interested in"),
        ({"languages": ["klingon"]}, "Languages you could talk in"),
        ({"channels": ["in_person"]}, "How you are happy to be in touch"),
        ({"full_name": " "}, "Full name"),
        ({"goals": "x" * 2001}, "What you would like mentoring to do for you"),
        ({"role_title": "Counsel\nand more"}, "The role you are aiming for"),
        ({"email": "other@example.org"}, "Email address"),
        ({"share_email": True}, "Share my email address with the other half of my pair"),
    ],
)
def test_an_answer_that_cannot_be_is_refused_by_its_name_and_nothing_is_kept(
    session: Session, answer: dict[str, Any], named: str
) -> None:
    actor = a_draft(session)

    with pytest.raises(Invalid, match=re.escape(named)):
        enrolments.save_draft(session, actor, {"year_of_study": "Year 3", **answer})

    enrolment, person = own(session, actor), session.get_one(Person, actor.person_id)
    assert (enrolment.answers, person.full_name, person.email) == ({}, "A. Boateng", "ama@example.org")


@pytest.mark.parametrize("typed", ["9", "-1", "two", ""])
def test_a_capacity_that_cannot_be_is_refused(session: Session, typed: str) -> None:
    actor = a_draft(session, Side.MENTOR)

    with pytest.raises(Invalid, match=r"^How many students you have room for"):
        enrolments.save_draft(session, actor, {"capacity": typed})

    assert own(session, actor).capacity == 1


def test_a_question_that_is_not_in_the_form_of_this_side_is_refused(session: Session) -> None:
    actor = a_draft(session)

    for key in ("capacity", "status", "password_hash"):
        with pytest.raises(Invalid):
            enrolments.save_draft(session, actor, {key: "5"})

    assert own(session, actor).capacity == 1


def test_an_imported_word_that_no_list_knows_may_stay(session: Session) -> None:
    actor = a_draft(session, sector="Underwater basket weaving", languages=["tlh"])

    changed = enrolments.save_draft(session, actor, {"sector": "Underwater basket weaving", "languages": ["tlh", "en"]})

    assert (changed, own(session, actor).languages) == (("languages",), ["tlh", "en"])


def test_blank_optional_answers_are_kept_as_nothing(session: Session) -> None:
    actor = a_draft(session)
    enrolments.save_draft(session, actor, {**WHO, **HOPES, **REACH})

    enrolments.save_draft(session, actor, {"telephone": " ", "needs": "", "role_title": None, "channels": []})

    person, enrolment = session.get_one(Person, actor.person_id), own(session, actor)
    assert (person.telephone, person.telephone_key, enrolment.role_title, enrolment.channels) == (None, None, None, [])
    assert enrolment.answers == {"year_of_study": "Year 3", "needs": None}


@pytest.mark.clause("A-SH2", "U-C4.5")
def test_a_form_is_sent_only_when_everything_required_is_answered_conflicts_too(session: Session) -> None:
    actor = a_draft(session)
    enrolments.save_draft(session, actor, {**WHO, **HOPES, **REACH, "channels": []})

    with pytest.raises(Invalid) as refused:
        enrolments.submit(session, actor)

    assert refused.value.happened == (
        "Not answered yet: How you are happy to be in touch, the question about conflicts."
    )
    assert own(session, actor).status is EnrolmentStatus.DRAFT


def test_a_complete_form_is_sent_once(session: Session) -> None:
    actor = a_complete_draft(session)

    sent = enrolments.submit(session, actor)
    with pytest.raises(Conflict):
        enrolments.submit(session, actor)

    assert (sent, own(session, actor).status) == (EnrolmentStatus.SUBMITTED, EnrolmentStatus.SUBMITTED)
    assert own(session, actor).submitted_at is not None


def test_a_sent_form_can_be_corrected_but_not_emptied(session: Session) -> None:
    actor = a_complete_draft(session)
    enrolments.submit(session, actor)

    enrolments.save_draft(session, actor, {"goals": "Something else."})
    with pytest.raises(Invalid):
        enrolments.save_draft(session, actor, {"goals": "", "needs": "Changed too."})

    assert (own(session, actor).goals, own(session, actor).answers["needs"]) == ("Something else.", "Written notes.")


@pytest.mark.clause("U-C5.3")
def test_a_person_can_pause_come_back_and_leave_without_a_reason(session: Session) -> None:
    actor = a_draft(session, status=EnrolmentStatus.APPROVED)

    statuses = [act(session, actor) for act in (enrolments.pause, enrolments.resume, enrolments.withdraw)]

    assert statuses == [EnrolmentStatus.PAUSED, EnrolmentStatus.APPROVED, EnrolmentStatus.WITHDRAWN]


def test_what_does_not_fit_the_state_is_refused(session: Session) -> None:
    actor = a_draft(session)

    for act in (enrolments.pause, enrolments.resume):
        with pytest.raises(Conflict):
            act(session, actor)

    assert own(session, actor).status is EnrolmentStatus.DRAFT


@pytest.mark.parametrize("status", [EnrolmentStatus.DECLINED, EnrolmentStatus.WITHDRAWN])
def test_a_closed_form_is_read_and_no_longer_changed(session: Session, status: EnrolmentStatus) -> None:
    actor = a_draft(session, status=status)

    for act in (enrolments.submit, enrolments.withdraw):
        with pytest.raises(Conflict):
            act(session, actor)
    with pytest.raises(Conflict):
        enrolments.save_draft(session, actor, WHO)

    assert (enrolments.form(session, actor).is_open, own(session, actor).status) == (False, status)


def test_nobody_else_opens_the_form(session: Session) -> None:
    cohort = a_cohort(session)
    enrolment = make_enrolment(session, cohort)
    stranger = make_participant(session, make_enrolment(session, cohort, Side.MENTOR))
    forged = Actor(person_id=stranger.person_id, name="", place=make_participant(session, enrolment).place)
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    session.commit()

    for actor in (forged, coordinator):
        with pytest.raises(NotAllowed):
            enrolments.form(session, actor)
        with pytest.raises(NotAllowed):
            enrolments.save_draft(session, actor, WHO)
        with pytest.raises(NotAllowed):
            enrolments.submit(session, actor)

    assert enrolment.status is EnrolmentStatus.APPROVED


def test_the_journal_says_which_answers_changed_and_none_of_them(session: Session) -> None:
    actor = a_complete_draft(session)
    enrolments.submit(session, actor)

    entries = session.exec(select(AuditEntry).where(AuditEntry.subject_id == actor.place.enrolment_id)).all()
    assert [(entry.action, entry.details) for entry in sorted(entries, key=lambda entry: entry.sequence)] == [
        ("enrolment.saved", {"changed": sorted({**WHO, **HOPES, **REACH})}),
        ("conflicts.declared", {}),
        ("enrolment.submitted", {}),
    ]


def test_the_form_costs_a_fixed_number_of_queries(session: Session) -> None:
    actor = a_complete_draft(session)

    with queries_of(session) as asked:
        enrolments.form(session, actor)

    assert len(asked) == 4
