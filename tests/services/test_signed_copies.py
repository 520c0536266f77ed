"""The paper of a signature: the exact text and the evidence, the same bytes every time, never of something changed."""

import hashlib
import re
import threading
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
import time_machine
from sqlalchemy import Engine, update
from sqlmodel import Session, select

from models.agreements import SchemeDocument, Signature
from models.audit import AuditEntry
from models.database import reading
from models.enrolments import Enrolment, Side
from models.messages import Message, MessageStatus
from models.people import Person
from models.schemes import Cohort, Scheme
from models.signed_copies import SignedCopy, SignedCopyFile
from services import agreements, pdf, signed_copies, signed_copy_facts, signed_copy_lists
from services.access import Actor
from services.errors import Conflict, NotAllowed
from tests.benchmarks.papers import paper
from tests.factories import (
    make_account,
    make_actor,
    make_cohort,
    make_coordinator,
    make_document,
    make_enrolment,
    make_participant,
    make_scheme,
    make_signature,
)
from tests.services.counting import queries_of

TEXT = """# Code of conduct

Please read *it all*.

# Respect

## X-1 · Be kind

Please be **kind**:

- at first
- at last

## X-2 · Listen

Please listen. See https://example.org/listening for more.

# Time

## X-3 · Be punctual

| Meeting | Minutes |
|---|---|
| first | 60 |
"""
NAMES = {
    "han": "李",
    "yoruba": "Ọlájídé",
    "arabic": "عائشة",
    "irish": "O’Brien",
    "devanagari": "देवनागरी",
    "180-characters": "Wolfeschlegelsteinhausen" * 7 + "bergerdorffs",
    "no-font": "김 😀",
}
NOON = datetime(2026, 11, 22, 23, 30, 5, tzinfo=UTC)


@pytest.fixture
def cohort(session: Session) -> Cohort:
    return make_cohort(session, make_scheme(session, name="AULP mentoring"))


def make_signer(session: Session, cohort: Cohort, name: str = "Ama Boateng") -> Actor:
    enrolment = make_enrolment(session, cohort, Side.MENTOR, name=name)
    account = make_account(session, session.get_one(Person, enrolment.person_id))
    return replace(
        make_participant(session, enrolment),
        account_id=account.id,
        network_address="192.0.2.7",
        time_zone="Asia/Shanghai",
    )


def signed(session: Session, cohort: Cohort, name: str = "Ama Boateng", text: str = TEXT) -> tuple[Actor, UUID]:
    """Somebody who has just signed, and the signature's id."""
    document, actor = make_document(session, cohort.scheme_id, text=text), make_signer(session, cohort, name)
    session.commit()
    sections = [section.key for section in agreements.read(session, actor, document.id).sections]
    agreements.sign(session, actor, document.id, typed_name=name, sections=sections, sha256=document.sha256)
    found = select(Signature.id).where(Signature.enrolment_id == actor.place.enrolment_id)
    return actor, session.exec(found).one()


def streams(content: bytes) -> list[bytes]:
    """What a PDF holds, uncompressed."""
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
        try:
            found.append(zlib.decompress(stream))
        except zlib.error:
            found.append(stream)
    return found


def facts_of(session: Session, signature_id: UUID) -> dict[str, object]:
    signature = session.get_one(Signature, signature_id)
    copy = session.exec(select(SignedCopy).where(SignedCopy.signature_id == signature_id)).one()
    return signed_copy_facts.of(copy, signature, session.get_one(SchemeDocument, signature.document_id))


@pytest.mark.clause("U-9")
def test_signing_begins_the_paper_and_queues_one_email_that_brings_it(session: Session, cohort: Cohort) -> None:
    actor, signature_id = signed(session, cohort)

    copy = session.exec(select(SignedCopy)).one()
    message = session.exec(select(Message)).one()
    assert (copy.signature_id, copy.scheme_name, copy.time_zone, copy.address) == (
        signature_id,
        "AULP mentoring",
        "Asia/Shanghai",
        "http://127.0.0.1:8501/verify",
    )
    assert (message.person_id, message.template, message.attached_copy_id, message.status) == (
        actor.person_id,
        "signed_copy",
        copy.id,
        MessageStatus.QUEUED,
    )
    assert message.subject == "Your signed copy: Code of conduct"
    entry = session.exec(select(AuditEntry).where(AuditEntry.action == "agreement.signed")).one()
    assert entry.details["evidence_sha256"] == copy.evidence_sha256


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_every_name_is_set_to_the_same_bytes_twice_with_the_exact_text_beside_it(name: str) -> None:
    rows = paper("Code of conduct", TEXT, name, 0)

    first, second = (signed_copies.typeset(signed_copy_facts.of(*rows)) for _ in range(2))

    assert first == second
    assert hashlib.sha256(TEXT.encode()).digest() in {hashlib.sha256(each).digest() for each in streams(first)}


