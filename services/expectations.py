"""What each of a pair expects, written alone (U-C6.4): neither reads the other's before both are done.

Then the two stand side by side, differences first. Until both are done either may still change their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from models.columns import utc_now
from models.enrolments import Side
from models.pairings import Expectation
from services import access, agreements, audit, cleaning, pairings, private_words
from services.access import Actor
from services.errors import Conflict, Invalid
from services.units import writes

LONGEST = 1000


@dataclass(frozen=True)
class Question:
    """One thing to expect something of. Without `options` it is answered in words."""

    key: str
    asked: str
    options: Mapping[str, str]


def _choice(key: str, asked: str, **options: str) -> Question:
    return Question(key, asked, MappingProxyType(options))


QUESTIONS = (
    _choice(
        "lead",
        "Who decides what we talk about?",
        mentee="The mentee brings it",
        both="We decide together",
        mentor="The mentor suggests it",
    ),
    _choice(
        "stuck",
        "When the mentee does not know what to do next, the mentor…",
        asks="asks questions until the mentee sees a way",
        tells="tells what they have seen and done themselves",
        shows="shows where to look and whom to ask",
    ),
    _choice(
        "frank",
        "How plainly do we speak?",
        gently="Gently, with time to come round to it",
        plainly="Plainly, and kindly",
        bluntly="Straight out, even when it stings",
    ),
    _choice(
        "between",
        "Between two meetings…",
        quiet="we leave each other in peace",
        word="a short message now and then is welcome",
        work="the mentee works on something each time",
    ),
    _choice(
        "reply",
        "How soon does a message get an answer?",
        day="Within a day",
        days="Within two or three days",
        week="Within a week",
    ),
    _choice("hope", "It will have been worth it if…"),
    _choice("worry", "What I am not sure about"),
)
_BY_KEY = MappingProxyType({question.key: question for question in QUESTIONS})


@dataclass(frozen=True)
class Line:
    """One question with what each of the two said, by the reader's own and the other's; blank where nothing was."""

    asked: str
    mine: str
    theirs: str
    differs: bool


@dataclass(frozen=True)
class Expectations:
    """Where the two are. `together` is empty until both are done; `mine` are the actor's own answers by question."""

    mine: Mapping[str, str]
    i_am_done: bool
    they_are_done: bool
    together: tuple[Line, ...]


def of_pairing(session: Session, actor: Actor, pairing_id: UUID) -> Expectations:
    """The actor's own words, and the other's once both are done. Raises NotAllowed.

    Until then the other's sealed words are not even opened.
    """
    _pairing, side = access.pairing_to_take_part_in(session, actor, pairing_id)
    rows = {row.side: row for row in session.exec(select(Expectation).where(Expectation.pairing_id == pairing_id))}
    own, other = rows.get(side), rows.get(pairings.OTHER[side])
    mine = private_words.opened(own.words) if own else {}
    done, theirs_done = (row is not None and row.done_at is not None for row in (own, other))
    theirs = private_words.opened(other.words) if other and done and theirs_done else None
    together = compared(mine, theirs) if theirs is not None else ()
    return Expectations(MappingProxyType(mine), done, theirs_done, together)


@writes
def write(session: Session, actor: Actor, pairing_id: UUID, answers: Mapping[str, str], *, done: bool) -> Expectations:
    """Keep the actor's own words; `done` says that the other may read them as soon as they are done too.

    Raises NotAllowed; Conflict once both are done; Invalid for what is no answer, or when done with one missing.
    """
    pairing, side = pairings.open_to_change(session, actor, pairing_id)
    agreements.refuse_never_signed(session, access.own_enrolment(session, actor))
    rows = {row.side: row for row in session.exec(select(Expectation).where(Expectation.pairing_id == pairing_id))}
    if len(rows) == len(Side) and all(row.done_at is not None for row in rows.values()):
        raise Conflict(
            "Both of you have read what the other expects.", remedy="Put what changed into your ways of working."
        )
    said = _cleaned(answers)
    if done:
        _check_whole(said)
    row = rows.get(side) or Expectation(pairing_id=pairing_id, side=side, words="")
    row.words, row.done_at = private_words.sealed(said), utc_now() if done else None
    session.add(row)
    scheme = pairings.scheme_of(session, pairing)
    audit.record(session, actor, "expectations.written", pairing_id, scheme_id=scheme.id, side=side.value, done=done)
    try:
        session.commit()
    except IntegrityError as clash:
        session.rollback()
        raise Conflict("You have just written this in another window.", remedy="Reload the page.") from clash
    return of_pairing(session, actor, pairing_id)


def compared(mine: Mapping[str, str], theirs: Mapping[str, str]) -> tuple[Line, ...]:
    """Both sides' answers: what differs first, then what agrees, then what is in words."""
    lines = [_line(question, mine, theirs) for question in QUESTIONS]
    return tuple(sorted(lines, key=lambda line: 0 if line.differs else 1))


def _line(question: Question, mine: Mapping[str, str], theirs: Mapping[str, str]) -> Line:
    own, other = mine.get(question.key, ""), theirs.get(question.key, "")
    # Two people's own words always differ: they are no difference to begin with.
    differs = bool(question.options) and own != other
    return Line(question.asked, question.options.get(own, own), question.options.get(other, other), differs)


def _cleaned(answers: Mapping[str, str]) -> dict[str, str]:
    """The answers that say something. Raises Invalid."""
    cleaned: dict[str, str] = {}
    for key, said in answers.items():
        question = _BY_KEY.get(key)
        if question is None or (question.options and said and said not in question.options):
            raise Invalid("There is no such answer.", remedy="Reload the page to see the questions.")
        text = cleaning.text(said, field=question.asked, longest=LONGEST)
        if text:
            cleaned[key] = text
    return cleaned


def _check_whole(said: Mapping[str, str]) -> None:
    missing = [question.asked for question in QUESTIONS if question.options and question.key not in said]
    if missing:
        raise Invalid(f"“{missing[0]}” has no answer yet.", remedy="Choose one; you can say more in your own words.")
