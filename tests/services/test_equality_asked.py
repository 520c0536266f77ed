"""A coordinator switches equality questions: what goes with a question is deleted, and nobody learns whose it was."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlmodel import Session, select

from models.audit import AuditEntry
from models.enrolments import Enrolment, Side
from models.equality import EqualityAnswers, ParityTable
from models.schemes import Cohort, Scheme
from services import equality, equality_asked, equality_opening, parity, storage
from services.access import Acting, Actor
from services.errors import Conflict, Invalid, NotAllowed
from services.parity_rules import Told
from services.schemes import equality as questions
from services.settings import settings
from tests.factories import (
    make_actor,
    make_cohort,
    make_coordinator,
    make_enrolment,
    make_manager,
    make_participant,
    make_scheme,
)
from tests.services.test_parity import people

ALL = tuple(question.key for question in questions.questions())
NOW, NEXT_MONTH = datetime(2026, 11, 22, 12, tzinfo=UTC), datetime(2026, 12, 3, 12, tzinfo=UTC)


def a_scheme(session: Session, *asked: str, key: str = "test") -> tuple[Cohort, Actor]:
    cohort = make_cohort(
        session, make_scheme(session, key=key, other_settings={"equality": list(asked), "summary": "S"})
    )
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    session.commit()
    return cohort, coordinator


def somebody(session: Session, cohort: Cohort, answers: Mapping[str, str], side: Side = Side.MENTEE) -> Enrolment:
    enrolment = make_enrolment(session, cohort, side)
    words = equality.sealed(answers)
    session.add(EqualityAnswers(enrolment_id=enrolment.id, wording_sha256="0" * 64, words=words))
    session.commit()
    return enrolment


def kept(session: Session) -> dict[object, dict[str, str]]:
    """What is kept, by enrolment."""
    return {row.enrolment_id: equality.opened(row.words) for row in session.exec(select(EqualityAnswers))}


def asked_in(session: Session, cohort: Cohort) -> object:
    session.expire_all()
    return session.get_one(Scheme, cohort.scheme_id).other_settings


@pytest.mark.clause("A-SH3")
def test_a_question_that_goes_takes_everybodys_answers_to_it_along_at_once_and_no_others(session: Session) -> None:
    cohort, coordinator = a_scheme(session, "age", "gender", "ethnicity")
    elsewhere, _ = a_scheme(session, "age", "gender")
    both, one, other, theirs = (
        somebody(session, cohort, {"age": "25_34", "gender": "woman"}),
        somebody(session, make_cohort(session, session.get_one(Scheme, cohort.scheme_id)), {"age": "from_55"}),
        somebody(session, cohort, {"gender": "man"}, Side.MENTOR),
        somebody(session, elsewhere, {"age": "under_25"}),
    )
    before = session.exec(select(EqualityAnswers.words).where(EqualityAnswers.enrolment_id == other.id)).one()
    session.commit()

    equality_asked.keep(
        session, coordinator, cohort.scheme_id, ["first_family", "gender"], seen=["age", "gender", "ethnicity"]
    )

    assert asked_in(session, cohort) == {"equality": ["gender", "first_family"], "summary": "S"}
    assert kept(session) == {both.id: {"gender": "woman"}, other.id: {"gender": "man"}, theirs.id: {"age": "under_25"}}
    assert one.id not in kept(session)
    after = session.exec(select(EqualityAnswers.words).where(EqualityAnswers.enrolment_id == other.id)).one()
    # Sealed anew as well, and as long as before: whose row has changed tells nothing.
    assert (before != after, len(before) == len(after)) == (True, True)
    entry = session.exec(select(AuditEntry)).one()
    assert (entry.action, entry.subject_id) == ("scheme.equality_questions_set", cohort.scheme_id)
    assert entry.details == {"asked": ["gender", "first_family"], "no_longer": ["age", "ethnicity"]}
    mine = equality.mine(session, make_participant(session, both))
    assert ([question.key for question in mine.questions], mine.answers) == (
        ["gender", "first_family"],
        {"gender": "woman"},
    )


@pytest.mark.clause("A-SH3")
def test_all_questions_go_and_come_at_once_and_the_answers_do_not_come_back(session: Session) -> None:
    cohort, coordinator = a_scheme(session, *ALL)
    enrolment = somebody(session, cohort, {"age": "25_34", "disability": "yes"})
    actor = make_participant(session, enrolment)
    session.commit()

    equality_asked.keep(session, coordinator, cohort.scheme_id, [], seen=ALL)
    off, without = asked_in(session, cohort), kept(session)
    with pytest.raises(Invalid, match="does not ask"):
        equality.give(session, actor, {"age": "25_34"})
    equality_asked.keep(session, coordinator, cohort.scheme_id, ALL, seen=[])

    assert (off, without) == ({"equality": [], "summary": "S"}, {})
    assert asked_in(session, cohort) == {"equality": list(ALL), "summary": "S"}
    assert equality.mine(session, actor).answers == {}
    equality.give(session, actor, {"age": "25_34"})


@pytest.mark.clause("A-SH3")
def test_a_question_leaves_the_months_table_and_its_figure_begins_anew(session: Session) -> None:
    cohort, coordinator = a_scheme(session, "age", "gender")
    women = people(session, cohort, "woman", 20, matched=10)
    people(session, cohort, "man", 20, matched=10)
    session.commit()
    parity.publish_due(session, NOW)

    equality_asked.keep(session, coordinator, cohort.scheme_id, ["age"], seen=["age", "gender"])
    table = session.exec(select(ParityTable)).one()
    published, as_of = json.dumps(table.published), table.as_of
    equality_asked.keep(session, coordinator, cohort.scheme_id, ["age", "gender"], seen=["age"])
    again = parity.of_cohort(session, coordinator, cohort.id)
    # As many answer anew as before: a count that had stayed behind would take their figure for the old one.
    for number, each in enumerate([*women, *people(session, cohort, None, 10, matched=5)]):
        words = equality.sealed({"gender": "woman" if number < 20 else "man"})
        session.add(EqualityAnswers(enrolment_id=each.id, wording_sha256="0" * 64, words=words))
    session.commit()
    parity.publish_due(session, NEXT_MONTH)

    assert ("gender" in published, as_of) == (False, date(2026, 11, 22))
    assert [compared.groups for compared in again.by_side[Side.MENTEE]] == [{}, {}]
    now = parity.of_cohort(session, coordinator, cohort.id).by_side[Side.MENTEE][1]
    assert now.groups == {"Women": Told(20, 50, 50), "Men": Told(10, 50, 50)}


@pytest.mark.clause("A-SH3")
def test_answers_are_opened_before_anything_is_locked_and_one_given_meanwhile_is_shortened_too(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    cohort, coordinator = a_scheme(session, "age", "gender")
    first = somebody(session, cohort, {"age": "25_34", "gender": "woman"})
    scheme_id, late = cohort.scheme_id, list[Enrolment]()
    session.commit()
    held, read, opened = list[bool](), equality_opening.beforehand, equality.opened

    def reading(*asked: Any) -> equality_opening.Opened:
        found = read(*asked)
        late.append(somebody(session, cohort, {"age": "from_55", "gender": "man"}))
        return found

    def opening(sealed: str) -> dict[str, str]:
        held.append(look.in_transaction())
        return opened(sealed)

    with monkeypatch.context() as patch, storage.reading() as look:
        patch.setattr(equality, "opened", opening)
        patch.setattr(equality_opening, "beforehand", reading)
        equality_asked.keep(look, coordinator, scheme_id, ["gender"], seen=["age", "gender"])

    assert held == [False, True]
    assert kept(session) == {first.id: {"gender": "woman"}, late[0].id: {"gender": "man"}}


def test_an_answer_that_no_key_opens_goes_whole(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    cohort, coordinator = a_scheme(session, "age", "gender")
    somebody(session, cohort, {"gender": "woman"})
    monkeypatch.setenv("MENTORING_SECRET_KEYS", "another key of at least thirty-two bytes")
    settings.cache_clear()
    readable = somebody(session, cohort, {"gender": "man"})

    equality_asked.keep(session, coordinator, cohort.scheme_id, ["gender"], seen=["age", "gender"])

    assert kept(session) == {readable.id: {"gender": "man"}}


@pytest.mark.clause("A-SH3")
def test_only_whoever_runs_the_scheme_switches_and_not_what_its_template_rules_out(session: Session) -> None:
    cohort, coordinator = a_scheme(session, "gender", key="unnc_alumni")
    manager = make_actor(make_manager(session, cohort), cohort, Acting.MANAGER)
    mentee = make_participant(session, make_enrolment(session, cohort))
    _, stranger = a_scheme(session)
    session.commit()
    found = equality_asked.of_scheme(session, coordinator, cohort.scheme_id)

    for who in (manager, mentee, stranger):
        with pytest.raises(NotAllowed):
            equality_asked.of_scheme(session, who, cohort.scheme_id)
        with pytest.raises(NotAllowed):
            equality_asked.keep(session, who, cohort.scheme_id, [], seen=["gender"])
    for key in ("ethnicity", "shoe_size"):
        with pytest.raises(Invalid, match="cannot ask that"):
            equality_asked.keep(session, coordinator, cohort.scheme_id, ["gender", key], seen=["gender"])

    assert found.now == ("gender",)
    assert [question.key for question in found.offered] == ["age", "gender", "first_family"]
    assert [question.key for question in found.never] == ["ethnicity", "disability"]
    assert asked_in(session, cohort) == {"equality": ["gender"], "summary": "S"}


def test_what_a_colleague_changed_meanwhile_is_not_overwritten(session: Session) -> None:
    cohort, coordinator = a_scheme(session, "gender")
    enrolment = somebody(session, cohort, {"gender": "man"})

    with pytest.raises(Conflict, match="A colleague changed"):
        equality_asked.keep(session, coordinator, cohort.scheme_id, [], seen=["age", "gender"])
    equality_asked.keep(session, coordinator, cohort.scheme_id, ["gender"], seen=["gender"])

    assert kept(session) == {enrolment.id: {"gender": "man"}}
    assert session.exec(select(AuditEntry)).all() == []
