"""The monthly table of parity: who is counted, who reads it, and when it changes."""

import logging
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from models.audit import AuditEntry
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.equality import EqualityAnswers, ParityTable
from models.schemes import Cohort, Scheme
from services import equality, equality_opening, ledger, parity
from services.access import Acting
from services.errors import NotAllowed
from services.parity_rules import FEW, Told
from services.settings import settings
from tests.factories import (
    make_actor,
    make_cohort,
    make_coordinator,
    make_enrolment,
    make_manager,
    make_pairing,
    make_participant,
    make_person,
    make_scheme,
)
from tests.services import ledger_parts
from tests.services.counting import reads, sent

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NEXT_MONTH = datetime(2026, 12, 1, 0, 5, tzinfo=UTC)


def a_cohort(session: Session, *keys: str) -> Cohort:
    return make_cohort(session, make_scheme(session, other_settings={"equality": list(keys)}))


def people(
    session: Session, cohort: Cohort, code: str | None, count: int, matched: int = 0, side: Side = Side.MENTEE
) -> list[Enrolment]:
    """So many who gave this answer about their gender (None: none), so many of them in an open pair."""
    person = make_person(session)
    found = []
    for number in range(count):
        each = make_enrolment(session, cohort, side, person=make_person(session) if number else person)
        if code is not None:
            words = equality.sealed({"gender": code})
            session.add(EqualityAnswers(enrolment_id=each.id, wording_sha256="0" * 64, words=words))
        found.append(each)
    match(session, cohort, found[:matched])
    return found


def match(session: Session, cohort: Cohort, mentees: Iterable[Enrolment]) -> None:
    """All of them with one mentor who answers nothing."""
    waiting = list(mentees)
    if waiting:
        mentor = make_enrolment(session, cohort, Side.MENTOR, status=EnrolmentStatus.PAUSED)
        for mentee in waiting:
            make_pairing(session, cohort, mentor=mentor, mentee=mentee)
    session.flush()


def told(session: Session, cohort: Cohort, side: Side = Side.MENTEE) -> dict[str, Told]:
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    return dict(parity.of_cohort(session, coordinator, cohort.id).by_side[side][0].groups)


@pytest.mark.clause("A-SH3")
def test_active_people_in_open_pairs_are_counted_by_what_they_chose_to_say(session: Session) -> None:
    cohort = a_cohort(session, "gender")
    people(session, cohort, "woman", 21, matched=15)
    men = people(session, cohort, "man", 12, matched=6)
    people(session, cohort, "another", 3, matched=1)
    people(session, cohort, None, 6, matched=1)
    people(session, cohort, "unsaid", 2)
    # Who has left, or waits for a decision, is no match that failed to come.
    for each in people(session, cohort, "man", 5):
        each.status = EnrolmentStatus.SUBMITTED
    session.commit()

    made = parity.publish_due(session, NOW)

    coordinator, manager = (
        make_actor(make_coordinator(session, cohort), cohort),
        make_actor(make_manager(session, cohort), cohort, Acting.MANAGER),
    )
    seen = parity.of_cohort(session, coordinator, cohort.id)
    compared = seen.by_side[Side.MENTEE][0]
    assert (made, seen.as_of) == (1, date(2026, 11, 22))
    assert compared.groups == {"Women": Told(20, 70, 70), "Men": Told(10, 50, 50)}
    assert compared.kept_back == ("Another gender",)
    assert seen.by_side[Side.MENTOR][0].groups == {}
    assert parity.of_cohort(session, manager, cohort.id) == seen
    assert [len(men), seen.groups, seen.largest and seen.largest.points] == [12, 2, 20]
    with pytest.raises(NotAllowed):
        parity.of_cohort(session, make_participant(session, men[0]), cohort.id)
    assert session.exec(select(AuditEntry.action)).all() == ["parity.published"]


@pytest.mark.clause("A-SH3")
def test_mentors_are_counted_likewise(session: Session) -> None:
    cohort = a_cohort(session, "gender")
    women = people(session, cohort, "woman", 10, side=Side.MENTOR)
    men = people(session, cohort, "man", 10, side=Side.MENTOR)
    for mentor in (*women[:5], *men[:5]):
        make_pairing(session, cohort, mentor=mentor)
    session.commit()

    parity.publish_due(session, NOW)

    assert told(session, cohort, Side.MENTOR) == {"Women": Told(10, 50, 50), "Men": Told(10, 50, 50)}


