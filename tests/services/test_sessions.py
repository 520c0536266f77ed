"""Signed-in browsers: how long they last, what ends them, and in which place their person acts."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from sqlmodel import Session, select

from models.audit import AuditEntry
from models.columns import utc_now
from models.enrolments import EnrolmentStatus, Side
from models.people import AccountStatus, Role, RoleGrant, SignInSession
from services import access, sessions
from services.access import DESK, Acting, Place
from services.errors import NotAllowed
from services.settings import settings
from tests.factories import (
    make_account,
    make_cohort,
    make_coordinator,
    make_enrolment,
    make_manager,
    make_person,
    make_scheme,
)
from tests.services.counting import reads, sent


def test_a_token_opens_its_own_session_and_only_its_hash_is_kept(session: Session) -> None:
    person = make_person(session, "Ama", time_zone="Africa/Accra")
    account = make_account(session, person)

    token = sessions.open_for(session, account.id)

    found = sessions.resolve(session, token)
    kept = session.exec(select(SignInSession)).one()
    assert found is not None
    assert (found.session_id, found.person_id, found.name, found.time_zone) == (
        kept.id,
        person.id,
        "Ama",
        "Africa/Accra",
    )
    assert token not in str(kept.model_dump())


@pytest.mark.parametrize("token", [None, "", "x", "\ud800"])
def test_nothing_else_opens_a_session(session: Session, token: str | None) -> None:
    sessions.open_for(session, make_account(session, make_person(session)).id)

    assert sessions.resolve(session, token) is None


def test_a_session_ends_after_an_hour_of_silence(session: Session) -> None:
    token = sessions.open_for(session, make_account(session, make_person(session)).id)

    assert lives_after(session, token, timedelta(minutes=59))
    assert not lives_after(session, token, timedelta(minutes=61))


def test_a_coordinators_session_ends_after_half_an_hour_of_silence(session: Session) -> None:
    coordinator = make_coordinator(session, make_cohort(session))
    token = sessions.open_for(session, make_account(session, coordinator).id)

    assert lives_after(session, token, timedelta(minutes=29))
    assert not lives_after(session, token, timedelta(minutes=31))


def test_no_session_outlives_twelve_hours_however_busy(session: Session) -> None:
    token = sessions.open_for(session, make_account(session, make_person(session)).id)
    begin = utc_now()

    for hours in range(12):
        with time_machine.travel(begin + timedelta(hours=hours, minutes=30)):
            _touch(session)

    assert lives_after(session, token, timedelta(hours=11, minutes=59))
    assert not lives_after(session, token, timedelta(hours=12, minutes=1))


def test_being_there_is_written_at_most_once_a_minute(session: Session) -> None:
    sessions.open_for(session, make_account(session, make_person(session)).id)
    opened = session.exec(select(SignInSession.last_seen_at)).one()

    with time_machine.travel(opened + timedelta(seconds=59), tick=False):
        _touch(session)
    early = session.exec(select(SignInSession.last_seen_at)).one()
    with time_machine.travel(opened + timedelta(seconds=61), tick=False):
        _touch(session)
    late = session.exec(select(SignInSession.last_seen_at)).one()

    assert (early, late) == (opened, opened + timedelta(seconds=61))


def test_an_account_keeps_its_five_newest_sessions(session: Session) -> None:
    account = make_account(session, make_person(session))

    tokens = [sessions.open_for(session, account.id) for _ in range(7)]

    assert [sessions.resolve(session, token) is not None for token in tokens] == [False] * 2 + [True] * 5


def test_a_revoked_session_never_opens_again(session: Session) -> None:
    account = make_account(session, make_person(session))
    mine, elsewhere = sessions.open_for(session, account.id), sessions.open_for(session, account.id)

    sessions.revoke(session, mine)

    assert sessions.resolve(session, mine) is None
    assert sessions.resolve(session, elsewhere) is not None
    assert session.exec(select(AuditEntry.action).order_by(AuditEntry.sequence)).all()[-1] == "account.signed_out"  # type: ignore[arg-type]


def test_revoking_an_unknown_token_changes_nothing(session: Session) -> None:
    sessions.revoke(session, "nobody's")

    assert session.exec(select(AuditEntry)).all() == []


def test_all_sessions_of_an_account_can_be_ended_but_one(session: Session) -> None:
    account = make_account(session, make_person(session))
    mine, elsewhere = sessions.open_for(session, account.id), sessions.open_for(session, account.id)
    here = sessions.resolve(session, mine)
    assert here is not None

    sessions.revoke_all(session, account.id, but=here.session_id)

    assert sessions.resolve(session, mine) == here
    assert sessions.resolve(session, elsewhere) is None


def test_a_locked_accounts_sessions_open_nothing(session: Session) -> None:
    account = make_account(session, make_person(session))
    token = sessions.open_for(session, account.id)

    account.status = AccountStatus.LOCKED
    session.flush()

    assert sessions.resolve(session, token) is None


def test_a_ticket_gives_a_token_once(session: Session) -> None:
    ticket = sessions.open_with_ticket(session, make_account(session, make_person(session)).id)

    token = sessions.redeem(session, ticket)

    assert sessions.resolve(session, token) is not None
    assert sessions.redeem(session, ticket) is None
    assert sessions.resolve(session, ticket) is None


def test_a_ticket_is_good_for_a_minute(session: Session) -> None:
    ticket = sessions.open_with_ticket(session, make_account(session, make_person(session)).id)

    with time_machine.travel(utc_now() + timedelta(seconds=61)):
        assert sessions.redeem(session, ticket) is None


def test_the_living_are_told_from_the_dead(session: Session) -> None:
    account = make_account(session, make_person(session))
    tokens = [sessions.open_for(session, account.id) for _ in range(3)]
    ids = [found.session_id for token in tokens if (found := sessions.resolve(session, token))]
    sessions.revoke(session, tokens[0])

    assert sessions.living_of(session, {*ids, uuid4()}) == {*ids[1:]}
    assert [sessions.alive(session, each) is not None for each in ids] == [False, True, True]


def test_in_production_whoever_becomes_staff_signs_in_again_with_a_code(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, cohort = make_person(session), make_cohort(session)
    account = make_account(session, person)
    token = sessions.open_for(session, account.id)
    monkeypatch.setenv("MENTORING_ENV", "production")
    settings.cache_clear()
    before = sessions.resolve(session, token) is not None

    session.add(RoleGrant(person_id=person.id, scheme_id=cohort.scheme_id, role=Role.COORDINATOR))
    session.commit()
    with_password_alone = sessions.resolve(session, token) is not None
    account.totp_secret, account.totp_confirmed_at = "encrypted", utc_now()
    session.commit()

    assert (before, with_password_alone, sessions.resolve(session, token) is not None) == (True, False, True)


def test_the_cookie_is_bound_to_the_host_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    local = sessions.cookie_name()
    monkeypatch.setenv("MENTORING_ENV", "production")
    settings.cache_clear()

    assert (local, sessions.cookie_name()) == ("mentoring", "__Host-mentoring")


def test_a_coordinator_acts_for_each_cohort_of_their_scheme_the_newest_first(session: Session) -> None:
    scheme = make_scheme(session, name="Alumni")
    old = make_cohort(session, scheme, name="2025/26", starts_on=date(2025, 9, 1), ends_on=date(2026, 8, 31))
    new = make_cohort(session, scheme, name="2026/27")
    make_cohort(session)
    person = make_coordinator(session, old)

    assert sessions.places_of(session, person.id) == (
        Place(Acting.COORDINATOR, scheme.id, "Alumni", new.id, "2026/27"),
        Place(Acting.COORDINATOR, scheme.id, "Alumni", old.id, "2025/26"),
    )


def test_a_scheme_without_a_cohort_is_a_place_by_itself(session: Session) -> None:
    scheme, person = make_scheme(session, name="New"), make_person(session)
    session.add(RoleGrant(person_id=person.id, scheme_id=scheme.id, role=Role.MANAGER))
    session.add(RoleGrant(person_id=person.id, role=Role.ADMINISTRATOR))
    session.flush()

    assert sessions.places_of(session, person.id) == (
        Place(Acting.MANAGER, scheme.id, "New"),
        Place(Acting.ADMINISTRATOR),
    )


@pytest.mark.parametrize("status", list(EnrolmentStatus))
def test_a_closed_enrolment_is_no_place(session: Session, status: EnrolmentStatus) -> None:
    cohort = make_cohort(session)
    enrolment = make_enrolment(session, cohort, Side.MENTOR, status=status)
    is_open = status not in (EnrolmentStatus.DECLINED, EnrolmentStatus.WITHDRAWN)

    found = sessions.places_of(session, enrolment.person_id)

    assert [place.enrolment_id for place in found] == ([enrolment.id] if is_open else [])


def test_the_actor_acts_in_the_place_they_ask_for_if_it_is_theirs(session: Session) -> None:
    cohort = make_cohort(session)
    person = make_coordinator(session, cohort)
    enrolment = make_enrolment(session, cohort, Side.MENTEE, person=person)
    token = sessions.open_for(session, make_account(session, person).id)

    def acting(place_key: str | None) -> Acting:
        actor = sessions.actor_of(session, token, place_key=place_key)
        assert actor is not None
        return actor.place.acting_as

    assert acting(None) is Acting.COORDINATOR
    assert acting(Place(Acting.MENTEE, enrolment_id=enrolment.id).key) is Acting.MENTEE
    assert acting(Place(Acting.MENTOR, enrolment_id=enrolment.id).key) is Acting.COORDINATOR


def test_somebody_without_a_place_acts_as_nobody(session: Session) -> None:
    person = make_person(session)
    token = sessions.open_for(session, make_account(session, person).id)

    actor = sessions.actor_of(session, token, network_address="192.0.2.7")

    assert actor is not None
    assert (actor.place, actor.places, actor.network_address) == (Place(Acting.NOBODY), (), "192.0.2.7")


def test_nobody_is_signed_in_without_a_token(session: Session) -> None:
    assert sessions.actor_of(session, None) is None


def test_knowing_the_actor_takes_two_queries_with_one_place_and_with_many(session: Session) -> None:
    one, many = make_manager(session, make_cohort(session)), make_person(session)
    for _ in range(3):
        cohort = make_cohort(session)
        make_enrolment(session, cohort, person=many)
        session.add(RoleGrant(person_id=many.id, scheme_id=cohort.scheme_id, role=Role.COORDINATOR))
    tokens = [sessions.open_for(session, make_account(session, person).id) for person in (one, many)]

    counts = [_queries(session, lambda token=token: sessions.actor_of(session, token)) for token in tokens]  # type: ignore[misc]

    assert counts == [2, 2]


def test_whose_a_place_is_holds_for_the_transaction_in_which_it_was_read(session: Session) -> None:
    person, other = make_person(session), make_person(session)
    mine = make_enrolment(session, make_cohort(session), Side.MENTOR, person=person)
    theirs = make_enrolment(session, make_cohort(session), person=other)
    token = sessions.open_for(session, make_account(session, person).id)
    actor = sessions.actor_of(session, token)
    assert actor is not None
    forged = replace(actor, place=replace(actor.place, enrolment_id=theirs.id))

    with sent(session) as statements:
        found = access.own_place(session, actor)
    known = len(reads(statements))
    session.rollback()
    with sent(session) as statements:
        again = access.own_place(session, actor)

    assert (found, again) == ((mine.id, Side.MENTOR), (mine.id, Side.MENTOR))
    assert (known, len(reads(statements))) == (0, 1)
    with pytest.raises(NotAllowed):
        access.own_place(session, forged)


def lives_after(session: Session, token: str, span: timedelta) -> bool:
    with time_machine.travel(utc_now() + span):
        return sessions.resolve(session, token) is not None


def _touch(session: Session) -> None:
    for session_id in session.exec(select(SignInSession.id)).all():
        sessions.touch(session, session_id)


def _queries(session: Session, act: Callable[[], object]) -> int:
    session.commit()
    with sent(session) as statements:
        act()
    return len(reads(statements))


def test_somebody_signs_out_everywhere_else_and_stays_here(session: Session) -> None:
    account = make_account(session, make_person(session, "Ama"))
    stranger = sessions.open_for(session, make_account(session, make_person(session, "Bo")).id)
    idle, elsewhere, here = (sessions.open_for(session, account.id) for _ in range(3))
    _seen(session, idle, utc_now() - timedelta(hours=2))
    actor = sessions.actor_of(session, here)
    assert actor is not None

    ended = sessions.revoke_others(session, actor)

    after = sessions.actor_of(session, here)
    assert after is not None
    assert (actor.is_elsewhere_too, ended, after.is_elsewhere_too) == (True, 1, False)
    assert [sessions.resolve(session, token) is not None for token in (idle, elsewhere, here, stranger)] == [
        False,
        False,
        True,
        True,
    ]
    entry = session.exec(select(AuditEntry).where(AuditEntry.action == "account.signed_out_elsewhere")).one()
    assert (entry.subject_id, entry.details) == (account.id, {"browsers": 1})


@pytest.mark.parametrize(("minutes", "is_elsewhere_too"), [(59, True), (61, False)])
def test_only_another_browser_that_is_still_signed_in_counts(
    session: Session, minutes: int, is_elsewhere_too: bool
) -> None:
    account = make_account(session, make_person(session))
    elsewhere, here = (sessions.open_for(session, account.id) for _ in range(2))
    _seen(session, elsewhere, utc_now() - timedelta(minutes=minutes))

    with sent(session) as statements:
        actor = sessions.actor_of(session, here)

    assert actor is not None
    assert (actor.is_elsewhere_too, len(reads(statements))) == (is_elsewhere_too, 2)


def test_whoever_is_not_signed_in_ends_nobodys_session(session: Session) -> None:
    token = sessions.open_for(session, make_account(session, make_person(session)).id)

    with pytest.raises(NotAllowed):
        sessions.revoke_others(session, DESK)

    assert sessions.resolve(session, token) is not None


def _seen(session: Session, token: str, at: datetime) -> None:
    found = sessions.resolve(session, token)
    assert found is not None
    session.get_one(SignInSession, found.session_id).last_seen_at = at
    session.commit()
