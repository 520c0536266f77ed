"""Asking people in: one by one or by a pasted list. What is open then is in services/open_invitations.py."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.people import Person, RoleGrant
from models.schemes import Cohort
from services import (
    access,
    accounts,
    audit,
    cleaning,
    departures,
    enrolment_decisions,
    enrolment_form,
    messages,
    people,
)
from services.access import Actor
from services.errors import Conflict, Invalid
from services.units import writes

MOST_AT_ONCE = 500
LONGEST_PASTED = 100_000
LONGEST_LINE = 600
_ANEW = "The form begins anew with the answers as they were, and you decide as the first time."
_ADDRESS = re.compile(
    r"(?P<name>[^<>]*?)[\s<,;:\t\"']*(?P<email>[^\s<>,;:\"']+@[^\s<>,;:\"']+)>?[\s,;\"']*(?P<after>[^@<>]*)"
)


@dataclass(frozen=True)
class Invited:
    """Somebody who now has a form to fill in. `mail_queued` is False when they were told of one today already."""

    enrolment_id: UUID
    name: str
    mail_queued: bool


class Standing(StrEnum):
    """What an invitation would mean for one pasted line."""

    NEW = "new"
    KNOWN = "known"
    AGAIN = "again"
    HERE = "here"
    TWICE = "twice"
    WRONG = "wrong"


@dataclass(frozen=True)
class Line:
    """One pasted line. `name` is the mailbox's where none was given; `why` says what is wrong or known."""

    number: int
    typed: str
    name: str
    email: str
    email_key: str
    standing: Standing
    why: str = ""

    @property
    def is_to_invite(self) -> bool:
        return self.standing in {Standing.NEW, Standing.KNOWN, Standing.AGAIN}


@writes
def invite(session: Session, actor: Actor, cohort_id: UUID, *, side: Side, full_name: str, email: str) -> Invited:
    """Give a person a place to fill in and an email that leads there. Raises NotAllowed, Invalid, Conflict."""
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    name, address = cleaning.name(full_name), cleaning.email(email)
    facts = {"full_name": name, "email": address.typed, "email_key": address.key}
    invited = offer_place(session, actor, cohort, side=side, reopens_declined=True, **facts)
    if invited is None:
        raise _invited_already()
    _commit(session)
    return invited


def check(session: Session, actor: Actor, cohort_id: UUID, *, side: Side, pasted: str) -> tuple[Line, ...]:
    """Every pasted address, judged one by one; nothing is written. Raises NotAllowed, and Invalid for too many.

    Whoever only other schemes know counts as new: that is not for this coordinator to learn.
    """
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    if len(pasted) > LONGEST_PASTED:
        raise Invalid("This list is too long.", remedy=f"Paste at most {MOST_AT_ONCE} addresses at a time.")
    pieces = [piece for piece in _pieces(pasted) if piece.strip()]
    if len(pieces) > MOST_AT_ONCE:
        raise Invalid(f"These are {len(pieces):,} addresses.", remedy=f"Paste at most {MOST_AT_ONCE} at a time.")
    read = [_read(number, piece.strip()) for number, piece in enumerate(pieces, start=1)]
    return _judged(session, actor, cohort, side, read)


@writes
def send(session: Session, actor: Actor, cohort_id: UUID, *, side: Side, pasted: str) -> int:
    """Invite everybody on the list who is to be invited; how many that were. Raises NotAllowed, Invalid, Conflict."""
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    invited = 0
    for line in check(session, actor, cohort_id, side=side, pasted=pasted):
        if line.is_to_invite:
            facts = {"full_name": line.name, "email": line.email, "email_key": line.email_key}
            invited += offer_place(session, actor, cohort, side=side, reopens_declined=True, **facts) is not None
    if not invited:
        raise Invalid("There is nobody on this list to invite.", remedy="Paste addresses that have no place here yet.")
    _commit(session)
    return invited


