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
from difflib import SequenceMatcher
from enum import StrEnum
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

LONGEST_TITLE = 100
_FIRST_WORDS = 60
_ENDS = tuple(".;:,!?。；：，！？")
_KEY = re.compile(r"(?P<prefix>.*?)(?P<number>\d+(?:\.\d+)*)(?P<letter>[a-z]?)")
_LEAD = re.compile(r"\*\*(?P<bold>[^*]{1,200})\*\*\s*[—–:.-]*\s*(?P<rest>.+)", re.DOTALL)
_KINDS = (
    (DocumentKind.MENTEE_AGREEMENT, re.compile(r"mentee agreement|学员协议", re.IGNORECASE)),
    (DocumentKind.AGREEMENT, re.compile(r"agreement|协议", re.IGNORECASE)),
    (DocumentKind.CODE, re.compile(r"\bcode\b|守则|准则", re.IGNORECASE)),
    (DocumentKind.PRIVACY, re.compile(r"privacy|data protection|隐私", re.IGNORECASE)),
    (DocumentKind.RIGHTS, re.compile(r"rights|complain|权利", re.IGNORECASE)),
    (DocumentKind.ROLE_STATEMENT, re.compile(r"\brole\b", re.IGNORECASE)),
)

Known = Mapping[DocumentKind, Sequence[TemplateClause]]


class Part(StrEnum):
    """What a line of the file is."""

    TITLE = "title"
    SECTION = "section"
    CLAUSE = "clause"
    JOINS = "joins"
    LEFT_OUT = "left_out"


@dataclass(frozen=True)
class Piece:
    """One line of the file and what it was taken for. `id` and `heading` are a clause's, `kind` a title's."""

    line: Line
    part: Part
    id: str = ""
    heading: str = ""
    kind: DocumentKind | None = None


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
        words = _one_heading(piece.line.words) if piece.part is Part.SECTION else piece.line.words
        if piece.part is Part.SECTION:
            number = f"{piece.line.number}. " if piece.line.number else ""
            blocks.append(f"# {number}{words}"[: LONGEST_HEADING + 2])
        elif piece.part is Part.CLAUSE:
            blocks.append(f"## {piece.id} · {_one_heading(piece.heading or piece.id)[:LONGEST_HEADING]}\n\n{words}")
        elif piece.part is Part.JOINS and piece.line.is_bullet:
            point = "- " + words.replace("\n", "\n  ")
            blocks[-1:] = [f"{blocks[-1]}\n{point}"] if in_list else [*blocks[-1:], point]
        elif piece.part is Part.JOINS:
            blocks.append(f"{piece.line.number}{'.' if piece.line.number else ''} {words}".strip())
        in_list = piece.part is Part.JOINS and piece.line.is_bullet
    return "\n\n".join(blocks)


def _one_heading(words: str) -> str:
    return " ".join(words.split())


