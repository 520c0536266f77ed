"""What the clause ledger is made of: figures that are declared, entries for clauses, and what came of them."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from models.agreements import DocumentKind
from models.schemes import Cohort, Scheme
from services.pair_facts import AsOf
from services.suppression import Shown

TREND_DAYS = 30


class State(StrEnum):
    """How a clause stands, the most pressing first: the order of the screen."""

    RED = "red"
    AMBER = "amber"
    GREEN = "green"
    TELLS = "information"
    HIDDEN = "hidden"
    NOBODY = "nobody_yet"
    PEOPLE = "upheld_by_people"


class Aim(StrEnum):
    """What is good: a large share, every single one, none at all, or neither (the number only informs)."""

    MOST = "most"
    ALL = "all"
    NONE = "none"
    TELLS = "tells"


@dataclass(frozen=True)
class Figure:
    """One number as it is declared. `part`, `base`, `left_out` and those of `also` name counts of the `source`.

    `words` has {part} and {base}; without a base it is a plain count. `also` are parts that share nobody, with words
    for each. Green from `target` (a share; `target_key` names the scheme's own), amber from three quarters of it.
    `hours` and `days` name a usual time. What is not about people is never kept back. `screen` is the screen that shows
    the rows; of the figures about pairs and people the ledger lists them itself, unless `lists` says no. A definition
    may speak of the scheme's own {ways_days}. `nobody` is what stands in place of a figure without anything to count.
    """

    key: str
    source: str
    part: str
    words: str
    definition: str
    base: str | None = None
    aim: Aim = Aim.MOST
    target: float = 1.0
    target_key: str | None = None
    left_out: str | None = None
    also: tuple[tuple[str, str], ...] = ()
    hours: str | None = None
    days: str | None = None
    is_about_people: bool = True
    lists: bool = True
    screen: tuple[str, str] | None = None
    nobody: str = "nobody to count yet"


@dataclass(frozen=True)
class Entry:
    """What is known about a clause. `not_yet` names what is not counted, in a sentence; `informs` and `asks` where.

    A clause without a figure is upheld by people: where the software informs and asks is all that it can show.
    """

    informs: str
    asks: str = ""
    figures: tuple[Figure, ...] = ()
    not_yet: str = ""


@dataclass(frozen=True)
class DocumentInForce:
    """One text of the scheme. `twins` are the same edition in all languages, `twins_then` those in force before.

    `counting` are the editions whose signature still counts: all of them while the days of grace last.
    """

    id: UUID
    kind: DocumentKind
    title: str
    edition: int
    sha256: str
    published_at_day: date
    signed_by: tuple[str, ...]
    twins: tuple[UUID, ...]
    twins_then: tuple[UUID, ...]
    counting: tuple[UUID, ...]
    counting_then: tuple[UUID, ...]


@dataclass(frozen=True)
class RequiredModule:
    """A module that mentors must have done by now: any of these editions counts."""

    editions: tuple[UUID, ...]


@dataclass(frozen=True)
class Ask:
    """What every source is asked about: a cohort, on a day and thirty days before."""

    cohort: Cohort
    scheme: Scheme
    now: AsOf
    then: AsOf
    documents: tuple[DocumentInForce, ...]
    modules: tuple[RequiredModule, ...]
    modules_then: tuple[RequiredModule, ...]


@dataclass(frozen=True)
class Count:
    """A number now, and thirty days before; `then` None where the past is not known."""

    now: int
    then: int | None = None


@dataclass(frozen=True)
class Measured:
    """One figure as it came out. None is not shown to this reader. `trend` is a sentence, or '' for none.

    `definition` has the scheme's own numbers.
    """

    figure: Figure
    state: State
    part: Shown
    base: Shown
    words: str
    trend: str
    definition: str


@dataclass(frozen=True)
class Line:
    """One clause with its evidence. `number` and `trend` are those of its most telling figure."""

    clause: str
    heading: str
    section: str
    document: str
    text: str
    state: State
    number: str
    trend: str
    measured: tuple[Measured, ...]
    informs: str
    asks: str
    not_yet: str


@dataclass(frozen=True)
class Ledger:
    """Every clause of the documents in force, the most pressing first."""

    scheme: str
    cohort: str
    as_of: date
    before: date
    is_protected: bool
    documents: tuple[DocumentInForce, ...]
    lines: tuple[Line, ...]
