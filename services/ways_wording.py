"""What the desk says around ways of working: sections with a question each, and the words that a pair starts from.

A scheme's style decides how a mentor is spoken of. What a facilitative mentor gives is never called advice (A-0).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from models.agreements import Clause, DocumentKind, SchemeDocument
from models.schemes import Scheme, Style
from services import access, named_exceptions, pairings, signatures
from services.access import Actor

SECTIONS: Mapping[str, str] = MappingProxyType(
    {
        "role": "What each of us does",
        "confidentiality": "What stays between us",
        "boundaries": "Where our boundaries are",
        "needs": "What each of us needs",
        "culture": "What we bear in mind about where we come from",
        "ending": "How we will end",
    }
)
# What both confirm even where they add nothing of their own (A-MR2, A-MR3).
ALWAYS = ("role", "confidentiality")
# Of agreements made when expectations were still one text by both.
EARLIER: Mapping[str, str] = MappingProxyType({"expectations": "What we expect of each other"})
QUESTIONS: Mapping[str, str] = MappingProxyType(
    {
        "boundaries": "Hours, holidays, examinations, ways of being reached: what is too much for either of you?",
        "needs": "Captions, breaks, simple words, time to prepare: only what you want the other to know.",
        "culture": "How you like to be called, how direct you are used to being, days that matter to you.",
        "ending": "When will you look back together, and how will you say goodbye?",
    }
)
_ROLE = {
    Style.FACILITATIVE: "The mentor listens, asks and challenges. The mentee finds the answer and decides.",
    Style.CAREER_GUIDING: "The mentor tells what they know of working life. The mentee's view counts for more, "
    "and the mentee decides.",
}
_ROLE_QUESTION = {
    Style.FACILITATIVE: "What will the mentor ask and the mentee bring? What is not part of it?",
    Style.CAREER_GUIDING: "What will the mentor tell and show, and the mentee bring? What is not part of it?",
}
_BETWEEN_US = "What we say to each other stays between us."
_ONLY_WITH_A_YES = (
    " Either of us shares something of it with anybody else only after the other has said yes to that very thing."
)
_NUMBERS = ("no", "one", "two", "three", "four", "five")


@dataclass(frozen=True)
class Exception_:  # noqa: N801 - the scheme's word, beside Python's
    """A case in which the scheme lets something be shared without a yes: its clause, as the text in force has it.

    `text` is empty where the scheme names the clause and no text in force has it: what it says is then not known.
    """

    clause: str
    heading: str
    text: str


@dataclass(frozen=True)
class Guide:
    """What a pair reads before it settles anything. `role_statement` and `first_meeting` are Markdown, or None."""

    style: Style
    role_line: str
    role_statement: str | None
    first_meeting: str | None
    exceptions: tuple[Exception_, ...]


def role_line(scheme: Scheme) -> str:
    """What a mentor is here for, in one or two sentences."""
    said: str = scheme.other_settings.get("role_line") or _ROLE[scheme.style]
    return said


def starting_words(scheme: Scheme) -> dict[str, str]:
    """The sections that a pair starts from; they may say it in their own way."""
    return {"role": role_line(scheme), "confidentiality": confidentiality_line(scheme)}


def confidentiality_line(scheme: Scheme) -> str:
    """What stays between the two, with as many exceptions as the scheme names: a facilitative code may name none."""
    named = len(named_exceptions.named(scheme))
    if not named:
        return _BETWEEN_US + _ONLY_WITH_A_YES
    number = _NUMBERS[named] if named < len(_NUMBERS) else str(named)
    cases = "one exception" if named == 1 else f"{number} exceptions"
    return f"{_BETWEEN_US} The scheme names {cases}, and we have both read them."


def question(section: str, style: Style) -> str:
    """What a section asks."""
    if section == "role":
        return _ROLE_QUESTION[style]
    return QUESTIONS.get(section, "Is there anything that you would say more strictly than the scheme does?")


def guide(session: Session, actor: Actor, pairing_id: UUID) -> Guide:
    """The scheme's own texts for the actor's pair, as they are in force. Raises NotAllowed."""
    pairing, _side = access.pairing_to_take_part_in(session, actor, pairing_id)
    scheme = pairings.scheme_of(session, pairing)
    texts = _texts(session, scheme.id)
    return Guide(
        style=scheme.style,
        role_line=role_line(scheme),
        role_statement=texts.get(DocumentKind.ROLE_STATEMENT),
        first_meeting=texts.get(DocumentKind.FIRST_MEETING_GUIDE),
        exceptions=_exceptions(session, scheme),
    )


def style_of(session: Session, actor: Actor, pairing_id: UUID) -> Style:
    """How the pair's scheme speaks of a mentor. Raises NotAllowed."""
    pairing, _side = access.pairing_to_take_part_in(session, actor, pairing_id)
    return pairings.scheme_of(session, pairing).style


def exceptions(session: Session, actor: Actor, pairing_id: UUID) -> tuple[Exception_, ...]:
    """The cases that the scheme names, which a mentee reads before the first contact (U-8). Raises NotAllowed."""
    pairing, _side = access.pairing_to_take_part_in(session, actor, pairing_id)
    return _exceptions(session, pairings.scheme_of(session, pairing))


def _exceptions(session: Session, scheme: Scheme) -> tuple[Exception_, ...]:
    keys = named_exceptions.named(scheme)
    if not keys:
        return ()
    rows = session.exec(_clauses(), params={"scheme": scheme.id, "keys": list(keys)})
    found = {key: Exception_(key, heading, text) for key, heading, text in rows}
    # One whose words are missing still holds: nobody is told that there is none.
    return tuple(found.get(key, Exception_(key, "", "")) for key in keys)


@cache  # built anew at every look, it took longer than to ask
def _clauses() -> Any:
    return (
        select(Clause.key, Clause.heading, Clause.text)
        .join(SchemeDocument, col(SchemeDocument.id) == col(Clause.document_id))
        .join(Scheme, col(Scheme.id) == col(SchemeDocument.scheme_id))
        .where(
            col(SchemeDocument.scheme_id) == bindparam("scheme"),
            signatures.in_force(),
            col(Clause.key).in_(bindparam("keys", expanding=True)),
        )
    )


def _texts(session: Session, scheme_id: UUID) -> dict[DocumentKind, str]:
    rows = session.exec(_documents(), params={"scheme": scheme_id})
    return {DocumentKind(kind): text for kind, text in rows}


@cache
def _documents() -> Any:
    kinds = (DocumentKind.ROLE_STATEMENT, DocumentKind.FIRST_MEETING_GUIDE)
    return (
        select(SchemeDocument.kind, SchemeDocument.text)
        .join(Scheme, col(Scheme.id) == col(SchemeDocument.scheme_id))
        .where(
            col(SchemeDocument.scheme_id) == bindparam("scheme"),
            signatures.in_force(),
            col(SchemeDocument.kind).in_(kinds),
        )
    )
