"""Who in the files may meet whom: private conflicts, wishes, and the files of pinned and of forbidden pairs.

People are named by email address or full name. A private conflict is only ever "not available": no sentence here tells
it from anything else, except to whoever has the file open, by its row.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple
from uuid import UUID

from models.enrolments import Side
from services import cleaning
from services.imports import words
from services.imports.reading import Problem
from services.matching.files import Member, People, fault, sheet_of
from services.matching.files_columns import FaultyFilesError, Source
from services.matching.reading import Candidates, Pair

_HEADERS = {Side.MENTOR: ("mentor", "mentor email", "导师"), Side.MENTEE: ("mentee", "mentee email", "学员", "学生")}


class Decided(NamedTuple):
    """A pinned or forbidden pair and where it stands in its file."""

    mentor: Member
    mentee: Member
    row: int


@dataclass(frozen=True)
class Given:
    """A run's input, whom it left out (with what they lack), and what whoever has the files should know."""

    candidates: Candidates
    left_out: tuple[Member, ...]
    notices: tuple[str, ...]


class Directory:
    """Finds members by what people write: an address, or a full name in any case and spacing."""

    def __init__(self, people: People) -> None:
        self._found: dict[Side, dict[str, list[Member]]] = {side: defaultdict(list) for side in Side}
        for side in Side:
            for member in people.of(side):
                for key in {member.email_key, cleaning.compare_key(" ".join(member.name.split()))}:
                    self._found[side][key].append(member)

    def all(self, side: Side, said: str) -> tuple[Member, ...]:
        return tuple(self._found[side].get(cleaning.compare_key(" ".join(said.split())), ()))

    def one(self, side: Side, said: str) -> Member:
        """Raises LookupError, with what to do about it."""
        found = self.all(side, said)
        if not said.strip():
            raise LookupError("This is empty. Write a name or an email address.")
        if not found:
            raise LookupError(f"No {side.value} in the files has this name or address.")
        if len(found) > 1:
            raise LookupError(f"{len(found)} {side.value}s have this name. Write the email address.")
        return found[0]


def given(people: People, pins: Source | None = None, forbidden: Source | None = None) -> Given:
    """What the engine needs of these people. Raises FaultyFilesError for a pair that cannot be, with its row."""
    directory = Directory(people)
    mentees = [member for member in people.mentees if not member.lacks]
    mentors = [member for member in people.mentors if not member.lacks]
    apart, unknown = _apart(people, directory)
    hoped, more = _with_wishes(mentees, directory)
    must = _decided(pins, directory)
    never = _decided(forbidden, directory)
    _check_pins(pins, must, forbidden, never, apart)
    candidates = Candidates(
        mentees=tuple(member.profile for member in hoped),
        mentors=tuple(member.profile for member in mentors),
        places=tuple(member.places for member in mentors),
        barred=apart,
        pins=tuple(sorted({(pair.mentor.id, pair.mentee.id) for pair in must}, key=str)),
        forbidden=frozenset((pair.mentor.id, pair.mentee.id) for pair in never),
    )
    left_out = tuple(member for member in (*people.mentees, *people.mentors) if member.lacks)
    return Given(candidates, left_out, (*people.notices, *unknown, *more))


def _apart(people: People, directory: Directory) -> tuple[frozenset[Pair], list[str]]:
    """Pairs (mentor, mentee) that must not meet: either said so, or both are one person."""
    pairs: set[Pair] = set()
    unknown: list[str] = []
    for side, other in ((Side.MENTEE, Side.MENTOR), (Side.MENTOR, Side.MENTEE)):
        for member in people.of(side):
            themselves = directory.all(other, member.email_key)
            named = [directory.all(other, said) for said in member.not_with]
            here = [not directory.all(side, said) for said in member.not_with]
            if any(not found and nowhere for found, nowhere in zip(named, here, strict=True)):
                unknown.append(f"{member.at}: nobody in the files is called as the person not to be matched with.")
            for met in {one for found in (*named, themselves) for one in found}:
                mentor, mentee = (met, member) if side is Side.MENTEE else (member, met)
                pairs.add((mentor.id, mentee.id))
    return frozenset(pairs), unknown


