"""A pairing begins with a yes, opens what consent allows, and ends when either side says so."""

from dataclasses import replace
from datetime import date
from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from models.audit import AuditEntry
from models.columns import utc_now
from models.enrolments import ConsentPurpose, EnrolmentStatus, Side
from models.matching import Proposal
from models.messages import Message
from models.pairings import EndReason, Pairing, PairingStatus, Release, WaysOfWorking
from models.schemes import Channel
from services import outbox, pairings
from services.access import DESK, Actor
from services.errors import Conflict, NotAllowed
from services.pairings import ContactDetail, MyMatch
from services.units import writes
from tests.factories import (
    make_actor,
    make_cohort,
    make_consent,
    make_coordinator,
    make_enrolment,
    make_pairing,
    make_participant,
    make_proposal,
)
from tests.services.counting import sent
from tests.services.pairs import RELEASED_AT, SECRETS, make_pair, share_all


def releases_of(session: Session) -> dict[Side, list[str]]:
    return {row.of_side: row.channels for row in session.exec(select(Release))}


def written(session: Session) -> dict[str, str]:
    """Template to text of everything in the outbox."""
    return {row.template: f"{row.subject}\n{row.body_text}\n{row.body_html}" for row in session.exec(select(Message))}


@writes
def say_yes(session: Session, proposal_id: object) -> None:
    pairings.release(session, DESK, session.get_one(Proposal, proposal_id))
    session.commit()


@pytest.mark.clause("U-2", "A-ME1")
def test_a_release_opens_what_consent_allows_and_is_recorded_for_both_sides(session: Session) -> None:
    cohort = make_cohort(session)
    mentor, mentee = make_enrolment(session, cohort, Side.MENTOR), make_enrolment(session, cohort)
    make_consent(session, mentor, ConsentPurpose.SHARE_EMAIL)
    make_consent(session, mentor, ConsentPurpose.SHARE_WECHAT)  # but there is no WeChat ID to share
    proposal = make_proposal(session, cohort, mentor=mentor, mentee=mentee)

    pairing = pairings.release(session, make_participant(session, mentee), proposal)
    session.commit()

    assert (pairing.mentor_id, pairing.mentee_id, pairing.proposal_id) == (mentor.id, mentee.id, proposal.id)
    assert pairing.status is PairingStatus.RELEASED
    assert releases_of(session) == {Side.MENTOR: ["email"], Side.MENTEE: []}
    entry = session.exec(select(AuditEntry).where(AuditEntry.action == "pairing.released")).one()
    assert (entry.subject_id, entry.details) == (pairing.id, {"mentor": ["email"], "mentee": []})


@pytest.mark.clause("A-ME1")
def test_both_are_told_by_email_without_any_contact_details(session: Session) -> None:
    pair = make_pair(session, status=PairingStatus.ENDED, ended_at=utc_now())
    share_all(session, pair.mentor_enrolment)
    share_all(session, pair.mentee_enrolment)
    proposal = make_proposal(session, pair.cohort, mentor=pair.mentor_enrolment, mentee=pair.mentee_enrolment)

    pairings.release(session, DESK, proposal)
    session.commit()

    mails = written(session)
    assert sorted(mails) == ["proposal_accepted_mentee", "proposal_accepted_mentor"]
    assert "Marguerite Oyelaran" in mails["proposal_accepted_mentee"]
    assert "李伟" in mails["proposal_accepted_mentor"]
    assert [secret for secret in SECRETS for text in mails.values() if secret in text] == []


def test_a_mentor_without_a_free_place_takes_nobody_more(session: Session) -> None:
    cohort = make_cohort(session)
    mentor = make_enrolment(session, cohort, Side.MENTOR, capacity=1)
    make_pairing(session, cohort, mentor=mentor)
    proposal = make_proposal(session, cohort, mentor=mentor)

    with pytest.raises(Conflict):
        pairings.release(session, DESK, proposal)

    assert len(session.exec(select(Pairing)).all()) == 1
    assert releases_of(session) == {}


