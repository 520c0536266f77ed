"""What a coordinator may say about who of a pair sees an answer, and what no rule opens."""

from typing import Any

import pytest
from sqlmodel import Session

from models.enrolments import Side
from models.schemes import Cohort
from services import enrolments, form_editing, match_sharing
from services.enrolment_form import ALWAYS, CHOICE
from services.errors import Conflict, Invalid, NotAllowed
from services.form_editing import Wording
from tests.services.test_match_sharing import NEEDS, OF_MENTEE, a_pair, coordinator_of, field_of, seen


def test_a_coordinator_narrows_who_sees_an_answer_and_what_was_shared_is_taken_back(session: Session) -> None:
    pairing, mentor, mentee = a_pair(session)
    match_sharing.share(session, mentee, "needs")
    coordinator, field = coordinator_of(session, pairing), field_of(session, pairing, "needs")

    match_sharing.set_rules(session, coordinator, field.id, version=field.version, rules={Side.MENTEE: ""}, labels={})
    never = seen(session, mentor, pairing)
    session.refresh(field)
    rules = {Side.MENTEE: CHOICE}
    labels = {Side.MENTEE: "A good way to work"}
    match_sharing.set_rules(session, coordinator, field.id, version=field.version, rules=rules, labels=labels)
    again = seen(session, mentor, pairing)
    match_sharing.share(session, mentee, "needs")

    assert (never, again) == (OF_MENTEE, OF_MENTEE)
    assert ("needs", "A good way to work", NEEDS) in seen(session, mentor, pairing)


@pytest.mark.parametrize("key", ["needs", "situation"])
def test_an_answer_that_somebody_gave_is_never_shown_without_their_choice(session: Session, key: str) -> None:
    pairing, mentor, _ = a_pair(session)
    coordinator, field = coordinator_of(session, pairing), field_of(session, pairing, key)

    with pytest.raises(Invalid, match="People have answered this"):
        match_sharing.set_rules(
            session, coordinator, field.id, version=field.version, rules={Side.MENTEE: ALWAYS}, labels={}
        )

    assert seen(session, mentor, pairing) == OF_MENTEE


@pytest.mark.parametrize("key", ["email", "wechat_id", "capacity", "sort_name", "goals"])
def test_no_rule_opens_what_has_a_consent_or_a_place_of_its_own(session: Session, key: str) -> None:
    pairing, _, _ = a_pair(session)
    coordinator, field = coordinator_of(session, pairing), field_of(session, pairing, key)
    rules = {Side(role): CHOICE for role in field.roles}

    with pytest.raises(Invalid):
        match_sharing.set_rules(session, coordinator, field.id, version=field.version, rules=rules, labels={})


def test_a_rule_that_stands_in_a_row_against_the_rules_shows_nothing(session: Session) -> None:
    pairing, mentor, _ = a_pair(session)
    for key in ("email", "telephone", "wechat_id", "sort_name"):
        field_of(session, pairing, key).for_match = {"mentor": ALWAYS, "mentee": ALWAYS}
    session.commit()

    assert seen(session, mentor, pairing) == OF_MENTEE


def test_only_who_runs_the_scheme_sets_a_rule_and_only_on_what_they_saw(session: Session) -> None:
    pairing, mentor, _ = a_pair(session)
    coordinator, field = coordinator_of(session, pairing), field_of(session, pairing, "needs")
    rules = {Side.MENTEE: ""}

    with pytest.raises(NotAllowed):
        match_sharing.set_rules(session, mentor, field.id, version=field.version, rules=rules, labels={})
    with pytest.raises(Conflict):
        match_sharing.set_rules(session, coordinator, field.id, version=field.version + 1, rules=rules, labels={})

    assert field.for_match == {"mentee": CHOICE}


def test_a_question_of_the_coordinators_own_is_shown_as_they_said_when_they_asked_it(session: Session) -> None:
    pairing, mentor, mentee = a_pair(session)
    coordinator = coordinator_of(session, pairing)
    cohort = session.get_one(Cohort, pairing.cohort_id)
    words = Wording("A book that you like", "", "The coordinator.")
    where: dict[str, Any] = {"kind": "short_text", "step": 2, "sides": [Side.MENTEE]}
    for rule in (ALWAYS, ""):
        form_editing.add(session, coordinator, cohort.scheme_id, words=words, for_match=rule, **where)
    enrolments.save_draft(session, mentee, {"a_book_that_you_like": "Emma", "a_book_that_you_like_2": "Persuasion"})

    found = seen(session, mentor, pairing)

    assert set(found) - set(OF_MENTEE) == {("a_book_that_you_like", "A book that you like", "Emma")}
