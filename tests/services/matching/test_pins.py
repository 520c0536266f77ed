"""What coordinators decide about a pair: it stands in every run, never against a rule, and both of them see it."""

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from models.audit import AuditEntry
from models.database import reading
from models.enrolments import Conflict as DeclaredConflict
from models.enrolments import EnrolmentStatus
from models.matching import MatchingRun, PairRule, PairRuleKind
from services import errors
from services.matching import pins, runs
from tests.factories import make_actor, make_cohort, make_coordinator, make_enrolment, make_proposal, make_scheme
from tests.services.matching.run_parts import TODAY, answer, coordinator_of, mentee, mentor

SECTOR = {"sector": 5}


def two_and_two(session: Session) -> tuple[Any, ...]:
    """Two mentors and two mentees who fit by sector, and their coordinator."""
    cohort = make_cohort(session, make_scheme(session, criterion_weights=SECTOR))
    mentors = [mentor(session, cohort, f"{sector} mentor", sector=sector) for sector in ("Law", "Art")]
    mentees = [mentee(session, cohort, f"{sector} mentee", sector=sector) for sector in ("Law", "Art")]
    return cohort, coordinator_of(session, cohort), mentors, mentees


def test_a_pin_stands_in_the_next_run_until_it_is_undone(session: Session) -> None:
    cohort, actor, mentors, mentees = two_and_two(session)
    made = pins.pin(session, actor, cohort.id, mentors[1].id, mentees[0].id, today=TODAY)

    runs.run(session, actor, cohort.id, today=TODAY)
    pinned = {name: found[0] for name, found in answer(session).items()}
    (shown,) = pins.in_force(session, actor, cohort.id)
    pins.undo(session, actor, made, version=shown.version)
    free = runs.run(session, actor, cohort.id, today=TODAY)

    assert pinned == {"Law mentee": "Art mentor", "Art mentee": "Law mentor"}
    assert (shown.kind, shown.mentor, shown.mentee, shown.made_by) == (
        PairRuleKind.PIN,
        "Art mentor",
        "Law mentee",
        "Rosalind Achterberg",
    )
    assert (pins.in_force(session, actor, cohort.id), free.total) == ((), 2000)
    actions = [entry.action for entry in session.exec(select(AuditEntry).order_by(AuditEntry.sequence))]  # type: ignore[arg-type]
    assert actions == ["matching.pin", "matching.run", "matching.pin_undone", "matching.run"]


def test_a_forbidden_pair_is_in_no_run(session: Session) -> None:
    cohort, actor, mentors, mentees = two_and_two(session)
    pins.forbid(session, actor, cohort.id, mentors[0].id, mentees[0].id)

    runs.run(session, actor, cohort.id, today=TODAY)

    found = {name: found[0] for name, found in answer(session).items()}
    assert found == {"Law mentee": "Art mentor", "Art mentee": "Law mentor"}


@pytest.mark.clause("U-C4.5", "A-SH2")
def test_a_pin_against_a_private_conflict_says_not_available_and_no_more(session: Session) -> None:
    cohort, actor, mentors, mentees = two_and_two(session)
    session.add(DeclaredConflict(declared_by_id=mentees[0].person_id, other_id=mentors[0].person_id))

    with pytest.raises(errors.Conflict) as refused:
        pins.pin(session, actor, cohort.id, mentors[0].id, mentees[0].id, today=TODAY)

    assert refused.value.happened == "Law mentee cannot be pinned to Law mentor: this pairing is not available."
    assert session.exec(select(PairRule)).all() == []


def test_a_pin_that_a_rule_overtook_stops_the_run_with_names(session: Session) -> None:
    cohort, actor, mentors, mentees = two_and_two(session)
    pins.pin(session, actor, cohort.id, mentors[0].id, mentees[0].id, today=TODAY)
    mentors[0].status = EnrolmentStatus.PAUSED
    session.flush()

    with pytest.raises(errors.Conflict) as refused:
        runs.run(session, actor, cohort.id, today=TODAY)

    assert refused.value.happened == (
        "Law mentee is pinned to Law mentor, which cannot stand: "
        "the mentor has not done everything that the scheme asks before a match."
    )
    assert session.exec(select(MatchingRun)).all() == []


