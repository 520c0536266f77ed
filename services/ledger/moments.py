"""What the statements of the ledger wait for: they are built once for a shape, and asked with the values of a cohort.

Building one takes longer than asking a small database. So the two days, the cohort and the scheme's own limits are
bound values, and only what changes a statement's form is part of its shape.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import BigInteger, Date, Float, Integer, bindparam, true
from sqlmodel import col

from models.columns import Row
from models.pairings import Pairing
from services import days
from services.ledger.shapes import Ask
from services.pair_facts import AsOf
from services.ways_figures import due_days

# For a reader from whom nothing is held back: later than anything that was ever entered.
NEVER_TOO_LATE = datetime(9999, 1, 1, tzinfo=UTC)
# By when a pair is expected to have settled its ways of working, in a scheme that sets no days of its own.
USUAL_WAYS_DAYS = 14
# `days.moment_number` is exact for five years before and after a day: those up to this year.
YEARS_BACK = 4
COHORT: Any = bindparam("cohort_id")
SCHEME: Any = bindparam("scheme_id")
INTERVAL = bindparam("interval", type_=Integer())
WAYS_DAYS: Any = bindparam("ways_days", type_=Integer())
# What `state_of` asks of a scheme.
LIMITS: Any = SimpleNamespace(
    quiet_factor=bindparam("quiet_factor", type_=Float()), silent_factor=bindparam("silent_factor", type_=Float())
)


@dataclass(frozen=True)
class Moment:
    """One of the two days, `now` or `then`, in a statement of this zone; `year` is that of now.

    `is_held`: of what was entered by that day, not everything is known to this reader.
    """

    name: str
    zone: str
    year: int
    is_held: bool = False

    @property
    def day(self) -> Any:
        return bindparam(f"{self.name}_day", type_=Date())

    @property
    def number(self) -> Any:
        return bindparam(f"{self.name}_number", type_=BigInteger())

    @property
    def until(self) -> Any:
        """The end of the day."""
        return bindparam(f"{self.name}_until", type_=moment_type())

    @property
    def seen(self) -> Any:
        """The end of the day, or where what this reader may know of ends."""
        return bindparam(f"{self.name}_seen", type_=moment_type())

    def number_of(self, column: Any) -> Any:
        """The day on which a moment that is over fell."""
        # Nothing of next year's summer time is asked of a moment that is over; of years long past it is.
        return days.moment_number(column, self.zone, date(self.year - YEARS_BACK, 1, 1))

    def known(self, table: type[Row]) -> Any:
        """For a reader of yesterday's figures, what was entered since is not there."""
        # Not asked where nothing is held back: an index then answers without a look at the row.
        if not self.is_held:
            return true()
        return col(table.created_at) < bindparam(f"{self.name}_known", type_=moment_type())

    def editions(self, which: str, number: int) -> Any:
        """The ids of one text's editions that count, or one module's."""
        return bindparam(f"{self.name}_{which}_{number}", expanding=True)


@dataclass(frozen=True)
class Shape:
    """What a statement's form depends on: the zone, and how many texts are signed and modules done by mentors."""

    zone: str
    year: int
    documents: int
    modules: int
    modules_then: int
    is_held: bool

    @property
    def now(self) -> Moment:
        return Moment("now", self.zone, self.year, self.is_held)

    @property
    def then(self) -> Moment:
        return Moment("then", self.zone, self.year)

    @property
    def moments(self) -> tuple[Moment, Moment]:
        return self.now, self.then


def shape_of(ask: Ask) -> Shape:
    signed = sum("mentor" in each.signed_by for each in ask.documents)
    is_held = ask.now.known_until is not None
    return Shape(ask.scheme.time_zone, ask.now.day.year, signed, len(ask.modules), len(ask.modules_then), is_held)


def ways_days(ask: Ask) -> int:
    """How many days after its first meeting a pair is expected to have settled its ways of working (U-C4.4)."""
    return due_days(ask.scheme) or USUAL_WAYS_DAYS


def values(ask: Ask) -> dict[str, Any]:
    """What is bound when any of the statements is asked."""
    scheme = ask.scheme
    return {
        "cohort_id": ask.cohort.id,
        "scheme_id": scheme.id,
        "interval": scheme.default_interval_days,
        "ways_days": ways_days(ask),
        "quiet_factor": scheme.quiet_factor,
        "silent_factor": scheme.silent_factor,
        **_of_day("now", ask.now),
        **_of_day("then", ask.then),
        **_editions(ask),
    }


def _of_day(name: str, as_of: AsOf) -> dict[str, Any]:
    return {
        f"{name}_day": as_of.day,
        f"{name}_number": as_of.number,
        f"{name}_until": as_of.until,
        f"{name}_seen": as_of.known_until or as_of.until,
        f"{name}_known": as_of.known_until or NEVER_TOO_LATE,
    }


def _editions(ask: Ask) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, document in enumerate(each for each in ask.documents if "mentor" in each.signed_by):
        found |= {
            f"now_signed_{number}": document.twins,
            f"then_signed_{number}": document.twins_then,
            f"now_in_grace_{number}": document.counting,
            f"then_in_grace_{number}": document.counting_then,
        }
    for name, modules in (("now", ask.modules), ("then", ask.modules_then)):
        found |= {f"{name}_module_{number}": module.editions for number, module in enumerate(modules)}
    return found


def moment_type() -> Any:
    """The type of every moment in the tables."""
    return Pairing.__table__.c.released_at.type  # type: ignore[attr-defined]  # SQLModel does not tell of it
