"""Recognises a scheme's own wording: which line is a title, a section, a clause, and which ID each clause has.

    pieces = recognise(wording_files.read(name, content), known)
    texts = assembled(pieces)

Nothing is written here. A person checks the pieces, changes one where it was mistaken, and then makes drafts of them.
IDs are those of the text in force, so that the same number is the same clause before and after.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlmodel import Session

from models.agreements import DocumentKind
from services import access, publishing
from services.access import Actor
from services.document_drafts import Wording
from services.errors import Invalid
from services.publishing import LONGEST_HEADING, LONGEST_ID
from services.schemes import documents
from services.schemes.documents import TemplateClause
from services.wording_files import Line, line_of
from services.wording_ids import identified
from services.wording_shapes import Part, Piece, is_heading, one_heading, shaped

_KINDS = (
    (DocumentKind.MENTEE_AGREEMENT, re.compile(r"mentee agreement|学员协议", re.IGNORECASE)),
    (DocumentKind.AGREEMENT, re.compile(r"agreement|协议", re.IGNORECASE)),
    (DocumentKind.CODE, re.compile(r"\bcode\b|守则|准则", re.IGNORECASE)),
    (DocumentKind.PRIVACY, re.compile(r"privacy|data protection|隐私", re.IGNORECASE)),
    (DocumentKind.RIGHTS, re.compile(r"rights|complain|权利", re.IGNORECASE)),
    (DocumentKind.ROLE_STATEMENT, re.compile(r"\brole\b", re.IGNORECASE)),
)
Known = Mapping[DocumentKind, Sequence[TemplateClause]]


@dataclass(frozen=True)
class Check:
    """What a person should look at before the pieces become drafts. `refused` keeps them from it."""

    refused: tuple[str, ...]
    doubtful: tuple[str, ...]


def known_clauses(session: Session, actor: Actor, scheme_id: UUID) -> Known:
    """The clauses in force of every kind, in the scheme's language. Raises NotAllowed."""
    scheme = access.scheme_to_coordinate(session, actor, scheme_id)
    found = {}
    for kind in DocumentKind:
        document = publishing.newest(session, scheme.id, kind, scheme.language)
        if document is not None:
            found[kind] = documents.parse(document.text, kind=kind.value, language=document.language).clauses
    return found


def recognise(lines: Sequence[Line], known: Known) -> tuple[Piece, ...]:
    """Every line with what it seems to be, in the file's order."""
    pieces: list[Piece] = []
    for text in _texts(lines):
        pieces += _recognised(text, known)
    return tuple(pieces)


def with_kind(pieces: Sequence[Piece], at: int, kind: DocumentKind, known: Known) -> tuple[Piece, ...]:
    """The pieces after the text that begins at `at` was said to be of another kind: its IDs are found anew."""
    end = next((later for later in range(at + 1, len(pieces)) if pieces[later].part is Part.TITLE), len(pieces))
    text = [piece.line for piece in pieces[at:end]]
    return (*pieces[:at], *_recognised(text, known, kind), *pieces[end:])


def changed(pieces: Sequence[Piece], at: int, *, part: Part, id: str, heading: str, words: str) -> tuple[Piece, ...]:
    """The pieces with one corrected. An empty line in `words` cuts it in two; the later ones join it at first.

    Raises Invalid.
    """
    typed = [each.strip() for each in re.split(r"\n\s*\n", words) if each.strip()]
    if not typed:
        raise Invalid("There are no words left.", remedy="To take this line away, choose “Leave it out”.")
    old = pieces[at]
    first = replace(old, line=replace(old.line, words=typed[0]), part=part, id=id.strip(), heading=heading.strip())
    if part is Part.TITLE and old.kind is None:
        first = replace(first, kind=_kind_of(typed[0]))
    rest = (Piece(line_of(each), Part.JOINS) for each in typed[1:])
    return (*pieces[:at], first, *rest, *pieces[at + 1 :])


