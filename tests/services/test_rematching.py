"""Somebody else after a no: two ways on with exact prices, nobody moved who was told, no pair that was declined."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select
from time_machine import travel

from models.enrolments import Conflict, ConsentPurpose, Enrolment, EnrolmentStatus, Side
from models.matching import Proposal, ProposalStatus
from models.messages import Message
from models.people import Person, Role, RoleGrant
from models.schemes import Cohort
from services import errors, proposal_board, proposals, redrafting, rematching
from services.access import Actor
from services.matching import pins, runs
from services.rematching import Rematch, Way
from tests.factories import (
    make_actor,
    make_cohort,
    make_consent,
    make_coordinator,
    make_enrolment,
    make_participant,
    make_proposal,
    make_scheme,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = NOW.date()
# A pair of one sector scores 1000, any other 0.
SECTORS_ONLY = {"criterion_weights": {"sector": 10}}


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    """So that a run of the tests that goes on past midnight, or past the cohort's end, finds the same."""
    with travel(NOW, tick=True):
        yield


def someone(session: Session, cohort: Cohort, side: Side, name: str, sector: str, **facts: Any) -> Enrolment:
    made = make_enrolment(session, cohort, side, name=name, sector=sector, **facts)
    if side is Side.MENTOR:
        make_consent(session, made, ConsentPurpose.SHARE_EMAIL)
    return made


def cohort_of(session: Session) -> tuple[Cohort, Actor]:
    cohort = make_cohort(session, make_scheme(session, **SECTORS_ONLY))
    return cohort, make_actor(make_coordinator(session, cohort), cohort)


def declined(session: Session, cohort: Cohort, mentor: Enrolment, mentee: Enrolment, **facts: Any) -> Proposal:
    now = datetime.now(UTC)
    chosen = {"status": ProposalStatus.DECLINED, "answered_at": now, "score": 1.0}
    return make_proposal(session, cohort, mentor=mentor, mentee=mentee, **(chosen | facts))


def moves(way: Way) -> dict[str, tuple[str | None, str | None]]:
    return {shift.mentee: (shift.before, shift.after) for shift in (*way.asked, *way.others)}


def crossing(session: Session) -> tuple[Cohort, Actor, Proposal, Proposal]:
    """Ama (law) said no to Bo (law). Ben (law or energy) has a draft with Cai (law); Dee (energy) has a place free.

    Alone, Ama gets only Dee. When Ben goes to Dee, with whom he fits as well, Ama can have Cai.
    """
    cohort, actor = cohort_of(session)
    bo, cai = (someone(session, cohort, Side.MENTOR, name, "law") for name in ("Bo", "Cai"))
    dee = someone(session, cohort, Side.MENTOR, "Dee", "energy")
    ama, ben = (
        someone(session, cohort, Side.MENTEE, "Ama", "law"),
        someone(session, cohort, Side.MENTEE, "Ben", "energy"),
    )
    no = declined(session, cohort, bo, ama)
    bo.status = EnrolmentStatus.PAUSED
    draft = make_proposal(session, cohort, mentor=cai, mentee=ben, status=ProposalStatus.DRAFT, sent_at=None, score=0.0)
    assert dee.capacity == 1
    session.commit()
    return cohort, actor, no, draft


@pytest.mark.clause("A-ME1")
def test_both_ways_are_shown_with_who_would_move_and_what_each_costs(session: Session) -> None:
    _, actor, no, _ = crossing(session)

    found = rematching.find(session, actor, [no.id], today=TODAY)

    assert moves(found.only) == {"Ama": ("Bo", "Dee")}
    assert moves(found.best) == {"Ama": ("Bo", "Cai"), "Ben": ("Cai", "Dee")}
    assert (found.only.points, found.only.matched, found.best.matched, found.is_one) == (-1000, 0, 0, False)
    # Ben gains as much as Ama keeps.
    assert found.best.points == 1000


@pytest.mark.clause("A-ME1")
def test_one_act_makes_the_drafts_of_a_way_and_takes_back_those_it_replaces(session: Session) -> None:
    cohort, actor, no, draft = crossing(session)
    found = rematching.find(session, actor, [no.id], today=TODAY)

    made = redrafting.redraft(session, actor, cohort.id, found.best)

    drafts = proposals.to_send(session, actor, cohort.id)
    assert [(one.mentee, one.mentor) for one in drafts] == [("Ama", "Cai"), ("Ben", "Dee")]
    assert {one.id for one in drafts} == set(made)
    assert (draft.status, no.status) == (ProposalStatus.WITHDRAWN, ProposalStatus.DECLINED)
    assert session.exec(select(Message)).all() == []
    assert proposal_board.waiting(session, actor, cohort.id) == ()


