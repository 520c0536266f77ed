"""What needs an administrator: a scheme that hangs on one person, or has nowhere to write to; and what the place is."""

from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from models.people import Account, AccountStatus, Role, RoleGrant
from models.schemes import Cohort, Scheme
from services import tasks
from services.settings import settings
from services.tasks import Task

MOST_OF_A_KIND = 3


@dataclass(frozen=True)
class Manned:
    """A scheme, how many coordinators can sign in, and whether answers to its emails reach anybody."""

    id: UUID
    name: str
    coordinators: int
    has_office: bool


def todo(session: Session) -> tuple[Task, ...]:
    """The list for whoever acts as administrator: the caller has asked that. One query at any size."""
    found = [Manned(row.id, row.name, row.coordinators, row.reply_address is not None) for row in session.exec(_real())]
    alone = [_second(scheme) for scheme in found if scheme.coordinators < 2][:MOST_OF_A_KIND]
    mute = [_office(scheme) for scheme in found if not scheme.has_office][:MOST_OF_A_KIND]
    detail = "Who may do what, and how schemes are set up; nothing of what people wrote"
    always = Task(
        tasks.WHEN_YOU_CAN, "Give and take roles, start schemes and cohorts", detail, "Open", "scheme_settings"
    )
    return tasks.in_order([*alone, *mute, always])


def _second(scheme: Manned) -> Task:
    if scheme.coordinators:
        sentence, detail = (
            f"Give {scheme.name} a second coordinator",
            "Two people change its roles and publish its texts",
        )
    else:
        sentence, detail = f"Give {scheme.name} a coordinator", "Nobody who can sign in runs it now"
    # Elsewhere one person can do everything for a while.
    when = tasks.THIS_WEEK if settings().is_production or not scheme.coordinators else tasks.WHEN_YOU_CAN
    return Task(when, sentence, detail, "Give the role", "scheme_settings", address=_at("people", scheme))


def _office(scheme: Manned) -> Task:
    detail = "Its emails and the page of rights name nobody to write to"
    sentence = f"Enter an office's address for {scheme.name}"
    return Task(tasks.WHEN_YOU_CAN, sentence, detail, "Enter it", "scheme_settings", address=_at("scheme", scheme))


def _at(part: str, scheme: Manned) -> tuple[tuple[str, str], ...]:
    return (("desk", part), ("scheme", str(scheme.id)))


@cache  # asked whenever somebody opens Home: building it costs more than asking
def _real() -> Any:
    """The schemes that are no demonstration, by name."""
    cohorts = select(Cohort.id).where(col(Cohort.scheme_id) == col(Scheme.id)).correlate(Scheme)
    is_real = cohorts.where(~col(Cohort.is_demonstration)).exists() | ~cohorts.exists()
    coordinators = (
        select(func.count())
        .select_from(RoleGrant)
        .join(Account, col(Account.person_id) == col(RoleGrant.person_id))
        .where(col(RoleGrant.scheme_id) == col(Scheme.id), col(RoleGrant.role) == Role.COORDINATOR)
        .where(col(Account.status) == AccountStatus.ACTIVE)
        .correlate(Scheme)
        .scalar_subquery()
        .label("coordinators")
    )
    columns = (col(Scheme.id), col(Scheme.name), col(Scheme.reply_address), coordinators)
    return select_columns(*columns).where(is_real).order_by(col(Scheme.name), col(Scheme.id))
