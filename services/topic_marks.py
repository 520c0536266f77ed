"""Subjects that the mentee marks as open, ask me first or off limits (A-MR4). A change holds at once; both see it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from models.enrolments import Side
from models.pairings import TopicMarks
from services import access, audit, cleaning, pairings, private_words
from services.access import Actor
from services.errors import Conflict, Invalid, NotAllowed
from services.units import writes

MOST, LONGEST = 30, 80


class Mark(StrEnum):
    """How a subject may be talked about."""

    OPEN = "open"
    ASK_FIRST = "ask_first"
    OFF_LIMITS = "off_limits"


WORDS: Mapping[Mark, str] = MappingProxyType(
    {Mark.OPEN: "Open", Mark.ASK_FIRST: "Ask me first", Mark.OFF_LIMITS: "Off limits"}
)
SUGGESTIONS = (
    "Career choices",
    "Applications and interviews",
    "Difficulties at work",
    "Salary and money",
    "Family and relationships",
    "Health",
    "Religion",
    "Politics",
    "Visas and immigration",
)


@dataclass(frozen=True)
class Subjects:
    """What is marked, by mark, in the order of the marks and then as it was entered."""

    by_mark: Mapping[Mark, tuple[str, ...]]

    @property
    def are_any(self) -> bool:
        return any(self.by_mark.values())


def of_pairing(session: Session, actor: Actor, pairing_id: UUID) -> Subjects:
    """What holds now, for either half of the pair. Raises NotAllowed."""
    access.pairing_to_take_part_in(session, actor, pairing_id)
    row = session.exec(select(TopicMarks).where(TopicMarks.pairing_id == pairing_id)).one_or_none()
    return opened(row.words if row else None)


def opened(words: str | None) -> Subjects:
    """The subjects of a sealed list. The caller has asked whether the reader is half of the pair."""
    return _subjects(private_words.opened(words or ""))


@writes
def mark(session: Session, actor: Actor, pairing_id: UUID, kind: Mark, subjects: Sequence[str]) -> Subjects:
    """These subjects, and no others, carry this mark from now on; whichever carried another one before has changed.

    Only the mentee marks. Raises NotAllowed, Conflict, Invalid.
    """
    pairing, side = pairings.open_to_change(session, actor, pairing_id)
    if side is not Side.MENTEE:
        raise NotAllowed("Only the mentee marks subjects.", remedy="Say it to each other when you talk.")
    row = session.exec(select(TopicMarks).where(TopicMarks.pairing_id == pairing_id)).one_or_none()
    kept = opened(row.words if row else None).by_mark
    chosen = _cleaned(subjects)
    moved = {_key(subject) for subject in chosen}
    now = {each: chosen if each is kind else [one for one in kept[each] if _key(one) not in moved] for each in Mark}
    if sum(map(len, now.values())) > MOST:
        raise Invalid(f"There are more than {MOST} subjects.", remedy="Take some away, or put several into one.")
    words = private_words.sealed({each.value: list(named) for each, named in now.items()})
    if row is None:
        session.add(TopicMarks(pairing_id=pairing_id, words=words))
    else:
        row.words = words
    scheme = pairings.scheme_of(session, pairing)
    audit.record(session, actor, "topics.marked", pairing_id, scheme_id=scheme.id)
    try:
        session.commit()
    except IntegrityError as clash:
        session.rollback()
        raise Conflict("You have just marked subjects in another window.", remedy="Reload the page.") from clash
    return _subjects({each.value: list(named) for each, named in now.items()})


def touched(marked: Subjects, text: str) -> tuple[tuple[Mark, str], ...]:
    """The subjects that are not open and whose words a text names: for a gentle word beside an agenda.

    Whole words, whatever their case; a subject of several words counts when all of them stand in the text.
    """
    words = _words(text)
    careful = [(kind, one) for kind in (Mark.OFF_LIMITS, Mark.ASK_FIRST) for one in marked.by_mark[kind]]
    return tuple((kind, one) for kind, one in careful if _words(one) - _SMALL and _words(one) - _SMALL <= words)


_SMALL = frozenset({"and", "or", "of", "the", "my", "at", "a", "in"})


def _words(text: str) -> set[str]:
    bare = "".join(character if character.isalnum() else " " for character in cleaning.compare_key(text))
    return set(bare.split())


def _subjects(stored: Mapping[str, Iterable[str]]) -> Subjects:
    return Subjects(MappingProxyType({kind: tuple(stored.get(kind.value, ())) for kind in Mark}))


def _cleaned(subjects: Sequence[str]) -> list[str]:
    """Each subject once, as it was first written. Raises Invalid."""
    found: dict[str, str] = {}
    for subject in subjects:
        text = cleaning.text(subject, field="A subject", longest=LONGEST, lines=False)
        if cleaning.visible(text):
            found.setdefault(_key(text), text)
    return list(found.values())


def _key(subject: str) -> str:
    return cleaning.compare_key(subject)
