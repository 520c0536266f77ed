"""The directory of mentors: four facts about each who agreed to be listed, for mentees who are looking for one.

Who is listed, and those facts, come from services/directory_listing.py in one step; what a mentor shows beside them, by
a switch of its own for each answer, from services/listing_choices.py.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cache
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from models.enrolments import Enrolment, EnrolmentStatus, Side, Wish
from models.schemes import AnsweredBy, Cohort, Scheme
from models.search import SearchScope, Shortlisted
from services import (
    access,
    directory_listing,
    directory_reasons,
    listing_choices,
    people_search,
    readiness,
    search_words,
)
from services.access import Actor
from services.directory_listing import Looking
from services.directory_reasons import ListedMentor, Reader
from services.errors import NotAllowed
from services.schemes.sectors import sectors

__all__ = ["ListedMentor", "Page", "Standing", "listed", "open_to", "reasons", "standing", "those", "visit"]

CARDS_A_PAGE = 20
LAST_PAGE = 50


class Standing(StrEnum):
    """Whether the directory is open to somebody, and if not, why."""

    OPEN = "open"
    COORDINATOR_PROPOSES = "coordinator_proposes"
    NOT_APPROVED = "not_approved"
    PAUSED = "paused"
    CLOSED = "closed"
    MATCHED = "matched"


@dataclass(frozen=True)
class Page:
    """One page of the directory. `total` counts up to the end of it: with `has_more` there are more than that.

    Counting everybody would cost a large cohort more than it tells.

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

    `sectors` are those that somebody in it has, by code, in the order of the classification. `whose` is the enrolment
    of the mentee who reads; `looking` and `reader` say how they may look, and are None unless it is open.
    """

    standing: Standing
    wished: tuple[UUID, ...]
    kept: tuple[UUID, ...]
    whose: UUID
    sectors: tuple[str, ...] = ()
    looking: Looking | None = None
    reader: Reader | None = None


def standing(session: Session, actor: Actor) -> Standing:
    """How the directory stands to the actor, who must take part as a mentee. Raises NotAllowed."""
    return _standing(_own(session, actor))


def visit(session: Session, actor: Actor) -> Visit:
    """What a screen needs before it draws a list. Raises NotAllowed."""
    mentee = _own(session, actor)
    how = _standing(mentee)
    if how is not Standing.OPEN:
        return Visit(how, (), (), mentee.id)
    wished, kept = (session.exec(each, params={"mentee_id": mentee.id}).all() for each in _marks())
    there = directory_listing.sectors_there(session, mentee.cohort_id)
    chosen = tuple(code for code in sectors() if code in there)
    return Visit(how, tuple(wished), tuple(kept), mentee.id, chosen, *_as_reader(mentee))


def listed(
    session: Session,
    actor: Actor,
    *,
    search: str = "",
    sector: str | None = None,
    page: int = 1,
    today: date,
    during: Visit | None = None,
) -> Page:
    """One page of 20 mentors, by name. `search` takes words in any order and script. Raises NotAllowed.

    `during` is a visit of the actor's that began a moment ago: what it knows is not asked again.
    """
    looking, reader = _opened(session, actor, during)
    page = min(max(1, page), LAST_PAGE)
    most = page * CARDS_A_PAGE
    found = _found(session, looking, today, most + 1, search, sector)
    total = min(len(found), most)
    page = min(page, max(1, ceil(total / CARDS_A_PAGE)))
    has_more = len(found) > most
    mentors = _as_listed(session, found[(page - 1) * CARDS_A_PAGE : page * CARDS_A_PAGE])
    why = directory_reasons.why(reader, mentors, today=today)
    return Page(mentors, total, page, page + has_more, has_more=has_more, why=why)


def open_to(session: Session, actor: Actor, during: Visit | None = None) -> Looking:
    """Who the actor is to the directory, if they may look for a mentor now. Raises NotAllowed."""
    return _opened(session, actor, during)[0]


def those(session: Session, looking: Looking, today: date, mentor_ids: Collection[UUID]) -> tuple[ListedMentor, ...]:
    """Those of these few mentors who are listed now, by name."""
    return _as_listed(session, directory_listing.those(session, looking, today, mentor_ids))


def reasons(
    session: Session, actor: Actor, mentors: Collection[ListedMentor], today: date, *, during: Visit | None = None
) -> dict[UUID, Any]:
    """Why these mentors suit the actor, by their ids. Raises NotAllowed."""
    return dict(directory_reasons.why(_opened(session, actor, during)[1], mentors, today=today))


def _found(session: Session, looking: Looking, today: date, most: int, search: str, sector: str | None) -> list[Any]:
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


def _as_listed(session: Session, rows: Sequence[Any]) -> tuple[ListedMentor, ...]:
    also = listing_choices.shown(session, [row.id for row in rows])
    known = sectors()
    return tuple(
        ListedMentor(
            mentor_id, full_name, summary, role_title, known.get(sector or "", sector), also.get(mentor_id, ())
        )
        for mentor_id, full_name, summary, role_title, sector in rows
    )


def _own(session: Session, actor: Actor) -> Any:
    """What `_mentee` says of the actor. Raises NotAllowed."""
    enrolment_id, side = access.own_place(session, actor)
    if side is not Side.MENTEE:
        raise NotAllowed(
            "The directory is for mentees who look for a mentor.", remedy="Your own profile is in Enrolment."
        )
    return session.exec(_mentee(), params={"mentee_id": enrolment_id}).one()


def _opened(session: Session, actor: Actor, during: Visit | None = None) -> tuple[Looking, Reader]:
    """Raises NotAllowed unless the directory is open."""
    if during is not None and during.looking is not None and during.reader is not None:
        mine = (during.whose, during.looking.person_id) == (actor.place.enrolment_id, actor.person_id)
        if mine:
            return during.looking, during.reader
    mentee = _own(session, actor)
    if _standing(mentee) is not Standing.OPEN:
        raise NotAllowed(
            "The directory of mentors is not open to you now.", remedy="Your Home page says what comes next."
        )
    return _as_reader(mentee)


def _as_reader(mentee: Any) -> tuple[Looking, Reader]:
    looking = Looking(mentee.id, mentee.person_id, mentee.cohort_id, tuple(sorted(mentee.mentor_gates)))
    sector = sectors().get(mentee.sector or "", mentee.sector)
    return looking, Reader(sector, mentee.role_title, mentee.goals, mentee.criterion_weights)


def _standing(mentee: Any) -> Standing:
    # First what is true in every scheme: nobody waits for an email that will not come.
    if mentee.status in {EnrolmentStatus.DECLINED, EnrolmentStatus.WITHDRAWN}:
        return Standing.CLOSED
    if mentee.status is EnrolmentStatus.PAUSED:
        return Standing.PAUSED
    if mentee.answered_by is not AnsweredBy.MENTOR_AFTER_WISH:
        return Standing.COORDINATOR_PROPOSES
    if mentee.status is not EnrolmentStatus.APPROVED:
        return Standing.NOT_APPROVED
    return Standing.MATCHED if mentee.taken else Standing.OPEN


@cache
def _mentee() -> Any:
    """A mentee, what their scheme says of the directory, and how many of their places are taken."""
    of_mentee = (
        getattr(Enrolment, name) for name in ("id", "person_id", "cohort_id", "status", "sector", "role_title", "goals")
    )
    of_scheme = (Scheme.answered_by, Scheme.mentor_gates, Scheme.criterion_weights)
    return (
        select_columns(*of_mentee, *of_scheme, readiness.places_taken().label("taken"))  # type: ignore[call-overload]
        .select_from(Enrolment)
        .join(Cohort, col(Cohort.id) == Enrolment.cohort_id)
        .join(Scheme, col(Scheme.id) == Cohort.scheme_id)
        .where(Enrolment.id == bindparam("mentee_id"))
    )
