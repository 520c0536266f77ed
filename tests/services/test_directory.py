"""The directory of mentors."""

from dataclasses import fields
from datetime import date
from typing import Any

import pytest
from sqlmodel import Session

from models.enrolments import ConsentPurpose, Enrolment, EnrolmentStatus, Side
from models.schemes import AnsweredBy, Cohort, Scheme
from services import conflicts, consents, directory, directory_listing
from services.access import DESK, Actor
from services.directory import ListedMentor, Standing
from services.errors import NotAllowed
from services.schemes import starting
from tests.factories import (
    make_actor,
    make_cohort,
    make_consent,
    make_coordinator,
    make_enrolment,
    make_pairing,
    make_participant,
    make_person,
    make_scheme,
)
from tests.services.counting import queries_of

TODAY = date(2026, 11, 20)


def a_cohort(session: Session) -> Cohort:
    return make_cohort(session, make_scheme(session, answered_by=AnsweredBy.MENTOR_AFTER_WISH))


def a_listed(session: Session, cohort: Cohort, name: str = "Bo Lindqvist", **facts: Any) -> Enrolment:
    """A mentor who agreed to be listed and can be reached."""
    person = make_person(
        session, name, telephone="+44 20 7946 0199", wechat_id="wx_secret_1", pronouns="they", called="Bobo"
    )
    mentor = make_enrolment(session, cohort, Side.MENTOR, person=person, organisation="Secret & Sons", **facts)
    make_consent(session, mentor, ConsentPurpose.DIRECTORY)
    make_consent(session, mentor, ConsentPurpose.SHARE_EMAIL)
    return mentor


def a_mentee(session: Session, cohort: Cohort, **facts: Any) -> Actor:
    return make_participant(session, make_enrolment(session, cohort, name="Ama Boateng", **facts))


def names(session: Session, actor: Actor, search: str = "") -> list[str]:
    return [mentor.full_name for mentor in directory.listed(session, actor, search=search, today=TODAY).mentors]


@pytest.mark.clause("U-1", "U-2")
def test_a_mentee_sees_exactly_four_facts_of_a_mentor(session: Session) -> None:
    cohort = a_cohort(session)
    mentor = a_listed(session, cohort, sector="D", summary="Grid projects.", role_title="Counsel")
    actor = a_mentee(session, cohort)

    found = directory.listed(session, actor, today=TODAY)

    four = ["full_name", "summary", "role_title", "sector"]
    assert [field.name for field in fields(ListedMentor)] == ["id", *four, "also"]
    assert (found.mentors, found.total, found.page, found.pages, found.has_more) == (
        (ListedMentor(mentor.id, "Bo Lindqvist", "Grid projects.", "Counsel", "Energy"),),
        1,
        1,
        1,
        False,
    )


@pytest.mark.clause("U-1", "U-2")
def test_the_query_fetches_no_other_column(session: Session) -> None:
    cohort = a_cohort(session)
    a_listed(session, cohort)
    actor = a_mentee(session, cohort)
    session.commit()

    own = session.get_one(Enrolment, actor.place.enrolment_id)
    with queries_of(session) as asked:
        directory.listed(session, actor, today=TODAY)

    # The first two are about the mentee and the scheme.
    assert own.side is Side.MENTEE
    assert [" ".join(statement.split(")\n SELECT")[-1].split(" \nFROM")[0].split()) for statement in asked[2:]] == [
        "enrolment.id, person.full_name, enrolment.summary, enrolment.role_title, enrolment.sector",
        "SELECT enrolment.id",  # whether there is somebody after them
        "SELECT directory_choice.field_key",  # whether anybody shows more
    ]


@pytest.mark.clause("U-1")
def test_withdrawing_the_consent_removes_the_mentor_at_once(session: Session) -> None:
    cohort = starting.start(
        session, DESK, "unnc_alumni", cohort_name="2026", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
    )
    session.get_one(Scheme, cohort.scheme_id).mentor_gates = []
    mentor, actor = a_listed(session, cohort), a_mentee(session, cohort)
    session.commit()
    before = names(session, actor)

    consents.withdraw(session, make_participant(session, mentor), ConsentPurpose.DIRECTORY)

    assert (before, names(session, actor)) == (["Bo Lindqvist"], [])


@pytest.mark.clause("U-1", "U-3")
def test_who_did_not_agree_is_not_ready_is_full_or_elsewhere_is_not_listed(session: Session) -> None:
    cohort = a_cohort(session)
    make_enrolment(session, cohort, Side.MENTOR, name="Without Consent")
    a_listed(session, cohort, "Not Approved", status=EnrolmentStatus.SUBMITTED)
    a_listed(session, cohort, "Paused", status=EnrolmentStatus.PAUSED)
    a_listed(session, cohort, "No Room", capacity=0)
    make_pairing(session, cohort, mentor=a_listed(session, cohort, "Full"))
    a_listed(session, a_cohort(session), "In Another Cohort")
    unreachable = make_enrolment(session, cohort, Side.MENTOR, name="Unreachable")
    make_consent(session, unreachable, ConsentPurpose.DIRECTORY)

    assert names(session, a_mentee(session, cohort)) == []


