"""How the tests import a file, and what they then ask the database."""

from datetime import date
from typing import Any

from sqlmodel import Session, SQLModel, func, select

from models.all_tables import metadata
from models.enrolments import Side
from models.schemes import Cohort
from services.access import DESK, Actor
from services.imports import arrivals
from services.imports.arrivals import Imported, Preview
from services.schemes import starting
from tests.factories import make_actor, make_coordinator

UNNC_MENTORS, UNNC_MENTEES, AULP_BOTH = (
    ("unnc-mentors-forms.xlsx", Side.MENTOR),
    ("unnc-mentees-forms.xlsx", Side.MENTEE),
    ("aulp-enrolments-forms.csv", None),
)


def started(session: Session, template: str) -> Cohort:
    return starting.start(
        session, DESK, template, cohort_name="2026/27", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
    )


def _coordinator(session: Session, cohort: Cohort) -> Actor:
    actor = make_actor(make_coordinator(session, cohort), cohort)
    session.commit()
    return actor


def arguments(content: str | bytes, side: Side | None = Side.MENTEE, mapping: dict[str, int] | None = None) -> Any:
    raw = content.encode() if isinstance(content, str) else content
    return {"file_name": "people.csv", "content": raw, "mapping": mapping, "side": side}


def previewed(session: Session, actor: Actor, cohort: Cohort, *args: Any) -> Preview:
    return arrivals.preview(session, actor, cohort.id, **arguments(*args))


def confirmed(session: Session, actor: Actor, cohort: Cohort, *args: Any) -> Imported:
    return arrivals.confirm(session, actor, cohort.id, **arguments(*args))


def count(session: Session, table: type[SQLModel]) -> int:
    return session.exec(select(func.count()).select_from(table)).one()


def whole(session: Session) -> dict[str, int | Any]:
    """Every row of every table: what "nothing was written" means."""
    session.expire_all()
    rows = {table.name: session.connection().execute(table.select()).fetchall() for table in metadata.sorted_tables}
    return {name: sorted(map(repr, found)) for name, found in rows.items()}
