"""The rows behind a figure, by name: for the coordinator only, and never a pair of the coordinator's own."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, null, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from models.agreements import DocumentKind, SchemeDocument
from models.enrolments import Enrolment
from models.people import Person
from models.schemes import Scheme
from services import access, signatures, times
from services.access import Actor
from services.ledger import asking, moments
from services.ledger.reading import ROWS
from services.ledger.shapes import Aim, Figure

PAGE = 50


@dataclass(frozen=True)
class Row:
    """A pair (`mentor`, since when) or a person (`mentor` None)."""

    name: str
    mentor: str | None
    since: datetime | None


@dataclass(frozen=True)
class Published:
    """A text in force, and who published it: a name, or None for the scheme's template and for somebody who is gone."""

    title: str
    edition: int
    published_on: date
    published_by: str | None


@dataclass(frozen=True)
class Behind:
    """One page of them. `says` tells which they are: those that a good number lacks, or those that it counts."""

    says: str
    rows: tuple[Row, ...]
    total: int
    pages: int


def has_rows(figure: Figure) -> bool:
    """Whether the ledger can list who is behind the figure."""
    return figure.source in ROWS and figure.lists


def published(session: Session, actor: Actor, cohort_id: UUID, kind: DocumentKind) -> tuple[Published, ...]:
    """The scheme's text of this kind in force, for the coordinator: three queries. Raises NotAllowed."""
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    scheme = session.get_one(Scheme, cohort.scheme_id)
    columns = (SchemeDocument.title, SchemeDocument.edition, SchemeDocument.published_at, Person.full_name)
    newest: Any = (
        select(*(col(column) for column in columns))
        .outerjoin(Person, col(Person.id) == col(SchemeDocument.published_by_id))
        .where(col(SchemeDocument.scheme_id) == scheme.id, col(SchemeDocument.kind) == kind, signatures.in_force())
        .join(Scheme, col(Scheme.id) == col(SchemeDocument.scheme_id))
    )
    return tuple(
        Published(row.title, row.edition, times.day_in(row.published_at, scheme.time_zone), row.full_name)
        for row in session.execute(newest)
    )


def behind(
    session: Session, actor: Actor, cohort_id: UUID, figure: Figure, *, today: date | None = None, page: int = 1
) -> Behind:
    """Who is not yet among the counted where many are good, else who is; by name, 50 a page. Raises NotAllowed."""
    access.cohort_to_coordinate(session, actor, cohort_id)
    ask, _ = asking.asked(session, actor, cohort_id, today)
    marked = ROWS[figure.source](moments.shape_of(ask), {figure.part, figure.base or figure.part})
    bound = moments.values(ask)
    statement = _pairs(marked, actor) if figure.source == "pairs" else _people(marked)
    chosen = statement.where(_chosen(marked, figure)).subquery("behind")
    total = session.execute(select(func.count()).select_from(chosen), bound).scalar_one()
    pages = max(1, -(-total // PAGE))
    listed = select(chosen).order_by(chosen.c.sort_key, chosen.c.id).limit(PAGE)
    rows = session.execute(listed.offset((min(max(page, 1), pages) - 1) * PAGE), bound)
    return Behind(_says(figure), tuple(Row(row.name, row.mentor, row.since) for row in rows), total, pages)


def _chosen(marked: Any, figure: Figure) -> Any:
    part = marked.c[figure.part] == 1
    if _lacks(figure):
        return and_(marked.c[figure.base] == 1, marked.c[figure.part] == 0)
    return part


def _lacks(figure: Figure) -> bool:
    """Whether those are listed whom a good number lacks."""
    return figure.aim in {Aim.MOST, Aim.ALL} and figure.base is not None


def _says(figure: Figure) -> str:
    kind = "pairs" if figure.source == "pairs" else "people"
    if _lacks(figure):
        return f"The {kind} that the number counts as missing"
    return f"The {kind} that the number counts"


def _pairs(marked: Any, actor: Actor) -> Any:
    mentor, mentee = aliased(Enrolment), aliased(Enrolment)
    mentors_self, mentees_self = aliased(Person), aliased(Person)
    return (
        select(
            marked.c.id,
            col(mentees_self.full_name).label("name"),
            col(mentors_self.full_name).label("mentor"),
            marked.c.released_at.label("since"),
            col(mentee.sort_key).label("sort_key"),
        )
        .join(mentor, col(mentor.id) == marked.c.mentor_id)
        .join(mentors_self, col(mentors_self.id) == col(mentor.person_id))
        .join(mentee, col(mentee.id) == marked.c.mentee_id)
        .join(mentees_self, col(mentees_self.id) == col(mentee.person_id))
        # A party to a pair handles it as a party only.
        .where(col(mentor.person_id) != actor.person_id, col(mentee.person_id) != actor.person_id)
    )


def _people(marked: Any) -> Any:
    enrolment = aliased(Enrolment)
    return (
        select(
            marked.c.id,
            col(Person.full_name).label("name"),
            null().label("mentor"),
            col(enrolment.decided_at).label("since"),
            col(enrolment.sort_key).label("sort_key"),
        )
        .join(enrolment, col(enrolment.id) == marked.c.id)
        .join(Person, col(Person.id) == col(enrolment.person_id))
    )
