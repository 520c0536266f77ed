"""A file against what is kept: only what differs changes, and what belongs to its owner stays."""

from datetime import date
from typing import Any

import pytest
from sqlmodel import Session, col, select

from models.audit import AuditEntry
from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.people import Person
from models.schemes import Cohort, FormField
from services import answer_history, drafting, enrolments
from services.access import DESK, Actor
from services.imports.arrivals import Change, Imported
from services.schemes import starting
from tests.factories import make_actor, make_coordinator, make_participant
from tests.services.imports.comparing_steps import HEAD, confirmed, make_ada, previewed


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


def test_only_cells_that_differ_change_and_the_decision_stays(session: Session, cohort: Cohort, actor: Actor) -> None:
    place = make_ada(session, cohort)
    content = HEAD + "Ada Jones,A@example.org,Judge,\n"

    seen = previewed(session, actor, content)
    done = confirmed(session, actor, content)

    assert seen.changes == (
        Change(2, "Ada Jones", "Full name", "Ada", "Ada Jones"),
        Change(2, "Ada Jones", "The role you are aiming for", "Clerk", "Judge"),
    )
    assert done == Imported(added=0, changed=1, unchanged=0, told=1)
    session.refresh(place)
    assert (place.role_title, place.goals, place.status) == ("Judge", "Learn", EnrolmentStatus.APPROVED)
    assert (place.sort_key, place.imported) == ("ada jones", False)
    person = session.get_one(Person, place.person_id)
    assert (person.full_name, person.email) == ("Ada Jones", "a@example.org")
    corrected = session.exec(select(AuditEntry).where(AuditEntry.action == "enrolment.corrected")).one()
    assert (corrected.subject_id, corrected.details) == (
        place.id,
        {"by": "import", "changed": ["full_name", "role_title"]},
    )
    assert confirmed(session, actor, content) == Imported(added=0, changed=0, unchanged=1)


def test_whoever_had_sent_the_form_reads_what_a_file_corrected(session: Session, cohort: Cohort, actor: Actor) -> None:
    place = make_ada(session, cohort, submitted_at=utc_now())
    owner = make_participant(session, place)
    drafting.save_answer(session, owner, "goals", "Teach")

    confirmed(session, actor, HEAD + "Ada Jones,A@example.org,Judge,Forget\n")

    told = answer_history.own(session, owner)
    assert {(each.label, each.before, each.after, each.from_file) for each in told} == {
        ("What you would like mentoring to do for you", "Learn", "Teach", False),
        ("Full name", "Ada", "Ada Jones", True),
        ("The role you are aiming for", "Clerk", "Judge", True),
    }
    theirs = answer_history.in_cohort(session, actor, cohort.id)
    assert {each.change.label for each in theirs.rows if each.change.from_file} == {
        "Full name",
        "The role you are aiming for",
    }


def test_one_number_typed_in_two_ways_is_no_change(session: Session, cohort: Cohort, actor: Actor) -> None:
    make_ada(session, cohort)
    content = "Name,Email,Mobile\nAda,a@example.org,{}\n"

    same = previewed(session, actor, content.format("0044 7700 900 123"))
    other = previewed(session, actor, content.format("0044 7700 900 124"))

    assert (same.changes, other.changes) == (
        (),
        (Change(2, "Ada", "Telephone", "+44 7700 900123", "0044 7700 900 124"),),
    )


def test_a_corrected_number_is_kept_with_its_country(session: Session, cohort: Cohort, actor: Actor) -> None:
    place = make_ada(session, cohort)

    confirmed(session, actor, "Name,Email,Mobile\nAda,a@example.org,0044 7700 900 124\n")

    person = session.get_one(Person, place.person_id)
    assert (person.telephone, person.telephone_key) == ("0044 7700 900 124", "+447700900124")


def test_what_a_person_has_since_written_in_the_form_stays(session: Session, cohort: Cohort, actor: Actor) -> None:
    content = HEAD + "Ada,a@example.org,Clerk,Learn\n"
    confirmed(session, actor, content)
    place = session.exec(select(Enrolment)).one()
    enrolments.save_draft(session, make_participant(session, place), {"goals": "Teach", "full_name": "Ada Jones"})

    seen = previewed(session, actor, content.replace("Clerk", "Judge"))

    assert seen.changes == (Change(2, "Ada", "The role you are aiming for", "Clerk", "Judge"),)
    assert seen.notices == (
        "“Full name” stays as the person wrote it in the form (row 2).",
        "“What you would like mentoring to do for you” stays as the person wrote it in the form (row 2).",
    )