def test_an_ended_pairing_takes_no_place(session: Session) -> None:
    cohort = make_cohort(session)
    mentor = make_enrolment(session, cohort, Side.MENTOR, capacity=1)
    make_pairing(session, cohort, mentor=mentor, status=PairingStatus.ENDED, ended_at=utc_now())

    pairings.release(session, DESK, make_proposal(session, cohort, mentor=mentor))

    assert len(session.exec(select(Pairing)).all()) == 2


@pytest.mark.parametrize("side", list(Side))
def test_nobody_is_released_to_a_person_who_does_not_take_part_now(session: Session, side: Side) -> None:
    cohort = make_cohort(session)
    away = make_enrolment(session, cohort, side, status=EnrolmentStatus.PAUSED)
    proposal = make_proposal(session, cohort, **{side.value: away})

    with pytest.raises(Conflict):
        pairings.release(session, DESK, proposal)

    assert session.exec(select(Pairing)).all() == []


def test_a_mentee_is_paired_once_at_a_time(session: Session) -> None:
    cohort = make_cohort(session)
    mentee = make_enrolment(session, cohort)
    make_pairing(session, cohort, mentee=mentee)
    proposal = make_proposal(session, cohort, mentee=mentee, mentor="Another Mentor")
    session.commit()

    with pytest.raises(Conflict, match="just been paired"):
        say_yes(session, proposal.id)

    assert len(session.exec(select(Pairing)).all()) == 1


