"""Who has signed what is in force: whom a missing signature holds back from when, and the lists of them."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text
from sqlmodel import Session

from models.agreements import DocumentKind
from models.enrolments import EnrolmentStatus, Side
from models.schemes import Cohort
from services import agreements, home
from services.access import Acting
from services.errors import NotAllowed
from tests.factories import (
    make_account,
    make_actor,
    make_cohort,
    make_coordinator,
    make_document,
    make_enrolment,
    make_manager,
    make_participant,
    make_person,
    make_scheme,
    make_signature,
)
from tests.services.counting import reads, sent
from tests.services.signing_parts import TEXT, blocked, make_code, make_signer, sign


@pytest.fixture
def cohort(session: Session) -> Cohort:
    return make_cohort(session, make_scheme(session, signature_grace_days=30, mentee_gates=["signature"]))


@pytest.mark.clause("U-9", "U-C4.1")
def test_whoever_never_signed_is_held_back_and_whoever_signed_is_not(session: Session, cohort: Cohort) -> None:
    document = make_code(session, cohort)
    signer, silent = make_enrolment(session, cohort), make_enrolment(session, cohort, Side.MENTOR)
    make_enrolment(session, make_cohort(session))

    sign(session, make_signer(session, signer), document)

    assert blocked(session, cohort, date(2026, 9, 10)) == {silent.id}


@pytest.mark.clause("U-9")
@pytest.mark.parametrize(
    ("today", "is_blocked"),
    [(date(2027, 3, 3), False), (date(2027, 4, 1), False), (date(2027, 4, 2), True), (date(2028, 1, 1), True)],
)
def test_a_new_edition_holds_back_older_signatures_only_after_the_days_of_grace(
    session: Session, cohort: Cohort, today: date, is_blocked: bool
) -> None:
    enrolment = make_enrolment(session, cohort)
    make_signature(session, enrolment, make_code(session, cohort), make_account(session, make_person(session)))
    make_code(
        session, cohort, edition=2, text=TEXT + "\nMore.\n", published_at=datetime(2027, 3, 3, 23, 59, tzinfo=UTC)
    )

    (asked,) = agreements.to_sign(session, make_participant(session, enrolment))

    assert (asked.edition, asked.signed_edition, asked.blocked_from) == (2, 1, date(2027, 4, 2))
    assert blocked(session, cohort, today) == ({enrolment.id} if is_blocked else set())


@pytest.mark.clause("U-9")
@pytest.mark.parametrize(("side", "day"), [(Side.MENTOR, None), (Side.MENTEE, date(2027, 4, 2))])
def test_only_a_side_that_the_scheme_matches_after_signing_reads_from_when_it_gets_no_new_match(
    session: Session, cohort: Cohort, side: Side, day: date | None
) -> None:
    enrolment = make_enrolment(session, cohort, side)
    make_signature(session, enrolment, make_code(session, cohort), make_account(session, make_person(session)))
    make_code(session, cohort, edition=2, text=TEXT + "\n", published_at=datetime(2027, 3, 3, tzinfo=UTC))
    coordinator = make_actor(make_coordinator(session, cohort), cohort)

    (asked,) = agreements.to_sign(session, make_participant(session, enrolment))
    (line,) = agreements.unsigned(session, coordinator, cohort.id).rows

    assert (asked.signed_edition, asked.blocked_from) == (1, day)
    assert (line.signed_edition, line.blocked_from) == (1, day)


AGAIN, BEFORE = "Read and sign a text that has changed", "What you signed before"


@pytest.mark.clause("U-9")
@pytest.mark.parametrize(
    ("side", "today", "asked"),
    [
        (Side.MENTEE, date(2027, 3, 4), ("when_you_can", AGAIN, f"{BEFORE} counts until Thursday 1 April")),
        (Side.MENTEE, date(2027, 3, 29), ("this_week", AGAIN, f"{BEFORE} counts until Thursday")),
        (Side.MENTEE, date(2027, 4, 1), ("today", AGAIN, f"{BEFORE} still counts today")),
        (
            Side.MENTEE,
            date(2027, 4, 2),
            ("this_week", "Read and sign what the scheme asks", "A few minutes; mentoring cannot begin before it"),
        ),
        (Side.MENTOR, date(2027, 3, 4), ("when_you_can", AGAIN, "A new version is in force; a few minutes")),
    ],
    ids=["at first", "last week", "last day", "too late", "no gate"],
)
def test_home_asks_for_a_new_signature_as_long_as_the_older_one_counts_and_after(
    session: Session, cohort: Cohort, side: Side, today: date, asked: tuple[str, str, str]
) -> None:
    enrolment = make_enrolment(session, cohort, side)
    make_signature(session, enrolment, make_code(session, cohort), make_account(session, make_person(session)))
    before = home.todo(session, make_participant(session, enrolment), today)
    make_code(session, cohort, edition=2, text=TEXT + "\n", published_at=datetime(2027, 3, 3, 12, tzinfo=UTC))

    found = home.todo(session, make_participant(session, enrolment), today)

    assert [task for task in before if task.page == "agreements"] == []
    assert [(task.when, task.sentence, task.detail) for task in found if task.page == "agreements"] == [asked]


def test_with_no_days_of_grace_a_new_edition_holds_back_on_its_first_day(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, signature_grace_days=0))
    enrolment = make_enrolment(session, cohort)
    make_signature(session, enrolment, make_code(session, cohort), make_account(session, make_person(session)))
    make_code(session, cohort, edition=2, text=TEXT + "\nMore.\n", published_at=datetime(2027, 3, 3, tzinfo=UTC))

    assert blocked(session, cohort, date(2027, 3, 3)) == {enrolment.id}


def test_each_side_is_held_back_only_by_what_it_signs(session: Session, cohort: Cohort) -> None:
    make_code(session, cohort, signed_by=["mentor"])
    make_document(session, cohort.scheme_id, kind=DocumentKind.RIGHTS, signed_by=[])
    mentor = make_enrolment(session, cohort, Side.MENTOR)
    make_enrolment(session, cohort, Side.MENTEE)

    assert blocked(session, cohort, date(2026, 9, 10)) == {mentor.id}


def test_one_of_two_documents_signed_still_holds_back_once(session: Session, cohort: Cohort) -> None:
    code = make_code(session, cohort)
    make_code(session, cohort, kind=DocumentKind.AGREEMENT, text=TEXT + "\n")
    enrolment = make_enrolment(session, cohort)
    sign(session, make_signer(session, enrolment), code)

    rows = session.scalars(agreements.unsigned_enrolments(cohort.id, date(2026, 9, 10))).all()

    assert rows == [enrolment.id]


def test_a_signature_on_a_translation_of_the_same_edition_counts(session: Session, cohort: Cohort) -> None:
    make_code(session, cohort)
    chinese = make_code(session, cohort, language="zh", text=TEXT + "\n中文\n")
    enrolment = make_enrolment(session, cohort)
    actor = make_signer(session, enrolment)

    sign(session, actor, chinese)

    assert (agreements.to_sign(session, actor), blocked(session, cohort, date(2030, 1, 1))) == ([], set())


@pytest.mark.clause("U-C4.1")
def test_a_coordinator_sees_who_has_not_signed_and_how_many_have(session: Session, cohort: Cohort) -> None:
    document = make_code(session, cohort)
    zoe, ama = (make_enrolment(session, cohort, name=name) for name in ("Zoë", "Ama"))
    sign(session, make_signer(session, make_enrolment(session, cohort, name="Bo")), document)
    make_enrolment(session, cohort, name="Gone", status=EnrolmentStatus.WITHDRAWN)
    coordinator = make_actor(make_coordinator(session, cohort), cohort)

    page = agreements.unsigned(session, coordinator, cohort.id)
    (count,) = agreements.counts(session, coordinator, cohort.id)

    assert (count.id, count.asked, count.signed) == (document.id, 3, 1)
    assert page == agreements.UnsignedPage(
        rows=tuple(
            agreements.Unsigned(row.id, name, Side.MENTEE, document.id, "Code of conduct", 1, None, None)
            for row, name in ((ama, "Ama"), (zoe, "Zoë"))
        ),
        total=2,
    )


def test_the_list_says_until_when_an_older_signature_counts(session: Session, cohort: Cohort) -> None:
    enrolment = make_enrolment(session, cohort)
    make_signature(session, enrolment, make_code(session, cohort), make_account(session, make_person(session)))
    new = make_code(session, cohort, edition=2, text=TEXT + "\n", published_at=datetime(2027, 3, 3, tzinfo=UTC))
    coordinator = make_actor(make_coordinator(session, cohort), cohort)

    (line,) = agreements.unsigned(session, coordinator, cohort.id, document_id=new.id).rows

    assert (line.signed_edition, line.blocked_from) == (1, date(2027, 4, 2))


def test_the_list_is_the_same_when_what_is_in_force_was_counted_before(session: Session, cohort: Cohort) -> None:
    code = make_code(session, cohort)
    make_code(session, cohort, kind=DocumentKind.AGREEMENT, signed_by=["mentor"])
    make_code(session, cohort, kind=DocumentKind.RIGHTS, signed_by=[])
    signer, account = make_enrolment(session, cohort, Side.MENTOR), make_account(session, make_person(session))
    make_signature(session, signer, code, account)
    make_enrolment(session, cohort, Side.MENTEE)
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    counted = agreements.counts(session, coordinator, cohort.id)

    anew = agreements.unsigned(session, coordinator, cohort.id)
    known = agreements.unsigned(session, coordinator, cohort.id, counted=counted)

    assert known == anew
    assert anew.total == len(anew.rows) > 0


def test_the_list_is_paged(session: Session, cohort: Cohort) -> None:
    make_code(session, cohort)
    for number in range(21):
        make_enrolment(session, cohort, name=f"Person {number:02}")
    coordinator = make_actor(make_coordinator(session, cohort), cohort)

    second = agreements.unsigned(session, coordinator, cohort.id, page=2)

    assert (second.total, [row.name for row in second.rows]) == (21, ["Person 20"])


def test_a_document_that_nobody_signs_counts_nobody(session: Session, cohort: Cohort) -> None:
    make_code(session, cohort, signed_by=[])
    make_enrolment(session, cohort)
    coordinator = make_actor(make_coordinator(session, cohort), cohort)

    (count,) = agreements.counts(session, coordinator, cohort.id)

    assert (count.asked, count.signed) == (0, 0)


def test_lists_of_one_and_of_three_take_the_same_number_of_queries(session: Session, cohort: Cohort) -> None:
    make_code(session, cohort)
    make_enrolment(session, cohort)
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    taken = []

    for more in (0, 2):
        for _ in range(more):
            make_enrolment(session, cohort)
        session.commit()
        with sent(session) as statements:
            agreements.unsigned(session, coordinator, cohort.id)
            agreements.counts(session, coordinator, cohort.id)
        taken.append(len(reads(statements)))

    assert taken == [6, 6]


def test_strangers_see_no_list(session: Session, cohort: Cohort) -> None:
    other = make_cohort(session)
    strangers = [
        make_actor(make_coordinator(session, other), other),
        make_participant(session, make_enrolment(session, cohort)),
        make_actor(make_manager(session, cohort), cohort, Acting.MANAGER),
    ]

    for actor in strangers:
        for look in (agreements.unsigned, agreements.counts):
            with pytest.raises(NotAllowed):
                look(session, actor, cohort.id)


def test_verify_finds_an_altered_text_and_a_torn_signature(session: Session, cohort: Cohort) -> None:
    sound = make_code(session, cohort)
    altered = make_document(session, cohort.scheme_id, kind=DocumentKind.RIGHTS, title="Rights")
    account = make_account(session, make_person(session))
    torn = make_signature(session, make_enrolment(session, cohort), sound, account)
    session.commit()
    before = agreements.verify(session)
    session.exec(  # type: ignore[call-overload]
        text("UPDATE scheme_document SET text = 'Other words' WHERE kind = 'rights'")
    )
    session.exec(text("UPDATE signature SET sha256 = 'no'"))  # type: ignore[call-overload]
    session.expire_all()

    found = agreements.verify(session)

    assert before == []
    assert found == [
        agreements.Misfit(altered.id, "Rights", 1),
        agreements.Misfit(sound.id, "Code of conduct", 1, torn.id),
    ]


def test_a_missing_signature_is_found_by_name(session: Session, cohort: Cohort) -> None:
    make_code(session, cohort)
    actor = make_actor(make_coordinator(session, cohort), cohort)
    wanted = make_enrolment(session, cohort, name="Ama 100%")
    make_enrolment(session, cohort, name="Bo 1000")

    found = agreements.unsigned(session, actor, cohort.id, search=" 100% ")

    assert ([line.enrolment_id for line in found.rows], found.total) == ([wanted.id], 1)