@pytest.mark.parametrize("status", [EnrolmentStatus.DECLINED, EnrolmentStatus.WITHDRAWN])
def test_a_closed_enrolment_is_left_alone(
    session: Session, cohort: Cohort, actor: Actor, status: EnrolmentStatus
) -> None:
    place = make_ada(session, cohort, status=status)

    seen = previewed(session, actor, HEAD + "Ada Jones,a@example.org,Judge,\n")
    done = confirmed(session, actor, HEAD + "Ada Jones,a@example.org,Judge,\n")

    assert seen.notices == ("This enrolment was declined or withdrawn, and stays as it is (row 2).",)
    assert done == Imported(added=0, changed=0, unchanged=1)
    session.refresh(place)
    assert (place.status, place.role_title) == (status, "Clerk")


def test_whoever_was_invited_and_wrote_nothing_is_submitted_by_the_file(
    session: Session, cohort: Cohort, actor: Actor
) -> None:
    enrolments.invite(session, actor, cohort.id, side=Side.MENTEE, full_name="Ada", email="a@example.org")

    done = confirmed(session, actor, HEAD + "Ada,a@example.org,Judge,\n")

    place = session.exec(select(Enrolment)).one()
    assert done == Imported(added=0, changed=1, unchanged=0)
    assert (place.status, place.imported, place.role_title) == (EnrolmentStatus.SUBMITTED, True, "Judge")
    assert place.submitted_at is not None


def test_whoever_began_the_form_sends_it_themselves(session: Session, cohort: Cohort, actor: Actor) -> None:
    enrolments.invite(session, actor, cohort.id, side=Side.MENTEE, full_name="Ada", email="a@example.org")
    place = session.exec(select(Enrolment)).one()
    enrolments.save_draft(session, make_participant(session, place), {"goals": "Teach"})

    confirmed(session, actor, HEAD + "Ada,a@example.org,Judge,Learn\n")

    session.refresh(place)
    assert (place.status, place.role_title, place.goals) == (EnrolmentStatus.DRAFT, "Judge", "Teach")


def test_a_kept_wechat_id_is_not_shown_to_the_coordinator(session: Session, cohort: Cohort, actor: Actor) -> None:
    place = make_ada(session, cohort)
    session.get_one(Person, place.person_id).wechat_id = "ada_secret"
    session.commit()

    seen = previewed(session, actor, "Name,Email,WeChat\nAda,a@example.org,ada_other\n")

    assert seen.changes == (Change(2, "Ada", "WeChat ID", "(kept private)", "ada_other"),)
    assert "ada_secret" not in repr(seen)


def test_a_channel_that_the_scheme_does_not_offer_is_named_and_left_out(
    session: Session, cohort: Cohort, actor: Actor
) -> None:
    content = "Name,Email,Preferred contact,Sector\nAda,a@example.org,video;email,Beekeeping\n"

    seen = previewed(session, actor, content)
    confirmed(session, actor, content)

    assert seen.notices == ("Video is no way to stay in touch in this scheme and was left out (row 2).",)
    assert session.exec(select(Enrolment.channels, Enrolment.sector)).all() == [(["email"], "Beekeeping")]


def test_what_is_asked_of_the_other_side_only_is_left_out(session: Session, cohort: Cohort, actor: Actor) -> None:
    content = (
        "Name,Email,Mentor or mentee,Number of mentees,Goals\n"
        "Ada,a@example.org,mentee,3,Learn\nBo,b@example.org,mentor,4,Rest\n"
    )

    seen = previewed(session, actor, content, None)
    confirmed(session, actor, content, None)

    assert seen.notices == (
        "“Number of mentees” is not asked of mentees in this scheme and was left out (row 2).",
        "“Goals” is not asked of mentors in this scheme and was left out (row 3).",
    )
    kept = session.exec(select(Enrolment.capacity, Enrolment.goals).order_by(col(Enrolment.sort_key))).all()
    assert kept == [(1, "Learn"), (4, None)]


