"""The directory of mentors: four facts about each who agreed to be listed, for mentees who are looking for one.

The query fetches those four facts and an id, nothing else, so that no response can hold more.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cache
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from models.enrolments import Enrolment, EnrolmentStatus, Side, Wish
from models.people import Person
from models.schemes import AnsweredBy, Cohort, Scheme
from models.search import SearchScope, Shortlisted
from services import access, directory_listing, directory_reasons, people_search, readiness, search_words
from services.access import Actor
from services.directory_listing import Looking
from services.directory_reasons import ListedMentor, Reader
from services.errors import NotAllowed
from services.schemes.sectors import sectors

__all__ = ["ListedMentor", "Page", "Standing", "facts", "listed", "open_to", "reasons", "standing", "visit"]

CARDS_A_PAGE = 20
LAST_PAGE = 50
# How many pages beyond this one are looked at: counting everybody would cost a large cohort more than it tells.
_PAGES_AHEAD = 1


class Standing(StrEnum):
    """Whether the directory is open to somebody, and if not, why."""

    OPEN = "open"
    COORDINATOR_PROPOSES = "coordinator_proposes"
    NOT_APPROVED = "not_approved"
    MATCHED = "matched"


@dataclass(frozen=True)
class Page:
    """One page of the directory. `total` counts up to one page ahead: with `has_more` there are more than that.

    `why` says, by mentor's id, in which ways a mentor suits the mentee who reads.
    """

    mentors: tuple[ListedMentor, ...]
    total: int
    page: int
    pages: int
    has_more: bool = False
    why: Mapping[UUID, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Visit:
    """How the directory stands to a mentee, whom they wished for (dearest first) and whom they keep (first first).

    `sectors` are those that somebody in it has, by code, in the order of the classification.
    """

    standing: Standing
    wished: tuple[UUID, ...]
    kept: tuple[UUID, ...]
    sectors: tuple[str, ...] = ()


def standing(session: Session, actor: Actor) -> Standing:
    """How the directory stands to the actor, who must take part as a mentee. Raises NotAllowed."""
    return _standing(session, _own(session, actor))[0]


def visit(session: Session, actor: Actor) -> Visit:
    """What a screen needs before it draws a list. Raises NotAllowed."""
    mentee = _own(session, actor)
    wished, kept = (session.exec(each, params={"mentee_id": mentee.id}).all() for each in _marks())
    how = _standing(session, mentee)[0]
    there = directory_listing.sectors_there(session, mentee.cohort_id) if how is Standing.OPEN else frozenset()
    return Visit(how, tuple(wished), tuple(kept), tuple(code for code in sectors() if code in there))


def listed(
    session: Session, actor: Actor, *, search: str = "", sector: str | None = None, page: int = 1, today: date
) -> Page:
    """One page of 20 mentors, by name. `search` takes words in any order and script. Raises NotAllowed."""
    looking, reader = _opened(session, actor)
    page = min(max(1, page), LAST_PAGE)
    most = (page + _PAGES_AHEAD) * CARDS_A_PAGE
    found = _found(session, looking, today, most + 1, search, sector)
    total = min(len(found), most)
    pages = max(1, ceil(total / CARDS_A_PAGE))
    page = min(page, pages)
    mentors = facts(session, found[(page - 1) * CARDS_A_PAGE : page * CARDS_A_PAGE])
    why = directory_reasons.why(reader, mentors, today=today)
    return Page(mentors, total, page, pages, has_more=len(found) > most, why=why)


def open_to(session: Session, actor: Actor) -> Looking:
    """Who the actor is to the directory, if they may look for a mentor now. Raises NotAllowed."""
    return _opened(session, actor)[0]


def facts(session: Session, mentor_ids: Collection[UUID]) -> tuple[ListedMentor, ...]:
    """What may be known of mentors who are listed, by name. Whether they are is for the caller to ask before."""
    if not mentor_ids:
        return ()
    return tuple(_as_listed(*row) for row in session.exec(_four_facts(), params={"ids": list(mentor_ids)}))


def reasons(session: Session, actor: Actor, mentors: Collection[ListedMentor], today: date) -> dict[UUID, Any]:
    """Why these mentors suit the actor, by their ids. Raises NotAllowed."""
    return dict(directory_reasons.why(_opened(session, actor)[1], mentors, today=today))


def _found(session: Session, looking: Looking, today: date, most: int, search: str, sector: str | None) -> list[UUID]:
    """The first of those to whom all words lead, within one sector if it is given."""
    narrower = [col(Enrolment.sector) == sector] if sector else []
    # A sector is also one of the words that lead to a mentor: that finds the few without reading the many.
    words = f"{sectors().get(sector, sector)} {search}" if sector else search
    if not words.strip():
        return directory_listing.first(session, looking, today, most)
    if search.strip() and not search_words.asked_for(search):
        return []
    found = people_search.few_or_many(session, looking.cohort_id, words, scope=SearchScope.DIRECTORY)
    if isinstance(found, list):
        return directory_listing.first(session, looking, today, most, *narrower, among=found)
    return directory_listing.first(session, looking, today, most, col(Enrolment.id).in_(found), *narrower)


@cache
def _marks() -> tuple[Any, Any]:
    mine: Any = bindparam("mentee_id")
    kept = select(Shortlisted.mentor_id).where(Shortlisted.mentee_id == mine)
    return (
        select(Wish.mentor_id).where(Wish.mentee_id == mine).order_by(col(Wish.rank)),
        kept.order_by(col(Shortlisted.created_at), col(Shortlisted.id)),
    )


@cache
def _four_facts() -> Any:
    return (
        select(  # type: ignore[call-overload]
            Enrolment.id, Person.full_name, Enrolment.summary, Enrolment.role_title, Enrolment.sector
        )
        .select_from(Enrolment)
        .join(Person, col(Person.id) == Enrolment.person_id)
        .where(col(Enrolment.id).in_(bindparam("ids", expanding=True)))
        .order_by(col(Enrolment.sort_key), col(Enrolment.id))
    )


def _as_listed(
    mentor_id: UUID, full_name: str, summary: str | None, role_title: str | None, sector: str | None
) -> ListedMentor:
    return ListedMentor(mentor_id, full_name, summary, role_title, sectors().get(sector or "", sector))


def _own(session: Session, actor: Actor) -> Enrolment:
    enrolment = access.own_enrolment(session, actor)
    if enrolment.side is not Side.MENTEE:
        raise NotAllowed(
            "The directory is for mentees who look for a mentor.", remedy="Your own profile is in Enrolment."
        )
    return enrolment


def _opened(session: Session, actor: Actor) -> tuple[Looking, Reader]:
    """Raises NotAllowed unless the directory is open."""
    mentee = _own(session, actor)
    found, gates, weights = _standing(session, mentee)
    if found is not Standing.OPEN:
        raise NotAllowed(
            "The directory of mentors is not open to you now.", remedy="Your Home page says what comes next."
        )
    looking = Looking(mentee.id, mentee.person_id, mentee.cohort_id, tuple(sorted(gates)))
    sector = sectors().get(mentee.sector or "", mentee.sector)
    return looking, Reader(sector, mentee.role_title, mentee.goals, weights)


def _standing(session: Session, mentee: Enrolment) -> tuple[Standing, list[str], dict[str, int]]:
    """How the directory stands, the gates of the scheme's mentors and the weights of its criteria. One query."""
    answered_by, gates, weights, taken = session.exec(_scheme_of(), params={"mentee_id": mentee.id}).one()
    if answered_by is not AnsweredBy.MENTOR_AFTER_WISH:
        found = Standing.COORDINATOR_PROPOSES
    elif mentee.status is not EnrolmentStatus.APPROVED:
        found = Standing.NOT_APPROVED
    else:
        found = Standing.MATCHED if taken else Standing.OPEN
    return found, gates, weights


@cache
def _scheme_of() -> Any:
    return (
        select(Scheme.answered_by, Scheme.mentor_gates, Scheme.criterion_weights, readiness.places_taken())
        .select_from(Enrolment)
        .join(Cohort, col(Cohort.id) == Enrolment.cohort_id)
        .join(Scheme, col(Scheme.id) == Cohort.scheme_id)
        .where(Enrolment.id == bindparam("mentee_id"))
    )
