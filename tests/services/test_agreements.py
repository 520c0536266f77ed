"""Signing binds a person to the exact text shown; a new edition asks again and, after the days of grace, blocks."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from uuid import UUID

import pytest
from sqlalchemy import Engine, event, text
from sqlmodel import Session, col, select

from models.agreements import Clause, DocumentKind, SchemeDocument, Signature
from models.audit import AuditEntry
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.people import Person
from models.schemes import Cohort
from services import agreements
from services.access import Acting, Actor
from services.errors import Conflict, Invalid, NotAllowed
from services.signing import same_name
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

TEXT = """# Code of conduct

Please read it all.

# Respect

## X-1 · Be kind

Please be kind.

## X-2 · Listen

Please listen.

# Time

Both of you are busy.

## X-3 · Be punctual

Come on time.
"""
PUBLISHED = datetime(2026, 9, 10, 15, 30, tzinfo=UTC)


def make_code(session: Session, cohort: Cohort, **facts: object) -> SchemeDocument:
    return make_document(session, cohort.scheme_id, **({"text": TEXT, "published_at": PUBLISHED} | facts))


def make_signer(session: Session, enrolment: Enrolment) -> Actor:
    actor = make_participant(session, enrolment)
    account = make_account(session, session.get_one(Person, enrolment.person_id))
    return replace(actor, account_id=account.id, network_address="192.0.2.7")


def sign(session: Session, actor: Actor, document: SchemeDocument, **changed: object) -> agreements.Signed:
    shown = {"typed_name": actor.name, "sections": ["1", "2"], "sha256": document.sha256}
    return agreements.sign(session, actor, document.id, **(shown | changed))  # type: ignore[arg-type]


def signatures(session: Session) -> list[Signature]:
    return list(session.exec(select(Signature)).all())


def blocked(session: Session, cohort: Cohort, today: date) -> set[UUID]:
    return set(session.scalars(agreements.unsigned_enrolments(cohort.id, today)).all())


@contextmanager
def counted_queries(session: Session) -> Iterator[list[str]]:
    statements: list[str] = []
    bind = session.get_bind()

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(bind, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(bind, "before_cursor_execute", note)


@pytest.fixture
def cohort(session: Session) -> Cohort:
    return make_cohort(session, make_scheme(session, signature_grace_days=30))


def test_a_text_is_read_section_by_section_with_its_clauses_and_fingerprint(session: Session, cohort: Cohort) -> None:
    document = make_code(session, cohort)
    actor = make_signer(session, make_enrolment(session, cohort))

    reading = agreements.read(session, actor, document.id)

    assert reading.opening == "Please read it all."
    assert [(part.key, part.title, part.introduction) for part in reading.sections] == [
        ("1", "Respect", ""),
        ("2", "Time", "Both of you are busy."),
    ]
    assert [(clause.id, clause.heading, clause.text) for part in reading.sections for clause in part.clauses] == [
        ("X-1", "Be kind", "Please be kind."),
        ("X-2", "Listen", "Please listen."),
        ("X-3", "Be punctual", "Come on time."),
    ]
    assert reading.sha256 == sha256(TEXT.encode()).hexdigest()


@pytest.mark.clause("U-9")
def test_a_signature_keeps_who_what_when_and_from_where(session: Session, cohort: Cohort) -> None:
    document = make_code(session, cohort)
    enrolment = make_enrolment(session, cohort, Side.MENTOR, name="Ama Boateng")
    actor = make_signer(session, enrolment)

    signed = sign(session, actor, document, typed_name="ama  BOATENG")

    (row,) = signatures(session)
    assert (row.enrolment_id, row.document_id, row.account_id) == (enrolment.id, document.id, actor.account_id)
    assert (row.side, row.typed_name, row.network_address) == (Side.MENTOR, "ama  BOATENG", "192.0.2.7")
    assert (row.sha256, row.edition, row.language) == (document.sha256, 1, "en")
    assert signed == agreements.Signed("Code of conduct", 1, row.created_at, already=False)
    entry = session.exec(select(AuditEntry)).one()
    assert (entry.action, entry.actor_id, entry.subject_id, entry.details["sha256"]) == (
        "agreement.signed",
        actor.person_id,
        document.id,
        document.sha256,
    )


def test_what_is_signed_is_no_longer_asked_for_and_stands_in_the_history(session: Session, cohort: Cohort) -> None:
    document = make_code(session, cohort)
    make_document(session, cohort.scheme_id, kind=DocumentKind.ROLE_STATEMENT, title="Role", signed_by=[])
    actor = make_signer(session, make_enrolment(session, cohort))
    asked = agreements.to_sign(session, actor)

    sign(session, actor, document)

    assert [line.id for line in asked] == [document.id]
    assert agreements.to_sign(session, actor) == []
    assert [(line.title, line.edition, line.sha256) for line in agreements.signed(session, actor)] == [
        ("Code of conduct", 1, document.sha256)
    ]
    assert [(line.title, line.asks_me) for line in agreements.in_force(session, actor)] == [
        ("Code of conduct", True),
        ("Role", False),
    ]


def test_a_second_press_signs_nothing_twice_and_says_so(session: Session, cohort: Cohort) -> None:
    document = make_code(session, cohort)
    actor = make_signer(session, make_enrolment(session, cohort))
    first = sign(session, actor, document)

    second = sign(session, actor, document, sections=[], typed_name="")

    assert second == replace(first, already=True)
    assert len(signatures(session)) == 1


def test_two_tabs_at_once_leave_one_signature(engine: Engine) -> None:
    with Session(engine) as session:
        cohort = make_cohort(session)
        document = make_code(session, cohort)
        actor = make_signer(session, make_enrolment(session, cohort))
        session.commit()
        document_id, fingerprint = document.id, document.sha256
    answers: list[bool] = []

    def press() -> None:
        with Session(engine) as own:
            answers.append(
                agreements.sign(
                    own, actor, document_id, typed_name=actor.name, sections=["1", "2"], sha256=fingerprint
                ).already
            )

    tabs = [threading.Thread(target=press) for _ in range(2)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()

    assert sorted(answers) == [False, True]
    with Session(engine) as session:
        assert len(signatures(session)) == 1


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"sections": ["1"]}, "You have not ticked “Time”."),
        ({"sections": []}, "You have not ticked “Respect”."),
        ({"typed_name": "Bo"}, "The name you typed is not the one we know you by: Bo Lindqvist."),
        ({"typed_name": " "}, "The name you typed is empty."),
    ],
)
def test_an_unread_section_or_another_name_signs_nothing(
    session: Session, cohort: Cohort, changed: dict[str, object], sentence: str
) -> None:
    document = make_code(session, cohort)
    actor = make_signer(session, make_enrolment(session, cohort))

    with pytest.raises(Invalid) as refused:
        sign(session, actor, document, **changed)

    assert refused.value.happened == sentence
    assert signatures(session) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("José Ñuñez", "Jose\u0301 N\u0303un\u0303ez", True),
        ("陈 小明", "陈小明", True),
        ("STRAUSS", "Strauß", True),
        ("Bo", "Bob", False),
        ("Jose", "José", False),
    ],
)
def test_case_blanks_and_composition_do_not_tell_names_apart(one: str, other: str, same: bool) -> None:
    assert same_name(one, other) is same


@pytest.mark.clause("U-9", "U-C1.1")
def test_an_old_edition_cannot_be_signed_and_the_refusal_names_the_day_of_the_newer(
    session: Session, cohort: Cohort
) -> None:
    old = make_code(session, cohort)
    make_code(session, cohort, edition=2, text=TEXT + "\nMore.\n", published_at=datetime(2027, 3, 3, 9, 0, tzinfo=UTC))
    actor = make_signer(session, make_enrolment(session, cohort))

    with pytest.raises(Conflict) as refused:
        sign(session, actor, old)

    assert str(refused.value) == ("The code of conduct changed on 3 March 2027. Read the new version and sign again.")
    assert signatures(session) == []


def test_another_text_than_the_published_one_cannot_be_signed(session: Session, cohort: Cohort) -> None:
    document = make_code(session, cohort)
    actor = make_signer(session, make_enrolment(session, cohort))

    with pytest.raises(Conflict) as refused:
        sign(session, actor, document, sha256="0" * 64)

    assert refused.value.happened == "This is not the text that was published."
    assert signatures(session) == []


def test_a_text_that_was_altered_in_the_database_cannot_be_signed(session: Session, cohort: Cohort) -> None:
    document = make_code(session, cohort)
    shown = document.sha256
    actor = make_signer(session, make_enrolment(session, cohort))
    document.text = TEXT.replace("kind", "rude")
    session.flush()

    with pytest.raises(Conflict):
        sign(session, actor, document, sha256=shown)

    assert signatures(session) == []


@pytest.mark.parametrize("status", [EnrolmentStatus.DECLINED, EnrolmentStatus.WITHDRAWN])
def test_a_place_that_has_ended_signs_nothing(session: Session, cohort: Cohort, status: EnrolmentStatus) -> None:
    document = make_code(session, cohort)
    actor = make_signer(session, make_enrolment(session, cohort, status=status))

    with pytest.raises(NotAllowed):
        sign(session, actor, document)

    assert signatures(session) == []


def test_nobody_signs_what_their_side_is_not_asked_to_sign(session: Session, cohort: Cohort) -> None:
    document = make_code(session, cohort, signed_by=["mentor"])
    actor = make_signer(session, make_enrolment(session, cohort, Side.MENTEE))

    with pytest.raises(NotAllowed) as refused:
        sign(session, actor, document)

    assert refused.value.happened == "You are not asked to sign this document."
    assert signatures(session) == []


def test_the_documents_of_another_scheme_are_neither_read_nor_signed(session: Session, cohort: Cohort) -> None:
    theirs = make_code(session, make_cohort(session))
    actor = make_signer(session, make_enrolment(session, cohort))
    coordinator = make_actor(make_coordinator(session, cohort), cohort)

    for refused in (
        lambda: agreements.read(session, actor, theirs.id),
        lambda: agreements.read(session, coordinator, theirs.id),
        lambda: sign(session, actor, theirs),
    ):
        with pytest.raises(NotAllowed):
            refused()

    assert signatures(session) == []


def test_a_coordinator_cannot_sign_for_anybody(session: Session, cohort: Cohort) -> None:
    document = make_code(session, cohort)
    coordinator = make_actor(make_coordinator(session, cohort), cohort)

    with pytest.raises(NotAllowed):
        sign(session, coordinator, document)

    assert signatures(session) == []


def test_without_an_account_nobody_signs(session: Session, cohort: Cohort) -> None:
    document = make_code(session, cohort)
    actor = make_participant(session, make_enrolment(session, cohort))

    with pytest.raises(NotAllowed):
        sign(session, actor, document)

    assert signatures(session) == []


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


@pytest.mark.clause("U-9", "U-C1.1")
def test_publishing_makes_a_new_edition_with_its_clauses_and_asks_the_signers_again(
    session: Session, cohort: Cohort
) -> None:
    old = make_code(session, cohort)
    signer = make_signer(session, make_enrolment(session, cohort))
    sign(session, signer, old)
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    changed = TEXT.replace("Please listen.", "Listen more than you talk.").replace("X-3", "X-4")

    new_id = agreements.publish(
        session, coordinator, cohort.scheme_id, kind=DocumentKind.CODE, title="Code of conduct", text=changed
    )

    document = session.get_one(SchemeDocument, new_id)
    assert (document.edition, document.text, document.signed_by) == (2, changed, ["mentor", "mentee"])
    keys = session.exec(select(Clause.key).where(Clause.document_id == new_id).order_by(col(Clause.position))).all()
    assert keys == ["X-1", "X-2", "X-4"]
    assert [line.id for line in agreements.to_sign(session, signer)] == [new_id]
    reading = agreements.read(session, signer, new_id)
    assert (reading.changed, reading.removed) == (frozenset({"X-2", "X-4"}), ("X-3",))
    entry = session.exec(select(AuditEntry).where(AuditEntry.action == "document.published")).one()
    assert (entry.actor_id, entry.subject_id, entry.details["edition"]) == (coordinator.person_id, new_id, 2)


def test_a_first_text_of_a_kind_is_signed_by_the_sides_named(session: Session, cohort: Cohort) -> None:
    coordinator = make_actor(make_coordinator(session, cohort), cohort)

    new_id = agreements.publish(
        session,
        coordinator,
        cohort.scheme_id,
        kind=DocumentKind.AGREEMENT,
        title="Agreement",
        text="## Y-1 · One\r\n\r\nA promise.",
        signed_by=[Side.MENTEE],
    )

    document = session.get_one(SchemeDocument, new_id)
    assert (document.edition, document.signed_by) == (1, ["mentee"])
    assert document.text == "# Agreement\n\n## Y-1 · One\n\nA promise.\n"
    assert document.sha256 == sha256(document.text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("Only words.", "The text has no clauses."),
        ("## X-1 · A\n\na\n\n## X-1 · B\n\nb", "The text cannot be published as it is."),
        ("## X-1 · A\x00\n\na", "The text has a hidden control character at position 11."),
        (f"## {'X' * 21} · A\n\na", f"The clause number {'X' * 20}… is too long."),
        (f"## X-1 · {'A' * 201}\n\na", "A heading at X-1 is longer than 200 characters."),
    ],
)
def test_a_text_that_cannot_be_read_is_not_published(
    session: Session, cohort: Cohort, words: str, sentence: str
) -> None:
    coordinator = make_actor(make_coordinator(session, cohort), cohort)

    with pytest.raises(Invalid) as refused:
        agreements.publish(
            session,
            coordinator,
            cohort.scheme_id,
            kind=DocumentKind.CODE,
            title="Code",
            text=words,
            signed_by=[Side.MENTOR],
        )

    assert refused.value.happened == sentence
    assert session.exec(select(SchemeDocument)).all() == []


def test_a_text_that_nobody_signs_needs_no_clauses(session: Session, cohort: Cohort) -> None:
    coordinator = make_actor(make_coordinator(session, cohort), cohort)

    new_id = agreements.publish(
        session, coordinator, cohort.scheme_id, kind=DocumentKind.RIGHTS, title="Your rights", text="You may complain."
    )

    reading = agreements.read(session, coordinator, new_id)
    assert [(part.title, part.introduction, part.clauses) for part in reading.sections] == [
        ("Your rights", "You may complain.", ())
    ]


def test_the_text_in_force_is_not_published_again(session: Session, cohort: Cohort) -> None:
    make_code(session, cohort)
    coordinator = make_actor(make_coordinator(session, cohort), cohort)

    with pytest.raises(Conflict):
        agreements.publish(
            session, coordinator, cohort.scheme_id, kind=DocumentKind.CODE, title="Code of conduct", text=TEXT
        )

    assert len(session.exec(select(SchemeDocument)).all()) == 1


def test_only_the_schemes_coordinator_publishes(session: Session, cohort: Cohort) -> None:
    other = make_cohort(session)
    actors = [
        make_actor(make_coordinator(session, other), other),
        make_participant(session, make_enrolment(session, cohort)),
    ]

    for actor in actors:
        with pytest.raises(NotAllowed):
            agreements.publish(session, actor, cohort.scheme_id, kind=DocumentKind.CODE, title="Code", text=TEXT)

    assert session.exec(select(SchemeDocument)).all() == []


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
        with counted_queries(session) as statements:
            agreements.unsigned(session, coordinator, cohort.id)
            agreements.counts(session, coordinator, cohort.id)
        taken.append(len([statement for statement in statements if statement.startswith("SELECT")]))

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
