"""Which ID each clause of a file has: that of the clause in force that it is, or a new one of the same kind."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from services.schemes.documents import TemplateClause
from services.wording_files import Line
from services.wording_shapes import Part, Piece, as_clause, first_words

_KEY = re.compile(r"(?P<prefix>.*?)(?P<number>\d+(?:\.\d+)*)(?P<letter>[a-z]?)")


def identified(pieces: list[Piece], before: Sequence[TemplateClause]) -> list[Piece]:
    """The pieces of one text with an ID for each clause; `before` is the text in force."""
    if any(piece.line.number for piece in pieces if piece.part is Part.CLAUSE):
        return _lettered(_by_their_numbers(pieces, before), before)
    return _headed(_in_order(_with_leading(pieces, before), before), before)


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
                replace(as_clause(point.line), id=key, heading=f"{piece.line.number} ({letter})")
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
    return [as_clause(piece.line) if at < missing else piece for at, piece in enumerate(pieces)]


def _in_order(pieces: list[Piece], before: Sequence[TemplateClause]) -> list[Piece]:
    """Without numbers: by the order in force when there are as many, else by likeness of headings, else new ones."""
    clauses = [piece for piece in pieces if piece.part is Part.CLAUSE]
    ids = iter([clause.id for clause in before] if len(clauses) == len(before) else _alike(clauses, before))
    return [replace(piece, id=next(ids)) if piece.part is Part.CLAUSE else piece for piece in pieces]


def _headed(pieces: list[Piece], before: Sequence[TemplateClause]) -> list[Piece]:
    """A clause whose heading would only repeat how it begins keeps the heading by which people know it."""
    known = {clause.id: clause.heading for clause in before}
    return [
        replace(piece, heading=known[piece.id])
        if piece.part is Part.CLAUSE and piece.id in known and piece.heading == first_words(piece.line.words)
        else piece
        for piece in pieces
    ]


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
