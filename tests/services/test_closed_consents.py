"""What somebody agreed to in a place that is closed can still be taken back."""

import pytest
from sqlmodel import Session, col, select

from models.audit import AuditEntry
from models.enrolments import Consent, ConsentPurpose, DirectoryChoice, Enrolment, EnrolmentStatus, SharedAnswer, Side
from models.people import Person
from services import closed_consents, listing_choices, match_sharing
from services.access import Acting, Actor, Place
from services.errors import NotAllowed
from tests.factories import make_consent, make_enrolment, make_participant, make_person
from tests.services.pairs import start_unnc

NOBODY = Actor(person_id=None, name="", place=Place(Acting.NOBODY))


def a_mentor(session: Session, person: Person, status: EnrolmentStatus) -> tuple[Enrolment, Actor]:
    """Somebody who agreed to one thing of each kind, and as whom they sign in once the place is closed."""
    mentor = make_enrolment(session, start_unnc(session), Side.MENTOR, person=person, organisation="Grid & Sons")
    make_consent(session, mentor, ConsentPurpose.DIRECTORY)
    actor = make_participant(session, mentor)
    session.commit()
    listing_choices.show(session, actor, "organisation")
    match_sharing.share(session, actor, "support")
    mentor.status = status
    session.commit()
    return mentor, Actor(person_id=person.id, name=person.full_name, place=NOBODY.place)


@pytest.mark.parametrize("status", [EnrolmentStatus.DECLINED, EnrolmentStatus.WITHDRAWN])
def test_all_of_it_is_taken_back_at_once_and_the_journal_says_so(session: Session, status: EnrolmentStatus) -> None:
    _, actor = a_mentor(session, make_person(session, "Bo Lindqvist"), status)
    before = closed_consents.schemes(session, actor)

    closed_consents.take_back(session, actor)

    rows = [*session.exec(select(Consent)), *session.exec(select(DirectoryChoice)), *session.exec(select(SharedAnswer))]
    assert (before, closed_consents.schemes(session, actor)) == (("UNNC Alumni Mentoring Scheme",), ())
    assert [row.withdrawn_at is None for row in rows] == [False] * 3
    said = session.exec(select(AuditEntry.details).where(AuditEntry.action == "consent.withdrawn"))
    assert said.all() == [{"purpose": "everything"}]


def test_a_place_that_is_open_and_other_people_are_left_alone(session: Session) -> None:
    person = make_person(session, "Bo Lindqvist")
    kept = [
        a_mentor(session, person, EnrolmentStatus.APPROVED)[0],
        a_mentor(session, make_person(session, "Chen"), EnrolmentStatus.WITHDRAWN)[0],
    ]
    _, actor = a_mentor(session, person, EnrolmentStatus.DECLINED)

    closed_consents.take_back(session, actor)

    still = session.exec(select(SharedAnswer.enrolment_id).where(col(SharedAnswer.withdrawn_at).is_(None)))
    assert set(still) == {enrolment.id for enrolment in kept}


def test_a_visitor_has_nothing_to_take_back(session: Session) -> None:
    with pytest.raises(NotAllowed):
        closed_consents.take_back(session, NOBODY)

    assert closed_consents.schemes(session, NOBODY) == ()