def test_the_paper_stays_the_same_when_everything_around_it_changes(session: Session, cohort: Cohort) -> None:
    actor, signature_id = signed(session, cohort, "Ọlájídé")
    first = signed_copies.download(session, actor, signature_id)
    session.get_one(Scheme, cohort.scheme_id).name = "Another name"
    person = session.get_one(Person, actor.person_id)
    person.time_zone, person.full_name = "Europe/Lisbon", "Somebody Else"
    session.commit()

    second = signed_copies.download(session, actor, signature_id)

    assert first == second
    assert [row.sha256 for row in session.exec(select(SignedCopyFile))] == [hashlib.sha256(first.content).hexdigest()]


def test_the_evidence_is_said_in_words_with_both_times(session: Session, cohort: Cohort) -> None:
    with time_machine.travel(NOON, tick=False):
        _, signature_id = signed(session, cohort)

    facts = facts_of(session, signature_id)

    assert facts["evidence"] == [
        ["Name as typed", "Ama Boateng"],
        ["Time", "22 November 2026, 23:30:05 UTC"],
        ["Local time", "23 November 2026, 07:30:05 in Shanghai"],
        ["Signed as", "mentor"],
        ["Text", "Code of conduct, version 1, in English"],
        ["Network address", "192.0.2.7"],
    ]
    assert (facts["day_line"], facts["lang"], facts["fingerprint"]) == (
        "23 November 2026",
        "en",
        hashlib.sha256(TEXT.encode()).hexdigest(),
    )


def test_the_paper_is_held_to_the_standard_for_everybody_unless_no_font_has_a_letter() -> None:
    with_font, without_font = (
        signed_copy_facts.of(*paper("Code of conduct", TEXT, name, 0)) for name in ("김 สม", "ሰላም")
    )

    readable, other = signed_copies.typeset(with_font), signed_copies.typeset(without_font)

    marks = (b"pdfuaid:part", b"/Lang(en)", b"/Marked true")
    assert [mark in readable for mark in marks] == [True, True, True]
    assert [mark in other for mark in marks] == [False, True, True]
    assert signed_copy_facts.spelled(without_font)["evidence"][1] == ["Its letters", "U+1230 U+120B U+121D"]  # type: ignore[index]


def test_a_long_text_breaks_into_pages_and_a_long_word_into_lines() -> None:
    long = TEXT + "".join(f"\n## Y-{at} · Point {at}\n\n{'word ' * 60}{'x' * 300}\n" for at in range(30))

    facts = signed_copy_facts.of(*paper("Code of conduct", long, "Ama Boateng", 0))
    pages = pdf.pictures("signed_copy", facts, pixels_per_inch=20)

    assert len(pages) == 7
    assert len(set(pages)) == len(pages)


def test_a_text_from_right_to_left_is_set_and_says_its_language() -> None:
    copy, signature, document = paper(
        "مدونة السلوك", "# مدونة السلوك\n\n## X-1 · كن لطيفا\n\nمن فضلك، 2026.\n", "عائشة", 0
    )
    document.language = signature.language = "ar"

    content = signed_copies.typeset(signed_copy_facts.of(copy, signature, document))

    assert [b"/Lang(ar)" in content, b"pdfuaid:part" in content] == [True, True]


@pytest.mark.clause("U-9")
def test_no_paper_is_made_of_a_text_that_changed_after_it_was_signed(session: Session, cohort: Cohort) -> None:
    actor, signature_id = signed(session, cohort)
    session.execute(update(SchemeDocument).values(text=TEXT.replace("kind", "kinder")))
    session.commit()

    with pytest.raises(Conflict) as refused:
        signed_copies.download(session, actor, signature_id)

    assert refused.value.happened == "The text that was signed has been changed since."
    assert session.exec(select(SignedCopyFile)).all() == []


@pytest.mark.parametrize(
    "change",
    [{"typed_name": "Bo"}, {"network_address": "192.0.2.8"}, {"edition": 2}],
    ids=["name", "address", "edition"],
)
def test_no_paper_is_made_of_evidence_that_was_changed(
    session: Session, cohort: Cohort, change: dict[str, object]
) -> None:
    actor, signature_id = signed(session, cohort)
    session.execute(update(Signature).values(**change))
    session.commit()

    with pytest.raises(Conflict) as refused:
        signed_copies.download(session, actor, signature_id)

    assert refused.value.happened == "What was kept of this signature has been changed since."


