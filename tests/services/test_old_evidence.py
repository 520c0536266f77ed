"""A wording is imported and put in force: whoever signed the one before still holds proof of what they signed."""

import hashlib
from dataclasses import replace

import pytest
from sqlmodel import Session, select

from models.agreements import DocumentKind, SchemeDocument
from models.enrolments import Side
from models.messages import Message
from models.people import Person
from models.signed_copies import SignedCopy
from services import (
    agreements,
    document_drafts,
    publishing,
    signed_copies,
    verification,
    wording_drafts,
    wording_files,
    wording_import,
)
from tests.factories import (
    make_account,
    make_actor,
    make_cohort,
    make_coordinator,
    make_document,
    make_enrolment,
    make_participant,
    make_scheme,
)

OLD = """# Code of conduct

# Respect

## X-1 · Be kind

Please be kind.

## X-2 · Listen

Please listen.
"""
NEW = b"""Code of conduct

Respect

1. Be kind, also when you are tired.

2. Listen before you speak.

3. Come when you said you would.
"""


@pytest.mark.clause("U-C1.1")
def test_after_an_imported_wording_is_in_force_the_old_paper_holds_and_says_the_old_words(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session))
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    old = make_document(session, cohort.scheme_id, text=OLD)
    mentor = make_participant(session, make_enrolment(session, cohort, Side.MENTOR, name="Ọlájídé O’Brien"))
    account = make_account(session, session.get_one(Person, mentor.person_id))
    mentor = replace(mentor, account_id=account.id, network_address="192.0.2.7")
    reading = agreements.read(session, mentor, old.id)
    agreements.sign(session, mentor, old.id, typed_name="Ọlájídé O’Brien", sections=["1"], sha256=reading.sha256)
    (signed,) = agreements.signed(session, mentor)
    code = session.exec(select(SignedCopy.code)).one()
    before = signed_copies.download(session, mentor, signed.id).content

    known = wording_import.known_clauses(session, coordinator, cohort.scheme_id)
    pieces = wording_import.recognise(wording_files.read("wording.txt", NEW), known)
    made = wording_drafts.take_in(session, coordinator, cohort.scheme_id, wording_import.assembled(pieces))
    draft = document_drafts.draft(session, coordinator, made[0])
    published = publishing.publish_draft(session, coordinator, draft.id, version=draft.version)
    after = signed_copies.download(session, mentor, signed.id).content

    assert (published.edition, published.emails) == (2, 1)
    assert [document.edition for document in agreements.to_sign(session, mentor)] == [2]
    assert [mail.template for mail in session.exec(select(Message).order_by(Message.template))] == [
        "sign_again",
        "signed_copy",
    ]
    assert agreements.signed(session, mentor) == [signed]
    assert (agreements.read(session, mentor, old.id).words, signed.sha256) == (
        OLD.split("\n", 2)[2].strip(),
        hashlib.sha256(OLD.encode()).hexdigest(),
    )
    assert before == after
    verdicts = [
        verification.of_file(session, before),
        verification.of_file(session, after),
        verification.of_code(session, code, "Ọlájídé O’Brien"),
    ]
    assert [(verdict.holds, dict(verdict.facts)["Text"]) for verdict in verdicts] == [
        (True, "Code of conduct, version 1")
    ] * 3
    assert list(verification.misfits(session)) == []
    newest = publishing.newest(session, cohort.scheme_id, DocumentKind.CODE, "en")
    assert newest is not None
    assert [clause.id for clause in agreements.read(session, mentor, newest.id).sections[0].clauses] == [
        "X-1",
        "X-2",
        "X-3",
    ]
    assert session.get_one(SchemeDocument, old.id).text == OLD
