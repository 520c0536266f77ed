"""Removes the demonstration in one act: everything that hangs on its schemes, and the people it was made of.

Which rows those are is read from the foreign keys, so that a table of tomorrow is cleared without a line here. The
journal stays: it says that there was a demonstration, and by ids alone who did what in it.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Table, delete, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from models.all_tables import metadata
from models.audit import Installation
from models.enrolments import Enrolment
from models.people import RoleGrant
from models.schemes import Cohort
from services import audit, consents
from services.access import Acting, Actor
from services.errors import Conflict, NotAllowed
from services.matching.texts import vectors
from services.units import writes


@writes
def remove(session: Session, actor: Actor) -> int:
    """Delete the demonstration's schemes and its invented people, all or nothing; how many people.

    Raises NotAllowed, and Conflict when there is none, or when one of its schemes has a real cohort by now.
    """
    session.exec(select_rows(Installation).where(Installation.id == 1).with_for_update()).one()
    scheme_ids = frozenset(session.exec(select_rows(Cohort.scheme_id).where(col(Cohort.is_demonstration))).all())
    if not scheme_ids:
        raise Conflict("There is no demonstration here.", remedy="Nothing needs to be removed.")
    _refuse_others(actor, scheme_ids)
    _refuse_real_cohorts(session, scheme_ids)
    person_ids = _only_in(session, scheme_ids)
    audit.record(session, actor, "demonstration.removed", schemes=len(scheme_ids), people=len(person_ids))
    session.flush()
    _delete(session, {"scheme": scheme_ids, "person": person_ids})
    # No key leads to these two: they are known by a digest of what somebody wrote, or read.
    vectors.forget_unused(session)
    consents.forget_unused_words(session)
    session.commit()
    return len(person_ids)


def _refuse_others(actor: Actor, scheme_ids: Collection[UUID]) -> None:
    runs_it = actor.place.acting_as in {Acting.ADMINISTRATOR, Acting.DESK} or actor.coordinates & set(scheme_ids)
    if not runs_it:
        raise NotAllowed(
            "You cannot remove the demonstration.", remedy="Sign in as its coordinator, or ask an administrator."
        )


def _refuse_real_cohorts(session: Session, scheme_ids: Collection[UUID]) -> None:
    real = select_rows(Cohort.name).where(col(Cohort.scheme_id).in_(scheme_ids), ~col(Cohort.is_demonstration))
    name = session.exec(real.limit(1)).first()
    if name is not None:
        raise Conflict(
            f"A scheme of the demonstration has a real cohort by now: {name}.",
            remedy="The demonstration stays, so that nothing real is lost.",
        )


def _only_in(session: Session, scheme_ids: Collection[UUID]) -> frozenset[UUID]:
    """The people who have a place or a role in these schemes, and none anywhere else."""
    enrolled = select_rows(Enrolment.person_id, Cohort.scheme_id).join(
        Cohort, col(Cohort.id) == col(Enrolment.cohort_id)
    )
    granted = select_rows(RoleGrant.person_id, RoleGrant.scheme_id)
    places = {*session.exec(enrolled), *session.exec(granted)}
    elsewhere = {person_id for person_id, scheme_id in places if scheme_id not in scheme_ids}
    return frozenset(person_id for person_id, _ in places) - elsewhere


def _delete(session: Session, roots: Mapping[str, Collection[UUID]]) -> None:
    """Deletes these rows and all that refer to them, whatever refers first."""
    doomed: dict[str, list[UUID]] = {}
    for table in metadata.sorted_tables:  # what is referred to comes before what refers
        found = set(roots.get(table.name, ()))
        for column, parent in _references(table):
            for some in _batched(doomed.get(parent, [])):
                found.update(session.execute(select(table.c.id).where(column.in_(some))).scalars())
        doomed[table.name] = sorted(found)
    for table in reversed(metadata.sorted_tables):
        for some in _batched(doomed[table.name]):
            session.execute(delete(table).where(table.c.id.in_(some)))
    session.expire_all()


def _references(table: Table) -> list[tuple[Any, str]]:
    """The table's columns that point to another, with the name of that one."""
    return [(column, key.column.table.name) for column in table.columns for key in column.foreign_keys]


def _batched(ids: list[UUID], size: int = 500) -> Iterator[list[UUID]]:
    """Ids in handfuls: databases take only so many in one statement."""
    return (ids[at : at + size] for at in range(0, len(ids), size))