def test_the_way_that_moves_nobody_leaves_the_others_draft_alone(session: Session) -> None:
    cohort, actor, no, draft = crossing(session)
    found = rematching.find(session, actor, [no.id], today=TODAY)

    (made,) = redrafting.redraft(session, actor, cohort.id, found.only)

    kept = session.get_one(Proposal, made)
    assert (kept.status, kept.run_id, draft.status) == (ProposalStatus.DRAFT, None, ProposalStatus.DRAFT)


@pytest.mark.clause("A-ME1")
@pytest.mark.parametrize("status", [ProposalStatus.SENT, ProposalStatus.ACCEPTED])
def test_whoever_was_asked_or_has_accepted_is_frozen(session: Session, status: ProposalStatus) -> None:
    _, actor, no, other = crossing(session)
    other.status = status
    if status is ProposalStatus.ACCEPTED:
        session.get_one(Enrolment, other.mentor_id).capacity = 0
    session.commit()

    found = rematching.find(session, actor, [no.id], today=TODAY)

    assert (moves(found.best), found.is_one) == ({"Ama": ("Bo", "Dee")}, True)


@pytest.mark.clause("A-ME1")
def test_a_declined_pair_is_never_proposed_again(session: Session) -> None:
    cohort, actor = cohort_of(session)
    bo = someone(session, cohort, Side.MENTOR, "Bo", "law")
    ama = someone(session, cohort, Side.MENTEE, "Ama", "law")
    no = declined(session, cohort, bo, ama)

    found = rematching.find(session, actor, [no.id], today=TODAY)

    assert (moves(found.only), found.only.placed, found.only.matched) == ({"Ama": ("Bo", None)}, 0, -1)
    assert redrafting.redraft(session, actor, cohort.id, found.only) == ()


def test_a_proposal_that_ran_out_may_be_tried_once_more(session: Session) -> None:
    cohort, actor = cohort_of(session)
    bo = someone(session, cohort, Side.MENTOR, "Bo", "law")
    ama = someone(session, cohort, Side.MENTEE, "Ama", "law")
    old = declined(session, cohort, bo, ama, status=ProposalStatus.EXPIRED)

    found = rematching.find(session, actor, [old.id], today=TODAY)
    redrafting.redraft(session, actor, cohort.id, found.only)

    assert (moves(found.only), found.only.points, found.is_one) == ({"Ama": ("Bo", "Bo")}, 0, True)
    assert [(one.mentee, one.mentor) for one in proposals.to_send(session, actor, cohort.id)] == [("Ama", "Bo")]


@pytest.mark.clause("A-SH2", "U-C4.5")
def test_a_private_conflict_bars_a_pair_and_changes_no_word_or_price(session: Session) -> None:
    shown: list[Rematch] = []
    for is_private in (True, False):
        cohort, actor = cohort_of(session)
        bo, cai = (someone(session, cohort, Side.MENTOR, name, "law") for name in ("Bo", "Cai"))
        ama = someone(session, cohort, Side.MENTEE, "Ama", "law")
        no = declined(session, cohort, bo, ama)
        if is_private:
            session.add(Conflict(declared_by_id=ama.person_id, other_id=cai.person_id))
        else:
            declined(
                session, cohort, cai, ama, answered_at=no.answered_at, created_at=no.created_at - timedelta(days=1)
            )
        session.commit()
        shown.append(rematching.find(session, actor, [no.id], today=TODAY))

    private, plain = shown
    assert moves(private.best) == moves(plain.best) == {"Ama": ("Bo", None)}
    assert (private.best.points, private.best.matched) == (plain.best.points, plain.best.matched)


def test_the_pairs_of_the_newest_run_are_not_taken_away_unasked(session: Session) -> None:
    cohort, actor = cohort_of(session)
    cai = someone(session, cohort, Side.MENTOR, "Cai", "law")
    someone(session, cohort, Side.MENTEE, "Ben", "law")
    runs.run(session, actor, cohort.id, today=TODAY)
    bo, ama = someone(session, cohort, Side.MENTOR, "Bo", "law"), someone(session, cohort, Side.MENTEE, "Ama", "law")
    no = declined(session, cohort, bo, ama)
    bo.status = EnrolmentStatus.PAUSED
    session.commit()

    found = rematching.find(session, actor, [no.id], today=TODAY)

    assert cai.capacity == 1
    assert moves(found.only) == {"Ama": ("Bo", None)}


def test_everybody_with_nobody_is_found_once_and_placed_together(session: Session) -> None:
    cohort, actor = cohort_of(session)
    bo, cai, dee = (someone(session, cohort, Side.MENTOR, name, "law") for name in ("Bo", "Cai", "Dee"))
    ama, ben = (someone(session, cohort, Side.MENTEE, name, "law") for name in ("Ama", "Ben"))
    before = datetime.now(UTC) - timedelta(days=9)
    declined(session, cohort, cai, ama, created_at=before, answered_at=before)
    last = declined(session, cohort, bo, ama)
    other = declined(session, cohort, dee, ben, status=ProposalStatus.EXPIRED)
    placed = someone(session, cohort, Side.MENTEE, "Eve", "law")
    declined(session, cohort, cai, placed)
    make_proposal(session, cohort, mentor=someone(session, cohort, Side.MENTOR, "Flo", "law"), mentee=placed)
    session.commit()

    ids = proposal_board.waiting(session, actor, cohort.id)
    found = rematching.find(session, actor, ids, today=TODAY)

    assert set(ids) == {last.id, other.id}
    assert (moves(found.best)["Ama"], found.best.placed) == (("Bo", "Dee"), 2)


