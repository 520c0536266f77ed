"""The steps of a large query: each is made once (MATERIALIZED), and holds what the step above it speaks of, no more."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import BigInteger, column, select, table
from sqlalchemy.sql import visitors

from services.ledger.moments import moment_type

Columns = Mapping[str, Any]


class Step:
    """A step's columns by name, for the one above it."""

    def __init__(self, name: str) -> None:
        self.name, self.table = name, table(name)

    def __getitem__(self, name: str) -> Any:
        # Moments stay moments on their way through the steps, and whole numbers are divided as such.
        is_moment = name in {"released_at", "ended_at"} or name.startswith("held_")
        kind = moment_type() if is_moment else BigInteger() if name in {"ways_now", "ways_then"} else None
        return column(name, kind, _selectable=self.table)


PAIRS, FACTS, DAYS, EACH, ALIKE, STANDING = map(
    Step, ("pairs_of", "pair_facts", "pair_days", "each_pair", "pairs_alike", "pair_standing")
)


def needed(step: Step, columns: Columns, below: Step, *, above: Any) -> Any:
    """A step with those of its columns that the step above it speaks of, its own or passed on from below."""
    return selected({name: columns[name] if name in columns else below[name] for name in sorted(named(step, above))})


def named(step: Step, above: Any) -> set[str]:
    elements: Iterator[Any] = visitors.iterate(above)
    return {each.name for each in elements if getattr(each, "table", None) is step.table}


def selected(columns: Columns) -> Any:
    return select(*(made.label(name) for name, made in columns.items()))


def once(statement: Any, name: str) -> Any:
    return statement.cte(name).prefix_with("MATERIALIZED")
