"""What a coordinator decides about enrolments: approve, return with a question, decline, and think again."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, exists
from sqlmodel import Session, col, select

from models.audit import AuditEntry
from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.people import Person
from models.schemes import Cohort, Scheme
from services import access, accounts, audit, cleaning, messages
from services.access import Actor
from services.errors import Conflict, Invalid
from services.units import writes

LONGEST_NOTE = 2000
# A no, and a question, can be taken back for so long: until then their emails wait.
HOLD_MINUTES = 10
HELD = frozenset({EnrolmentStatus.RETURNED, EnrolmentStatus.DECLINED})
_AT_ONCE = 500
TEMPLATES = {
    EnrolmentStatus.APPROVED: "enrolment_approved",
    EnrolmentStatus.RETURNED: "enrolment_returned",
    EnrolmentStatus.DECLINED: "enrolment_declined",
}


@writes
def approve(
    session: Session, actor: Actor, enrolment_ids: Iterable[UUID], *, decided_at: datetime | None = None
) -> int:
    """Let submitted enrolments in, all or none; answers how many. Raises NotAllowed, Conflict.

    `decided_at`, here and below: when an act began that takes more than one unit of work.
    """
    found, now = _to_decide(session, actor, enrolment_ids), decided_at or utc_now()
    able = accounts.of_those_who_can_sign_in(session, {person.id for _, person in found})
    for enrolment, person in found:
        # Whoever cannot sign in yet is welcomed by the invitation: two emails at once would only confuse.
        is_known = person.id in able
        _decide(session, actor, enrolment, EnrolmentStatus.APPROVED, now, tell=is_known)
        enrolment.waiting_since = enrolment.waiting_since or utc_now()
        if not is_known:
            scheme_id = _scheme_id(session, enrolment)
            accounts.ensure_invited(session, actor, person.id, scheme_id=scheme_id, status=enrolment.status)
    session.commit()
    return len(found)


@writes
def return_(
    session: Session,
    actor: Actor,
    enrolment_ids: Iterable[UUID] | UUID,
    note: str,
    *,
    decided_at: datetime | None = None,
) -> int:
    """Give forms back with one question, to be sent again; all or none. Raises NotAllowed, Invalid, Conflict."""
    ids = [enrolment_ids] if isinstance(enrolment_ids, UUID) else enrolment_ids
    found, now = _to_decide(session, actor, ids), decided_at or utc_now()
    question = cleaning.text(note, field="The question", longest=LONGEST_NOTE)
    if not question:
        raise Invalid("The question is empty.", remedy="Write what the person should add or change.")
    for enrolment, _ in found:
        _decide(session, actor, enrolment, EnrolmentStatus.RETURNED, now, note=question)
    session.commit()
    return len(found)


@writes
def decline(
    session: Session, actor: Actor, enrolment_ids: Iterable[UUID], *, decided_at: datetime | None = None
) -> int:
    """Turn submitted enrolments down, all or none; answers how many. Raises NotAllowed, Conflict."""
    found, now = _to_decide(session, actor, enrolment_ids), decided_at or utc_now()
    for enrolment, _ in found:
        _decide(session, actor, enrolment, EnrolmentStatus.DECLINED, now)
    session.commit()
    return len(found)


@writes
def undo(session: Session, actor: Actor, enrolment_ids: Iterable[UUID]) -> int:
    """Take back what was returned or declined, as long as no email has left; all or none. Raises NotAllowed, Conflict.

    An approval opens doors at once, so it is not taken back here.
    """
    found = _held(session, actor, enrolment_ids)
    for enrolment, _ in found:
        if enrolment.status not in HELD or not take_answer_back(session, enrolment):
            raise Conflict(
                "It is too late to undo this: an email has left, or something has changed since.",
                remedy="Write to the person, or invite them again.",
            )
        audit.record(
            session,
            actor,
            "enrolment.undone",
            enrolment.id,
            scheme_id=_scheme_id(session, enrolment),
            was=enrolment.status,
        )
        enrolment.status, enrolment.decided_at, enrolment.decision_note = EnrolmentStatus.SUBMITTED, None, None
    session.commit()
    return len(found)


@dataclass(frozen=True)
class Undoable:
    """One act of the actor's that can still be taken back: no email of it has left. `name` is the person's, of one."""

    status: EnrolmentStatus
    decided_at: datetime
    ids: tuple[UUID, ...]
    name: str


def undoable(session: Session, actor: Actor, cohort_id: UUID) -> tuple[Undoable, ...]:
    """What the actor has just returned or declined here, the newest act first; one query. Raises NotAllowed.

    Whatever somebody did since, as with a form that was sent again, is not undone any more.
    """
    access.scheme_run_of(session, actor, cohort_id)
    asked = {"cohort_id": cohort_id, "person_id": actor.person_id, "since": held_since()}
    acts: dict[tuple[datetime, EnrolmentStatus], list[tuple[UUID, str]]] = {}
    for enrolment_id, status, decided_at, name in session.exec(_undoable(), params=asked):
        acts.setdefault((decided_at, status), []).append((enrolment_id, name))
    return tuple(
        Undoable(status, decided_at, tuple(each for each, _ in people), people[0][1] if len(people) == 1 else "")
        for (decided_at, status), people in acts.items()
    )


def held_since() -> datetime:
    """What was decided later than this still has its email here."""
    return utc_now() - timedelta(minutes=HOLD_MINUTES)


@cache
def _undoable() -> Any:
    journal = exists().where(
        col(AuditEntry.subject_id) == Enrolment.id,
        col(AuditEntry.actor_id) == bindparam("person_id"),
        col(AuditEntry.at) >= Enrolment.decided_at,
        col(AuditEntry.action).in_([f"enrolment.{status.value}" for status in HELD]),
    )
    return (
        select(Enrolment.id, Enrolment.status, Enrolment.decided_at, Person.full_name)
        .join(Person, col(Person.id) == Enrolment.person_id)
        .where(*freshly_held(bindparam("cohort_id"), bindparam("since")), journal)
        .order_by(col(Enrolment.decided_at).desc(), col(Enrolment.sort_key), col(Enrolment.id))
    )


def freshly_held(cohort_id: Any, since: Any) -> tuple[Any, ...]:
    """SQL conditions: a no or a question of which the email has not left. An index answers them alone."""
    return (
        col(Enrolment.cohort_id) == cohort_id,
        col(Enrolment.side).in_(list(Side)),
        col(Enrolment.decided_at) > since,
        col(Enrolment.status).in_(HELD),
    )


@dataclass(frozen=True)
class Recipient:
    """Who gets an email, and which."""

    enrolment_id: UUID
    name: str
    email: str
    template: str


def recipients(
    session: Session, actor: Actor, enrolment_ids: Iterable[UUID], decision: EnrolmentStatus
) -> tuple[Recipient, ...]:
    """Everybody to whom this decision would write, by name. Raises NotAllowed, Conflict."""
    wanted = list(access.enrolments_to_coordinate(session, actor, dict.fromkeys(enrolment_ids)))
    named: Any = (Enrolment.id, Enrolment.status, Person.id, Person.full_name, Person.email)
    statement = select(*named).join(Person, col(Person.id) == Enrolment.person_id)
    found = [row for some in _chunks(wanted) for row in session.exec(statement.where(col(Enrolment.id).in_(some)))]
    if any(row[1] is not EnrolmentStatus.SUBMITTED for row in found):
        raise _decided_already()
    able = accounts.of_those_who_can_sign_in(session, {row[2] for row in found})
    told = [
        Recipient(enrolment_id, name, email, _template(decision, is_known=person_id in able))
        for enrolment_id, _, person_id, name, email in found
    ]
    return tuple(sorted(told, key=lambda each: (each.name.casefold(), each.email)))


def preview(
    session: Session, actor: Actor, enrolment_id: UUID, decision: EnrolmentStatus, *, note: str = ""
) -> messages.Preview:
    """The mail that a decision (approved, returned, declined) would send to this person. Raises NotAllowed."""
    enrolment = access.enrolment_to_coordinate(session, actor, enrolment_id)
    facts: dict[str, Any] = {"status": decision} | ({"note": note} if decision is EnrolmentStatus.RETURNED else {})
    scheme_id = _scheme_id(session, enrolment)
    template = _template(decision, is_known=accounts.can_sign_in(session, enrolment.person_id))
    return messages.preview(session, person_id=enrolment.person_id, template=template, scheme_id=scheme_id, **facts)


def _template(decision: EnrolmentStatus, *, is_known: bool) -> str:
    """Whoever cannot sign in yet is welcomed by the invitation: two emails at once would only confuse."""
    return "invitation" if decision is EnrolmentStatus.APPROVED and not is_known else TEMPLATES[decision]


def _to_decide(session: Session, actor: Actor, enrolment_ids: Iterable[UUID]) -> list[tuple[Enrolment, Person]]:
    """The enrolments with their people, each the actor's to decide and waiting for it. Raises NotAllowed, Conflict."""
    found = _held(session, actor, enrolment_ids)
    if any(enrolment.status is not EnrolmentStatus.SUBMITTED for enrolment, _ in found):
        raise _decided_already()
    return found


