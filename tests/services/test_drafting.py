"""Answers kept one by one: no window overwrites another silently, and corrections keep what stood there."""

from datetime import date
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from models.columns import utc_now
from models.enrolments import AnswerChange, Enrolment, EnrolmentStatus, Side
from models.people import Person
from models.schemes import Cohort
from services import answer_history, drafting, enrolments
from services.access import DESK, Actor
from services.answer_history import Change
from services.drafting import AnsweredElsewhere
from services.errors import Conflict, Invalid, NotAllowed
from services.schemes import starting
from tests.factories import make_actor, make_cohort, make_coordinator, make_enrolment, make_participant, make_person


def a_place(session: Session, side: Side = Side.MENTEE, **facts: Any) -> Actor:
    cohort = starting.start(
        session, DESK, "unnc_alumni", cohort_name="2026", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
    )
    person = make_person(session, "Ama Boateng")
    enrolment = Enrolment(person_id=person.id, cohort_id=cohort.id, side=side, sort_key="ama boateng", **facts)
    session.add(enrolment)
    session.commit()
    return make_participant(session, enrolment)


def own(session: Session, actor: Actor) -> Enrolment:
    return session.get_one(Enrolment, actor.place.enrolment_id)


def labels_and_values(changes: tuple[Change, ...]) -> list[tuple[str, str, str]]:
    return [(change.label, change.before, change.after) for change in changes]


def test_an_answer_is_kept_by_itself_and_is_there_elsewhere(session: Session, engine: Engine) -> None:
    actor = a_place(session)

    kept = drafting.save_answer(session, actor, "goals", "  Energy law. ")

    assert (kept.key, kept.value, kept.changed) == ("goals", "Energy law.", True)
    with Session(engine) as elsewhere:
        assert own(elsewhere, actor).goals == "Energy law."


def test_what_another_window_has_kept_is_not_replaced_but_named(session: Session) -> None:
    actor = a_place(session)
    drafting.save_answer(session, actor, "goals", "From the phone", before=None)

    with pytest.raises(AnsweredElsewhere) as clash:
        drafting.save_answer(session, actor, "goals", "From the desk", before=None)

    assert (clash.value.value, clash.value.shown) == ("From the phone", "From the phone")
    assert own(session, actor).goals == "From the phone"
    drafting.save_answer(session, actor, "goals", "From the desk", before="From the phone")
    assert own(session, actor).goals == "From the desk"


def test_the_same_answer_from_both_windows_is_no_clash(session: Session) -> None:
    actor = a_place(session)
    drafting.save_answer(session, actor, "languages", ["en", "zh"], before=[])

    kept = drafting.save_answer(session, actor, "languages", ["en", "zh"], before=[])

    assert kept.changed is False


