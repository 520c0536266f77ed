"""A new edition of a text: what may be published, by whom, and whom it asks again."""

from hashlib import sha256

import pytest
from sqlmodel import Session, col, select

from models.agreements import Clause, DocumentKind, SchemeDocument
from models.audit import AuditEntry
from models.enrolments import Side
from models.schemes import Cohort
from services import agreements
from services.errors import Conflict, Invalid, NotAllowed
from tests.factories import (
    make_actor,
    make_cohort,
    make_coordinator,
    make_enrolment,
    make_participant,
    make_scheme,
)
from tests.services.signing_parts import TEXT, make_code, make_signer, sign


@pytest.fixture
def cohort(session: Session) -> Cohort:
    return make_cohort(session, make_scheme(session, signature_grace_days=30))


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