@pytest.mark.clause("A-SH3")
def test_the_table_is_made_once_a_month_and_a_groups_figure_changes_with_five_people(session: Session) -> None:
    cohort = a_cohort(session, "gender")
    women = people(session, cohort, "woman", 22, matched=12)
    people(session, cohort, "man", 20, matched=10)
    session.commit()
    parity.publish_due(session, NOW)
    first = told(session, cohort)
    # 22 is about 20, and 18 would be too; 17 would not.
    for each in women[-4:]:
        each.status = EnrolmentStatus.PAUSED
    session.add_all(
        EqualityAnswers(enrolment_id=each.id, wording_sha256="0" * 64, words=equality.sealed({"gender": "man"}))
        for each in people(session, cohort, None, 6)
    )
    session.commit()

    within = parity.publish_due(session, NOW + timedelta(days=8))
    unchanged = told(session, cohort)
    after = parity.publish_due(session, NEXT_MONTH)
    second = told(session, cohort)
    women[-5].status = EnrolmentStatus.PAUSED
    session.commit()
    parity.publish_due(session, NEXT_MONTH + timedelta(days=40))

    assert (first, within, unchanged) == ({"Women": Told(20, 55, 55), "Men": Told(20, 50, 50)}, 0, first)
    assert (after, second) == (1, {"Women": Told(20, 55, 55), "Men": Told(25, 40, 40)})
    assert told(session, cohort) == {"Women": Told(15, 70, 70), "Men": Told(25, 40, 40)}
    assert [table.as_of for table in session.exec(select(ParityTable))] == [date(2027, 1, 10)]


@pytest.mark.clause("A-SH3")
def test_a_figure_goes_when_its_group_is_nearly_all_who_still_wait(session: Session) -> None:
    cohort = a_cohort(session, "gender")
    people(session, cohort, "woman", 20, matched=12)
    men = people(session, cohort, "man", 20, matched=10)
    others = people(session, cohort, "another", 10, matched=5)
    session.commit()
    parity.publish_due(session, NOW)
    before = list(told(session, cohort))
    match(session, cohort, [*men[10:], *others[5:]])
    session.commit()

    parity.publish_due(session, NEXT_MONTH)

    assert before == ["Women", "Men", "Another gender"]
    assert list(told(session, cohort)) == ["Men", "Another gender"]


def test_a_scheme_that_asks_nothing_and_a_cohort_that_is_over_have_no_table(session: Session) -> None:
    asks_nothing = a_cohort(session)
    over = a_cohort(session, "gender")
    over.starts_on, over.ends_on = date(2025, 9, 1), date(2026, 11, 21)
    session.commit()

    made = parity.publish_due(session, NOW)

    coordinator = make_actor(make_coordinator(session, asks_nothing), asks_nothing)
    assert (made, parity.of_cohort(session, coordinator, asks_nothing.id).as_of) == (0, None)


def turn_to_keys(monkeypatch: pytest.MonkeyPatch, *numbers: int) -> None:
    """From now on the server has these keys, the first of them to seal with."""
    keys = ",".join(f"key number {number} of thirty-two bytes or more" for number in numbers)
    monkeypatch.setenv("MENTORING_SECRET_KEYS", keys)
    settings.cache_clear()


def parity_of(session: Session, cohort: Cohort) -> parity.Parity:
    return parity.of_cohort(session, make_actor(make_coordinator(session, cohort), cohort), cohort.id)


