"""A certificate names who passed what, in which version and when, and its code can be verified."""

from datetime import date

import pytest
from sqlmodel import Session, select

from models.agreements import CODE_LETTERS, TrainingCompletion
from models.enrolments import Enrolment, Side
from models.schemes import Cohort
from services import training_certificates
from services.errors import Invalid, NotAllowed
from services.training_certificates import Verified
from tests.factories import make_actor, make_cohort, make_coordinator, make_enrolment, make_participant
from tests.services.training_parts import make_completion, make_module


@pytest.fixture
def cohort(session: Session) -> Cohort:
    return make_cohort(session)


def passed(session: Session, cohort: Cohort, name: str = "Ọlájídé 李") -> tuple[Enrolment, TrainingCompletion]:
    enrolment = make_enrolment(session, cohort, Side.MENTOR, name=name)
    make_completion(session, enrolment, make_module(session, cohort, edition=3), date(2028, 9, 1))
    return enrolment, session.exec(select(TrainingCompletion)).one()


@pytest.mark.clause("U-3")
def test_a_person_gets_the_certificate_of_what_they_passed(session: Session, cohort: Cohort) -> None:
    enrolment, completion = passed(session, cohort)
    actor = make_participant(session, enrolment)

    first = training_certificates.certificate(session, actor, completion.id)
    second = training_certificates.certificate(session, actor, completion.id)

    assert first == second
    assert first.file_name == f"certificate-2026-09-01-{completion.code}.pdf"
    assert first.content.startswith(b"%PDF-")


def test_a_code_says_who_passed_what(session: Session, cohort: Cohort) -> None:
    _, completion = passed(session, cohort)
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    typed = training_certificates.spaced(completion.code).lower()

    found = training_certificates.verify(session, coordinator, f" {typed} ")

    assert (len(completion.code), set(completion.code) <= set(CODE_LETTERS)) == (12, True)
    assert found == Verified("Ọlájídé 李", "Starting as a mentor", 3, date(2026, 9, 1), date(2028, 9, 1))


@pytest.mark.parametrize("typed", ["", "2345", "AAAA-AAAA-AAAA", "2222-2222-2222", "' OR 1=1 --"])
def test_a_wrong_code_is_on_no_certificate(session: Session, cohort: Cohort, typed: str) -> None:
    passed(session, cohort)

    with pytest.raises(Invalid):
        training_certificates.verify(session, make_actor(make_coordinator(session, cohort), cohort), typed)


def test_strangers_get_and_verify_no_certificate(session: Session, cohort: Cohort) -> None:
    enrolment, completion = passed(session, cohort)
    other = make_cohort(session)
    stranger = make_actor(make_coordinator(session, other), other)
    someone_else = make_participant(session, make_enrolment(session, cohort, Side.MENTOR))

    for actor in (stranger, someone_else):
        with pytest.raises(NotAllowed):
            training_certificates.certificate(session, actor, completion.id)
    with pytest.raises(NotAllowed):
        training_certificates.verify(session, make_participant(session, enrolment), completion.code)
    with pytest.raises(Invalid):
        training_certificates.verify(session, stranger, completion.code)
