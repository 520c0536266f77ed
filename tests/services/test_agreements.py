"""Signing binds a person to the exact text that was shown to them, in their own name, once."""

import threading
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from models.agreements import DocumentKind
from models.audit import AuditEntry
from models.enrolments import EnrolmentStatus, Side
from models.schemes import Cohort
from services import agreements
from services.errors import Conflict, Invalid, NotAllowed
from services.signing import same_name
from tests.factories import (
    make_actor,
    make_cohort,
    make_coordinator,
    make_document,
    make_enrolment,
    make_participant,
    make_scheme,
)
from tests.services.signing_parts import (
    TEXT,
    make_code,
    make_signer,
    sign,
    signatures,
)


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
