"""What is counted once for a whole scheme or cohort: texts to read, searches, people who must not meet. One query."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from models.agreements import PublishedState
from models.enrolments import Conflict, Enrolment
from models.resources import Resource
from models.search import DirectorySearches
from services.ledger.shapes import Ask, Count
from services.pair_facts import AsOf

NEW_DAYS = 90


def counts(session: Session, ask: Ask) -> dict[str, Count]:
    """`resources`, `new_resources`, `searches` and `kept_apart`, now and before."""
    now, then = _numbers(ask, ask.now), _numbers(ask, ask.then)
    row = session.execute(select(*now.values(), *then.values())).one()
    return {name: Count(row[at], row[at + len(now)]) for at, name in enumerate(now)}


def _numbers(ask: Ask, as_of: AsOf) -> dict[str, Any]:
    until = as_of.known_until if as_of is ask.now and as_of.known_until else as_of.until
    published = select(func.count()).where(
        col(Resource.scheme_id) == ask.scheme.id,
        col(Resource.state) == PublishedState.PUBLISHED,
        col(Resource.published_at) < until,
    )
    searches = select(func.coalesce(func.sum(col(DirectorySearches.searches)), 0)).where(
        col(DirectorySearches.cohort_id) == ask.cohort.id, col(DirectorySearches.searched_on) <= as_of.day
    )
    return {
        "resources": published.scalar_subquery(),
        "new_resources": published.where(
            col(Resource.published_at) >= until - timedelta(days=NEW_DAYS)
        ).scalar_subquery(),
        "searches": searches.scalar_subquery(),
        "kept_apart": _kept_apart(ask, until),
    }


def _kept_apart(ask: Ask, until: Any) -> Any:
    """Entries of the private question by people of the cohort."""
    # From the few entries, not from the many people.
    here = select(col(Enrolment.id)).where(
        col(Enrolment.cohort_id) == ask.cohort.id, col(Enrolment.person_id) == col(Conflict.declared_by_id)
    )
    return (
        select(func.count())
        .select_from(Conflict)
        .where(here.correlate(Conflict).exists(), col(Conflict.created_at) < until)
        .scalar_subquery()
    )