def preview(session: Session, actor: Actor, cohort_id: UUID, *, name: str) -> messages.Preview:
    """The invitation as somebody of this name reads it. Raises NotAllowed."""
    facts = {"link_hours": accounts.INVITATION_HOURS, "status": EnrolmentStatus.DRAFT}
    return _preview(session, actor, cohort_id, "invitation", name, **facts)


def preview_for_known(session: Session, actor: Actor, cohort_id: UUID, *, name: str, side: Side) -> messages.Preview:
    """What somebody with an account reads instead; who has one is not said. Raises NotAllowed."""
    return _preview(session, actor, cohort_id, "place_offered", name, side=side.value)


def _preview(
    session: Session, actor: Actor, cohort_id: UUID, template: str, name: str, **facts: Any
) -> messages.Preview:
    cohort = access.cohort_to_coordinate(session, actor, cohort_id)
    assert actor.person_id is not None  # noqa: S101 - the desk itself coordinates nothing
    return messages.preview(
        session, person_id=actor.person_id, template=template, scheme_id=cohort.scheme_id, person_name=name, **facts
    )


def offer_place(
    session: Session,
    actor: Actor,
    cohort: Cohort,
    *,
    side: Side,
    full_name: str,
    email: str,
    email_key: str,
    reopens_declined: bool = False,
) -> Invited | None:
    """Adds the place and the email about it, for cleaned facts; never commits. None when they have the place already.

    Whoever the desk knows keeps their own name, and signs in as always. A no of the coordinators' is theirs to think
    over: only their own invitation `reopens_declined`, a link that is passed around does not.
    """
    person = people.find_by_email(session, email_key)
    if person is None:
        person = people.add(session, actor, full_name=full_name, email=email, email_key=email_key)
    enrolment = _place_for(session, person, cohort, side, or_declined=reopens_declined and person.id != actor.person_id)
    if enrolment is None:
        return None
    session.flush()
    audit.record(session, actor, "enrolment.invited", enrolment.id, scheme_id=cohort.scheme_id, side=side.value)
    return Invited(enrolment.id, full_name, tell(session, actor, person.id, enrolment, cohort.scheme_id))


def tell(session: Session, actor: Actor, person_id: UUID, enrolment: Enrolment, scheme_id: UUID) -> bool:
    """Adds the email that leads to the place: a personal link, or for who has an account a word; never commits."""
    if not accounts.can_sign_in(session, person_id):
        return accounts.ensure_invited(session, actor, person_id, scheme_id=scheme_id, status=enrolment.status)
    return messages.queue(
        session,
        person_id=person_id,
        template="place_offered",
        scheme_id=scheme_id,
        event=f"place {enrolment.id} {utc_now():%Y-%m-%d}",
        side=enrolment.side.value,
        status=enrolment.status,
    )


def _pieces(pasted: str) -> list[str]:
    """Lines; one with several addresses is taken apart where mail programs put commas and semicolons."""
    return [piece for line in pasted.splitlines() for piece in (_apart(line) if line.count("@") > 1 else [line])]


def _apart(line: str) -> list[str]:
    """A comma ends an address only when there was one: "Chen, Yuxin <chen@example.org>" is one person."""
    pieces: list[str] = []
    begun = ""
    for part in re.split(r"[,;]", line):
        begun = f"{begun},{part}" if begun.strip() else part
        if "@" in begun:
            pieces.append(begun)
            begun = ""
    return [*pieces, begun]


def _read(number: int, typed: str) -> Line:
    shown = typed[:200]
    # Whatever is longer holds no address; and looking for one in it could take long.
    found = _ADDRESS.fullmatch(typed) if len(typed) <= LONGEST_LINE else None
    if found is None:
        return Line(number, shown, "", "", "", Standing.WRONG, "There is no email address in this line.")
    try:
        address = cleaning.email(found["email"])
        said = (found["name"] or found["after"] or "").strip(" \t,;:\"'")
        name = cleaning.name(said or found["email"].partition("@")[0])
    except Invalid as refusal:
        return Line(number, shown, "", "", "", Standing.WRONG, str(refusal))
    return Line(number, shown, name, address.typed, address.key, Standing.NEW)


