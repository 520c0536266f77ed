"""A file names people whom the desk knows from elsewhere, and people who must not meet."""

from datetime import date

import pytest
from sqlmodel import Session, select

from models.audit import AuditEntry
from models.enrolments import Conflict, Enrolment, Side
from models.people import Person, Role, RoleGrant
from models.schemes import Cohort
from services import conflicts
from services.access import DESK, Actor
from services.imports.arrivals import Imported
from services.schemes import starting
from tests.factories import make_actor, make_cohort, make_coordinator, make_enrolment, make_person
from tests.services.imports.comparing_steps import HEAD, confirmed, make_ada, previewed

NOT_WITH = "Name,Email,Who should you not be matched with?\n"


@pytest.fixture
def cohort(session: Session) -> Cohort:
    return starting.start(
        session, DESK, "unnc_alumni", cohort_name="A", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
    )


@pytest.fixture
def actor(session: Session, cohort: Cohort) -> Actor:
    actor = make_actor(make_coordinator(session, cohort), cohort)
    session.commit()
    return actor


def test_a_person_known_elsewhere_gets_a_place_and_shows_nothing(
    session: Session, cohort: Cohort, actor: Actor
) -> None:
    there = make_enrolment(session, make_cohort(session), person=make_person(session, "Real", email="a@example.org"))
    session.commit()
    content = "Name,Email,Mobile\nForged,a@example.org,+44 7700 900123\nNew,b@example.org,\n"

    seen = previewed(session, actor, content)
    done = confirmed(session, actor, content)

    # The preview looks as for somebody whom nobody knows.
    assert (seen.new, seen.changes, seen.notices) == (2, (), ())
    assert done == Imported(added=2, changed=0, unchanged=0, kept_own=1)
    person = session.get_one(Person, there.person_id)
    assert (person.full_name, person.telephone) == ("Real", None)
    sorted_as = session.exec(select(Enrolment.sort_key).where(Enrolment.cohort_id == cohort.id)).all()
    assert sorted(sorted_as) == ["new", "real"]
    assert confirmed(session, actor, content) == Imported(added=0, changed=0, unchanged=2)


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.ADMINISTRATOR])
def test_the_facts_of_somebody_who_is_also_elsewhere_stay_with_a_notice(
    session: Session, cohort: Cohort, actor: Actor, role: Role
) -> None:
    place = make_ada(session, cohort)
    scheme_id = None if role is Role.ADMINISTRATOR else make_cohort(session).scheme_id
    session.add(RoleGrant(person_id=place.person_id, scheme_id=scheme_id, role=role))
    session.commit()

    seen = previewed(session, actor, HEAD + "Forged,a@example.org,Judge,\n")

    assert [change.question for change in seen.changes] == ["The role you are aiming for"]
    assert seen.notices == (
        "“Full name” stays as the person has it, because they do not belong to this scheme alone (row 2).",
    )


def test_last_years_person_gets_a_new_place_and_their_facts_are_brought_up_to_date(
    session: Session, cohort: Cohort, actor: Actor
) -> None:
    last_year = Cohort(scheme_id=cohort.scheme_id, name="B", starts_on=date(2025, 9, 1), ends_on=date(2026, 8, 31))
    session.add(last_year)
    session.flush()
    old = make_ada(session, last_year)

    done = confirmed(session, actor, HEAD + "Ada Jones,a@example.org,Judge,\n")

    assert done == Imported(added=1, changed=0, unchanged=0)
    assert session.get_one(Person, old.person_id).full_name == "Ada Jones"
    assert session.exec(select(Enrolment.sort_key)).all() == ["ada jones", "ada jones"]
    entry = session.exec(select(AuditEntry).where(AuditEntry.action == "person.corrected")).one()
    assert (entry.subject_id, entry.details) == (old.person_id, {"by": "import", "changed": ["full_name"]})


def test_one_person_on_both_sides_is_one_person_with_two_places(session: Session, cohort: Cohort, actor: Actor) -> None:
    content = (
        "Name,Email,Mentor or mentee,Mobile\n"
        "Ada,a@example.org,mentor,+44 7700 900123\nAda,a@example.org,mentee,+44 7700 900124\n"
    )

    first, second = confirmed(session, actor, content, None), confirmed(session, actor, content, None)

    assert (first, second) == (Imported(added=2, changed=0, unchanged=0), Imported(added=0, changed=0, unchanged=2))
    people = session.exec(select(Person.telephone).where(Person.email_key == "a@example.org")).all()
    assert people == ["+44 7700 900124"]


def test_somebody_here_on_the_other_side_is_counted(session: Session, cohort: Cohort, actor: Actor) -> None:
    make_ada(session, cohort)

    seen = previewed(session, actor, "Name,Email\nAda,a@example.org\n", Side.MENTOR)

    assert (seen.new, seen.on_other_side) == (1, 1)


def test_people_who_must_not_meet_are_kept_apart_as_far_as_they_are_here(
    session: Session, cohort: Cohort, actor: Actor
) -> None:
    mentor = make_enrolment(session, cohort, Side.MENTOR, name="Bo Li")
    session.commit()
    content = NOT_WITH + "Ada,a@example.org,bo li; Stranger\nCy,c@example.org,ADA\nDee,d@example.org,Dee\n"

    seen = previewed(session, actor, content)
    done = confirmed(session, actor, content)

    missing = "Somebody not to be matched with is not in this cohort. Import again once they are (rows 2 and 4)."
    assert (seen.kept_apart, seen.notices) == (2, (missing,))
    assert (done.added, done.kept_apart) == (3, 2)
    ada = session.exec(select(Enrolment).join(Person).where(Person.email_key == "a@example.org")).one()
    assert conflicts.blocked_pairs(session, cohort.id) == {(mentor.id, ada.id)}
    assert "Stranger" not in repr(session.exec(select(Enrolment.answers, Enrolment.claims)).all())
    assert confirmed(session, actor, content) == Imported(added=0, changed=0, unchanged=3)


def test_whoever_is_sorted_by_another_name_is_kept_apart_by_their_whole_name(
    session: Session, cohort: Cohort, actor: Actor
) -> None:
    bo = make_person(session, "Bo Li", sort_name="Li")
    make_enrolment(session, cohort, Side.MENTOR, person=bo, sort_key="li bo li")
    session.commit()

    done = confirmed(session, actor, NOT_WITH + "Ada,a@example.org,bo li\n")

    assert done.kept_apart == 1
    assert session.exec(select(Conflict.other_id)).all() == [bo.id]


def test_a_person_keeps_the_name_they_are_sorted_by_in_a_new_place(
    session: Session, cohort: Cohort, actor: Actor
) -> None:
    make_person(session, "Bo Li", email="bo@example.org", sort_name="Li")
    session.commit()

    confirmed(session, actor, "Name,Email\nBo Li,bo@example.org\n")

    assert session.exec(select(Enrolment.sort_key)).one() == "li bo li"


def test_the_same_file_again_keeps_apart_whoever_came_later(session: Session, cohort: Cohort, actor: Actor) -> None:
    content = NOT_WITH + "Ada,a@example.org,BO@example.org\n"
    confirmed(session, actor, content)
    bo = make_enrolment(session, cohort, Side.MENTOR, person=make_person(session, "Bo", email="bo@example.org"))
    session.commit()

    seen = previewed(session, actor, content)
    done = confirmed(session, actor, content)

    assert (seen.has_work, seen.new, seen.changed, seen.kept_apart) == (True, 0, 0, 1)
    assert done == Imported(added=0, changed=0, unchanged=1, kept_apart=1)
    assert session.exec(select(Conflict.other_id)).all() == [bo.person_id]
