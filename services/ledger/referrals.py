"""After how many days a mentee who was referred on had a new mentor (U-C5.2)."""

from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from models.pairings import EndReason, Pairing
from services import times
from services.ledger.proposals import median
from services.ledger.shapes import Ask, Count


def counts(session: Session, ask: Ask) -> dict[str, Count]:
    """`days_to_new_match`: the day by which half had one, -1 while half still wait. One query."""
    waits = [_wait(ask, *row) for row in session.execute(_referred(ask))]
    half = median(waits)
    return {"days_to_new_match": Count(-1 if half is None else half)}


def _wait(ask: Ask, ended_at: Any, again_at: Any) -> tuple[int, bool, int]:
    """(days, matched again?, 1): whoever still waits counts for as long as they have waited."""
    zone = ask.scheme.time_zone
    until = times.day_in(again_at, zone) if again_at else ask.now.day
    return (until - times.day_in(ended_at, zone)).days, again_at is not None, 1


def _referred(ask: Ask) -> Any:
    """When each match ended that was referred on, and when its mentee's next one began."""
    later, until = aliased(Pairing), ask.now.until
    is_next = and_(
        col(later.mentee_id) == col(Pairing.mentee_id),
        col(later.released_at) >= col(Pairing.ended_at),
        col(later.released_at) < until,
    )
    return (
        select(col(Pairing.ended_at), func.min(col(later.released_at)))
        .outerjoin(later, is_next)
        .where(
            col(Pairing.cohort_id) == ask.cohort.id,
            col(Pairing.end_reason) == EndReason.REFERRED_ELSEWHERE,
            col(Pairing.ended_at) < until,
        )
        .group_by(col(Pairing.id), col(Pairing.ended_at))
    )
