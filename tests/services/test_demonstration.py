"""The demonstration: lively, honest, without mail, and gone in one act. Loaded once for each database."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from models.all_tables import metadata
from models.audit import AuditEntry
from models.columns import utc_now
from models.database import make_engine
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.equality import EqualityAnswers
from models.feedback import FeedbackAnswer, FeedbackRound, RoundPoint
from models.matching import Proposal, ProposalStatus
from models.meetings import MeetingRecord
from models.messages import Message, MessageStatus
from models.pairings import Contact, EndReason, Pairing, PairingStatus, WaysOfWorking
from models.people import Person
from models.schemes import Cohort, Scheme
from services import (
    accounts,
    agreements,
    audit,
    cohort_meetings,
    demonstration,
    feedback,
    jobs,
    mail,
    parity,
    places,
    rhythm,
    training,
)
from services.access import DESK, Actor
from services.demonstration import DemoAccount
from services.errors import Conflict, NotAllowed
from services.mail import Delivered
from services.matching import reading
from services.pair_facts import QUIET, SILENT
from services.reconciliation import State
from services.settings import settings
from tests.conftest import BOTH, _empty, demo_accounts, demonstrate
from tests.factories import make_actor, make_cohort, make_enrolment, make_person
from tests.services.ledger_by_hand import (  # noqa: F401 - tests of the database that this module loads
    test_confirmed_ways_of_working_are_those_that_a_loop_counts,
    test_meetings_in_both_records_are_those_that_a_loop_counts,
    test_mentors_who_signed_are_those_that_a_loop_counts,
    test_own_conclusions_are_those_that_a_loop_counts,
    test_pairs_in_rhythm_are_those_that_a_loop_counts,
    test_releases_are_those_that_a_loop_counts,
    test_the_ledger_says_something_honest_of_every_clause_of_the_scheme,
)

KEYS = ("aulp", "unnc_alumni")


@dataclass(frozen=True)
class Loaded:
    """A database with the demonstration in it, and the accounts that loading gave."""

    engine: Engine
    accounts: tuple[DemoAccount, ...]


@pytest.fixture(scope="module", params=BOTH)
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    if request.param == "sqlite":
        made = request.getfixturevalue("demonstrated")
        folder = shutil.copytree(made, tmp_path_factory.mktemp("demonstration") / "home")
        engine, given = make_engine(f"sqlite:///{folder / 'mentoring.db'}"), demo_accounts(folder)
    else:
        engine = request.getfixturevalue("postgres_engine")
        given = demonstrate(engine, tmp_path_factory.mktemp("demonstration"))
    yield Loaded(engine, given)
    if request.param == "sqlite":
        engine.dispose()
    else:
        _empty(engine)


@pytest.fixture
def opened(loaded: Loaded) -> Iterator[Session]:
    with Session(loaded.engine) as session:
        yield session


def cohort_of(session: Session, key: str) -> Cohort:
    """The one with the year of history, not the next intake."""
    cohorts = select(Cohort).join(Scheme).where(Scheme.key == key).order_by(col(Cohort.starts_on))
    return session.exec(cohorts).all()[0]


def coordinator_of(session: Session, key: str) -> Actor:
    person = session.exec(select(Person).where(Person.full_name == "Judith Wennington")).one()
    return make_actor(person, cohort_of(session, key))


def statuses(session: Session, key: str, side: Side) -> set[EnrolmentStatus]:
    statement = select(col(Enrolment.status)).where(
        Enrolment.cohort_id == cohort_of(session, key).id, Enrolment.side == side
    )
    return {EnrolmentStatus(status) for status in session.exec(statement)}


def test_every_account_opens_at_once_with_the_printed_password(loaded: Loaded, opened: Session) -> None:
    opens = [
        accounts.check_password(opened, email=each.email, password=each.password, network_address=None)
        for each in loaded.accounts
    ]

    assert None not in opens
    assert [each.role for each in loaded.accounts] == [
        "Coordinator of both schemes",
        "Scheme manager of both",
        "Mentor, AULP Mentoring Scheme",
        "Mentee, AULP Mentoring Scheme",
        "Mentor, UNNC Alumni Mentoring Scheme",
        "Mentee, UNNC Alumni Mentoring Scheme",
    ]
    assert {len(each.password) for each in loaded.accounts} == {24}


def test_everybody_is_invented_and_in_a_cohort_that_says_so(opened: Session) -> None:
    everybody = opened.exec(select(Person)).all()

    assert {person.email.partition("@")[2] for person in everybody} == {"example.org"}
    assert {(cohort.is_demonstration, cohort.name[-15:]) for cohort in opened.exec(select(Cohort))} == {
        (True, "(demonstration)")
    }


@pytest.mark.parametrize(
    ("key", "side", "more"),
    [
        ("aulp", Side.MENTOR, {EnrolmentStatus.PAUSED}),
        ("aulp", Side.MENTEE, {EnrolmentStatus.WITHDRAWN, EnrolmentStatus.RETURNED}),
        ("unnc_alumni", Side.MENTOR, {EnrolmentStatus.PAUSED, EnrolmentStatus.RETURNED}),
        (
            "unnc_alumni",
            Side.MENTEE,
            {EnrolmentStatus.WITHDRAWN, EnrolmentStatus.RETURNED, EnrolmentStatus.DECLINED},
        ),
    ],
)
def test_some_wait_for_a_decision_and_some_went_another_way(
    opened: Session, key: str, side: Side, more: set[EnrolmentStatus]
) -> None:
    usual = {EnrolmentStatus.APPROVED, EnrolmentStatus.SUBMITTED, EnrolmentStatus.DRAFT}

    assert statuses(opened, key, side) == usual | more


def test_the_next_intake_is_ready_to_be_matched_with_fewer_places_than_students(opened: Session) -> None:
    intake = opened.exec(select(Cohort).where(col(Cohort.name).contains("intake"))).one()
    open_now = reading.availability(opened, intake, utc_now().date())
    given = reading.candidates(opened, intake, open_now)

    assert (len(given.mentees), len(given.mentors), sum(given.places)) == (60, 40, 55)
    assert [person for person in (*given.mentees, *given.mentors) if not person.text or not person.languages] == []
    assert sum(bool(person.wishes) for person in given.mentees) >= 40
    assert len(open_now.barred) >= 6
    scarce = [person for person in given.mentees if person.sector == "Media and publishing"]
    assert (len(scarce), sum(person.sector == "Media and publishing" for person in given.mentors)) == (9, 2)
    for asked in ("needs", "situations", "availability"):
        for side in (given.mentees, given.mentors):
            assert 0 < sum(bool(getattr(person, asked)) for person in side) < len(side)


def test_whoever_looks_around_sees_the_year_of_history_before_the_next_intake(opened: Session) -> None:
    person = opened.exec(select(Person).where(Person.full_name == "Judith Wennington")).one()

    found = places.of_person(opened, person.id)

    assert [(place.scheme, "intake" in place.cohort) for place in found] == [
        ("AULP Mentoring Scheme", False),
        ("UNNC Alumni Mentoring Scheme", False),
        ("UNNC Alumni Mentoring Scheme", True),
    ]


@pytest.mark.parametrize("key", KEYS)
def test_proposals_were_answered_in_every_way_and_some_wait(opened: Session, key: str) -> None:
    found = select(Proposal.status).where(Proposal.cohort_id == cohort_of(opened, key).id)

    assert set(opened.exec(found)) == {
        ProposalStatus.DRAFT,
        ProposalStatus.SENT,
        ProposalStatus.ACCEPTED,
        ProposalStatus.DECLINED,
        ProposalStatus.EXPIRED,
    }


@pytest.mark.parametrize(("key", "fewest"), [("aulp", 12), ("unnc_alumni", 35)])
def test_pairs_are_in_rhythm_quiet_and_silent(opened: Session, key: str, fewest: int) -> None:
    cohort, today = cohort_of(opened, key), utc_now().date()
    quiet = rhythm.quiet_pairs(opened, coordinator_of(opened, key), cohort.id, today)
    is_open = select(func.count()).where(Pairing.cohort_id == cohort.id, Pairing.status != PairingStatus.ENDED)
    pairs = opened.exec(is_open).one()

    assert {line.state for line in quiet.lines} == {QUIET, SILENT}
    assert pairs >= fewest
    assert quiet.total < pairs / 2


def test_some_pairs_ended_for_different_reasons(opened: Session) -> None:
    reasons = set(opened.exec(select(Pairing.end_reason).where(Pairing.status == PairingStatus.ENDED)))

    assert {EndReason.HELP_RECEIVED, EndReason.REFERRED_ELSEWHERE} <= reasons


@pytest.mark.parametrize("key", KEYS)
def test_records_agree_differ_and_are_one_sided(opened: Session, key: str) -> None:
    coordinator, cohort = coordinator_of(opened, key), cohort_of(opened, key)
    found = cohort_meetings.of_cohort(opened, coordinator, cohort.id)
    pairs = [cohort_meetings.of_pair(opened, coordinator, pair.pairing_id) for pair in found.pairs]

    assert {meeting.state for pair in pairs for meeting in pair.meetings} == set(State)


@pytest.mark.parametrize("key", KEYS)
def test_every_round_of_feedback_has_answers_and_people_who_have_not_answered(opened: Session, key: str) -> None:
    statement = (
        select(FeedbackRound.point, func.count(), func.count(col(FeedbackAnswer.submitted_at)))
        .join(FeedbackAnswer, col(FeedbackAnswer.round_id) == FeedbackRound.id)
        .where(FeedbackRound.cohort_id == cohort_of(opened, key).id)
        .group_by(col(FeedbackRound.point))
    )
    rounds = {point: 0 < answered < asked for point, asked, answered in opened.exec(statement)}

    assert rounds == dict.fromkeys(RoundPoint, True)


def test_the_people_to_sign_in_as_have_a_match_with_records_and_a_form_that_is_due(
    loaded: Loaded, opened: Session
) -> None:
    for given in loaded.accounts[2:]:
        person = opened.exec(select(Person).where(Person.email == given.email)).one()
        place = places.of_person(opened, person.id)[0]
        mine = (
            select(MeetingRecord)
            .join(Pairing)
            .where((Pairing.mentor_id == place.enrolment_id) | (Pairing.mentee_id == place.enrolment_id))
        )

        actor = Actor(person.id, person.full_name, place, (place,))
        assert len(opened.exec(mine).all()) >= 8
        assert [form.point for form in feedback.due(opened, actor)] == [RoundPoint.END]


@pytest.mark.clause("U-3", "U-9", "U-C4.1", "U-C5.1")
def test_nobody_in_an_active_pair_of_students_and_alumni_is_unsigned_or_untrained(opened: Session) -> None:
    cohort, today = cohort_of(opened, "unnc_alumni"), utc_now().date()
    lacking = {
        *opened.execute(agreements.unsigned_enrolments(cohort.id, today)).scalars(),
        *opened.execute(training.untrained_enrolments(cohort.id, today)).scalars(),
    }
    pairs = opened.exec(
        select(Pairing).where(Pairing.cohort_id == cohort.id, Pairing.status != PairingStatus.ENDED)
    ).all()

    assert {one for pair in pairs for one in (pair.mentor_id, pair.mentee_id)} & lacking == set()
    assert len(lacking) >= 2


@pytest.mark.clause("A-MR2", "U-C4.4")
def test_most_pairs_agreed_ways_of_working_after_their_first_contact(opened: Session) -> None:
    agreed = select(WaysOfWorking).where(col(WaysOfWorking.in_force_from).is_not(None))
    in_force = {row.pairing_id: row.in_force_from for row in opened.exec(agreed)}
    contacts = select(Contact.pairing_id, func.min(Contact.contact_on)).group_by(col(Contact.pairing_id))
    first = dict(opened.exec(contacts).all())

    assert len(in_force) > 0.8 * len(first)
    assert [pairing_id for pairing_id, day in in_force.items() if day and day < first[pairing_id]] == []


@pytest.mark.clause("A-SH3")
@pytest.mark.parametrize("key", KEYS)
def test_most_people_answered_about_equality_and_the_months_table_was_made(opened: Session, key: str) -> None:
    cohort = cohort_of(opened, key)
    approved = select(Enrolment.id).where(
        Enrolment.cohort_id == cohort.id, Enrolment.status == EnrolmentStatus.APPROVED
    )
    people = len(opened.exec(approved).all())
    answered = select(EqualityAnswers.id).where(col(EqualityAnswers.enrolment_id).in_(approved))

    given = len(opened.exec(answered).all())

    assert 0.7 < given / people < 1
    assert parity.of_cohort(opened, coordinator_of(opened, key), cohort.id).as_of is not None


def test_the_journal_holds_and_was_written_in_the_order_of_time(opened: Session) -> None:
    moments = opened.exec(select(AuditEntry.at).order_by(col(AuditEntry.sequence))).all()

    assert audit.verify(opened) == audit.Verdict(entries=len(moments), broken_at=None)
    assert list(moments) == sorted(moments)
    assert moments[-1] - moments[0] > timedelta(days=360)


def test_nothing_happens_in_the_future(opened: Session) -> None:
    now = utc_now()

    assert opened.exec(select(func.max(AuditEntry.at))).one() <= now
    assert opened.exec(select(func.max(MeetingRecord.started_at))).one() <= now


def test_no_mail_leaves_also_when_a_mail_server_is_set_later(
    loaded: Loaded, opened: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts.request_reset(opened, loaded.accounts[2].email)
    monkeypatch.setenv("SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("SMTP_PORT", "9")
    settings.cache_clear()

    delivered = mail.deliver_due(loaded.engine, utc_now() + timedelta(days=1))

    assert delivered == Delivered()
    assert set(opened.exec(select(Message.status))) == {MessageStatus.CANCELLED}


def test_loading_twice_is_refused(opened: Session) -> None:
    before = opened.exec(select(func.count()).select_from(AuditEntry)).one()

    with pytest.raises(Conflict, match="The demonstration is loaded already"):
        demonstration.load(opened)

    assert opened.exec(select(func.count()).select_from(AuditEntry)).one() == before


def test_a_participant_cannot_remove_it(loaded: Loaded, opened: Session) -> None:
    person = opened.exec(select(Person).where(Person.email == loaded.accounts[3].email)).one()
    place = places.of_person(opened, person.id)[0]

    with pytest.raises(NotAllowed):
        demonstration.remove(opened, Actor(person.id, person.full_name, place, (place,)))

    assert demonstration.is_loaded(opened)


def test_it_stays_when_one_of_its_schemes_has_a_real_cohort(opened: Session) -> None:
    make_cohort(opened, opened.exec(select(Scheme).where(Scheme.key == "aulp")).one())

    with pytest.raises(Conflict, match="real cohort"):
        demonstration.remove(opened, DESK)

    opened.rollback()
    assert demonstration.is_loaded(opened)


def test_removing_it_leaves_the_journal_and_real_people_only(opened: Session) -> None:
    visitor = make_person(opened, "Real Person")
    real = make_cohort(opened)
    for cohort in (real, cohort_of(opened, "aulp")):
        make_enrolment(opened, cohort, person=visitor)
    opened.commit()
    journal = opened.exec(select(func.count()).select_from(AuditEntry)).one()

    removed = demonstration.remove(opened, coordinator_of(opened, "aulp"))

    rows = {
        table.name: opened.execute(select(func.count()).select_from(table)).scalar_one()
        for table in metadata.sorted_tables
    }
    # Wrong and right passwords of the tests above are counted under hashes that lead to nobody.
    rows.pop("sign_in_attempt")
    assert removed == 250
    assert {name: count for name, count in rows.items() if count} == {
        "audit_entry": journal + 1,
        "audit_head": 1,
        "installation": 1,
        "job_lease": len(jobs.recurring()),
        "scheme": 1,
        "cohort": 1,
        "person": 1,
        "enrolment": 1,
        "search_text": 1,  # what the real person is found by
    }
    assert audit.verify(opened).holds
    with pytest.raises(Conflict, match="There is no demonstration here"):
        demonstration.remove(opened, DESK)