@pytest.mark.clause("U-C4.5")
@pytest.mark.parametrize("by_mentee", [True, False])
def test_people_who_must_not_meet_do_not_see_each_other(session: Session, by_mentee: bool) -> None:
    cohort = a_cohort(session)
    mentor, mentee = a_listed(session, cohort), make_enrolment(session, cohort)
    other = a_mentee(session, cohort)
    pair = (mentee.person_id, mentor.person_id) if by_mentee else (mentor.person_id, mentee.person_id)

    conflicts.add(session, *pair)

    assert names(session, make_participant(session, mentee)) == []
    assert names(session, other) == ["Bo Lindqvist"]


@pytest.mark.parametrize("search", ["", "lindq", "GRID counsel", "counsel bo", "energy", "Ten years", "100%"])
def test_words_are_found_in_any_order_in_the_four_facts(session: Session, search: str) -> None:
    cohort = a_cohort(session)
    a_listed(session, cohort, sector="D", summary="Ten years of 100% grid projects.", role_title="Counsel")
    a_listed(session, cohort, "Zoë Quiet", sector="A", summary=None, role_title=None)

    found = names(session, a_mentee(session, cohort), search)

    assert found == (["Bo Lindqvist", "Zoë Quiet"] if not search else ["Bo Lindqvist"])


@pytest.mark.clause("U-1", "U-2")
@pytest.mark.parametrize("search", ["secret", "wx_secret_1", "7946", "example.org", "they", "bobo", "%", "_"])
def test_no_search_reaches_what_is_not_shown(session: Session, search: str) -> None:
    cohort = a_cohort(session)
    a_listed(session, cohort)

    assert names(session, a_mentee(session, cohort), search) == []


def test_the_directory_is_paged_by_name_and_says_whether_there_are_more(session: Session) -> None:
    cohort = a_cohort(session)
    for number in range(42):
        a_listed(session, cohort, f"Mentor {number:02}")
    actor = a_mentee(session, cohort)

    pages = [directory.listed(session, actor, page=page, today=TODAY) for page in (1, 2, 99)]

    assert [(page.page, page.pages, page.total, page.has_more, len(page.mentors)) for page in pages] == [
        (1, 2, 20, True, 20),
        (2, 3, 40, True, 20),
        (3, 3, 42, False, 2),
    ]
    assert [mentor.full_name for mentor in pages[2].mentors] == ["Mentor 40", "Mentor 41"]


def test_more_mentors_are_looked_at_when_the_first_are_not_listed(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory_listing, "_AT_ONCE", 2)
    cohort = a_cohort(session)
    for number in range(5):
        make_enrolment(session, cohort, Side.MENTOR, name=f"Aa {number}")
    a_listed(session, cohort, "Zz")

    assert names(session, a_mentee(session, cohort)) == ["Zz"]


def test_the_directory_costs_the_same_for_one_and_for_three(session: Session) -> None:
    cohort = a_cohort(session)
    a_listed(session, cohort)
    actor = a_mentee(session, cohort)
    session.commit()

    with queries_of(session) as of_one:
        directory.listed(session, actor, today=TODAY)
    for name in ("Chen Yuxin", "Dana Novak"):
        a_listed(session, cohort, name)
    session.commit()
    with queries_of(session) as of_three:
        assert len(names(session, actor)) == 3

    assert len(of_one) == len(of_three) == 5


def test_the_directory_says_how_it_stands(session: Session) -> None:
    cohort, proposing = a_cohort(session), make_cohort(session)
    matched = make_enrolment(session, cohort)
    make_pairing(session, cohort, mentee=matched)

    standings = [
        directory.standing(session, actor)
        for actor in (
            a_mentee(session, cohort),
            a_mentee(session, proposing),
            a_mentee(session, cohort, status=EnrolmentStatus.SUBMITTED),
            make_participant(session, matched),
            a_mentee(session, cohort, status=EnrolmentStatus.PAUSED),
            a_mentee(session, proposing, status=EnrolmentStatus.PAUSED),
            a_mentee(session, cohort, status=EnrolmentStatus.DECLINED),
            a_mentee(session, proposing, status=EnrolmentStatus.WITHDRAWN),
        )
    ]

    assert standings == [
        Standing.OPEN,
        Standing.COORDINATOR_PROPOSES,
        Standing.NOT_APPROVED,
        Standing.MATCHED,
        Standing.PAUSED,
        Standing.PAUSED,
        Standing.CLOSED,
        Standing.CLOSED,
    ]


@pytest.mark.clause("U-1")
def test_nobody_else_reads_the_directory(session: Session) -> None:
    cohort = a_cohort(session)
    mentor, matched = a_listed(session, cohort), make_enrolment(session, cohort)
    make_pairing(session, cohort, mentee=matched)
    strangers = [
        make_participant(session, mentor),
        make_participant(session, matched),
        a_mentee(session, cohort, status=EnrolmentStatus.DRAFT),
        a_mentee(session, make_cohort(session)),
        make_actor(make_coordinator(session, cohort), cohort),
    ]

    for actor in strangers:
        with pytest.raises(NotAllowed):
            directory.listed(session, actor, today=TODAY)
