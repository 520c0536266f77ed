"""A scheme's name, zone and addresses, and its cohorts: who may set them, and what that changes."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, select

from models.audit import AuditEntry
from models.enrolments import EnrolmentStatus, Side
from models.people import Role, RoleGrant
from models.schemes import Cohort, Scheme
from services import cohorts, rights, scheme_facts
from services.access import Acting, Actor, Place
from services.cohorts import Run
from services.errors import Conflict, Invalid, NotAllowed
from services.scheme_facts import Facts
from services.schemes import starting
from tests.factories import (
    make_actor,
    make_cohort,
    make_coordinator,
    make_enrolment,
    make_manager,
    make_person,
    make_scheme,
)
from tests.services.counting import queries_of

WANTED: dict[str, Any] = {
    "version": 1,
    "name": "Peers",
    "time_zone": "asia/shanghai",
    "reply_address": "office@example.org",
    "complaints_address": "above@example.org",
}


@pytest.fixture
def cohort(session: Session) -> Cohort:
    return make_cohort(session, make_scheme(session, name="Alumni"), name="2026/27")


@pytest.fixture
def coordinator(session: Session, cohort: Cohort) -> Actor:
    return make_actor(make_coordinator(session, cohort), cohort)


@pytest.fixture
def administrator(session: Session) -> Actor:
    person = make_person(session, "Ada Owner")
    session.add(RoleGrant(person_id=person.id, role=Role.ADMINISTRATOR))
    session.flush()
    return Actor(person.id, person.full_name, Place(Acting.ADMINISTRATOR))


def keep(session: Session, actor: Actor, scheme_id: UUID, **changed: Any) -> Facts:
    return scheme_facts.keep(session, actor, scheme_id, **(WANTED | changed))


@pytest.mark.parametrize("who", ["coordinator", "administrator"])
def test_the_facts_are_kept_and_the_journal_names_them_without_their_words(
    session: Session, cohort: Cohort, who: str, request: pytest.FixtureRequest
) -> None:
    kept = keep(session, request.getfixturevalue(who), cohort.scheme_id)

    noted = session.exec(select(AuditEntry).where(AuditEntry.action == "scheme.facts_set")).one()
    assert kept == Facts(2, "Peers", "Asia/Shanghai", "office@example.org", "above@example.org")
    assert noted.details == {"changed": ["name", "time_zone", "reply_address", "complaints_address"]}
    assert rights.notices(session) == (
        rights.Notice("Peers", "peers", "office@example.org", None, complaints="above@example.org"),
    )


def test_an_empty_address_is_none_and_nothing_changed_is_not_noted(
    session: Session, cohort: Cohort, coordinator: Actor
) -> None:
    first = keep(session, coordinator, cohort.scheme_id, reply_address=" ", complaints_address="")
    again = keep(session, coordinator, cohort.scheme_id, version=first.version, reply_address="", complaints_address="")

    assert (first.reply_address, first.complaints_address) == (None, None)
    assert again == first
    assert len(session.exec(select(AuditEntry).where(AuditEntry.action == "scheme.facts_set")).all()) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"time_zone": "Mars"},
        {"reply_address": "a@b"},
        {"complaints_address": "x@example.org, y@example.org"},
    ],
    ids=["name", "zone", "office", "two addresses"],
)
def test_what_cannot_be_is_refused(session: Session, cohort: Cohort, coordinator: Actor, wrong: dict[str, str]) -> None:
    session.commit()

    with pytest.raises(Invalid):
        keep(session, coordinator, cohort.scheme_id, **wrong)

    session.rollback()
    assert session.get_one(Scheme, cohort.scheme_id).name == "Alumni"


def test_a_name_of_another_scheme_and_an_old_version_are_refused(
    session: Session, cohort: Cohort, coordinator: Actor
) -> None:
    make_scheme(session, name="PEERS")
    session.commit()

    with pytest.raises(Conflict):
        keep(session, coordinator, cohort.scheme_id)
    with pytest.raises(Conflict):
        keep(session, coordinator, cohort.scheme_id, version=7, name="Others")

    session.rollback()
    assert session.get_one(Scheme, cohort.scheme_id).name == "Alumni"


def test_nobody_else_reads_or_sets_any_of_it(session: Session, cohort: Cohort) -> None:
    elsewhere = make_cohort(session)
    others = [
        make_actor(make_manager(session, cohort), cohort, Acting.MANAGER),
        make_actor(make_coordinator(session, elsewhere), elsewhere),
    ]
    session.commit()

    for actor in others:
        for act in (
            lambda who: scheme_facts.read(session, who, cohort.scheme_id),
            lambda who: keep(session, who, cohort.scheme_id),
            lambda who: cohorts.of_scheme(session, who, cohort.scheme_id),
            lambda who: change(session, who, cohort, "Mine"),
            lambda who: starting.add_cohort(
                session, who, cohort.scheme_id, cohort_name="x", starts_on=date(2027, 9, 1), ends_on=date(2028, 8, 31)
            ),
        ):
            with pytest.raises(NotAllowed):
                act(actor)

    session.rollback()
    assert session.get_one(Cohort, cohort.id).name == "2026/27"


def change(session: Session, actor: Actor, cohort: Cohort, name: str, version: int = 1) -> None:
    cohorts.change(
        session, actor, cohort.id, version=version, name=name, starts_on=cohort.starts_on, ends_on=cohort.ends_on
    )


@pytest.mark.parametrize("many", [1, 3])
def test_a_coordinator_sees_how_many_are_in_each_cohort_and_an_administrator_does_not(
    session: Session, cohort: Cohort, coordinator: Actor, administrator: Actor, many: int
) -> None:
    for number in range(many):
        make_enrolment(session, cohort, Side.MENTOR, name=f"Mentor {number}")
    make_enrolment(session, cohort, status=EnrolmentStatus.WITHDRAWN)
    later = make_cohort(
        session,
        session.get_one(Scheme, cohort.scheme_id),
        name="2027/28",
        starts_on=date(2027, 9, 1),
        ends_on=date(2028, 8, 31),
    )
    session.commit()
    scheme_id, later_id, cohort_id = cohort.scheme_id, later.id, cohort.id

    with queries_of(session) as asked:
        found = cohorts.of_scheme(session, coordinator, scheme_id)

    seen = cohorts.of_scheme(session, administrator, scheme_id)
    assert len(asked) == 2
    assert found == (
        Run(later_id, 1, "2027/28", date(2027, 9, 1), date(2028, 8, 31), 0, is_demonstration=False),
        Run(cohort_id, 1, "2026/27", date(2026, 9, 1), date(2027, 8, 31), many, is_demonstration=False),
    )
    assert [run.people for run in seen] == [None, None]


def test_a_cohorts_name_is_changed_once_and_never_to_anothers(
    session: Session, cohort: Cohort, coordinator: Actor
) -> None:
    make_cohort(session, session.get_one(Scheme, cohort.scheme_id), name="2027/28")
    session.commit()

    change(session, coordinator, cohort, "Autumn")
    with pytest.raises(Conflict):
        change(session, coordinator, cohort, "Later", version=1)
    with pytest.raises(Conflict):
        change(session, coordinator, cohort, "2027/28", version=2)

    session.rollback()
    assert session.get_one(Cohort, cohort.id).name == "Autumn"


@pytest.mark.parametrize("invented", [False, True])
def test_an_administrator_starts_a_cohort_and_one_of_a_demonstration_belongs_to_it(
    session: Session, administrator: Actor, invented: bool
) -> None:
    scheme = make_scheme(session)
    make_cohort(session, scheme, is_demonstration=invented)
    session.commit()

    added = starting.add_cohort(
        session, administrator, scheme.id, cohort_name="Next", starts_on=date(2027, 9, 1), ends_on=date(2028, 8, 31)
    )

    assert added.is_demonstration is invented