def _judged(session: Session, actor: Actor, cohort: Cohort, side: Side, read: list[Line]) -> tuple[Line, ...]:
    keys = {line.email_key for line in read if line.is_to_invite}
    here = _standing_here(session, keys, actor, cohort, side)
    insiders = _insiders(session, keys, cohort.scheme_id) | _staff(session, keys, cohort.scheme_id)
    seen: dict[str, int] = {}
    judged = []
    for line in read:
        standing, why = line.standing, line.why
        if standing is Standing.WRONG:
            pass
        elif line.email_key in seen:
            standing, why = Standing.TWICE, f"The same address as number {seen[line.email_key]}."
        elif line.email_key in here:
            standing, why = here[line.email_key]
        elif line.email_key in insiders:
            standing, why = Standing.KNOWN, "Known in this scheme, and keeps their name and account."
        seen.setdefault(line.email_key, line.number)
        judged.append(Line(line.number, line.typed, line.name, line.email, line.email_key, standing, why))
    return tuple(judged)


def _standing_here(
    session: Session, keys: set[str], actor: Actor, cohort: Cohort, side: Side
) -> dict[str, tuple[Standing, str]]:
    """Of those who have, or had, this very place: what an invitation would mean, and why, by address."""
    statement = (
        select(Person.email_key, Person.id, Enrolment.status, Enrolment.submitted_at)
        .join(Enrolment, col(Enrolment.person_id) == Person.id)
        .where(col(Person.email_key).in_(keys), Enrolment.cohort_id == cohort.id, Enrolment.side == side)
    )
    found = {}
    for key, person_id, status, submitted_at in session.exec(statement):
        if status is EnrolmentStatus.DECLINED and person_id != actor.person_id:
            found[key] = Standing.AGAIN, f"Was declined as {side.value} here. {_ANEW}"
        elif status is EnrolmentStatus.WITHDRAWN and submitted_at is not None:
            found[key] = Standing.AGAIN, f"Left this cohort as {side.value}. {_ANEW}"
        elif status is not EnrolmentStatus.WITHDRAWN:
            found[key] = Standing.HERE, f"Has a place as {side.value} here already."
    return found


def _insiders(session: Session, keys: set[str], scheme_id: UUID) -> set[str]:
    statement = (
        select(Person.email_key)
        .join(Enrolment, col(Enrolment.person_id) == Person.id)
        .join(Cohort, col(Cohort.id) == Enrolment.cohort_id)
        .where(col(Person.email_key).in_(keys), Cohort.scheme_id == scheme_id)
    )
    return set(session.exec(statement))


def _staff(session: Session, keys: set[str], scheme_id: UUID) -> set[str]:
    statement = (
        select(Person.email_key)
        .join(RoleGrant, col(RoleGrant.person_id) == Person.id)
        .where(col(Person.email_key).in_(keys), RoleGrant.scheme_id == scheme_id)
    )
    return set(session.exec(statement))


def _place_for(session: Session, person: Person, cohort: Cohort, side: Side, *, or_declined: bool) -> Enrolment | None:
    """Adds the place, or opens one that was left, taken back or declined. None when they have it already."""
    there = session.exec(
        select(Enrolment).where(
            Enrolment.person_id == person.id, Enrolment.cohort_id == cohort.id, Enrolment.side == side
        )
    ).first()
    if there is not None:
        if there.status is EnrolmentStatus.DECLINED and or_declined:
            enrolment_decisions.take_answer_back(session, there)
        elif there.status is not EnrolmentStatus.WITHDRAWN:
            return None
        departures.reopen(session, there)
        return there
    enrolment = Enrolment(person_id=person.id, cohort_id=cohort.id, side=side, sort_key=enrolment_form.sort_key(person))
    session.add(enrolment)
    return enrolment


def _commit(session: Session) -> None:
    try:
        session.commit()
    except IntegrityError as clash:
        # Two coordinators can invite one address at once. The unique indexes decide; a check up here could not.
        session.rollback()
        raise _invited_already() from clash


def _invited_already() -> Conflict:
    return Conflict("This person has that place already.", remedy="Look for the address in the list.")