def _with_wishes(mentees: Sequence[Member], directory: Directory) -> tuple[list[Member], list[str]]:
    """The mentees with their wishes as ids of mentors, and a notice for each wish that is not clear."""
    found, told = [], []
    for mentee in mentees:
        ids: list[str] = []
        for said in mentee.wishes:
            try:
                ids.append(directory.one(Side.MENTOR, said).profile.id)
            except LookupError as why:
                told.append(f"{mentee.at}: the wish “{said}” does not count. {why}")
        found.append(replace(mentee, profile=replace(mentee.profile, wishes=tuple(dict.fromkeys(ids)))))
    return found, told


def _decided(source: Source | None, directory: Directory) -> tuple[Decided, ...]:
    """The pairs in a file with a column for the mentor and one for the mentee. Raises FaultyFilesError."""
    if source is None:
        return ()
    sheet = sheet_of(source)
    column = {side: _column(source, sheet.headers, side) for side in Side}
    pairs, problems = [], list(sheet.problems)
    for row in sheet.rows:
        both: dict[Side, Member] = {}
        for side in Side:
            said = row.cells[column[side]]
            try:
                both[side] = directory.one(side, said)
            except LookupError as why:
                problems.append(Problem(row.number, sheet.headers[column[side]], said[:40].strip(), str(why)))
        if len(both) == len(Side):
            pairs.append(Decided(both[Side.MENTOR], both[Side.MENTEE], row.number))
    if problems:
        raise FaultyFilesError(*(fault(source.name, problem) for problem in problems))
    return tuple(pairs)


def _column(source: Source, headers: Sequence[str], side: Side) -> int:
    plain = [words.plain(header) for header in headers]
    found = next((plain.index(name) for name in _HEADERS[side] if name in plain), None)
    if found is None:
        raise FaultyFilesError(f"{source.name}: no column is called “{side.value.capitalize()}”. Name one so.")
    return found


def _check_pins(
    pins: Source | None,
    must: Sequence[Decided],
    forbidden: Source | None,
    never: Sequence[Decided],
    apart: frozenset[Pair],
) -> None:
    """Refuses pins that cannot stand, each by its row; what bars a pair is never said."""
    ruled_out = {(pair.mentor.id, pair.mentee.id): pair.row for pair in never}
    faults: list[str] = []
    first: dict[UUID, Decided] = {}
    for pair in must:
        where = (
            f"{pins.name if pins else ''}, row {pair.row}: {pair.mentee.name} cannot be pinned to {pair.mentor.name}"
        )
        before = first.setdefault(pair.mentee.id, pair)
        ids = (pair.mentor.id, pair.mentee.id)
        lacking = next((member for member in (pair.mentee, pair.mentor) if member.lacks), None)
        if before.mentor.id != pair.mentor.id:
            faults.append(f"{where}: row {before.row} pins them to {before.mentor.name}.")
        elif lacking:
            faults.append(f"{where}: {lacking.name} {lacking.lacks}.")
        elif ids in ruled_out:
            faults.append(f"{where}: {forbidden.name if forbidden else ''}, row {ruled_out[ids]}, forbids it.")
        elif ids in apart:
            faults.append(f"{where}: this pairing is not available.")
    if must and pins:
        faults += _over_capacity(pins.name, first)
    if faults:
        raise FaultyFilesError(*faults)


def _over_capacity(file: str, pinned: Mapping[UUID, Decided]) -> list[str]:
    taken = Counter(pair.mentor for pair in pinned.values())
    return [
        f"{file}: {mentor.name} has room for {mentor.places}, and {number} mentees are pinned to them."
        for mentor, number in sorted(taken.items(), key=lambda item: item[0].profile.id)
        if number > mentor.places and not mentor.lacks
    ]
