"""A scheme that began before its template asked more can take the new questions over; no answer changes."""

from datetime import date

import pytest
from sqlmodel import Session, col, select

from models.audit import AuditEntry
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.schemes import Cohort, FormField, Scheme
from services import enrolments, form_editing, form_template
from services.access import DESK, Actor
from services.enrolment_form import ALWAYS, CHOICE
from services.errors import Conflict, NotAllowed
from services.schemes import starting, templates
from tests.factories import make_actor, make_cohort, make_coordinator, make_enrolment, make_participant

NEW = ("sort_name", "availability")


def an_old_scheme(session: Session) -> tuple[Cohort, Actor]:
    """One that began when its template did not ask for a name to sort by, nor for free times."""
    cohort = starting.start(
        session, DESK, "unnc_alumni", cohort_name="2026", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
    )
    asked = (FormField.scheme_id == cohort.scheme_id, col(FormField.key).in_(NEW))
    for field in session.exec(select(FormField).where(*asked)):
        session.delete(field)
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    session.commit()
    return cohort, coordinator


def test_only_what_the_form_never_had_is_offered(session: Session) -> None:
    cohort, coordinator = an_old_scheme(session)

    found = form_template.offered(session, coordinator, cohort.scheme_id)

    in_template = {field.key: field.step for field in templates.load("unnc_alumni").fields}
    assert {each.key: each.step for each in found} == {key: in_template[key] for key in NEW}
    assert {question.required for each in found for _, question in each.questions} == {False}


def test_what_is_taken_over_is_asked_and_nobody_is_incomplete_for_it(session: Session) -> None:
    cohort, coordinator = an_old_scheme(session)
    place = make_enrolment(session, cohort, status=EnrolmentStatus.APPROVED, answers={"old": "kept"})
    session.commit()
    owner = make_participant(session, place)
    missing = enrolments.form(session, owner).missing

    added = form_template.take_over(session, coordinator, cohort.scheme_id, NEW)

    session.expire_all()
    form = enrolments.form(session, owner)
    asked = [question.key for step in form.steps for question in step.questions]
    assert (added, form.missing) == (2, missing)
    assert set(NEW) <= set(asked)
    assert session.get_one(Enrolment, place.id).answers == {"old": "kept"}
    assert form_template.offered(session, coordinator, cohort.scheme_id) == ()
    entries = session.exec(select(AuditEntry).where(AuditEntry.action == "form.question_added")).all()
    assert {(entry.details["key"], entry.details["by"]) for entry in entries} == {(key, "template") for key in NEW}


def test_one_can_be_left_out_and_a_retired_one_is_not_offered_again(session: Session) -> None:
    cohort, coordinator = an_old_scheme(session)
    form_template.take_over(session, coordinator, cohort.scheme_id, ["availability"])
    fields = form_editing.fields(session, coordinator, cohort.scheme_id)
    field = next(each for each in fields if each.key == "availability")
    form_editing.retire(session, coordinator, field.id, version=field.version)

    left = form_template.offered(session, coordinator, cohort.scheme_id)

    assert [each.key for each in left] == ["sort_name"]


def test_what_somebody_else_has_added_meanwhile_is_not_added_twice(session: Session) -> None:
    cohort, coordinator = an_old_scheme(session)
    form_template.take_over(session, coordinator, cohort.scheme_id, NEW)

    with pytest.raises(Conflict, match="has changed since you looked"):
        form_template.take_over(session, coordinator, cohort.scheme_id, ["availability"])

    asked = select(FormField).where(FormField.scheme_id == cohort.scheme_id, FormField.key == "availability")
    assert len(session.exec(asked).all()) == 1


def test_a_mentors_wish_counts_once_it_is_asked_for_and_a_weight_that_was_set_stays(session: Session) -> None:
    found = []
    for weights in ({"sector": 2}, {"sector": 2, "mentor_wish": 0}):
        cohort, coordinator = an_old_scheme(session)
        scheme = session.get_one(Scheme, cohort.scheme_id)
        scheme.criterion_weights = weights
        of_scheme = (FormField.scheme_id == scheme.id, FormField.key == "situation")
        session.delete(session.exec(select(FormField).where(*of_scheme)).one())
        session.commit()

        form_template.take_over(session, coordinator, scheme.id, ["situation"])
        found.append(scheme.criterion_weights)

    assert found == [{"sector": 2, "mentor_wish": 3}, {"sector": 2, "mentor_wish": 0}]


def test_an_answer_that_somebody_gave_elsewhere_is_shown_to_a_match_by_choice_alone(session: Session) -> None:
    cohort, coordinator = an_old_scheme(session)
    asked = (FormField.scheme_id == cohort.scheme_id, col(FormField.key).in_(["pronouns", "year_of_study"]))
    for field in session.exec(select(FormField).where(*asked)):
        session.delete(field)
    session.commit()

    form_template.take_over(session, coordinator, cohort.scheme_id, ["pronouns", "year_of_study"])

    rules = {field.key: field.for_match for field in session.exec(select(FormField).where(*asked))}
    assert rules == {"pronouns": {"mentor": CHOICE, "mentee": CHOICE}, "year_of_study": {"mentee": ALWAYS}}


def test_nobody_but_the_scheme_s_coordinator_sees_or_adds_them(session: Session) -> None:
    cohort, _ = an_old_scheme(session)
    elsewhere = make_cohort(session)
    stranger = make_actor(make_coordinator(session, elsewhere), elsewhere)
    mentor = make_participant(session, make_enrolment(session, cohort, side=Side.MENTOR))

    for outsider in (stranger, mentor):
        with pytest.raises(NotAllowed):
            form_template.offered(session, outsider, cohort.scheme_id)
        with pytest.raises(NotAllowed):
            form_template.take_over(session, outsider, cohort.scheme_id, NEW)
