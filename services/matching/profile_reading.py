"""The profiles of a run's people: a few columns of one side at a time, never whole rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import bindparam, func, or_
from sqlmodel import Session, col, select

from models.enrolments import Enrolment, EnrolmentStatus, Side, Wish
from models.pairings import EndReason, Pairing, PairingStatus
from models.people import Person
from models.schemes import Cohort, FormField
from services.languages import LANGUAGES
from services.matching.profiles import Profile
from services.schemes.sectors import sectors

# Answers beyond the columns that criteria look at, by the key of their question; lists of codes. Both sides choose from
# the same options: a mentee what would help, a mentor what they can meet; what is true of one, and whom the other hopes
# for.
AVAILABILITY, SUPPORT, SITUATION = "availability", "support", "situation"


@dataclass(frozen=True)
class Words:
    """How options read, by question and then by `option:` and code: sentences about a pair tell them."""

    labels: Mapping[str, Mapping[str, str]]

    def of(self, key: str, answer: Any) -> frozenset[str]:
        """The options that were ticked, in words; anything else says nothing."""
        said = self.labels.get(key, {})
        return frozenset(said.get(f"option:{code}", code) for code in _codes(answer))


def of_side(
    session: Session, cohort_id: UUID, side: Side, chosen: frozenset[UUID], at: datetime | None = None
) -> tuple[Profile, ...]:
    """The chosen enrolments of one side, in the order of their ids; `at`: with the pairings of a moment of the past."""
    of_cohort = {"cohort_id": cohort_id, "side": side}
    then = {"cohort_id": cohort_id} | ({"at": at} if at else {})
    found = [row for row in session.execute(_people(side, at is None), of_cohort) if row[0] in chosen]
    mine = side is Side.MENTEE
    wishes = _wishes(session, cohort_id, at is None) if mine else {}
    back = frozenset(session.execute(_referred_back(at is None), then).scalars()) if mine else frozenset()
    words = Words({row[0]: row[1] for row in session.execute(_own_options(), {"cohort_id": cohort_id})})
    loads: dict[UUID, int] = {}
    if not mine:
        loads.update((row[0], row[1]) for row in session.execute(_loads(at is None), then))
    role: Literal["mentor", "mentee"] = side.value
    people = [_profile(role, *row, words=words, wishes=wishes, back=back, loads=loads) for row in found]
    return tuple(sorted(people, key=lambda person: person.id))


@cache
def _people(side: Side, now: bool) -> Any:
    """`now`: without mentees who have a mentor, which are most of them and in no run."""
    text = col(Enrolment.summary) if side is Side.MENTOR else col(Enrolment.goals)
    columns: tuple[Any, ...] = (
        Enrolment.id,
        Enrolment.sector,
        Enrolment.role_title,
        text,
        Enrolment.languages,
        Enrolment.channels,
        Enrolment.years_of_experience,
        Enrolment.waiting_since,
        Enrolment.organisation,
        Enrolment.answers,
        Person.time_zone,
    )
    found = (
        select(*columns)
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .where(
            Enrolment.cohort_id == bindparam("cohort_id"),
            Enrolment.side == bindparam("side"),
            Enrolment.status == EnrolmentStatus.APPROVED,
        )
    )
    return found.where(col(Enrolment.id).not_in(_with_a_mentor())) if now and side is Side.MENTEE else found


def _with_a_mentor() -> Any:
    return select(Pairing.mentee_id).where(
        Pairing.cohort_id == bindparam("cohort_id"), Pairing.status != PairingStatus.ENDED
    )


@cache
def _own_options() -> Any:
    found: Any = select(FormField.key, FormField.labels)
    return found.join(Cohort, col(Cohort.scheme_id) == col(FormField.scheme_id)).where(
        col(Cohort.id) == bindparam("cohort_id"), col(FormField.key).in_((SUPPORT, SITUATION))
    )


@cache
def _loads(now: bool) -> Any:
    """How many mentees each mentor has; `now`, or at the moment bound as `at`."""
    counted = select(Pairing.mentor_id, func.count()).where(Pairing.cohort_id == bindparam("cohort_id"))
    if now:
        counted = counted.where(Pairing.status != PairingStatus.ENDED)
    else:
        still = or_(col(Pairing.ended_at).is_(None), col(Pairing.ended_at) > bindparam("at"))
        counted = counted.where(col(Pairing.created_at) <= bindparam("at"), still)
    return counted.group_by(col(Pairing.mentor_id))


@cache
def _referred_back(now: bool) -> Any:
    """Mentees whose mentor's help ended because somebody else would serve them better (U-C5.2)."""
    found = select(Pairing.mentee_id).where(
        Pairing.cohort_id == bindparam("cohort_id"), Pairing.end_reason == EndReason.REFERRED_ELSEWHERE
    )
    return found if now else found.where(col(Pairing.ended_at) <= bindparam("at"))


@cache
def _ranked(now: bool) -> Any:
    found = (
        select(Wish.mentee_id, Wish.mentor_id)
        .join(Enrolment, col(Enrolment.id) == col(Wish.mentee_id))
        .where(Enrolment.cohort_id == bindparam("cohort_id"))
        .order_by(col(Wish.rank))
    )
    return found.where(col(Wish.mentee_id).not_in(_with_a_mentor())) if now else found


def _wishes(session: Session, cohort_id: UUID, now: bool) -> dict[UUID, tuple[str, ...]]:
    """Each mentee's wished mentors, dearest first."""
    found: dict[UUID, list[str]] = {}
    for mentee, mentor in session.execute(_ranked(now), {"cohort_id": cohort_id}):
        found.setdefault(mentee, []).append(str(mentor))
    return {mentee: tuple(mentors) for mentee, mentors in found.items()}


def _profile(
    role: Literal["mentor", "mentee"],
    enrolment_id: UUID,
    sector: str | None,
    role_title: str | None,
    text: str | None,
    languages: list[str],
    channels: list[str],
    years_of_experience: int | None,
    waiting_since: datetime | None,
    organisation: str | None,
    answers: Mapping[str, Any],
    time_zone: str | None,
    *,
    words: Words,
    wishes: Mapping[UUID, tuple[str, ...]],
    back: frozenset[UUID],
    loads: Mapping[UUID, int],
) -> Profile:
    return Profile(
        id=str(enrolment_id),
        role=role,
        sector=sectors().get(sector or "", sector),
        role_title=role_title,
        text=text or "",
        languages=frozenset(LANGUAGES.get(code, code) for code in languages),
        channels=frozenset(channels),
        time_zone=time_zone,
        availability=_codes(answers.get(AVAILABILITY)),
        years_of_experience=years_of_experience,
        needs=words.of(SUPPORT, answers.get(SUPPORT)),
        situations=words.of(SITUATION, answers.get(SITUATION)),
        wishes=wishes.get(enrolment_id, ()),
        waiting_since=_day(waiting_since),
        referred_back=enrolment_id in back,
        mentees_now=loads.get(enrolment_id, 0) if role == "mentor" else None,
        organisation=organisation,
    )


def _codes(answer: Any) -> frozenset[str]:
    """A list of codes as it was ticked; anything else says nothing."""
    return frozenset(code for code in answer if isinstance(code, str)) if isinstance(answer, list) else frozenset()


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None
