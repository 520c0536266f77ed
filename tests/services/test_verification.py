"""True for the file that we made, false after one byte; a code only with its name; and what changed is named."""

from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import Session, select
from typer.testing import CliRunner

from models.agreements import SchemeDocument, Signature, TrainingCompletion, TrainingModule
from models.enrolments import Enrolment
from models.schemes import Cohort
from models.signed_copies import SignedCopy, VerificationAttempt
from services import cli, signed_copies, training_certificates, verification
from services.errors import NotAllowed
from services.verification import Verdict
from tests.factories import make_cohort, make_enrolment, make_scheme
from tests.services.test_signed_copies import TEXT, signed

UNKNOWN = Verdict(
    holds=False,
    sentence="No paper of ours has this code and this name.",
    remedy="Compare both with the paper, letter by letter.",
)


@pytest.fixture
def cohort(session: Session) -> Cohort:
    return make_cohort(session, make_scheme(session, name="AULP mentoring"))


def paper_of(session: Session, cohort: Cohort) -> tuple[UUID, bytes, str]:
    """A signature's id, its PDF and its code."""
    actor, signature_id = signed(session, cohort)
    content = signed_copies.download(session, actor, signature_id).content
    return signature_id, content, session.exec(select(SignedCopy.code)).one()


def change_text(session: Session) -> UUID:
    """Changes one character of a signed text behind everybody's back."""
    session.execute(update(SchemeDocument).values(text=TEXT.replace("Be kind", "Be King")))
    session.commit()
    return session.exec(select(SchemeDocument.id)).one()


@pytest.mark.clause("U-9")
def test_the_very_file_is_true_and_says_what_it_says(session: Session, cohort: Cohort) -> None:
    signature_id, content, _ = paper_of(session, cohort)

    verdict = verification.of_file(session, content)

    signature = session.get_one(Signature, signature_id)
    assert (verdict.holds, verdict.sentence) == (True, "This is the very file that we made.")
    assert [verdict.facts[0], verdict.facts[2], verdict.facts[4]] == [
        ("Signed by", "Ama Boateng"),
        ("Text", "Code of conduct, version 1"),
        ("Fingerprint of the text", signature.sha256),
    ]
    assert "192.0.2.7" not in str(verdict)


@pytest.mark.parametrize("at", [0, 5_000, -1], ids=["first", "within", "last"])
def test_one_changed_byte_makes_it_false(session: Session, cohort: Cohort, at: int) -> None:
    _, content, _ = paper_of(session, cohort)
    changed = bytearray(content)
    changed[at] ^= 1

    verdict = verification.of_file(session, bytes(changed))

    assert verdict == Verdict(
        holds=False,
        sentence="This file carries a code of ours, but it is not the file that we made: it was changed.",
        remedy="Ask for the original file.",
    )


def test_a_file_that_is_none_of_ours_is_false(session: Session, cohort: Cohort) -> None:
    paper_of(session, cohort)

    for content in (b"", b"%PDF-1.7 something else", b"2222-2222-2222"):
        assert verification.of_file(session, content).sentence == "We did not make this file, or it was changed since."


@pytest.mark.clause("U-9")
def test_one_changed_character_of_the_signed_text_is_named(session: Session, cohort: Cohort) -> None:
    signature_id, content, code = paper_of(session, cohort)
    document_id = change_text(session)

    by_file, by_code = verification.of_file(session, content), verification.of_code(session, code, "Ama Boateng")

    assert by_file == by_code
    assert (by_file.holds, by_file.row, by_file.facts) == (False, f"scheme_document {document_id}", ())
    assert by_file.sentence == (
        "We made this paper, but the text “Code of conduct”, version 1, that we keep is no longer the one that was "
        "signed."
    )
    assert list(verification.misfits(session)) == [
        f"Changed: the text of document {document_id} (“Code of conduct”, version 1)."
    ]
    assert signature_id is not None


def test_changed_evidence_is_named_even_when_its_fingerprint_was_changed_with_it(
    session: Session, cohort: Cohort
) -> None:
    signature_id, content, code = paper_of(session, cohort)
    session.execute(update(Signature).values(typed_name="Bo Forged"))
    session.commit()
    clumsy = verification.of_file(session, content)
    named = list(verification.misfits(session))
    copy, signature = session.exec(select(SignedCopy)).one(), session.get_one(Signature, signature_id)
    copy.evidence_sha256 = signed_copies.fingerprint(copy, signature)
    session.commit()

    skilled, by_code = verification.of_file(session, content), verification.of_code(session, code, "Bo Forged")

    row = f"signature {signature_id}, signed_copy {copy.id}"
    assert [(found.holds, found.row) for found in (clumsy, skilled, by_code)] == [(False, row)] * 3
    assert named == [f"Changed: the evidence of signature {signature_id}, or signed copy {copy.id} of it."]


