"""What a coordinator asks about a run: exact costs, every move by name, and never a private conflict."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from models.audit import AuditEntry
from models.columns import utc_now
from models.enrolments import Conflict, Enrolment, EnrolmentStatus, Side
from models.matching import MatchingRun, PairRule, PairRuleKind, ProposalStatus, RunPair, RunWork
from models.schemes import Cohort
from services import errors
from services.matching import (
    pins,
    review,
    review_acts,
    review_limits,
    review_pair,
    review_questions,
    review_settings,
    review_solved,
    runs,
    solving,
    work,
)
from services.matching.review_questions import cost_in_words, others_in_words
from tests.factories import make_actor, make_cohort, make_coordinator, make_proposal, make_scheme
from tests.services.counting import reads, sent
from tests.services.matching.run_parts import TODAY, coordinator_of, mentee, mentor


def small(session: Session) -> tuple[Any, Cohort, dict[str, Enrolment]]:
    """Two mentors with one place each, and three mentees of three sectors."""
    cohort = make_cohort(session, make_scheme(session, criterion_weights={"sector": 10}))
    people = {
        "Bo": mentor(session, cohort, "Bo", sector="L"),
        "Cy": mentor(session, cohort, "Cy", sector="D"),
        "Ama": mentee(session, cohort, "Ama", sector="L"),
        "Ben": mentee(session, cohort, "Ben", sector="D"),
        "Dan": mentee(session, cohort, "Dan", sector="Q"),
    }
    return coordinator_of(session, cohort), cohort, people


def matched(session: Session, run_id: UUID) -> dict[UUID, UUID | None]:
    return dict(session.exec(select(RunPair.mentee_id, RunPair.mentor_id).where(RunPair.run_id == run_id)).all())


def asked(session: Session, actor: Any, run: runs.RunView) -> review_solved.SolvedRun:
    return review_solved.solved(session, actor, run.id)


def test_insisting_says_the_exact_cost_and_every_move(session: Session) -> None:
    actor, cohort, people = small(session)
    run = runs.run(session, actor, cohort.id, today=TODAY)

    told = review_questions.why_not(
        session, actor, asked(session, actor, run), people["Cy"].id, people["Ama"].id, today=TODAY
    )

    assert told.possible
    assert told.moves[0] == "Ama goes to Cy instead of Bo"
    assert "Ben has no mentor any more, instead of Cy" in told.moves or "Ben goes to Bo instead of Cy" in told.moves


def test_every_option_costs_what_pinning_it_and_running_again_loses(session: Session) -> None:
    actor, cohort, people = small(session)
    run = runs.run(session, actor, cohort.id, today=TODAY)
    solved = asked(session, actor, run)
    options = review_questions.other_mentors(session, actor, solved, people["Ama"].id)

    after = review_acts.decide(
        session, actor, run.id, options[0].mentor_id, people["Ama"].id, kind=PairRuleKind.PIN, today=TODAY
    )

    assert after is not None
    assert run.total is not None and after.total is not None
    said = cost_in_words(after.matched - run.matched, after.total - run.total)
    assert options[0].cost.lower().startswith(said.lower())
    assert matched(session, after.id)[people["Ama"].id] == options[0].mentor_id


@pytest.mark.clause("A-SH2", "U-C4.5")
def test_nothing_that_can_be_asked_tells_a_private_conflict_from_a_ban_or_an_earlier_no(session: Session) -> None:
    def everything(kind: str) -> list[Any]:
        actor, cohort, people = small(session)
        if kind == "conflict":
            session.add(Conflict(declared_by_id=people["Ama"].person_id, other_id=people["Bo"].person_id))
        elif kind == "ban":
            pins.forbid(session, actor, cohort.id, people["Bo"].id, people["Ama"].id)
        else:
            make_proposal(
                session,
                cohort,
                mentor=people["Bo"],
                mentee=people["Ama"],
                status=ProposalStatus.DECLINED,
                answered_at=utc_now(),
            )
        run = runs.run(session, actor, cohort.id, today=TODAY)
        solved, names = asked(session, actor, run), {row.id: name for name, row in people.items()}
        told: list[Any] = [review_limits.in_one_sentence(run)]
        for name in ("Ama", "Ben", "Dan"):
            line = review.line(session, actor, run.id, people[name].id)
            told += [line.mentor, line.score, line.possible, line.note, line.one_more_with]
            told += [
                (names[one.mentor_id], one.score, one.possible, one.cost)
                for one in review_questions.other_mentors(session, actor, solved, people[name].id)
            ]
            told += [
                review_questions.why_not(session, actor, solved, people[other].id, people[name].id, today=TODAY)
                for other in ("Bo", "Cy")
            ]
        heat = review_questions.heat(session, actor, solved)
        cells = {
            (mentee_name, mentor_name): heat.points[i][j]
            for i, mentee_name in enumerate(heat.mentees)
            for j, mentor_name in enumerate(heat.mentors)
        }
        return [*told, cells]

    conflict, ban, decline = (everything(kind) for kind in ("conflict", "ban", "decline"))

    assert conflict == ban == decline
    assert review_questions.Answer("Bo is not available for Ama.") in conflict


def test_a_run_whose_people_have_changed_since_cannot_be_asked(session: Session) -> None:
    actor, cohort, people = small(session)
    run = runs.run(session, actor, cohort.id, today=TODAY)
    people["Ama"].sector = "D"
    session.commit()

    with pytest.raises(errors.Conflict, match="answers have changed"):
        review_solved.solved(session, actor, run.id)


def test_a_coordinator_of_another_scheme_asks_and_decides_nothing(session: Session) -> None:
    actor, cohort, people = small(session)
    run = runs.run(session, actor, cohort.id, today=TODAY)
    solved = asked(session, actor, run)
    elsewhere = make_cohort(session)
    stranger = make_actor(make_coordinator(session, elsewhere), elsewhere)
    ama, bo = people["Ama"].id, people["Bo"].id
    refused = (
        lambda: review_questions.other_mentors(session, stranger, solved, ama),
        lambda: review_questions.other_mentees(session, stranger, solved, bo),
        lambda: review_questions.why_not(session, stranger, solved, bo, ama, today=TODAY),
        lambda: review_questions.without(session, stranger, solved, ama),
        lambda: review_questions.heat(session, stranger, solved),
        lambda: review_questions.mentors(session, stranger, cohort.id),
        lambda: review_pair.pair(session, stranger, run.id, ama),
        lambda: review_pair.side(session, stranger, ama),
        lambda: review_limits.loads(session, stranger, run.id),
        lambda: review_settings.weighing(session, stranger, cohort.id),
        lambda: review_acts.standing(session, stranger, cohort.id),
        lambda: review_acts.run(session, stranger, cohort.id, today=TODAY),
        lambda: review_acts.decide(session, stranger, run.id, bo, ama, kind=PairRuleKind.PIN, today=TODAY),
        lambda: review.carried(session, stranger, run.id, run.id, [ama]),
        lambda: review_solved.solved(session, stranger, run.id),
    )

    for ask in refused:
        with pytest.raises(errors.NotAllowed):
            ask()

    assert session.exec(select(PairRule)).all() == []
    assert len(session.exec(select(MatchingRun)).all()) == 1


def test_a_decision_with_which_no_run_is_possible_is_taken_back(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor, cohort, people = small(session)
    run = runs.run(session, actor, cohort.id, today=TODAY)
    pins.pin(session, actor, cohort.id, people["Bo"].id, people["Ben"].id, today=TODAY)

    with pytest.raises(errors.Conflict, match="cannot stand together"):
        review_acts.decide(
            session, actor, run.id, people["Bo"].id, people["Dan"].id, kind=PairRuleKind.PIN, today=TODAY
        )

    in_force = select(PairRule.mentee_id).where(col(PairRule.undone_at).is_(None))
    assert session.exec(in_force).all() == [people["Ben"].id]


def test_each_decision_is_journalled_and_the_standing_knows_what_a_run_does_not(session: Session) -> None:
    actor, cohort, people = small(session)
    run = runs.run(session, actor, cohort.id, today=TODAY)
    pins.forbid(session, actor, cohort.id, people["Bo"].id, people["Ama"].id)

    before = review_acts.standing(session, actor, cohort.id)
    rule = session.exec(select(PairRule)).one()
    again = review_acts.undo(session, actor, rule.id, version=rule.version, today=TODAY)

    assert again.run is not None
    assert before == review_acts.Standing(run.id, decisions=1, newer_than_run=True, edition=2)
    assert review_acts.standing(session, actor, cohort.id) == review_acts.Standing(again.run.id, edition=4)
    assert [entry.action for entry in session.exec(select(AuditEntry).order_by(col(AuditEntry.sequence)))] == [
        "matching.run",
        "matching.forbid",
        "matching.forbid_undone",
        "matching.run",
    ]


def test_what_is_decided_while_a_run_works_is_newer_than_the_run(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor, cohort, people = small(session)
    solve = solving.solve

    def slow(*given: Any) -> Any:
        pins.forbid(session, actor, cohort.id, people["Bo"].id, people["Ama"].id)
        return solve(*given)

    monkeypatch.setattr(solving, "solve", slow)

    run = runs.run(session, actor, cohort.id, today=TODAY)

    assert matched(session, run.id)[people["Ama"].id] == people["Bo"].id
    assert review_acts.standing(session, actor, cohort.id).newer_than_run
    assert asked(session, actor, run).run_id == run.id


def at_work(session: Session, actor: Any, cohort: Cohort, *, seen_at: datetime) -> None:
    session.add(RunWork(cohort_id=cohort.id, started_by_id=actor.person_id, stage="x", seen_at=seen_at))
    session.commit()


def test_an_undone_decision_stands_while_a_run_is_under_way_and_a_run_is_to_come(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor, cohort, people = small(session)
    runs.run(session, actor, cohort.id, today=TODAY)
    pins.forbid(session, actor, cohort.id, people["Bo"].id, people["Ama"].id)
    rule = session.exec(select(PairRule)).one()
    at_work(session, actor, cohort, seen_at=utc_now())
    monkeypatch.setattr(work, "LARGE", 0)

    undone = review_acts.undo(session, actor, rule.id, version=rule.version, today=TODAY)

    now = review_acts.standing(session, actor, cohort.id)
    assert undone == review_acts.Undone(run=None, why_no_run=review_acts.STILL_RUNNING)
    assert (now.decisions, now.newer_than_run, now.is_running) == (0, True, True)


def test_an_undone_decision_stands_when_nobody_is_left_to_match(session: Session) -> None:
    actor, cohort, people = small(session)
    runs.run(session, actor, cohort.id, today=TODAY)
    pins.forbid(session, actor, cohort.id, people["Bo"].id, people["Ama"].id)
    rule = session.exec(select(PairRule)).one()
    for name in ("Ama", "Ben", "Dan"):
        people[name].status = EnrolmentStatus.PAUSED
    session.commit()

    undone = review_acts.undo(session, actor, rule.id, version=rule.version, today=TODAY)

    assert (undone.why_no_run or "").startswith("No new run could be made: There is no mentee to match")
    assert pins.in_force(session, actor, cohort.id) == ()


@pytest.mark.parametrize(
    ("silent", "is_running", "was_interrupted"),
    [(timedelta(seconds=1), True, False), (timedelta(minutes=10), False, True)],
    ids=["at-work", "killed"],
)
def test_a_run_that_gives_no_sign_of_life_is_not_under_way(
    session: Session, silent: timedelta, is_running: bool, was_interrupted: bool
) -> None:
    actor, cohort, _ = small(session)
    at_work(session, actor, cohort, seen_at=utc_now() - silent)

    before = review_acts.standing(session, actor, cohort.id)
    runs.run(session, actor, cohort.id, today=TODAY)
    after = review_acts.standing(session, actor, cohort.id)

    assert (before.is_running, before.was_interrupted) == (is_running, was_interrupted)
    assert (after.is_running, after.was_interrupted) == (is_running, False)


def test_approvals_are_carried_to_a_new_run_only_where_the_pair_is_the_same(session: Session) -> None:
    actor, cohort, people = small(session)
    run = runs.run(session, actor, cohort.id, today=TODAY)
    ids = {people["Ama"].id, people["Ben"].id}
    later = review_acts.decide(
        session, actor, run.id, people["Bo"].id, people["Ama"].id, kind=PairRuleKind.FORBID, today=TODAY
    )
    assert later is not None
    before, after = matched(session, run.id), matched(session, later.id)

    kept = review.carried(session, actor, run.id, later.id, ids)

    assert kept == {one for one in ids if before[one] == after[one] is not None}
    assert people["Ama"].id not in kept


def test_weights_with_which_no_run_is_possible_are_taken_back(session: Session) -> None:
    actor, cohort, people = small(session)
    runs.run(session, actor, cohort.id, today=TODAY)
    for name in ("Ben", "Dan"):
        pins.pin(session, actor, cohort.id, people["Bo"].id, people[name].id, today=TODAY)
    now = review_settings.weighing(session, actor, cohort.id)

    with pytest.raises(errors.Conflict, match="cannot stand together"):
        other = now.weights | {"sector": 3}
        review_settings.keep(session, actor, cohort.id, now, other, floor_first=False, seed=0, today=TODAY)

    assert review_settings.weighing(session, actor, cohort.id).weights == now.weights
    assert len(session.exec(select(MatchingRun)).all()) == 1


def test_a_large_cohort_runs_in_the_background(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    actor, cohort, _ = small(session)
    begun: list[UUID] = []
    monkeypatch.setattr(work, "LARGE", 6)
    monkeypatch.setattr(work, "begin", lambda *args, **_: begun.append(args[2]))

    made = review_acts.run(session, actor, cohort.id, today=TODAY)

    assert (made, begun) == (None, [cohort.id])


def test_other_weights_are_previewed_without_a_trace_and_kept_when_asked(session: Session) -> None:
    actor, cohort, _ = small(session)
    run = runs.run(session, actor, cohort.id, today=TODAY)
    now = review_settings.weighing(session, actor, cohort.id)
    other = {**now.weights, "sector": 0, "languages": 3}

    tried = review_settings.preview(session, actor, run, cohort.id, other, floor_first=False, today=TODAY)
    rows = len(session.exec(select(MatchingRun)).all())
    kept = review_settings.keep(session, actor, cohort.id, now, other, floor_first=True, seed=0, today=TODAY)

    assert (tried.mentees, tried.matched, rows) == (3, 2, 1)
    assert kept is not None
    assert (kept.policy, kept.weights["languages"]) == ("floor_first", 3)
    assert review_settings.weighing(session, actor, cohort.id).before == run.weights
    with pytest.raises(errors.Conflict):
        review_settings.keep(
            session, actor, cohort.id, now, now.weights | {"load": 1}, floor_first=False, seed=0, today=TODAY
        )


@pytest.mark.parametrize(
    ("matched_by", "total", "said"),
    [
        (0, 0, "costs the scheme nothing"),
        (0, -35, "costs the scheme 3.5 points in all"),
        (0, 10, "gains the scheme 1 point in all"),
        (-1, 0, "leaves 1 more mentee without a mentor"),
        (-2, 120, "leaves 2 more mentees without a mentor, and adds 12 points in all"),
        (1, -40, "gives 1 more mentee a mentor, and takes 4 points in all"),
    ],
)
def test_costs_read_as_a_coordinator_would_say_them(matched_by: int, total: int, said: str) -> None:
    assert cost_in_words(matched_by, total) == said


def test_people_who_move_are_counted_in_words() -> None:
    assert [others_in_words(number) for number in (0, 1, 2)] == [
        "nobody else moves",
        "1 other mentee moves",
        "2 other mentees move",
    ]


@pytest.mark.parametrize("rows", [1, 3])
def test_a_pair_takes_the_same_queries_however_many_pairs_there_are(session: Session, rows: int) -> None:
    cohort = make_cohort(session)
    mentor(session, cohort, capacity=5)
    ids = [mentee(session, cohort, f"Mentee {number}").id for number in range(rows)]
    actor = coordinator_of(session, cohort)
    run = runs.run(session, actor, cohort.id, today=TODAY)
    session.expunge_all()

    with sent(session) as statements:
        review_pair.pair(session, actor, run.id, ids[0])

    assert len(reads(statements)) == 4
    assert {row.side for row in session.exec(select(Enrolment)).all()} == {Side.MENTOR, Side.MENTEE}


def test_the_next_best_are_worked_out_once_and_asked_for_again_they_are_the_same(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor, cohort, people = small(session)
    run = runs.run(session, actor, cohort.id, today=TODAY)
    asked = review_solved.solved(session, actor, run.id)
    mentee_id, mentor_id = people["Ama"].id, people["Bo"].id
    first = (
        review_questions.other_mentors(session, actor, asked, mentee_id),
        review_questions.other_mentees(session, actor, asked, mentor_id),
    )
    assert all(first)
    monkeypatch.delattr(type(asked.explainer), "for_mentee")
    monkeypatch.delattr(type(asked.explainer), "for_mentor")

    again = (
        review_questions.other_mentors(session, actor, asked, mentee_id),
        review_questions.other_mentees(session, actor, asked, mentor_id),
    )

    assert again == first
