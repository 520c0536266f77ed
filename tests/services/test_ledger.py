"""The clause ledger: counted from rows, honest where there are none, and who may read what."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from models.agreements import Clause, SchemeDocument
from models.enrolments import Side
from models.pairings import EndReason, PairingStatus, WaysOfWorking
from models.pauses import PairingPause, Pause
from services import ledger
from services.access import Acting
from services.errors import NotAllowed
from services.ledger import figures
from services.ledger.pack import evidence_pack
from services.ledger.shapes import State
from tests.factories import (
    make_account,
    make_actor,
    make_cohort,
    make_coordinator,
    make_document,
    make_enrolment,
    make_manager,
    make_person,
    make_signature,
)
from tests.services.counting import queries_of
from tests.services.ledger_parts import TODAY, ago, coordinator_of, figure, met, pair, scheme


@pytest.mark.clause("U-5", "U-C6.2")
def test_pairs_are_counted_by_rhythm_now_and_thirty_days_before(session: Session) -> None:
    cohort = scheme(session, "unnc_alumni")
    for days in (3, 10, 26, 100):
        pairing = pair(session, cohort, released=120)
        met(session, pairing, days_ago=days)
        met(session, pairing, days_ago=35)

    found = figure(session, cohort, "U-5", "rhythm")

    assert (found.part, found.base) == (2, 4)
    assert found.words == "2 of 4 open pairs keep the rhythm that they agreed (1 quiet, 1 silent)"
    assert (found.state, found.trend) == (State.RED, "down 50 points")


@pytest.mark.clause("U-5", "U-C5.3")
def test_days_of_a_break_that_is_over_do_not_make_a_pair_quiet(session: Session) -> None:
    cohort = scheme(session, "unnc_alumni")
    pairing = pair(session, cohort, released=120)
    met(session, pairing, days_ago=40)
    pause = Pause(
        enrolment_id=pairing.mentor_id,
        begun_by_id=make_person(session).id,
        started_on=TODAY - timedelta(days=39),
        ended_on=TODAY - timedelta(days=4),
    )
    session.add(pause)
    session.flush()
    session.add(
        PairingPause(
            pairing_id=pairing.id,
            pause_id=pause.id,
            away=Side.MENTOR,
            was=PairingStatus.ACTIVE,
            started_on=pause.started_on,
            ended_on=pause.ended_on,
        )
    )
    session.flush()

    found = figure(session, cohort, "U-5", "rhythm")

    assert found.words == "1 of 1 open pairs keep the rhythm that they agreed"


@pytest.mark.clause("U-C5.2")
def test_a_mentee_who_was_referred_on_counts_once_they_have_a_new_mentor(session: Session) -> None:
    cohort = scheme(session, "unnc_alumni")
    referred: dict[str, Any] = {
        "status": PairingStatus.ENDED,
        "ended_at": ago(40),
        "end_reason": EndReason.REFERRED_ELSEWHERE,
    }
    mentees = [make_enrolment(session, cohort, Side.MENTEE, name=name) for name in ("Li Wei", "Chen Yuxin")]
    for mentee in mentees:
        pair(session, cohort, released=90, mentee=mentee, **referred)
    pair(session, cohort, released=10, mentee=mentees[0])

    found = figure(session, cohort, "U-C5.2", "referred")

    assert found.words == "1 of 2 mentees who were referred on have a new mentor (half of all within 30 days)"


@pytest.mark.clause("U-2")
def test_a_match_without_both_releases_on_record_is_a_fault(session: Session) -> None:
    cohort = scheme(session, "unnc_alumni")
    pair(session, cohort, released=20)

    found = figure(session, cohort, "U-2", "releases")

    assert (found.part, found.base, found.state) == (0, 1, State.RED)


@pytest.mark.clause("U-3", "U-C4.1")
def test_an_open_pair_with_an_untrained_or_unsigned_mentor_is_red_and_named_to_the_coordinator(
    session: Session,
) -> None:
    cohort = scheme(session, "unnc_alumni")
    mentor = make_enrolment(session, cohort, Side.MENTOR, name="Marguerite")
    pair(session, cohort, released=20, mentor=mentor, mentee="Li Wei")
    person = make_coordinator(session, cohort)
    coordinator = make_actor(person, cohort)

    found = figure(session, cohort, "U-3", "untrained")
    unsigned = figure(session, cohort, "U-C4.1", "unsigned_pairs")
    behind = ledger.behind(session, coordinator, cohort.id, found.figure, today=TODAY)

    assert (found.part, found.base, found.state) == (1, 1, State.RED)
    assert (unsigned.part, unsigned.base, unsigned.state) == (1, 1, State.RED)
    assert [(row.name, row.mentor) for row in behind.rows] == [("Li Wei", "Marguerite")]
    assert (behind.says, behind.total, behind.pages) == ("The pairs that the number counts", 1, 1)


@pytest.mark.clause("U-9")
def test_a_new_edition_counts_as_unsigned_and_the_edition_before_it_as_signed_in_the_past(session: Session) -> None:
    cohort = make_cohort(session)
    first = make_document(session, cohort.scheme_id, signed_by=["mentor"], published_at=ago(90))
    session.add(Clause(document_id=first.id, key="U-9", position=1, section="S", heading="Code", text="Keep to it."))
    mentors = [make_enrolment(session, cohort, Side.MENTOR, decided_at=ago(80)) for _ in range(2)]
    for mentor in mentors:
        account = make_account(session, make_person(session))
        make_signature(session, mentor, first, account).created_at = ago(80)
    text = "# One\n\n## U-9 · Code\n\nAnew.\n"
    second = make_document(session, cohort.scheme_id, edition=2, text=text, signed_by=["mentor"], published_at=ago(5))
    session.add(Clause(document_id=second.id, key="U-9", position=1, section="S", heading="Code", text="Anew."))
    make_signature(session, mentors[0], second, account).created_at = ago(4)

    found = figure(session, cohort, "U-9", "signed")

    assert (found.words, found.trend) == ("1 of 2 mentors have signed the editions in force", "down 50 points")


@pytest.mark.clause("A-SH6")
def test_records_of_both_sides_are_one_meeting_within_half_an_hour(session: Session) -> None:
    cohort = scheme(session, "aulp")
    pairing = pair(session, cohort, released=60)
    met(session, pairing, days_ago=10)
    met(session, pairing, days_ago=10, side=Side.MENTOR, minutes_later=30)
    met(session, pairing, days_ago=5)
    met(session, pairing, days_ago=5, side=Side.MENTOR, minutes_later=31)
    met(session, pairing, days_ago=40)

    found = figure(session, cohort, "A-SH6", "records")

    assert found.words == "1 of 3 meetings of 30 days are in both records"


@pytest.mark.clause("A-MR3", "U-C2.1")
@pytest.mark.parametrize(("covers", "counted"), [(["role", "confidentiality"], 1), (["role"], 0)])
def test_what_stays_between_the_two_is_agreed_where_both_confirmed_the_section_on_it(
    session: Session, covers: list[str], counted: int
) -> None:
    cohort = scheme(session, "aulp")
    pairing = pair(session, cohort, released=60)
    met(session, pairing, days_ago=40)
    session.add(
        WaysOfWorking(
            pairing_id=pairing.id,
            edition=1,
            proposed_by=Side.MENTEE,
            interval_days=14,
            minutes=45,
            months=6,
            covers=covers,
            in_force_from=TODAY - timedelta(days=39),
        )
    )
    session.flush()

    found = figure(session, cohort, "A-MR3", "confidence")

    assert (found.part, found.base) == (counted, 1)


@pytest.mark.clause("U-C1.1")
def test_who_published_the_code_is_told_to_the_coordinator_alone(session: Session) -> None:
    cohort = make_cohort(session)
    author = make_coordinator(session, cohort, name="Rosalind Achterberg")
    code = make_document(session, cohort.scheme_id, published_at=ago(50))
    code.published_by_id = author.id
    session.flush()
    manager = make_actor(make_manager(session, cohort), cohort, Acting.MANAGER)

    found = ledger.published(session, make_actor(author, cohort), cohort.id, code.kind)

    day = ago(50).date()
    assert found == (ledger.Published(code.title, 1, day, "Rosalind Achterberg"),)
    with pytest.raises(NotAllowed):
        ledger.published(session, manager, cohort.id, code.kind)


@pytest.mark.clause("U-C6.8", "A-SH5")
def test_endings_are_told_by_reason_and_never_judged(session: Session) -> None:
    cohort = scheme(session, "unnc_alumni")
    for reason in (EndReason.HELP_RECEIVED, EndReason.HELP_RECEIVED, EndReason.NOT_GIVEN):
        ended: dict[str, Any] = {"status": PairingStatus.ENDED, "ended_at": ago(5), "end_reason": reason}
        pair(session, cohort, released=50, **ended)

    found = figure(session, cohort, "U-C6.8", "ended")

    assert found.state is State.TELLS
    assert found.words == "3 of 3 matches have ended (2 help received, 1 no reason given)"


def test_a_clause_of_the_scheme_s_own_wording_claims_nothing(session: Session) -> None:
    cohort = make_cohort(session)
    document = make_document(session, cohort.scheme_id, published_at=ago(50))
    session.add(Clause(document_id=document.id, key="Z-1", position=1, section="S", heading="Ours", text="Ours."))

    found = ledger.ledger(session, coordinator_of(session, cohort), cohort.id, today=TODAY)

    assert [(line.clause, line.state, line.number) for line in found.lines] == [("Z-1", State.PEOPLE, "")]


def test_an_empty_cohort_has_no_share_of_nobody(session: Session) -> None:
    cohort = scheme(session, "unnc_alumni")

    found = ledger.ledger(session, coordinator_of(session, cohort), cohort.id, today=TODAY)

    judged = {State.RED, State.AMBER, State.GREEN}
    assert [line.clause for line in found.lines if line.state in judged] == ["U-C1.1"]
    assert {each.words for line in found.lines for each in line.measured if each.base == 0} == {
        "–, nobody to count yet"
    }


@pytest.mark.parametrize("key", ["aulp", "unnc_alumni"])
def test_three_pairs_take_as_many_queries_as_one_and_no_more_than_twelve(session: Session, key: str) -> None:
    cohort = scheme(session, key)
    coordinator = coordinator_of(session, cohort)
    met(session, pair(session, cohort, released=40), days_ago=3)

    with queries_of(session) as one:
        ledger.ledger(session, coordinator, cohort.id, today=TODAY)
    for _ in range(2):
        met(session, pair(session, cohort, released=40), days_ago=3)
    with queries_of(session) as three:
        ledger.ledger(session, coordinator, cohort.id, today=TODAY)

    assert len(one) == len(three) <= 12


def test_the_coordinator_of_another_scheme_is_refused(session: Session) -> None:
    ours, theirs = scheme(session, "aulp"), make_cohort(session)
    stranger = coordinator_of(session, theirs)

    with pytest.raises(NotAllowed):
        ledger.ledger(session, stranger, ours.id, today=TODAY)
    with pytest.raises(NotAllowed):
        ledger.behind(session, stranger, ours.id, figures.RHYTHM, today=TODAY)
    with pytest.raises(NotAllowed):
        evidence_pack(session, stranger, ours.id, today=TODAY)


def test_a_manager_sees_the_end_of_yesterday_and_no_rows(session: Session) -> None:
    cohort = scheme(session, "unnc_alumni")
    for number in range(8):
        met(session, pair(session, cohort, released=60), days_ago=0 if number < 6 else 50)
    manager = make_actor(make_manager(session, cohort), cohort, Acting.MANAGER)

    found = ledger.ledger(session, manager, cohort.id, today=TODAY)
    rhythm = next(each for line in found.lines if line.clause == "U-5" for each in line.measured)

    assert (found.as_of, found.is_protected) == (TODAY - timedelta(days=1), True)
    assert rhythm.words == "0 of 10 open pairs keep the rhythm that they agreed (10 silent)"
    with pytest.raises(NotAllowed):
        ledger.behind(session, manager, cohort.id, figures.RHYTHM, today=TODAY)


def test_a_coordinator_does_not_read_of_a_pair_of_their_own(session: Session) -> None:
    cohort = scheme(session, "unnc_alumni")
    person = make_coordinator(session, cohort)
    mine = make_enrolment(session, cohort, Side.MENTOR, person=person)
    pair(session, cohort, released=90, mentor=mine)
    pair(session, cohort, released=90, mentee="Li Wei")

    behind = ledger.behind(session, make_actor(person, cohort), cohort.id, figures.RHYTHM, today=TODAY)

    assert [row.name for row in behind.rows] == ["Li Wei"]


def test_the_pack_is_the_same_for_the_same_data_and_needs_nothing_from_outside(session: Session) -> None:
    cohort = scheme(session, "unnc_alumni", name="<b>Ours</b> & theirs")
    coordinator = coordinator_of(session, cohort)
    pairing = pair(session, cohort, released=60)

    once = evidence_pack(session, coordinator, cohort.id, today=TODAY)
    again = evidence_pack(session, coordinator, cohort.id, today=TODAY)
    met(session, pairing, days_ago=2)
    later = evidence_pack(session, coordinator, cohort.id, today=TODAY)

    html = once.content.decode()
    texts = session.exec(select(SchemeDocument.sha256).where(SchemeDocument.scheme_id == cohort.scheme_id)).all()
    assert once == again
    assert later.figures_sha256 != once.figures_sha256
    assert [word for word in ("<script", "href=", "src=", "http://", "https://", "<b>Ours") if word in html] == []
    assert "&lt;b&gt;Ours&lt;/b&gt; &amp; theirs" in html
    assert [sha for sha in (*texts, once.figures_sha256) if sha not in html] == []