def test_the_schemes_own_questions_are_kept_in_the_shape_of_the_form(
    session: Session, cohort: Cohort, actor: Actor
) -> None:
    kinds: dict[str, dict[str, Any]] = {
        "hours": {"kind": "whole_number", "longest": 9},
        "campus": {"kind": "choice", "options": ["n", "l"], "labels": {"option:n": "Ningbo"}},
        "days": {"kind": "choices", "options": ["mon", "tue"], "labels": {"option:mon": "Monday"}},
        "home zone": {"kind": "time_zone"},
        "second sector": {"kind": "sector"},
    }
    for key, facts in kinds.items():
        labels = {"mentee": key.capitalize(), **facts.pop("labels", {})}
        field: dict[str, Any] = {
            "scheme_id": cohort.scheme_id,
            "roles": ["mentee"],
            "step": 2,
            "position": 90,
            "audience": "You",
        }
        session.add(FormField(key=key, labels=labels, **field, **facts))
    session.commit()
    head = "Name,Email,Hours,Campus,Days,Home zone,Second sector,Pronouns\n"

    right = confirmed(session, actor, head + "Ada,a@example.org,4,ningbo,Monday; wed,asia/shanghai,finance,she\n")
    wrong = previewed(session, actor, head + "Bo,b@example.org,10,n,mon,CST,finance,he\n")

    assert right.added == 1
    assert session.exec(select(Enrolment.answers)).one() == {
        "hours": 4,
        "campus": "n",
        "days": ["mon", "wed"],
        "home zone": "Asia/Shanghai",
        "second sector": "L",
    }
    assert session.exec(select(Person.pronouns).where(Person.email_key == "a@example.org")).one() == "she"
    assert [(problem.row, problem.column, problem.value) for problem in wrong.problems] == [
        (2, "Home zone", "CST"),
        (2, "Hours", "10"),
    ]


def test_changes_are_shown_in_words(session: Session, cohort: Cohort, actor: Actor) -> None:
    make_ada(session, cohort, sector="D", languages=["en"], claims={"training": "No"})
    content = "Name,Email,Sector,Languages,Training,Goals\nAda,a@example.org,finance,Chinese,Yes,{}\n"

    seen = previewed(session, actor, content.format("x" * 500))

    assert seen.changes == (
        Change(2, "Ada", "What you would like mentoring to do for you", "Learn", "x" * 199 + "…"),
        Change(2, "Ada", "Languages you could talk in", "English", "Chinese (Mandarin)"),
        Change(2, "Ada", "The sector you are interested in", "Energy", "Finance and insurance"),
        Change(2, "Ada", "Training, as claimed", "No", "Yes"),
    )


def test_many_rows_in_a_notice_are_counted_after_the_twelfth(session: Session, cohort: Cohort, actor: Actor) -> None:
    rows = "".join(f"A{n:c},{n:c}@example.org,video\n" for n in range(ord("a"), ord("a") + 14))

    seen = previewed(session, actor, "Name,Email,Preferred contact\n" + rows)

    assert seen.notices == (
        "Video is no way to stay in touch in this scheme and was left out "
        "(rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 and 2 more).",
    )


def test_a_choice_is_shown_by_its_label(session: Session, cohort: Cohort, actor: Actor) -> None:
    labels = {"mentee": "Campus", "option:n": "Ningbo", "option:l": "London"}
    session.add(
        FormField(
            scheme_id=cohort.scheme_id,
            key="campus",
            roles=["mentee"],
            step=2,
            position=90,
            kind="choice",
            labels=labels,
            options=["n", "l"],
            audience="You",
        )
    )
    make_ada(session, cohort, answers={"campus": "n"})

    seen = previewed(session, actor, "Name,Email,Campus\nAda,a@example.org,London\n")
    confirmed(session, actor, "Name,Email,Campus\nAda,a@example.org,London\n")

    assert seen.changes == (Change(2, "Ada", "Campus", "Ningbo", "London"),)
    assert session.exec(select(Enrolment.answers)).one() == {"campus": "l"}
