"""What a pair settles takes both of them, and its words stay between the two."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from sqlmodel import Session, col, select

from models.audit import AuditEntry
from models.columns import utc_now
from models.enrolments import Enrolment, Side
from models.messages import Message
from models.pairings import Pairing, PairingStatus, WaysOfWorking
from models.people import Person
from models.schemes import Channel
from services import times, ways_drafts, ways_of_working
from services.access import Actor
from services.errors import Conflict, Invalid, NotAllowed
from services.usual_times import Usual
from services.ways_of_working import Edition, Rhythm, Ways
from tests.factories import (
    make_account,
    make_actor,
    make_document,
    make_enrolment,
    make_participant,
    make_signature,
)
from tests.services.pairs import Pair, make_pair

TODAY = date(2026, 10, 9)
TUESDAYS = Usual(weekday=1, at=time(19, 30), zone="Asia/Shanghai")
WORDS = {"role": "You ask, I answer.", "boundaries": "No calls after 21:00."}
# What nobody wrote about is as the scheme says, so that both confirm it too.
BETWEEN_US = (
    "What we say to each other stays between us. Either of us shares something of it with anybody else only after the "
    "other has said yes to that very thing."
)
AGREED = {"role": "You ask, I answer.", "confidentiality": BETWEEN_US, "boundaries": "No calls after 21:00."}


def propose(session: Session, actor: Actor, pair: Pair, **changes: Any) -> Edition:
    chosen: dict[str, Any] = {
        "interval_days": 21,
        "minutes": 40,
        "months": 8,
        "channels": [Channel.WECHAT, Channel.EMAIL],
        "sections": WORDS,
        "usual": TUESDAYS,
    }
    return ways_of_working.propose(session, actor, pair.pairing.id, **(chosen | changes))


def confirm(session: Session, actor: Actor, pair: Pair, edition: int, today: date = TODAY) -> Edition:
    return ways_of_working.confirm(session, actor, pair.pairing.id, edition, today=today)


def stored(session: Session) -> list[WaysOfWorking]:
    return list(session.exec(select(WaysOfWorking).order_by(col(WaysOfWorking.edition))))


@pytest.mark.clause("U-C4.4", "U-C6.2")
def test_what_one_proposes_is_in_force_when_the_other_confirms(session: Session) -> None:
    pair = make_pair(session)

    proposed = propose(session, pair.mentee, pair)
    waiting = ways_of_working.of_pairing(session, pair.mentor, pair.pairing.id)
    confirmed = confirm(session, pair.mentor, pair, 1)

    facts: dict[str, Any] = {
        "number": 1,
        "proposed_by": Side.MENTEE,
        "interval_days": 21,
        "minutes": 40,
        "months": 8,
        "proposed_on": times.day_in(utc_now(), "Asia/Shanghai"),
        "channels": (Channel.EMAIL, Channel.WECHAT),
        "usual": TUESDAYS,
        "sections": AGREED,
    }
    assert waiting == Ways(in_force=None, proposed=proposed)
    assert proposed == Edition(**facts, in_force_from=None)
    assert confirmed == Edition(**facts, in_force_from=TODAY)
    assert ways_of_working.of_pairing(session, pair.mentee, pair.pairing.id) == Ways(confirmed, None)
    assert session.exec(select(Pairing)).one().status is PairingStatus.ACTIVE
    kept = stored(session)[0]
    assert (kept.mentor_confirmed_at is None, kept.mentee_confirmed_at is None) == (False, False)


def test_until_both_confirmed_the_schemes_rhythm_holds(session: Session) -> None:
    pair = make_pair(session)
    propose(session, pair.mentee, pair)

    rhythm = ways_of_working.in_force_on(session, pair.pairing.id, TODAY)

    assert rhythm == Rhythm(interval_days=14, minutes=45, months=6, edition=None)
    assert session.exec(select(Pairing)).one().status is PairingStatus.RELEASED


@pytest.mark.clause("U-C4.4", "U-5")
def test_an_amendment_is_a_new_edition_and_each_day_has_its_own(session: Session) -> None:
    pair = make_pair(session)
    propose(session, pair.mentee, pair)
    first = confirm(session, pair.mentor, pair, 1)
    amendment = propose(session, pair.mentor, pair, interval_days=7)
    meanwhile = ways_of_working.of_pairing(session, pair.mentee, pair.pairing.id)
    confirm(session, pair.mentee, pair, 2, today=date(2026, 11, 1))

    days = (date(2026, 10, 8), TODAY, date(2026, 10, 31), date(2026, 11, 1))
    rhythms = [ways_of_working.in_force_on(session, pair.pairing.id, day) for day in days]

    assert meanwhile == Ways(in_force=first, proposed=amendment)
    assert [(each.edition, each.interval_days) for each in rhythms] == [(None, 14), (1, 21), (1, 21), (2, 7)]


@pytest.mark.clause("U-C4.4", "U-5")
def test_a_yes_while_the_clock_was_set_back_is_refused_and_no_day_tells_anything_else(session: Session) -> None:
    pair = make_pair(session)
    propose(session, pair.mentee, pair)
    confirm(session, pair.mentor, pair, 1)
    propose(session, pair.mentor, pair, interval_days=7)

    with pytest.raises(Conflict, match="it is 8 October, but what you agreed last holds since 9 October") as refused:
        confirm(session, pair.mentee, pair, 2, today=TODAY - timedelta(days=1))
    session.rollback()
    days = (date(2026, 10, 8), TODAY, date(2026, 12, 1))
    rhythms = [ways_of_working.in_force_on(session, pair.pairing.id, day).edition for day in days]
    confirm(session, pair.mentee, pair, 2)

    assert "clock must be set" in refused.value.remedy
    assert rhythms == [None, 1, 1]
    assert ways_of_working.in_force_on(session, pair.pairing.id, TODAY).edition == 2


def test_an_agreement_holds_from_the_day_of_the_scheme_s_calendar(session: Session) -> None:
    pair = make_pair(session)
    with time_machine.travel(datetime(2026, 10, 9, 18, 0, tzinfo=UTC), tick=True):
        propose(session, pair.mentee, pair)

        confirmed = ways_of_working.confirm(session, pair.mentor, pair.pairing.id, 1)

    assert confirmed.in_force_from == date(2026, 10, 10)  # two in the morning in Shanghai


def test_the_one_who_proposed_cannot_confirm_alone(session: Session) -> None:
    pair = make_pair(session)
    propose(session, pair.mentee, pair)

    with pytest.raises(Conflict):
        confirm(session, pair.mentee, pair, 1)

    assert stored(session)[0].in_force_from is None


def test_only_the_newest_proposal_can_be_confirmed_and_only_once(session: Session) -> None:
    pair = make_pair(session)
    propose(session, pair.mentee, pair)
    propose(session, pair.mentee, pair, minutes=60)

    with pytest.raises(Conflict):
        confirm(session, pair.mentor, pair, 1)
    confirm(session, pair.mentor, pair, 2)
    with pytest.raises(Conflict):
        confirm(session, pair.mentor, pair, 2)

    assert [(row.edition, row.in_force_from) for row in stored(session)] == [(1, None), (2, TODAY)]


@pytest.mark.parametrize(
    "change",
    [
        {"interval_days": 0},
        {"interval_days": 367},
        {"minutes": 4},
        {"minutes": 481},
        {"months": 0},
        {"months": 37},
        {"channels": []},
        {"sections": {"gossip": "x"}},
        {"sections": {"role": "x" * 2001}},
        {"sections": {"role": "a\x00b"}},
    ],
)
def test_what_breaks_a_rule_is_refused_and_nothing_is_kept(session: Session, change: dict[str, Any]) -> None:
    pair = make_pair(session)

    with pytest.raises(Invalid):
        propose(session, pair.mentee, pair, **change)

    assert stored(session) == []


@pytest.mark.clause("U-C2.4")
def test_a_remote_scheme_agrees_on_no_meeting_in_person(session: Session) -> None:
    pair = make_pair(session)

    with pytest.raises(Invalid):
        propose(session, pair.mentee, pair, channels=[Channel.EMAIL, Channel.IN_PERSON])

    assert stored(session) == []


@pytest.mark.clause("A-MR2", "A-MR3")
def test_sections_left_blank_are_left_out_and_the_two_that_always_stand_say_what_the_scheme_says(
    session: Session,
) -> None:
    pair = make_pair(session)

    proposed = propose(session, pair.mentee, pair, sections={"role": "  ", "ending": "With a last call.\n"})

    role = "The mentor listens, asks and challenges. The mentee finds the answer and decides."
    assert proposed.sections == {"role": role, "confidentiality": BETWEEN_US, "ending": "With a last call."}


@pytest.mark.clause("A-SH5")
def test_after_the_end_the_words_stay_readable_and_nothing_changes(session: Session) -> None:
    pair = make_pair(session)
    propose(session, pair.mentee, pair)
    pair.pairing.status, pair.pairing.ended_at = PairingStatus.ENDED, utc_now()
    session.commit()

    with pytest.raises(Conflict):
        propose(session, pair.mentor, pair)
    with pytest.raises(Conflict):
        confirm(session, pair.mentor, pair, 1)

    read = ways_of_working.of_pairing(session, pair.mentor, pair.pairing.id)
    assert read.proposed is not None
    assert read.proposed.sections == AGREED


def test_neither_a_stranger_nor_a_coordinator_reads_or_changes_it(session: Session) -> None:
    pair = make_pair(session)
    propose(session, pair.mentee, pair)
    stranger = make_participant(session, make_enrolment(session, pair.cohort))
    session.commit()

    for actor in (stranger, make_actor(pair.coordinator, pair.cohort)):
        with pytest.raises(NotAllowed):
            ways_of_working.of_pairing(session, actor, pair.pairing.id)
        with pytest.raises(NotAllowed):
            propose(session, actor, pair)
        with pytest.raises(NotAllowed):
            confirm(session, actor, pair, 1)

    assert [row.in_force_from for row in stored(session)] == [None]


def test_the_journal_says_that_it_changed_and_never_how(session: Session) -> None:
    pair = make_pair(session)
    propose(session, pair.mentee, pair)
    confirm(session, pair.mentor, pair, 1)

    entries = session.exec(select(AuditEntry).order_by(col(AuditEntry.sequence))).all()

    assert [(entry.action, entry.details) for entry in entries] == [
        ("ways_of_working.proposed", {"edition": 1}),
        ("ways_of_working.confirmed", {"edition": 1}),
    ]


@pytest.mark.clause("U-C4.1")
def test_nobody_settles_ways_of_working_before_they_signed_the_code(session: Session) -> None:
    pair = make_pair(session)
    make_document(session, pair.cohort.scheme_id, title="Code of conduct")

    with pytest.raises(Conflict) as refusal:
        propose(session, pair.mentee, pair)

    assert refusal.value.happened == "You have not signed “Code of conduct” yet."
    assert stored(session) == []


@pytest.mark.clause("U-9")
def test_a_new_edition_of_the_code_does_not_stop_a_pair_that_goes_on(session: Session) -> None:
    pair = make_pair(session)
    mentee = session.get_one(Enrolment, pair.pairing.mentee_id)
    first = make_document(session, pair.cohort.scheme_id)
    make_signature(session, mentee, first, make_account(session, session.get_one(Person, mentee.person_id)))
    make_document(session, pair.cohort.scheme_id, edition=2, published_at=utc_now() - timedelta(days=400))

    proposed = propose(session, pair.mentee, pair)

    assert proposed.number == 1


def mails(session: Session) -> list[tuple[Any, str]]:
    found = session.exec(select(Message).where(Message.template == "ways_proposed").order_by("created_at"))
    return [(mail.person_id, mail.subject) for mail in found]


@pytest.mark.clause("U-C6.2")
def test_the_other_side_hears_once_by_email_that_something_waits(session: Session) -> None:
    pair = make_pair(session)

    propose(session, pair.mentee, pair)
    propose(session, pair.mentee, pair)
    propose(session, pair.mentee, pair, minutes=50)
    first = mails(session)
    confirm(session, pair.mentor, pair, 2)
    ways_drafts.keep(
        session,
        pair.mentor,
        pair.pairing.id,
        ways_drafts.changed(ways_drafts.of(session, pair.mentor, pair.pairing.id)[0], minutes=30),
    )
    ways_drafts.send(session, pair.mentor, pair.pairing.id)

    name, other = pair.mentee_person.full_name, pair.mentor_person.full_name
    assert first == [(pair.mentor_person.id, f"{name} suggests how you two work together")]
    assert mails(session)[1:] == [(pair.mentee_person.id, f"{other} suggests a change to how you two work together")]


def test_the_email_has_none_of_their_words(session: Session) -> None:
    pair = make_pair(session)

    propose(session, pair.mentee, pair)

    mail = session.exec(select(Message).where(Message.template == "ways_proposed")).one()
    text = f"{mail.body_text} {mail.body_html}"
    assert [word for word in ("You ask", "No calls", "21", "40", "WeChat") if word in text] == []
    assert "Read it under Ways of working" in text


def test_a_proposal_that_is_refused_writes_to_nobody(session: Session) -> None:
    pair = make_pair(session)

    with pytest.raises(Invalid):
        propose(session, pair.mentee, pair, minutes=1)

    assert mails(session) == []
