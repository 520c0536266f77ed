"""The review of a run: whom it shows in which order, and what a proposal or a rematch changes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from models.enrolments import Conflict, Enrolment, Side, Wish
from models.matching import MatchingRun, ProposalStatus, RunPair
from models.schemes import Cohort
from services.matching import review, runs
from services.matching.review import OpenPairs, PairLine, Show
from tests.factories import (
    make_cohort,
    make_proposal,
    make_scheme,
)
from tests.services.counting import reads, sent
from tests.services.matching.run_parts import TODAY, coordinator_of, mentee, mentor


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


def test_a_page_beyond_the_end_is_the_last_one(session: Session) -> None:
    actor, run = reviewed(session)

    beyond, nobody = (review.pairs(session, actor, run.id, search=search, page=7) for search in ("", "nobody"))

    assert (beyond.page, beyond.pages, len(beyond.lines)) == (1, 1, 3)
    assert (nobody.page, nobody.pages, nobody.lines) == (1, 1, ())


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


@pytest.mark.parametrize("name", ["ama", "bo"], ids=["as the mentee", "as the mentor"])
def test_a_coordinator_who_takes_part_is_not_offered_their_own_pair_to_approve(session: Session, name: str) -> None:
    actor, run = reviewed(session)
    own = session.exec(select(Enrolment).where(Enrolment.sort_key == name)).one()
    reader = replace(actor, person_id=own.person_id)
    everybody = [line.mentee_id for line in review.pairs(session, reader, run.id).lines]

    found = {line.mentee: (line.is_own, line.can_approve) for line in review.pairs(session, reader, run.id).lines}
    ben = next(line for line in review.pairs(session, reader, run.id).lines if line.mentee == "Ben")

    assert (found["Ama"], found["Ben"]) == ((True, False), (False, True))
    assert review.to_approve(session, reader, run.id) == (ben.mentee_id,)
    assert review.open_pairs(session, reader, run.id, everybody) == OpenPairs(1, frozenset({ben.mentee_id}))
    assert review.open_pairs(session, actor, run.id, everybody).number == 2