def check(pieces: Sequence[Piece], known: Known) -> Check:
    """What cannot be so, and what a person should compare with the file."""
    refused: list[str] = []
    doubtful: list[str] = []
    for title, text in _by_text(pieces):
        ids = [piece.id for piece in text if piece.part is Part.CLAUSE]
        name = title.line.words
        refused += [f"“{name}”: {each} stands there {n} times." for each, n in Counter(ids).items() if each and n > 1]
        if "" in ids:
            refused.append(f"“{name}”: {ids.count('')} without an ID.")
        refused += [f"“{name}”: the ID {each[:30]} must be short and without blanks." for each in ids if _is_bad(each)]
        before = [clause.id for clause in known.get(title.kind, ())] if title.kind else []
        doubtful += _doubts(name, ids, before)
    return Check(tuple(refused), tuple(doubtful))


def assembled(pieces: Sequence[Piece]) -> tuple[Wording, ...]:
    """The texts, ready to be drafts. Raises Invalid when what `check` refuses is still there."""
    if problems := check(pieces, {}).refused:
        raise Invalid(problems[0], remedy="Correct it in the list, then go on.")
    return tuple(
        Wording(title.kind or DocumentKind.CODE, title.line.words, _markdown(text)) for title, text in _by_text(pieces)
    )


def _doubts(name: str, ids: Sequence[str], before: Sequence[str]) -> Iterator[str]:
    gone, new = [each for each in before if each not in ids], [each for each in ids if each not in before]
    if not ids:
        yield f"“{name}” has no numbered clauses: nobody can be asked to sign it."
    if gone:
        yield f"“{name}”: in force, but not in the file: {', '.join(gone[:8])}{'…' if len(gone) > 8 else ''}"
    if before and new:
        yield f"“{name}”: new in the file: {', '.join(new[:8])}{'…' if len(new) > 8 else ''}"


def _is_bad(key: str) -> bool:
    return bool(key) and (len(key) > LONGEST_ID or re.search(r"\s|·", key) is not None)


def _by_text(pieces: Sequence[Piece]) -> Iterator[tuple[Piece, list[Piece]]]:
    """Each title with the pieces below it."""
    starts = [at for at, piece in enumerate(pieces) if piece.part is Part.TITLE]
    for at, end in zip(starts, [*starts[1:], len(pieces)], strict=True):
        yield pieces[at], list(pieces[at + 1 : end])


def _markdown(text: Sequence[Piece]) -> str:
    blocks, in_list = [], False
    for piece in text:
        words = one_heading(piece.line.words) if piece.part is Part.SECTION else piece.line.words
        if piece.part is Part.SECTION:
            number = f"{piece.line.number}. " if piece.line.number else ""
            blocks.append(f"# {number}{words}"[: LONGEST_HEADING + 2])
        elif piece.part is Part.CLAUSE:
            blocks.append(f"## {piece.id} · {one_heading(piece.heading or piece.id)[:LONGEST_HEADING]}\n\n{words}")
        elif piece.part is Part.JOINS and piece.line.is_bullet:
            point = "- " + words.replace("\n", "\n  ")
            blocks[-1:] = [f"{blocks[-1]}\n{point}"] if in_list else [*blocks[-1:], point]
        elif piece.part is Part.JOINS:
            blocks.append(f"{piece.line.number}{'.' if piece.line.number else ''} {words}".strip())
        in_list = piece.part is Part.JOINS and piece.line.is_bullet
    return "\n\n".join(blocks)


def _texts(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """The file's texts: where numbers begin anew at 1 under a heading, another one begins."""
    start, highest, heading = 0, 0, 0
    for at, line in enumerate(lines):
        if is_heading(line) and not line.number:
            heading = at
        if line.number.isdigit() and not line.is_bullet:
            if int(line.number) == 1 and highest > 1 and heading > start:
                yield list(lines[start:heading])
                start = heading
                highest = 0
            highest = max(highest, int(line.number))
    yield list(lines[start:])


def _recognised(lines: list[Line], known: Known, kind: DocumentKind | None = None) -> list[Piece]:
    title, rest = lines[0], lines[1:]
    if not is_heading(title) or title.number:
        # A text that begins at once with its words has no name yet.
        title, rest = Line("Code of conduct"), lines
    chosen = kind or _kind_of(title.words)
    before = known.get(chosen, ())
    found = shaped(rest)
    return [
        Piece(replace(title, words=one_heading(title.words)), Part.TITLE, kind=chosen),
        *identified(found, before),
    ]


def _kind_of(title: str) -> DocumentKind:
    return next((kind for kind, pattern in _KINDS if pattern.search(title)), DocumentKind.CODE)