def test_windows_that_save_at_one_moment_lose_no_answer(session: Session, engine: Engine) -> None:
    actor = a_place(session)
    answers = {"goals": "Law", "summary": "Student", "called": "Ama", "needs": "Notes", "pronouns": "she", "level": "B"}
    faults: list[BaseException] = []
    session.commit()  # on SQLite an open unit of work of this test would keep everybody else waiting

    def save(key: str, value: str) -> None:
        try:
            with Session(engine) as mine:
                drafting.save_answer(mine, actor, key, value, before=None)
        except BaseException as fault:
            faults.append(fault)

    threads = [Thread(target=save, args=item) for item in answers.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    session.expire_all()
    form = enrolments.form(session, actor)
    kept = {question.key: question.value for step in form.steps for question in step.questions}
    assert faults == []
    assert {key: kept[key] for key in answers} == answers


def test_a_draft_has_no_history(session: Session) -> None:
    actor = a_place(session)

    for typed in ("One", "Two"):
        drafting.save_answer(session, actor, "goals", typed)

    assert session.exec(select(AnswerChange)).all() == []


@pytest.mark.clause("A-SH3", "U-C4.2")
def test_after_it_was_sent_each_correction_keeps_what_stood_there(session: Session) -> None:
    actor = a_place(session, status=EnrolmentStatus.APPROVED, submitted_at=utc_now(), goals="Old", sector="D")
    coordinator = a_coordinator_of(session, actor)

    drafting.save_answer(session, actor, "goals", "New")
    drafting.save_answer(session, actor, "sector", "A")
    drafting.save_answer(session, actor, "pronouns", "they")
    drafting.save_answer(session, actor, "wechat_id", "wx_ama_123")

    mine = labels_and_values(answer_history.own(session, actor))
    cohort_id = actor.place.cohort_id
    assert cohort_id is not None
    theirs = answer_history.in_cohort(session, coordinator, cohort_id)
    assert mine == [
        ("WeChat ID", "", "wx_ama_123"),
        ("Pronouns", "", "they"),
        ("The sector you are interested in", "Energy", "Farming, forestry and fishing"),
        ("What you would like mentoring to do for you", "Old", "New"),
    ]
    assert labels_and_values(tuple(row.change for row in theirs.rows)) == mine[1:]
    assert (theirs.total, {row.name for row in theirs.rows}) == (3, {"Ama Boateng"})
    assert answer_history.in_cohort(session, coordinator, cohort_id, search="bo").total == 3
    assert answer_history.in_cohort(session, coordinator, cohort_id, search="nobody").total == 0


def test_corrections_are_for_nobody_else(session: Session) -> None:
    actor = a_place(session, status=EnrolmentStatus.APPROVED, submitted_at=utc_now())
    drafting.save_answer(session, actor, "goals", "New")
    elsewhere = make_cohort(session)
    stranger = make_actor(make_coordinator(session, elsewhere), elsewhere)
    other = make_participant(session, make_enrolment(session, elsewhere))
    cohort_id, enrolment_id = actor.place.cohort_id, actor.place.enrolment_id
    assert cohort_id is not None
    assert enrolment_id is not None

    for outsider in (stranger, other, actor):
        with pytest.raises(NotAllowed):
            answer_history.in_cohort(session, outsider, cohort_id)
        with pytest.raises(NotAllowed):
            answer_history.retired_answers(session, outsider, enrolment_id)
    with pytest.raises(NotAllowed):
        answer_history.own(session, stranger)
    assert answer_history.own(session, other) == ()


def test_a_sent_form_cannot_be_emptied_answer_by_answer(session: Session) -> None:
    actor = a_place(session, status=EnrolmentStatus.SUBMITTED, submitted_at=utc_now(), goals="Law")

    with pytest.raises(Invalid) as refused:
        drafting.save_answer(session, actor, "goals", "  ")

    assert refused.value.happened == "What you would like mentoring to do for you cannot be left empty."
    assert own(session, actor).goals == "Law"


@pytest.mark.parametrize("key", ["capacity", "status", "nonsense"])
def test_what_the_form_does_not_ask_is_refused(session: Session, key: str) -> None:
    actor = a_place(session)

    with pytest.raises(Invalid):
        drafting.save_answer(session, actor, key, "5")


def test_a_closed_form_keeps_nothing_more(session: Session) -> None:
    actor = a_place(session, status=EnrolmentStatus.WITHDRAWN)

    with pytest.raises(Conflict):
        drafting.save_answer(session, actor, "goals", "New")

    assert own(session, actor).goals is None


@pytest.mark.clause("A-SH3")
def test_a_sort_name_orders_lists_and_the_name_itself_is_still_found(session: Session) -> None:
    actor = a_place(session)

    drafting.save_answer(session, actor, "full_name", "Łukasz Müller")
    drafting.save_answer(session, actor, "sort_name", "Müller, Łukasz")

    person = session.get_one(Person, actor.person_id)
    assert (person.full_name, person.sort_name) == ("Łukasz Müller", "Müller, Łukasz")
    assert own(session, actor).sort_key == "müller, łukasz łukasz müller"


def a_coordinator_of(session: Session, actor: Actor) -> Actor:
    cohort = session.get_one(Cohort, actor.place.cohort_id)
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    session.commit()
    return coordinator