@pytest.mark.clause("A-SH3")
def test_answers_whose_key_is_lost_count_as_blank_and_are_told_of_roughly(
    session: Session, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    turn_to_keys(monkeypatch, 1)
    lost, whole = a_cohort(session, "gender"), a_cohort(session, "gender")
    people(session, lost, "woman", 22, matched=12)
    for cohort in (lost, whole):
        people(session, cohort, None, 15, matched=5)
    turn_to_keys(monkeypatch, 2)
    for cohort in (lost, whole):
        people(session, cohort, "woman", 12, matched=6)
        people(session, cohort, "man", 10, matched=5)
    session.commit()

    with caplog.at_level(logging.WARNING):
        made = parity.publish_due(session, NOW)

    expected = {"Women": Told(10, 50, 50), "Men": Told(10, 50, 50)}
    assert (made, told(session, lost), told(session, whole)) == (2, expected, expected)
    assert [parity_of(session, cohort).unread for cohort in (lost, whole)] == [20, 0]
    said = [record.getMessage() for record in caplog.records]
    assert said == ["The keys of this server do not open every equality answer: those count as left blank."]


@pytest.mark.clause("A-SH3")
def test_a_lost_key_breaks_no_month_and_a_figure_still_changes_only_with_five_people(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn_to_keys(monkeypatch, 1)
    cohort = a_cohort(session, "gender")
    people(session, cohort, None, 12, matched=6)
    men = people(session, cohort, "man", 3)
    # Sealed with a key that stays; what was published, with the one that goes.
    turn_to_keys(monkeypatch, 2)
    women = people(session, cohort, "woman", 21, matched=11)
    men += people(session, cohort, "man", 16, matched=8)
    turn_to_keys(monkeypatch, 1, 2)
    session.commit()
    parity.publish_due(session, NOW)
    first = told(session, cohort)
    for each in women[:3]:
        each.status = EnrolmentStatus.PAUSED
    session.commit()
    turn_to_keys(monkeypatch, 2)

    parity.publish_due(session, NEXT_MONTH)
    second, unread = told(session, cohort), parity_of(session, cohort).unread
    for each in women[3:11]:
        each.status = EnrolmentStatus.PAUSED
    session.commit()
    parity.publish_due(session, NEXT_MONTH + timedelta(days=40))

    assert first == {"Women": Told(20, 50, 50), "Men": Told(20, 40, 40)}
    assert (second, unread) == (first, FEW)
    assert told(session, cohort) == {"Women": Told(10, 0, 50), "Men": Told(20, 40, 40)}


@pytest.mark.clause("A-SH3")
def test_answers_are_opened_before_anything_is_locked_and_what_comes_between_is_counted(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    cohort = a_cohort(session, "gender")
    people(session, cohort, "woman", 20, matched=10)
    men = people(session, cohort, "man", 20, matched=10)
    session.commit()
    held, read, opened = list[bool](), equality_opening.beforehand, equality.opened

    def opening(sealed: str) -> dict[str, str]:
        held.append(session.in_transaction())
        return opened(sealed)

    def reading(*asked: Any) -> equality_opening.Opened:
        found = read(*asked)
        for each in men[:3]:
            equality.forget(session, each.id)
        people(session, cohort, "another", 1)
        session.commit()
        return found

    monkeypatch.setattr(equality, "opened", opening)
    monkeypatch.setattr(equality_opening, "beforehand", reading)

    made = parity.publish_due(session, NOW)

    assert (made, held) == (1, [False] * 40 + [True])
    assert told(session, cohort) == {"Women": Told(20, 50, 50), "Men": Told(15, 40, 40)}


def test_a_scheme_that_stops_asking_while_answers_are_opened_gets_no_table(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    cohort = a_cohort(session, "gender")
    session.commit()
    read = equality_opening.beforehand

    def reading(*asked: Any) -> equality_opening.Opened:
        session.get_one(Scheme, cohort.scheme_id).other_settings = {"equality": []}
        session.commit()
        return read(*asked)

    monkeypatch.setattr(equality_opening, "beforehand", reading)

    made = parity.publish_due(session, NOW)

    assert (made, session.in_transaction()) == (0, False)
    assert session.exec(select(ParityTable)).all() == []


@pytest.mark.clause("A-SH3")
def test_the_ledger_tells_the_largest_difference_and_before_it_that_there_is_none(session: Session) -> None:
    cohort = ledger_parts.scheme(session, "aulp")
    before = ledger_parts.figure(session, cohort, "A-SH3", "parity")
    people(session, cohort, "woman", 21, matched=15)
    people(session, cohort, "man", 12, matched=6)
    people(session, cohort, None, 6)
    session.commit()
    parity.publish_due(session, NOW)
    coordinator = ledger_parts.coordinator_of(session, cohort)
    session.commit()

    found = ledger_parts.figure(session, cohort, "A-SH3", "parity")
    with sent(session) as statements:
        ledger.ledger(session, coordinator, cohort.id, today=ledger_parts.TODAY)

    assert (before.state, before.words) == (ledger.State.NOBODY, "–, no groups that can be compared yet")
    assert (found.state, found.trend) == (ledger.State.TELLS, "")
    assert found.words == "about 20 points at most between two of 2 groups in how often they are matched"
    assert len(reads(statements)) <= 12
