"""What My match shows of ways of working: how far the two are, and which subjects are marked. One query."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from models.enrolments import Side
from models.pairings import Pairing, TopicMarks, WaysOfWorking
from models.schemes import Channel
from services import access, topic_marks
from services.access import Actor
from services.topic_marks import Subjects
from services.usual_times import Usual
from services.ways_of_working import hour_of, now


@dataclass(frozen=True)
class Card:
    """How far a pair is, without a word of what it agreed; and the marked subjects."""

    in_force: int | None
    in_force_from: date | None
    usual: Usual | None
    channels: tuple[Channel, ...]
    proposed: int | None
    proposed_by: Side | None
    marked: Subjects


def read(session: Session, actor: Actor, pairing_id: UUID) -> Card:
    """How far the actor's own pair is. Raises NotAllowed."""
    access.pairing_to_take_part_in(session, actor, pairing_id)
    rows = session.exec(_everything(), params={"pairing_id": pairing_id}).all()
    in_force, waiting = now([row for row in rows if row.edition is not None])
    return Card(
        in_force=in_force.edition if in_force else None,
        in_force_from=in_force.in_force_from if in_force else None,
        usual=hour_of(in_force) if in_force else None,
        channels=tuple(Channel(channel) for channel in in_force.channels) if in_force else (),
        proposed=waiting.edition if waiting else None,
        proposed_by=waiting.proposed_by if waiting else None,
        marked=topic_marks.opened(rows[0].words),
    )


# Columns, for reading only: rows as objects took longer to make than to find.
_SHOWN: tuple[Any, ...] = (
    WaysOfWorking.edition,
    WaysOfWorking.in_force_from,
    WaysOfWorking.proposed_by,
    WaysOfWorking.channels,
    WaysOfWorking.usual_weekday,
    WaysOfWorking.usual_minute,
    WaysOfWorking.usual_zone,
    TopicMarks.words,
)


@cache
def _everything() -> Any:
    """The pair's editions, newest first, each with the same sealed marks; one row without any where there is none."""
    return (
        select(*_SHOWN)
        .select_from(Pairing)
        .outerjoin(WaysOfWorking, col(WaysOfWorking.pairing_id) == col(Pairing.id))
        .outerjoin(TopicMarks, col(TopicMarks.pairing_id) == col(Pairing.id))
        .where(col(Pairing.id) == bindparam("pairing_id"))
        .order_by(col(WaysOfWorking.edition).desc())
    )
