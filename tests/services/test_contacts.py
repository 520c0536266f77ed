"""Signs of life: one tap, by either side, in a way that the scheme offers."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import Session, select

from models.columns import utc_now
from models.enrolments import Side
from models.pairings import Contact, Pairing, PairingStatus
from models.schemes import Channel
from services import contacts, pairings
from services.errors import Conflict, Invalid, NotAllowed
from tests.factories import (
    make_account,
    make_actor,
    make_document,
    make_enrolment,
    make_participant,
    make_signature,
)
from tests.services.pairs import make_pair

TODAY = date(2026, 10, 9)


@pytest.mark.clause("A-ME1", "U-5")
@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.TELEPHONE, Channel.WECHAT])
def test_a_contact_closes_the_mentees_first_task(session: Session, channel: Channel) -> None:
    pair = make_pair(session)
    task_before = pairings.mine(session, pair.mentee)[0].must_make_contact

    noted = contacts.note(
        session, pair.mentee, pair.pairing.id, channel=channel, contact_on=date(2026, 10, 8), today=TODAY
    )

    assert (noted.noted_by, noted.channel, noted.contact_on) == (Side.MENTEE, channel, date(2026, 10, 8))
    seen = pairings.mine(session, pair.mentee)[0]
    assert (task_before, seen.must_make_contact) == (True, False)
    assert (seen.first_contact_on, seen.last_sign_on) == (date(2026, 10, 8), date(2026, 10, 8))
    assert seen.next_sign_by == date(2026, 10, 22)


def test_a_second_tap_is_the_same_contact(session: Session) -> None:
    pair = make_pair(session)

    noted = [
        contacts.note(session, pair.mentor, pair.pairing.id, channel=Channel.EMAIL, contact_on=TODAY, today=TODAY)
        for _ in range(2)
    ]

    assert noted[0] == noted[1]
    assert len(session.exec(select(Contact)).all()) == 1


def test_the_first_contact_is_the_earliest_that_either_side_noted(session: Session) -> None:
    pair = make_pair(session)
    days = ((pair.mentor, 6), (pair.mentee, 9), (pair.mentee, 5))

    for actor, day in days:
        contacts.note(
            session, actor, pair.pairing.id, channel=Channel.EMAIL, contact_on=date(2026, 10, day), today=TODAY
        )

    assert session.exec(select(Pairing)).one().first_contact_on == date(2026, 10, 5)


def test_each_side_reads_only_the_contacts_that_it_noted_itself(session: Session) -> None:
    pair = make_pair(session)
    days = ((pair.mentor, 6), (pair.mentee, 9), (pair.mentee, 5))

    before = pairings.mine(session, pair.mentor)[0]
    for actor, day in days:
        contacts.note(
            session, actor, pair.pairing.id, channel=Channel.EMAIL, contact_on=date(2026, 10, day), today=TODAY
        )

    listed = [contacts.latest(session, actor, pair.pairing.id) for actor in (pair.mentor, pair.mentee)]
    assert [[(each.noted_by, each.contact_on.day) for each in each_side] for each_side in listed] == [
        [(Side.MENTOR, 6)],
        [(Side.MENTEE, 9), (Side.MENTEE, 5)],
    ]
    seen = [pairings.mine(session, actor)[0] for actor in (pair.mentor, pair.mentee)]
    assert [(each.last_sign_on, each.is_behind) for each in (before, *seen)] == [
        (None, False),
        (date(2026, 10, 6), True),
        (date(2026, 10, 9), False),
    ]


@pytest.mark.clause("U-9", "U-C4.1")
def test_whoever_never_signed_notes_nothing_and_a_new_edition_stops_nobody(session: Session) -> None:
    pair = make_pair(session)
    document = make_document(session, pair.scheme.id)
    session.commit()
    at = {"channel": Channel.EMAIL, "contact_on": TODAY, "today": TODAY}

    before = pairings.mine(session, pair.mentee)[0].must_sign_first
    with pytest.raises(Conflict, match="You have not signed"):
        contacts.note(session, pair.mentee, pair.pairing.id, **at)  # type: ignore[arg-type]
    make_signature(session, pair.mentee_enrolment, document, make_account(session, pair.mentee_person))
    make_document(session, pair.scheme.id, edition=2, published_at=utc_now() - timedelta(days=400))
    session.commit()
    contacts.note(session, pair.mentee, pair.pairing.id, **at)  # type: ignore[arg-type]

    assert (before, pairings.mine(session, pair.mentee)[0].must_sign_first) == (True, False)
    assert [each.noted_by for each in session.exec(select(Contact))] == [Side.MENTEE]


@pytest.mark.parametrize("day", [date(2026, 10, 1), date(2026, 10, 10)])
def test_a_contact_before_the_match_or_in_the_future_is_refused(session: Session, day: date) -> None:
    pair = make_pair(session)

    with pytest.raises(Invalid):
        contacts.note(session, pair.mentee, pair.pairing.id, channel=Channel.EMAIL, contact_on=day, today=TODAY)

    assert session.exec(select(Contact)).all() == []


def test_the_day_of_the_match_is_the_one_of_the_persons_own_calendar(session: Session) -> None:
    # 3 October in Shanghai, where the scheme is, but still the 2nd in London, where the mentor is.
    pair = make_pair(session, released_at=datetime(2026, 10, 2, 20, 0, tzinfo=UTC))
    day = date(2026, 10, 2)
    mentor = replace(pair.mentor, time_zone="Europe/London")

    contacts.note(session, mentor, pair.pairing.id, channel=Channel.EMAIL, contact_on=day, today=day)

    assert session.exec(select(Pairing)).one().first_contact_on == day


@pytest.mark.clause("U-C2.4")
def test_a_way_that_the_scheme_does_not_offer_is_refused(session: Session) -> None:
    pair = make_pair(session)

    with pytest.raises(Invalid):
        contacts.note(session, pair.mentee, pair.pairing.id, channel=Channel.IN_PERSON, contact_on=TODAY, today=TODAY)

    assert session.exec(select(Contact)).all() == []


@pytest.mark.clause("A-SH5")
def test_after_the_end_no_contact_is_noted(session: Session) -> None:
    pair = make_pair(session, status=PairingStatus.ENDED, ended_at=utc_now())

    with pytest.raises(Conflict):
        contacts.note(session, pair.mentee, pair.pairing.id, channel=Channel.EMAIL, contact_on=TODAY, today=TODAY)

    assert session.exec(select(Contact)).all() == []


def test_nobody_else_notes_or_reads_a_pairs_contacts(session: Session) -> None:
    pair = make_pair(session)
    stranger = make_participant(session, make_enrolment(session, pair.cohort))
    session.commit()

    for actor in (stranger, make_actor(pair.coordinator, pair.cohort)):
        with pytest.raises(NotAllowed):
            contacts.note(session, actor, pair.pairing.id, channel=Channel.EMAIL, contact_on=TODAY, today=TODAY)
        with pytest.raises(NotAllowed):
            contacts.latest(session, actor, pair.pairing.id)

    assert session.exec(select(Contact)).all() == []