def _texts(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """The file's texts: where numbers begin anew at 1 under a heading, another one begins."""
    start, highest, heading = 0, 0, 0
    for at, line in enumerate(lines):
        if _is_heading(line) and not line.number:
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
    if not _is_heading(title) or title.number:
        # A text that begins at once with its words has no name yet.
        title, rest = Line("Code of conduct"), lines
    chosen = kind or _kind_of(title.words)
    before = known.get(chosen, ())
    shaped = _shaped(rest)
    return [
        Piece(replace(title, words=_one_heading(title.words)), Part.TITLE, kind=chosen),
        *_identified(shaped, before),
    ]


def _kind_of(title: str) -> DocumentKind:
    return next((kind for kind, pattern in _KINDS if pattern.search(title)), DocumentKind.CODE)


def _is_heading(line: Line) -> bool:
    words = line.words
    if line.is_bullet or "\n" in words or len(words) > LONGEST_TITLE:
        return False
    return bool(line.level) or not words.endswith(_ENDS)


def _shaped(lines: Sequence[Line]) -> list[Piece]:
    """Sections, clauses and what belongs to them, still without IDs."""
    if any("." in line.number for line in lines):
        return [_by_depth(line) for line in lines]
    if any(line.number.isdigit() for line in lines):
        return [_by_number(line) for line in lines]
    if any(line.is_bullet for line in lines):
        return [_as_point(line) for line in lines]
    return [_as_paragraph(line) for line in lines]


def _by_depth(line: Line) -> Piece:
    """Numbers such as 6.4 are clauses, those such as 6 their sections."""
    if "." in line.number:
        return _clause(line)
    if (line.number.isdigit() or line.level) and _is_heading(line):
        return Piece(line, Part.SECTION)
    return Piece(line, Part.JOINS)


def _by_number(line: Line) -> Piece:
    if line.number.isdigit():
        return _clause(line)
    return Piece(line, Part.SECTION if _is_heading(line) and not line.number else Part.JOINS)


def _as_point(line: Line) -> Piece:
    if line.is_bullet:
        return _clause(line)
    return Piece(line, Part.SECTION if _is_heading(line) else Part.JOINS)


def _as_paragraph(line: Line) -> Piece:
    return Piece(line, Part.SECTION) if _is_heading(line) else _clause(line)


def _clause(line: Line) -> Piece:
    """A clause with a heading: the bold words that it begins with, else its number, else its first words."""
    if found := _LEAD.fullmatch(line.words):
        return Piece(replace(line, words=found["rest"]), Part.CLAUSE, heading=found["bold"].strip(" .:"))
    return Piece(line, Part.CLAUSE, heading=line.number or _first_words(line.words))


def _first_words(words: str) -> str:
    flat = _one_heading(words)
    if len(flat) <= _FIRST_WORDS:
        return flat
    cut = flat[:_FIRST_WORDS]
    return f"{cut.rpartition(' ')[0] or cut}…"


def _identified(pieces: list[Piece], before: Sequence[TemplateClause]) -> list[Piece]:
    if any(piece.line.number for piece in pieces if piece.part is Part.CLAUSE):
        return _lettered(_by_their_numbers(pieces, before), before)
    return _in_order(_with_leading(pieces, before), before)


def _by_their_numbers(pieces: list[Piece], before: Sequence[TemplateClause]) -> list[Piece]:
    """6.4 is the clause in force whose ID ends with 6.4; a number that is new gets the prefix of the others."""
    ids = {
        found["number"]: clause.id for clause in before if (found := _KEY.fullmatch(clause.id)) and not found["letter"]
    }
    prefix = _prefix(before)
    return [
        replace(piece, id=ids.get(piece.line.number, f"{prefix}{piece.line.number}"))
        if piece.part is Part.CLAUSE and piece.line.number
        else piece
        for piece in pieces
    ]


def _lettered(pieces: list[Piece], before: Sequence[TemplateClause]) -> list[Piece]:
    """The points below a clause are clauses of their own where the text in force has as many with letters."""
    known = {clause.id for clause in before}
    done: list[Piece] = []
    at = 0
    while at < len(pieces):
        piece = pieces[at]
        end = at + 1
        while end < len(pieces) and pieces[end].part is Part.JOINS and _is_point(pieces[end].line):
            end += 1
        letters = [chr(ord("a") + number) for number in range(end - at - 1)]
        wanted = [f"{piece.id}{letter}" for letter in letters]
        own = [key for key in known if piece.id and re.fullmatch(re.escape(piece.id) + "[a-z]", key)]
        done.append(piece)
        points = pieces[at + 1 : end]
        if piece.part is Part.CLAUSE and wanted and sorted(own) == wanted:
            points = [
                replace(_clause(point.line), id=key, heading=f"{piece.line.number} ({letter})")
                for point, key, letter in zip(points, wanted, letters, strict=True)
            ]
        done += points
        at = end
    return done


def _is_point(line: Line) -> bool:
    return line.is_bullet or (len(line.number) == 1 and line.number.isalpha())


def _with_leading(pieces: list[Piece], before: Sequence[TemplateClause]) -> list[Piece]:
    """The text in force may begin with clauses where the file has plain paragraphs: these are taken for them."""
    missing = len(before) - sum(piece.part is Part.CLAUSE for piece in pieces)
    opening = next((at for at, piece in enumerate(pieces) if piece.part is not Part.JOINS), len(pieces))
    first = [clause.section for clause in before[: max(missing, 0)]]
    is_own_section = 0 < missing <= opening and (len(before) == missing or before[missing].section not in first)
    if not is_own_section:
        return pieces
    return [_clause(piece.line) if at < missing else piece for at, piece in enumerate(pieces)]


def _in_order(pieces: list[Piece], before: Sequence[TemplateClause]) -> list[Piece]:
    """Without numbers: by the order in force when there are as many, else by likeness of headings, else new ones."""
    clauses = [piece for piece in pieces if piece.part is Part.CLAUSE]
    ids = iter([clause.id for clause in before] if len(clauses) == len(before) else _alike(clauses, before))
    return [replace(piece, id=next(ids)) if piece.part is Part.CLAUSE else piece for piece in pieces]


def _alike(clauses: Sequence[Piece], before: Sequence[TemplateClause]) -> list[str]:
    left, prefix, ids = list(before), _prefix(before), []
    for piece in clauses:
        best = max(left, key=lambda clause: _likeness(piece.heading, clause.heading), default=None)
        if best is not None and _likeness(piece.heading, best.heading) > 0.6:
            left.remove(best)
            ids.append(best.id)
        else:
            ids.append("")
    used = {clause.id for clause in before}
    fresh = (f"{prefix}{number}" for number in range(1, 2 * len(ids) + len(used) + 1))
    free = (key for key in fresh if key not in used)
    return [key or next(free) for key in ids]


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one.casefold(), other.casefold()).ratio()


def _prefix(before: Sequence[TemplateClause]) -> str:
    """What most IDs in force begin with."""
    found = Counter(match["prefix"] for clause in before if (match := _KEY.fullmatch(clause.id)))
    return found.most_common(1)[0][0] if found else "C-"
