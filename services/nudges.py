"""A word to people who are nearly there: one email that names just what is missing, at most once a day to each."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.messages import Message, MessageStatus
from models.people import LinkPurpose
from models.schemes import Cohort, Scheme
from services import access, accounts, audit, messages, readiness
from services.access import Actor
from services.readiness import Readiness
from services.units import writes

TEMPLATE = "nudge"
# Whoever paused, left or was declined is left alone.
OPEN = frozenset({EnrolmentStatus.DRAFT, EnrolmentStatus.RETURNED, EnrolmentStatus.SUBMITTED, EnrolmentStatus.APPROVED})
_AT_ONCE = 500


@dataclass(frozen=True)
class Nudge:
    """What one person would be reminded of. `why_not` says in words why nobody writes to them, '' otherwise."""

    enrolment_id: UUID
    person_id: UUID
    name: str
    email: str
    missing: tuple[str, ...]
    why_not: str = ""


@writes
def send(session: Session, actor: Actor, enrolment_ids: Iterable[UUID], *, today: date | None = None) -> int:
    """Remind those of them whom something is missing from, and who were not reminded today. Raises NotAllowed."""
    told = [nudge for nudge in plan(session, actor, enrolment_ids, today=today) if not nudge.why_not]
    able = accounts.of_those_who_can_sign_in(session, {nudge.person_id for nudge in told})
    sent = 0
    for nudge in told:
        scheme, knows_password = _scheme_of(session, nudge.enrolment_id), nudge.person_id in able
        # A session forgets what nobody holds, and each email asks for it.
        session.info["reminding"] = scheme
        if not knows_password:
            accounts.ensure_account(session, actor, nudge.person_id, scheme_id=scheme.id)
        sent += messages.queue(
            session,
            person_id=nudge.person_id,
            template=TEMPLATE,
            scheme_id=scheme.id,
            event=_event(),
            link_purpose=None if knows_password else LinkPurpose.INVITATION,
            link_hours=0 if knows_password else accounts.INVITATION_HOURS,
            missing=list(nudge.missing),
        )
        audit.record(session, actor, "enrolment.nudged", nudge.enrolment_id, scheme_id=scheme.id)
    session.commit()
    return sent


def to_remind(
    session: Session, actor: Actor, enrolment_ids: Iterable[UUID], *, today: date | None = None
) -> tuple[UUID, ...]:
    """Those of them who would be written to now, by name. Raises NotAllowed."""
    return tuple(nudge.enrolment_id for nudge in plan(session, actor, enrolment_ids, today=today) if not nudge.why_not)


def preview(
    session: Session, actor: Actor, enrolment_id: UUID, *, today: date | None = None
) -> messages.Preview | None:
    """The email as this person would get it; None when nothing is missing. Raises NotAllowed."""
    (nudge,) = plan(session, actor, [enrolment_id], today=today)
    if not nudge.missing:
        return None
    hours = 0 if accounts.can_sign_in(session, nudge.person_id) else accounts.INVITATION_HOURS
    scheme = _scheme_of(session, enrolment_id)
    return messages.preview(
        session,
        person_id=nudge.person_id,
        template=TEMPLATE,
        scheme_id=scheme.id,
        link_hours=hours,
        missing=list(nudge.missing),
    )


def plan(
    session: Session, actor: Actor, enrolment_ids: Iterable[UUID], *, today: date | None = None
) -> tuple[Nudge, ...]:
    """What each of them lacks, and who is written to; by name. Raises NotAllowed."""
    by_cohort: dict[UUID, list[UUID]] = {}
    for each, cohort_id in access.enrolments_to_coordinate(session, actor, dict.fromkeys(enrolment_ids)).items():
        by_cohort.setdefault(cohort_id, []).append(each)
    nudges = []
    for cohort_id, ids in by_cohort.items():
        scheme = session.get_one(Scheme, session.get_one(Cohort, cohort_id).scheme_id)
        for some in _chunks(ids):
            told = _told_today(session, some)
            nudges += [
                _nudge(row, lights, is_told=row.person_id in told)
                for row, lights in readiness.with_lights(session, scheme, cohort_id, some, today=today)
            ]
    return tuple(sorted(nudges, key=lambda each: (each.name.casefold(), each.email)))


def missing(enrolment: Any, lights: Readiness) -> tuple[str, ...]:
    """What this person can do about it, in their words. Room for mentees is theirs to give: nobody is nudged for it."""
    found = []
    if lights.profile.holds is False:
        found.append(f"Your profile: {lights.profile.why.removeprefix('missing: ')}")
    if enrolment.status in {EnrolmentStatus.DRAFT, EnrolmentStatus.RETURNED}:
        found.append("Your enrolment form: finish it and send it in")
    if lights.signature.holds is False:
        found.append("The agreement: read and sign it")
    if lights.training.holds is False:
        found.append("The training: something to read and a short check; you can stop in between")
    if lights.conflicts.holds is False:
        found.append("One question about conflicts: is there anybody whom you should not be paired with?")
    if lights.contactable.holds is False and enrolment.side is Side.MENTOR:
        found.append("A way to be reached: choose at least one that a mentee may use once you are matched")
    return tuple(found)


def _nudge(enrolment: Any, lights: Readiness, *, is_told: bool) -> Nudge:
    what = missing(enrolment, lights)
    why_not = ""
    if enrolment.status not in OPEN:
        why_not = f"is {enrolment.status.value}"
    elif not what:
        why_not = "has done everything"
    elif is_told:
        why_not = "was reminded today already"
    return Nudge(enrolment.id, enrolment.person_id, enrolment.full_name, enrolment.email, what, why_not)


def _told_today(session: Session, enrolment_ids: list[UUID]) -> set[UUID]:
    """People among them who were reminded today (UTC), in whichever scheme."""
    start = utc_now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    statement = (
        select(Message.person_id)
        .join(Enrolment, col(Enrolment.person_id) == Message.person_id)
        .where(
            col(Enrolment.id).in_(enrolment_ids),
            Message.template == TEMPLATE,
            col(Message.created_at) >= start,
            Message.status != MessageStatus.FAILED,
        )
    )
    return set(session.exec(statement))


def _event() -> str:
    """One a day to a person: the outbox takes no second one of the same event."""
    return f"nudged {utc_now().astimezone(UTC):%Y-%m-%d}"


def _scheme_of(session: Session, enrolment_id: UUID) -> Scheme:
    cohort = session.get_one(Cohort, session.get_one(Enrolment, enrolment_id).cohort_id)
    return session.get_one(Scheme, cohort.scheme_id)


def _chunks(ids: list[UUID]) -> list[list[UUID]]:
    return [ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE)]
