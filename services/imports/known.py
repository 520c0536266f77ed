"""What the desk knows already about the people in a file: a few queries for each thousand of them, never one a row."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Text, cast, func, literal, or_
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Session, col, select

from models.audit import AuditEntry
from models.enrolments import Conflict, Enrolment, Side
from models.people import Person, RoleGrant
from models.schemes import Cohort
from services.cleaning import compare_key

T = TypeVar("T")

CHUNK = 2_000  # SQLite takes 32,766 values in a statement


@dataclass(frozen=True)
class Known:
    """People by address key, their places in this cohort, and who may be corrected from here.

    `insiders` have a place in this scheme. `outsiders` have a place or a role outside it: what those say about
    themselves is not this scheme's to change.
    """

    people: Mapping[str, Person]
    places: Mapping[tuple[UUID, Side], Enrolment]
    insiders: frozenset[UUID]
    outsiders: frozenset[UUID]


def known(session: Session, cohort: Cohort, email_keys: Iterable[str]) -> Known:
    """Everybody with one of these addresses."""
    people = session.exec(select(Person).where(col(Person.email_key).in_(_each_of(session, email_keys)))).all()
    ids = [person.id for person in people]
    places = [
        place
        for chunk in chunks(ids)
        for place in session.exec(
            select(Enrolment).where(Enrolment.cohort_id == cohort.id, col(Enrolment.person_id).in_(chunk))
        )
    ]
    schemes = _schemes_of(session, ids)
    return Known(
        people={person.email_key: person for person in people},
        places={(place.person_id, place.side): place for place in places},
        insiders=frozenset(person_id for person_id, found in schemes.items() if cohort.scheme_id in found),
        outsiders=frozenset(person_id for person_id, found in schemes.items() if found != {cohort.scheme_id}),
    )


def own_words(session: Session, people: Sequence[Person]) -> Mapping[UUID, frozenset[str]]:
    """By place and by person: the questions that the person answered in the form themselves, as the journal says."""
    found: dict[UUID, frozenset[str]] = defaultdict(frozenset)
    for chunk in chunks(person.id for person in people):
        statement = select(AuditEntry.actor_id, AuditEntry.subject_id, AuditEntry.details).where(
            col(AuditEntry.actor_id).in_(chunk), AuditEntry.action == "enrolment.saved"
        )
        for person_id, place_id, details in session.exec(statement):
            keys = frozenset(details.get("changed", ()))
            for who_or_where in (person_id, place_id):
                if who_or_where is not None:
                    found[who_or_where] |= keys
    return found


def addresses_here(session: Session, cohort_id: UUID, said: Collection[str]) -> dict[str, frozenset[str]]:
    """For names and addresses: the address keys of everybody in the cohort whom they mean, by `compare_key`."""
    found: dict[str, frozenset[str]] = defaultdict(frozenset)
    for email_key, full_name in _names_here(session, cohort_id, said):
        found[email_key] |= {email_key}
        found[compare_key(full_name)[:200]] |= {email_key}
    return found


def _names_here(session: Session, cohort_id: UUID, said: Collection[str]) -> Iterator[tuple[str, str]]:
    """Address keys and names: of the whole cohort when it is small, else at least of everybody who may be meant."""
    if not said:
        return
    here = (
        select(Person.email_key, Person.full_name)
        .join(Enrolment, col(Enrolment.person_id) == Person.id)
        .where(Enrolment.cohort_id == cohort_id)
    )
    everybody = session.exec(here.limit(CHUNK + 1)).all()
    if len(everybody) <= CHUNK:
        yield from everybody
        return
    asked = {text.casefold()[:200] for text in said} | {compare_key(text)[:200] for text in said}
    for chunk in chunks(sorted(asked)):
        yield from session.exec(here.where(or_(_sorted_as(chunk), col(Person.email_key).in_(chunk))))
    # Whoever is sorted by another name was found by none of these.
    yield from session.exec(here.where(col(Person.sort_name).is_not(None)))


def kept_apart(session: Session, declared_by: Iterable[UUID]) -> frozenset[tuple[UUID, UUID]]:
    """(who said so, whom they meant), of all that these people said."""
    return frozenset(
        pair
        for chunk in chunks(declared_by)
        for pair in session.exec(
            select(Conflict.declared_by_id, Conflict.other_id).where(col(Conflict.declared_by_id).in_(chunk))
        )
    )


def people_with(session: Session, email_keys: Iterable[str]) -> dict[str, UUID]:
    """People's ids by address key."""
    return {
        email_key: person_id
        for chunk in chunks(email_keys)
        for email_key, person_id in session.exec(
            select(Person.email_key, Person.id).where(col(Person.email_key).in_(chunk))
        )
    }


def chunks(items: Iterable[T]) -> Iterator[tuple[T, ...]]:
    """The items, as many at a time as fit into one statement."""
    left = iter(items)
    while chunk := tuple(islice(left, CHUNK)):
        yield chunk


def all_places(session: Session, person_ids: Iterable[UUID]) -> Iterator[Enrolment]:
    """Every place of these people, in any cohort."""
    for chunk in chunks(person_ids):
        yield from session.exec(select(Enrolment).where(col(Enrolment.person_id).in_(chunk)))


def _each_of(session: Session, texts: Iterable[str]) -> Any:
    """The texts as a table: one value for ten thousand of them, which neither driver has to take apart."""
    together = json.dumps(list(texts))
    if session.get_bind().dialect.name == "sqlite":
        return select(func.json_each(together).table_valued("value").c.value)
    return select(func.jsonb_array_elements_text(cast(literal(together, Text), JSONB)).column_valued())


def _schemes_of(session: Session, person_ids: Sequence[UUID]) -> dict[UUID, set[UUID | None]]:
    """By person: the schemes they have a place or a role in; None stands for the desk as a whole."""
    found: dict[UUID, set[UUID | None]] = defaultdict(set)
    for chunk in chunks(person_ids):
        places = (
            select(Enrolment.person_id, Cohort.scheme_id)
            .join(Cohort, col(Cohort.id) == Enrolment.cohort_id)
            .where(col(Enrolment.person_id).in_(chunk))
            .distinct()
        )
        roles = select(RoleGrant.person_id, RoleGrant.scheme_id).where(col(RoleGrant.person_id).in_(chunk))
        for person_id, scheme_id in (*session.exec(places), *session.exec(roles)):
            found[person_id].add(scheme_id)
    return found


def _sorted_as(names: Sequence[str]) -> Any:
    return col(Enrolment.sort_key).in_(names)