def _held(session: Session, actor: Actor, enrolment_ids: Iterable[UUID]) -> list[tuple[Enrolment, Person]]:
    """The enrolments with their people, each the actor's to decide. Raises NotAllowed."""
    wanted = list(dict.fromkeys(enrolment_ids))
    statement = select(Enrolment, Person).join(Person, col(Person.id) == Enrolment.person_id)
    # A few queries bring all; as long as they are held here, whatever asks for one of them again finds it at hand.
    held = [row for some in _chunks(wanted) for row in session.exec(statement.where(col(Enrolment.id).in_(some)))]
    cohorts = [
        session.get_one(Cohort, each) for each in set(access.enrolments_to_coordinate(session, actor, wanted).values())
    ]
    # A session forgets what nobody holds, and each decision and each email ask for these.
    session.info["deciding"] = [(cohort, session.get_one(Scheme, cohort.scheme_id)) for cohort in cohorts]
    return held


def _chunks(ids: list[UUID]) -> list[list[UUID]]:
    return [ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE)]


def _decided_already() -> Conflict:
    return Conflict(
        "An enrolment that you chose is not waiting for a decision.", remedy="Reload the page to see how it stands."
    )


def _decide(
    session: Session,
    actor: Actor,
    enrolment: Enrolment,
    status: EnrolmentStatus,
    now: datetime,
    *,
    tell: bool = True,
    **facts: Any,
) -> None:
    """Adds the decision, the journal's entry and, unless another says it, the mail; `facts` are the mail's.

    What is decided in one act is decided at one moment, by which it can be taken back in one.
    """
    scheme_id, person_id, template = _scheme_id(session, enrolment), enrolment.person_id, TEMPLATES[status]
    enrolment.status, enrolment.decided_at, enrolment.decision_note = status, now, facts.get("note")
    audit.record(session, actor, f"enrolment.{status.value}", enrolment.id, scheme_id=scheme_id)
    if tell:
        wait = HOLD_MINUTES if status in HELD else 0
        messages.queue(
            session,
            person_id=person_id,
            template=template,
            scheme_id=scheme_id,
            event=_event(enrolment),
            after_minutes=wait,
            **facts,
        )


def take_answer_back(session: Session, enrolment: Enrolment) -> bool:
    """Cancels the email about a no or a question, if it still waits; never commits. False when it has left."""
    return messages.take_back(
        session, person_id=enrolment.person_id, template=TEMPLATES[enrolment.status], event=_event(enrolment)
    )


def _event(enrolment: Enrolment) -> str:
    """A form can go back twice: the moment tells one decision from the next, whatever was corrected meanwhile."""
    assert enrolment.decided_at is not None  # noqa: S101 - only what was decided has an email
    return f"{enrolment.id}:{enrolment.decided_at.astimezone(UTC).isoformat()}"


def _scheme_id(session: Session, enrolment: Enrolment) -> UUID:
    return session.get_one(Cohort, enrolment.cohort_id).scheme_id