def test_somebody_who_is_not_ready_is_left_out_by_name_and_stops_nobody_else(session: Session) -> None:
    cohort, actor, no, _ = crossing(session)
    away = someone(session, cohort, Side.MENTEE, "Zoë", "law")
    other = declined(session, cohort, session.get_one(Enrolment, no.mentor_id), away)
    away.status = EnrolmentStatus.PAUSED
    session.commit()

    found = rematching.find(session, actor, [no.id, other.id], today=TODAY)

    assert (moves(found.only), found.not_free) == ({"Ama": ("Bo", "Dee")}, ("Zoë",))
    with pytest.raises(errors.Conflict, match="Zoë is not free"):
        rematching.find(session, actor, [other.id], today=TODAY)


def test_what_changed_meanwhile_is_refused_whole_and_nothing_is_saved(session: Session) -> None:
    cohort, actor, no, draft = crossing(session)
    found = rematching.find(session, actor, [no.id], today=TODAY)
    proposals.withdraw(session, actor, draft.id)

    with pytest.raises(errors.Conflict, match="nothing was saved"):
        redrafting.redraft(session, actor, cohort.id, found.best)

    assert proposals.to_send(session, actor, cohort.id) == ()


def test_of_two_coordinators_the_second_is_told_and_makes_no_second_draft(session: Session) -> None:
    cohort, actor, no, _ = crossing(session)
    second = make_actor(make_coordinator(session, cohort, "Second"), cohort)
    session.commit()
    ways = [rematching.find(session, each, [no.id], today=TODAY).only for each in (actor, second)]
    redrafting.redraft(session, actor, cohort.id, ways[0])

    with pytest.raises(errors.Conflict, match="nothing was saved"):
        redrafting.redraft(session, second, cohort.id, ways[1])
    with pytest.raises(errors.Conflict, match="Ama is not free"):
        rematching.find(session, second, [no.id], today=TODAY)

    assert len(proposals.to_send(session, actor, cohort.id)) == 2


@pytest.mark.parametrize("decide", ["pin", "forbid"])
def test_what_was_pinned_or_forbidden_meanwhile_stands(session: Session, decide: str) -> None:
    cohort, actor, no, _ = crossing(session)
    found = rematching.find(session, actor, [no.id], today=TODAY)
    ama, dee = no.mentee_id, found.only.asked[0].after_id
    assert dee is not None
    if decide == "forbid":
        pins.forbid(session, actor, cohort.id, dee, ama)
    else:
        eve = someone(session, cohort, Side.MENTOR, "Eve", "energy")
        session.commit()
        pins.pin(session, actor, cohort.id, eve.id, ama, today=TODAY)

    with pytest.raises(errors.Conflict, match="nothing was saved"):
        redrafting.redraft(session, actor, cohort.id, found.only)
    again = rematching.find(session, actor, [no.id], today=TODAY)

    expected = ("Bo", "Eve") if decide == "pin" else ("Bo", None)
    assert moves(again.only)["Ama"] == expected


def test_a_stranger_and_a_participant_find_nothing(session: Session) -> None:
    cohort, actor, no, _ = crossing(session)
    way = rematching.find(session, actor, [no.id], today=TODAY).only
    other = make_cohort(session)
    stranger = make_actor(make_coordinator(session, other), other)
    mentee = make_participant(session, session.get_one(Enrolment, no.mentee_id))

    for each in (stranger, mentee):
        with pytest.raises(errors.NotAllowed):
            rematching.find(session, each, [no.id], today=TODAY)
        with pytest.raises(errors.NotAllowed):
            redrafting.redraft(session, each, cohort.id, way)
        with pytest.raises(errors.NotAllowed):
            proposal_board.waiting(session, each, cohort.id)


def test_a_coordinator_who_takes_part_is_neither_moved_nor_chosen(session: Session) -> None:
    cohort, _, no, draft = crossing(session)
    own = session.get_one(Enrolment, draft.mentee_id)
    session.add(RoleGrant(person_id=own.person_id, scheme_id=cohort.scheme_id, role=Role.COORDINATOR))
    session.commit()
    actor = make_actor(session.get_one(Person, own.person_id), cohort)

    found = rematching.find(session, actor, [no.id], today=TODAY)

    assert (moves(found.best), found.is_one) == ({"Ama": ("Bo", "Dee")}, True)
