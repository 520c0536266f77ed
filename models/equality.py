"""Equality answers, apart from everything else that is known about somebody, and the last table made from them."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from models.columns import JsonColumn, Row, Stateful


class EqualityAnswers(Row, table=True):
    """What one person chose to say about themselves in one place. Withdrawing deletes the row.

    `words` is sealed with a key that is not in the database, and as long for everybody (services/equality.py).
    `wording_sha256` names the text that the person agreed to (ConsentText).
    """

    __table_args__ = (UniqueConstraint("enrolment_id"),)

    enrolment_id: UUID = Field(foreign_key="enrolment.id")
    wording_sha256: str = Field(max_length=64)
    language: str = Field(default="en", max_length=12)
    words: str


class ParityTable(Stateful, table=True):
    """How often the groups of one cohort are matched, as everybody who sees figures may read it.

    `published` is rounded and without small groups: side, question, group, then `people`, `low` and `high` (per cent).
    `exact` is sealed: the counts behind each group when it was last published, so that a group's figure stays until
    enough people in it have changed (services/parity.py). `as_of` is the scheme's own day.
    """

    __table_args__ = (UniqueConstraint("cohort_id"),)

    cohort_id: UUID = Field(foreign_key="cohort.id")
    as_of: date
    published: dict[str, Any] = Field(default_factory=dict, sa_type=JsonColumn)
    exact: str