def test_a_signature_of_before_gets_its_paper_when_it_is_asked_for(session: Session, cohort: Cohort) -> None:
    actor = make_signer(session, cohort)
    enrolment = session.get_one(Enrolment, actor.place.enrolment_id)
    other = make_account(session, make_coordinator(session, cohort))
    signature = make_signature(session, enrolment, make_document(session, cohort.scheme_id, text=TEXT), other)
    session.commit()

    first = signed_copies.download(session, actor, signature.id)
    second = signed_copies.download(session, actor, signature.id)

    assert first == second
    assert session.exec(select(SignedCopy.time_zone)).all() == [session.get_one(Scheme, cohort.scheme_id).time_zone]
    actions = session.exec(select(AuditEntry.action)).all()
    assert sorted(actions) == ["signed_copy.begun", "signed_copy.made"]


def test_two_tabs_at_once_get_the_same_paper_and_leave_one(engine: Engine) -> None:
    with Session(engine) as session:
        cohort = make_cohort(session)
        actor = make_signer(session, cohort)
        enrolment = session.get_one(Enrolment, actor.place.enrolment_id)
        account = make_account(session, make_coordinator(session, cohort))
        signature = make_signature(session, enrolment, make_document(session, cohort.scheme_id, text=TEXT), account)
        session.commit()
        signature_id = signature.id
    together, papers = threading.Barrier(2), list[signed_copies.Paper]()

    def press() -> None:
        with reading(engine) as own:
            together.wait()
            papers.append(signed_copies.download(own, actor, signature_id))

    tabs = [threading.Thread(target=press) for _ in range(2)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()

    assert len(papers) == 2
    assert papers[0] == papers[1]
    with Session(engine) as session:
        assert len(session.exec(select(SignedCopy)).all()) == 1
        assert len(session.exec(select(SignedCopyFile)).all()) == 1


def test_a_coordinator_gets_the_paper_of_their_scheme_and_the_look_is_written_down(
    session: Session, cohort: Cohort
) -> None:
    actor, signature_id = signed(session, cohort)
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    session.commit()

    theirs = signed_copies.download(session, coordinator, signature_id)

    assert theirs == signed_copies.download(session, actor, signature_id)
    looks = session.exec(select(AuditEntry).where(AuditEntry.action == "signed_copy.opened")).all()
    assert [(look.actor_id, look.scheme_id, look.details) for look in looks] == [
        (coordinator.person_id, cohort.scheme_id, {})
    ]


def test_nobody_else_gets_it(session: Session, cohort: Cohort) -> None:
    _, signature_id = signed(session, cohort)
    other = make_cohort(session)
    strangers = [make_signer(session, cohort, "Bo"), make_actor(make_coordinator(session, other), other)]
    session.commit()

    for stranger in strangers:
        for asked in (signature_id, uuid4()):
            with pytest.raises(NotAllowed) as refused:
                signed_copies.download(session, stranger, asked)
            assert refused.value.happened == "You cannot open this signed copy."
    assert session.exec(select(SignedCopyFile)).all() == []


def test_the_name_of_the_file_holds_nobodys_name(session: Session, cohort: Cohort) -> None:
    with time_machine.travel(NOON, tick=False):
        actor, signature_id = signed(session, cohort)

    paper = signed_copies.download(session, actor, signature_id)

    code = session.exec(select(SignedCopy.code)).one()
    assert paper.file_name == f"signed-code-2026-11-22-{code}.pdf"


def test_a_coordinators_list_is_searched_and_asks_as_often_for_three_as_for_one(
    session: Session, cohort: Cohort
) -> None:
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    signed(session, cohort, "Ama Boateng")
    with queries_of(session) as for_one:
        one = signed_copy_lists.of_cohort(session, coordinator, cohort.id)
    document = session.exec(select(SchemeDocument)).one()
    for name in ("Bo Lindqvist", "Cy Adeyemi"):
        actor = make_signer(session, cohort, name)
        account = make_account(session, make_coordinator(session, cohort))
        make_signature(session, session.get_one(Enrolment, actor.place.enrolment_id), document, account)
    session.commit()

    with queries_of(session) as for_three:
        three = signed_copy_lists.of_cohort(session, coordinator, cohort.id)
    found = signed_copy_lists.of_cohort(session, coordinator, cohort.id, search="LIND")

    assert ([line.name for line in one.lines], one.total, three.total) == (["Ama Boateng"], 1, 3)
    assert len(for_three) == len(for_one)
    assert ([line.name for line in found.lines], found.total) == (["Bo Lindqvist"], 1)
    assert signed_copy_lists.of_cohort(session, coordinator, cohort.id, page=2).lines == ()


def test_the_list_is_refused_to_the_coordinator_of_another_scheme(session: Session, cohort: Cohort) -> None:
    signed(session, cohort)
    other = make_cohort(session)
    stranger = make_actor(make_coordinator(session, other), other)

    with pytest.raises(NotAllowed):
        signed_copy_lists.of_cohort(session, stranger, cohort.id)