def test_more_pins_than_places_stop_the_run_with_names(session: Session) -> None:
    cohort, actor, mentors, mentees = two_and_two(session)
    for one in mentees:
        pins.pin(session, actor, cohort.id, mentors[0].id, one.id, today=TODAY)

    with pytest.raises(errors.Conflict) as refused:
        runs.run(session, actor, cohort.id, today=TODAY)

    assert sorted(refused.value.happened.removeprefix("The pins of ").split(" cannot ")[0].split(" and ")) == [
        "Art mentee",
        "Law mentee",
    ]
    assert refused.value.happened.endswith("stand together with Law mentor: there are not enough places.")


def test_a_pin_rests_while_its_mentee_has_a_proposal(session: Session) -> None:
    cohort, actor, mentors, mentees = two_and_two(session)
    pins.pin(session, actor, cohort.id, mentors[0].id, mentees[0].id, today=TODAY)
    make_proposal(session, cohort, mentor=mentors[0], mentee=mentees[0])

    seen = runs.run(session, actor, cohort.id, today=TODAY)

    assert (seen.mentees, seen.matched) == (1, 1)


def test_two_decisions_about_one_pair_or_two_pins_of_one_mentee_are_refused(session: Session) -> None:
    cohort, actor, mentors, mentees = two_and_two(session)
    pins.pin(session, actor, cohort.id, mentors[0].id, mentees[0].id, today=TODAY)

    attempts: tuple[Callable[[], object], ...] = (
        lambda: pins.pin(session, actor, cohort.id, mentors[0].id, mentees[0].id, today=TODAY),
        lambda: pins.forbid(session, actor, cohort.id, mentors[0].id, mentees[0].id),
        lambda: pins.pin(session, actor, cohort.id, mentors[1].id, mentees[0].id, today=TODAY),
    )
    for attempt in attempts:
        with pytest.raises(errors.Conflict):
            attempt()

    assert len(pins.in_force(session, actor, cohort.id)) == 1


def test_strangers_and_parties_to_the_pair_cannot_decide(session: Session) -> None:
    cohort, actor, mentors, mentees = two_and_two(session)
    stranger = coordinator_of(session, make_cohort(session))
    herself = make_coordinator(session, cohort)
    also_mentor = make_enrolment(session, cohort, mentors[0].side, person=herself)
    made = pins.forbid(session, actor, cohort.id, mentors[0].id, mentees[0].id)

    attempts: tuple[Callable[[], object], ...] = (
        lambda: pins.pin(session, stranger, cohort.id, mentors[0].id, mentees[1].id, today=TODAY),
        lambda: pins.forbid(session, stranger, cohort.id, mentors[0].id, mentees[1].id),
        lambda: pins.undo(session, stranger, made, version=1),
        lambda: pins.in_force(session, stranger, cohort.id),
        lambda: pins.forbid(session, make_actor(herself, cohort), cohort.id, also_mentor.id, mentees[1].id),
        lambda: pins.forbid(session, actor, cohort.id, mentees[1].id, mentors[0].id),
    )
    for attempt in attempts:
        with pytest.raises(errors.NotAllowed):
            attempt()

    assert len(session.exec(select(PairRule)).all()) == 1


def test_of_two_coordinators_who_decide_at_once_the_second_is_told(engine: Engine) -> None:
    with Session(engine) as session:
        cohort, actor, mentors, mentees = two_and_two(session)
        ids = cohort.id, mentors[0].id, mentees[0].id
        session.commit()
    start, outcomes = Barrier(2), list[str]()

    def decide(kind: str) -> None:
        start.wait()
        with reading(engine) as session:
            try:
                if kind == "pin":
                    pins.pin(session, actor, *ids, today=TODAY)
                else:
                    pins.forbid(session, actor, *ids)
                outcomes.append("done")
            except errors.Conflict:
                outcomes.append("told")

    threads = [Thread(target=decide, args=(kind,)) for kind in ("pin", "forbid")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["done", "told"]


def test_an_undo_that_a_colleague_did_first_is_told(session: Session) -> None:
    cohort, actor, mentors, mentees = two_and_two(session)
    made = pins.forbid(session, actor, cohort.id, mentors[0].id, mentees[0].id)
    pins.undo(session, actor, made, version=1)

    with pytest.raises(errors.Conflict, match="colleague"):
        pins.undo(session, actor, made, version=1)
