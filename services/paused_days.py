"""Days that do not count, because one of a pair was away: the same rule for figures, lists and Home (KPI base rules).

A pause counts from the day it began up to, not including, the day of return. What two people do meanwhile stays
recorded; only the clock stands still.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import case, exists, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from models.pauses import PairingPause
from services import days


@dataclass(frozen=True)
class Rest:
    """One pause of a pair. `ended_on` None: it goes on."""

    started_on: date
    ended_on: date | None


def due_after(since: date, counted: int, rests: Iterable[Rest]) -> date:
    """The day on which so many days that count will have passed; a pause that goes on is not waited for."""
    due = since + timedelta(days=counted)
    for rest in sorted(rests, key=lambda each: each.started_on):
        if rest.ended_on is None or rest.ended_on <= since or rest.started_on >= due:
            continue
        due += rest.ended_on - max(rest.started_on, since)
    return due


def paused_between(pairing_id: Any, after: Any, until: Any, ever: Any = None) -> Any:
    """An SQL expression: how many days between these two day numbers a pair was paused. 0 if a day is NULL.

    `ever`: a condition known already that says what `ever_paused` would be asked for.
    """
    rest = aliased(PairingPause)
    began, ended = days.date_number(rest.started_on), days.date_number(rest.ended_on)
    last = case((or_(ended.is_(None), ended > until), until), else_=ended)
    first = case((began < after, after), else_=began)
    counted = (
        select(func.coalesce(func.sum(last - first), 0))
        .where(col(rest.pairing_id) == pairing_id, last > first)
        .correlate_except(rest)
        .scalar_subquery()
    )
    # Few pairs ever paused: whether this one did is one look-up in a list that the database makes once.
    return case((ever_paused(pairing_id) if ever is None else ever, counted), else_=0)


def stands_still_on(pairing_id: Any, number: Any, before_history: Any, ever: Any = None) -> Any:
    """An SQL condition: the pair was paused on that day; of one without any row, what `before_history` says.

    `ever` as for `paused_between`.
    """
    rest = aliased(PairingPause)
    ended = days.date_number(rest.ended_on)
    paused = (
        exists()
        .where(
            col(rest.pairing_id) == pairing_id,
            days.date_number(rest.started_on) <= number,
            or_(ended.is_(None), ended > number),
        )
        .correlate_except(rest)
    )
    return case((ever_paused(pairing_id) if ever is None else ever, paused), else_=before_history)


def ever_paused(pairing_id: Any) -> Any:
    """An SQL condition: there is a pause of this pair, long past or not."""
    paused = aliased(PairingPause)
    return pairing_id.in_(select(col(paused.pairing_id)).correlate(None))