def test_of_two_yeses_at_once_to_one_last_place_one_wins(engine: Engine) -> None:
    with Session(engine) as session:
        cohort = make_cohort(session)
        mentor = make_enrolment(session, cohort, Side.MENTOR, capacity=1)
        proposals = [make_proposal(session, cohort, mentor=mentor, mentee=f"Mentee {i}").id for i in range(4)]
        session.commit()
    start, told = Barrier(4), []

    def answer(proposal_id: object) -> None:
        start.wait()
        with Session(engine) as session:
            try:
                say_yes(session, proposal_id)
            except Conflict as refusal:
                told.append(str(refusal))

    threads = [Thread(target=answer, args=(proposal_id,)) for proposal_id in proposals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with Session(engine) as session:
        assert len(session.exec(select(Pairing)).all()) == 1
    assert told == ["This mentor has no place free any more. The coordinator will propose somebody else."] * 3


@pytest.mark.clause("U-2")
def test_the_mentee_sees_of_the_mentor_what_the_clauses_allow(session: Session) -> None:
    pair = make_pair(session)
    share_all(session, pair.mentor_enrolment)

    seen = pairings.mine(session, replace(pair.mentee, time_zone="Asia/Shanghai"))

    assert seen == (
        MyMatch(
            pairing_id=pair.pairing.id,
            side=Side.MENTEE,
            status=PairingStatus.RELEASED,
            other_name="Marguerite Oyelaran",
            role_title="Counsel",
            sector="energy",
            summary="Ten years of grid projects.",
            goals=None,
            contacts=(
                ContactDetail(Channel.EMAIL, "marguerite@example.org"),
                ContactDetail(Channel.TELEPHONE, "+44 20 7946 0001"),
                ContactDetail(Channel.WECHAT, "marguerite_o"),
            ),
            my_zone="Asia/Shanghai",
            their_zone="Europe/London",
            scheme_zone="Asia/Shanghai",
            channels=(Channel.EMAIL, Channel.TELEPHONE, Channel.WECHAT),
            interval_days=14,
            minutes=45,
            months=6,
            released_at=RELEASED_AT,
            first_contact_on=None,
            last_sign_on=None,
            ended_at=None,
        ),
    )
    assert seen[0].must_make_contact
    assert seen[0].next_sign_by == date(2026, 10, 16)


def test_the_mentor_sees_what_the_mentee_does_and_hopes_for(session: Session) -> None:
    pair = make_pair(session)

    seen = pairings.mine(session, pair.mentor)[0]

    facts = (seen.other_name, seen.role_title, seen.sector, seen.summary, seen.goals, seen.contacts)
    assert facts == ("李伟", None, None, "Law student.", "Three interviews by January.", ())
    assert not seen.must_make_contact


@pytest.mark.clause("U-2")
def test_a_consent_taken_back_hides_its_channel_at_the_next_look(session: Session) -> None:
    pair = make_pair(session)
    consents = share_all(session, pair.mentor_enrolment)
    consents[0].withdrawn_at = utc_now()
    session.flush()

    seen = pairings.mine(session, pair.mentee)[0]

    assert [detail.channel for detail in seen.contacts] == [Channel.TELEPHONE, Channel.WECHAT]


@pytest.mark.clause("U-2")
def test_a_consent_opens_nothing_that_was_not_filled_in_or_is_no_contact(session: Session) -> None:
    pair = make_pair(session)
    share_all(session, pair.mentee_enrolment)  # this mentee has no WeChat ID
    make_consent(session, pair.mentee_enrolment, ConsentPurpose.DIRECTORY)

    seen = pairings.mine(session, pair.mentor)[0]

    assert [detail.channel for detail in seen.contacts] == [Channel.EMAIL, Channel.TELEPHONE]


@pytest.mark.clause("U-2", "A-SH5")
def test_of_an_ended_pairing_only_the_name_is_left_on_either_side(session: Session) -> None:
    pair = make_pair(session, status=PairingStatus.ENDED, ended_at=utc_now())
    share_all(session, pair.mentor_enrolment)
    share_all(session, pair.mentee_enrolment)

    for actor, name in ((pair.mentee, "Marguerite Oyelaran"), (pair.mentor, "李伟")):
        with sent(session) as statements:
            seen = pairings.mine(session, actor)[0]

        facts = (seen.other_name, seen.role_title, seen.sector, seen.summary, seen.goals, seen.contacts)
        assert facts == (name, None, None, None, None, ())
        assert (seen.is_open, seen.must_make_contact) == (False, False)
        # Whose place it is, the pairs, and the ways to reach the other side of those that are open.
        assert len(statements) == 3


@pytest.mark.clause("U-2")
def test_neither_a_stranger_nor_a_coordinator_reads_a_pairs_details_here(session: Session) -> None:
    pair = make_pair(session)
    share_all(session, pair.mentor_enrolment)
    share_all(session, pair.mentee_enrolment)
    stranger = make_participant(session, make_enrolment(session, pair.cohort))
    manager_like = make_actor(pair.coordinator, pair.cohort)
    # Somebody who names another's place gets as far as somebody who has none.
    thief = replace(stranger, place=pair.mentee.place)

    assert pairings.mine(session, stranger) == ()
    for actor in (manager_like, thief, DESK):
        with pytest.raises(NotAllowed):
            pairings.mine(session, actor)


def test_a_mentor_with_three_mentees_costs_as_many_queries_as_with_one(session: Session) -> None:
    pair = make_pair(session)
    share_all(session, pair.mentee_enrolment)
    with sent(session) as of_one:
        pairings.mine(session, pair.mentor)
    for name in ("Ama", "Bo"):
        other = make_enrolment(session, pair.cohort, name=name)
        share_all(session, other)
        make_pairing(session, pair.cohort, mentor=pair.mentor_enrolment, mentee=other)

    with sent(session) as of_three:
        seen = pairings.mine(session, pair.mentor)

    assert (len(seen), len(of_three)) == (3, len(of_one))


def test_the_rhythm_shown_is_the_newest_that_both_confirmed(session: Session) -> None:
    pair = make_pair(session)
    agreed: dict[str, Any] = {"proposed_by": Side.MENTOR, "minutes": 30, "months": 9, "pairing_id": pair.pairing.id}
    session.add(WaysOfWorking(edition=1, interval_days=21, in_force_from=date(2026, 10, 5), **agreed))
    session.add(WaysOfWorking(edition=2, interval_days=7, **agreed))
    session.flush()

    seen = pairings.mine(session, pair.mentee)[0]

    assert (seen.interval_days, seen.minutes, seen.months) == (21, 30, 9)


@pytest.mark.clause("A-SH5", "U-C6.8")
@pytest.mark.parametrize("side", list(Side))
def test_either_side_ends_it_alone_and_the_other_learns_that_and_not_why(session: Session, side: Side) -> None:
    pair = make_pair(session)
    waiting_since = pair.mentee_enrolment.waiting_since
    actor: Actor = pair.mentor if side is Side.MENTOR else pair.mentee
    other = pair.mentee_person if side is Side.MENTOR else pair.mentor_person

    ended = pairings.end(session, actor, pair.pairing.id, reason=EndReason.NO_LONGER_HELPS)

    kept = session.exec(select(Pairing)).one()
    assert (kept.status, kept.end_reason, kept.ended_by) == (PairingStatus.ENDED, EndReason.NO_LONGER_HELPS, side)
    assert (ended.other_name, ended.ended_at) == (other.full_name, kept.ended_at)
    assert pair.mentee_enrolment.waiting_since == waiting_since
    mail = session.exec(select(Message)).one()
    assert (mail.template, mail.person_id) == ("pairing_ended", other.id)
    entry = session.exec(select(AuditEntry).where(AuditEntry.action == "pairing.ended")).one()
    assert entry.details == {"by": side.value}
    texts = [mail.subject, mail.body_text or "", mail.body_html or ""]
    assert [text for text in texts if "help" in text] == []


def test_what_has_ended_cannot_end_again(session: Session) -> None:
    pair = make_pair(session)
    pairings.end(session, pair.mentor, pair.pairing.id, reason=EndReason.PERSONAL)

    with pytest.raises(Conflict):
        pairings.end(session, pair.mentee, pair.pairing.id, reason=EndReason.HELP_RECEIVED)

    kept = session.exec(select(Pairing)).one()
    assert (kept.end_reason, kept.ended_by) == (EndReason.PERSONAL, Side.MENTOR)


def test_nobody_else_ends_a_pairing(session: Session) -> None:
    pair = make_pair(session)
    stranger = make_participant(session, make_enrolment(session, pair.cohort))
    coordinator = make_actor(make_coordinator(session, pair.cohort), pair.cohort)
    session.commit()

    for actor in (stranger, coordinator):
        with pytest.raises(NotAllowed):
            pairings.end(session, actor, pair.pairing.id, reason=EndReason.NOT_GIVEN)
    with pytest.raises(NotAllowed):
        pairings.end(session, pair.mentee, uuid4(), reason=EndReason.NOT_GIVEN)

    assert [row.status for row in session.exec(select(Pairing))] == [PairingStatus.RELEASED]
    assert session.exec(select(Message)).all() == []


def test_an_ended_place_is_free_for_the_next_mentee(session: Session) -> None:
    pair = make_pair(session)
    pairings.end(session, pair.mentee, pair.pairing.id, reason=EndReason.HELP_RECEIVED)

    pairings.release(session, DESK, make_proposal(session, pair.cohort, mentor=pair.mentor_enrolment, mentee="Ama"))
    session.commit()

    seen = pairings.mine(session, pair.mentor)
    assert [(match.other_name, match.is_open) for match in seen] == [("Ama", True), ("李伟", False)]


def test_the_mail_about_an_ending_has_a_name_in_the_outbox(session: Session) -> None:
    pair = make_pair(session)
    pairings.end(session, pair.mentor, pair.pairing.id, reason=EndReason.NOT_GIVEN)

    found = outbox.shown(session, make_actor(pair.coordinator, pair.cohort))

    assert [(line.title, line.recipient) for line in found.lines] == [("Mentoring ended, to the other side", "李伟")]
    assert session.exec(select(col(Message.link_purpose))).all() == [None]
