"""Proposals: sent, answered, and after how many hours, with those that still wait counted as waiting."""

from typing import Any

from sqlalchemy import case, func, literal_column, select, union_all
from sqlmodel import Session, col

from models.matching import Proposal, ProposalStatus
from services import days
from services.ledger.shapes import Ask, Count
from services.pair_facts import AsOf

SECONDS_AN_HOUR = 3600
ANSWERED = (ProposalStatus.ACCEPTED, ProposalStatus.DECLINED)
Waits = list[tuple[int, bool, int]]


def counts(session: Session, ask: Ask) -> dict[str, Count]:
    """Sent and answered now and before; `median_hours` is -1 where half of the answers did not come yet. One query."""
    both = union_all(*(_waits(ask, as_of, moment) for moment, as_of in enumerate((ask.now, ask.then))))
    found: tuple[Waits, Waits] = ([], [])
    for moment, hours, answered, count in session.execute(both):
        found[moment].append((int(hours), bool(answered), count))
    now, then = map(_sums, found)
    return {name: Count(now[name], then[name]) for name in now}


def median(waits: Waits) -> int | None:
    """The hour by which half had an answer, by the Kaplan-Meier curve: (hours, answered?, how many). None: not yet.

    Whoever still waits, or was never answered, counts for as long as they have waited (KPI base rules).
    """
    at_risk, still = sum(count for _, _, count in waits), 1.0
    by_hour: dict[int, list[int]] = {}
    for hours, is_answered, count in waits:
        by_hour.setdefault(hours, [0, 0])[0 if is_answered else 1] += count
    for hours in sorted(by_hour):
        answered, censored = by_hour[hours]
        if answered:
            still *= 1 - answered / at_risk
            if still <= 0.5:
                return hours
        at_risk -= answered + censored
    return None


def _waits(ask: Ask, as_of: AsOf, moment: int) -> Any:
    """(which moment, hours, answered?, how many) of every proposal sent by then."""
    until = as_of.known_until if as_of is ask.now and as_of.known_until else as_of.until
    is_answered = col(Proposal.status).in_(ANSWERED) & (col(Proposal.answered_at) < until)
    end = case(
        (is_answered, days.seconds_of(col(Proposal.answered_at))),
        (col(Proposal.expires_at) < until, days.seconds_of(col(Proposal.expires_at))),
        else_=int(until.timestamp()),
    )
    hours = ((end - days.seconds_of(col(Proposal.sent_at))) // SECONDS_AN_HOUR).label("hours")
    answered = case((is_answered, 1), else_=0).label("answered")
    waits = (
        select(hours, answered)
        .where(
            col(Proposal.cohort_id) == ask.cohort.id,
            col(Proposal.sent_at) < until,
            col(Proposal.status) != ProposalStatus.WITHDRAWN,
        )
        .subquery("waits")
    )
    which: Any = literal_column(str(moment)).label("moment")
    return select(which, waits.c.hours, waits.c.answered, func.count()).group_by(waits.c.hours, waits.c.answered)


def _sums(waits: Waits) -> dict[str, int]:
    half = median(waits)
    return {
        "sent": sum(count for _, _, count in waits),
        "answered": sum(count for _, answered, count in waits if answered),
        "median_hours": -1 if half is None else half,
    }