@pytest.mark.parametrize(
    ("code_as", "name"),
    [
        ("{}", "Ama Boateng"),
        ("{0[0]}{0[1]}{0[2]}{0[3]}-{0[4]}{0[5]}{0[6]}{0[7]} {0[8]}{0[9]}{0[10]}{0[11]}", "ama  BOATENG"),
    ],
    ids=["plain", "spaced"],
)
def test_a_code_and_its_name_belong_together(session: Session, cohort: Cohort, code_as: str, name: str) -> None:
    _, _, code = paper_of(session, cohort)

    verdict = verification.of_code(session, code_as.format(code).lower(), name)

    assert (verdict.holds, verdict.sentence) == (
        True,
        "This code and this name belong together, on a paper that we made.",
    )
    assert "Boateng" not in str(verdict)


def test_a_code_without_its_name_tells_no_more_than_a_wrong_code(session: Session, cohort: Cohort) -> None:
    _, _, code = paper_of(session, cohort)

    answers = [verification.of_code(session, *asked) for asked in ((code, "Bo"), (code, ""), ("2" * 12, "Ama Boateng"))]

    assert answers == [UNKNOWN] * 3
    assert verification.of_code(session, "AEIOU", "Ama").sentence == "A code has twelve letters and digits."


def test_a_certificate_is_verified_by_its_code_and_name_too(session: Session, cohort: Cohort) -> None:
    completion = make_completion(session, make_enrolment(session, cohort, name="Li Wei"))

    verdict, wrong = (verification.of_code(session, completion.code, name) for name in ("li wei", "Bo"))

    assert verdict == Verdict(
        holds=True,
        sentence="This code and this name belong together, on a certificate that we made.",
        facts=(
            ("Scheme", "AULP mentoring"),
            ("Training", "Starting as a mentor, version 1"),
            ("Passed on", "1 October 2026"),
            ("Counts until", "1 October 2028"),
        ),
    )
    assert wrong == UNKNOWN


def test_the_file_of_a_certificate_is_made_anew_and_compared(session: Session, cohort: Cohort) -> None:
    enrolment = make_enrolment(session, cohort, name="Li Wei")
    completion = make_completion(session, enrolment)
    content = training_certificates.content_of(session, completion)

    yes, no = verification.of_file(session, content), verification.of_file(session, content + b"x")

    assert (yes.holds, yes.facts[0], yes.facts[2]) == (
        True,
        ("Passed by", "Li Wei"),
        ("Training", "Starting as a mentor, version 1"),
    )
    assert (no.holds, no.facts) == (False, ())
    assert no.sentence == "This file carries a code of ours, but it is not the certificate that we would make today."


def make_completion(session: Session, enrolment: Enrolment) -> TrainingCompletion:
    cohort = session.get_one(Cohort, enrolment.cohort_id)
    module = TrainingModule(
        scheme_id=cohort.scheme_id,
        key="start",
        edition=1,
        title="Starting as a mentor",
        minutes=10,
        pass_mark=1,
        valid_months=24,
        text="Read.",
    )
    session.add(module)
    session.flush()
    completion = TrainingCompletion(
        enrolment_id=enrolment.id,
        module_id=module.id,
        correct_answers=1,
        completed_on=date(2026, 10, 1),
        expires_on=date(2028, 10, 1),
    )
    session.add(completion)
    session.commit()
    return completion


def test_too_many_questions_from_one_address_wait_and_others_do_not(session: Session) -> None:
    for _ in range(verification.PER_ADDRESS):
        verification.knock(session, "192.0.2.1")

    with pytest.raises(NotAllowed):
        verification.knock(session, "192.0.2.1")
    verification.knock(session, "192.0.2.2")

    kept = session.exec(select(VerificationAttempt)).all()
    assert len(kept) == verification.PER_ADDRESS + 1
    assert all("192" not in row.address_hash[:4] and len(row.address_hash) == 64 for row in kept)


def test_the_command_says_true_or_false_and_names_the_row(session: Session, cohort: Cohort, tmp_path: Path) -> None:
    _, content, _ = paper_of(session, cohort)
    good, bad, missing = tmp_path / "good.pdf", tmp_path / "bad.pdf", tmp_path / "missing.pdf"
    good.write_bytes(content)
    bad.write_bytes(content[:-1])
    run = CliRunner().invoke

    whole = run(cli.app, ["verify"])
    true, false, gone = (run(cli.app, ["verify", str(file)]) for file in (good, bad, missing))
    document_id = change_text(session)
    broken, of_file = run(cli.app, ["verify"]), run(cli.app, ["verify", str(good)])

    assert (whole.exit_code, whole.stdout) == (0, "Everything that was signed is still what it was.\n")
    assert (true.exit_code, true.stdout.splitlines()[:2]) == (
        0,
        ["True. This is the very file that we made.", "  Signed by: Ama Boateng"],
    )
    assert (false.exit_code, false.stderr.split(".")[0]) == (1, "False")
    assert (gone.exit_code, gone.stderr) == (1, "The file cannot be read: No such file or directory.\n")
    assert (broken.exit_code, broken.stderr) == (
        1,
        f"Changed: the text of document {document_id} (“Code of conduct”, version 1).\n",
    )
    assert (of_file.exit_code, f"(scheme_document {document_id})" in of_file.stderr) == (1, True)
