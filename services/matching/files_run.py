"""A matching run from files to files: the same engine and scores as in the app, and nothing kept anywhere."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from hashlib import sha256
from itertools import chain
from typing import Literal

from services.export import Cell
from services.matching import files_explained, files_proof, files_report, solving
from services.matching.assignment import ImpossiblePinError
from services.matching.criteria import CRITERIA
from services.matching.files import Member, read
from services.matching.files_columns import FaultyFilesError, Source
from services.matching.files_explained import Explained
from services.matching.files_pairs import Given, given
from services.matching.fingerprints import Order
from services.matching.scoring import HIGHEST_WEIGHT, STRONGEST, Stored
from services.matching.solving import Line, Solved
from services.matching.texts import choosing, encoder, vectors
from services.schemes import templates
from services.schemes.shapes import SchemeTemplate

Progress = Callable[[str, float], None]
Texts = Literal["auto", "words", "meaning"]
HEADERS = (
    *("Mentee", "Mentee email", "Mentor", "Mentor email", "Score of 100", "Best possible", "Wish"),
    *("Reason 1", "Reason 2", "Reason 3", "To look at", "Why nobody", "Smallest change"),
)
_MENTOR = HEADERS.index("Mentor")


@dataclass(frozen=True)
class Wanted:
    """What to match and how. `columns` are as for `files.read`; `weights` replace those of the scheme, by criterion."""

    scheme: str
    sources: Sequence[Source]
    today: date
    columns: Sequence[str] = ()
    pins: Source | None = None
    forbidden: Source | None = None
    weights: Mapping[str, int] | None = None
    seed: int = 0
    floor_first: bool = False
    texts: Texts = "auto"
    leave_out_faulty: bool = False
    trust_claims: bool = True


@dataclass(frozen=True)
class Answer:
    """What there is to write: `pairs` are rows under HEADERS, the report is a page, the certificate JSON.

    `summary` says in sentences what came of it and how texts were compared; `alone` has a line for each mentee who has
    nobody, with the reason.
    """

    pairs: tuple[tuple[Cell, ...], ...]
    report: str
    certificate: bytes
    summary: tuple[str, ...]
    notices: tuple[str, ...]
    alone: tuple[str, ...]


@dataclass(frozen=True)
class Prepared:
    """What a run starts from; `members` are by id."""

    template: SchemeTemplate
    given: Given
    order: Order
    members: Mapping[str, Member]


def match(wanted: Wanted, progress: Progress = lambda stage, share: None) -> Answer:
    """The best pairs of these people, with their proof. The same people give the same bytes, in any order.

    Raises FaultyFilesError with all that has to be corrected, ArithmeticError if the proof fails (a fault of ours).
    """
    ready = prepared(wanted, progress)
    solved = solved_of(ready, progress)
    people, order = ready.given.candidates, ready.order
    progress("Looking for what would help", 0.0)
    found = files_explained.explained(people, order, solved, {id_: one.name for id_, one in ready.members.items()})
    small = len(people.mentees) * len(people.mentors) <= files_proof.MOST_PAIRS
    rows = tuple(map(tuple, files_proof.scores_of(people, order))) if small else None
    certificate = files_proof.as_bytes(files_proof.of_run(wanted.scheme, people, order, solved, rows))
    texts = texts_in_words(wanted, order)
    pairs = _table(solved, ready.members, found)
    return Answer(
        pairs=pairs,
        report=files_report.page(
            ready.template, ready.given, order, solved, found, ready.members, texts, sha256(certificate).hexdigest()
        ),
        certificate=certificate,
        summary=(f"{solved.matched:,} of {_mentees(solved.mentees)} have a mentor. {found.limit}", texts),
        notices=ready.given.notices,
        alone=tuple(_alone(row) for row in pairs if not row[_MENTOR]),
    )


def texts_in_words(wanted: Wanted, order: Order) -> str:
    """How goals and work histories were compared, and why by words where meaning would have been first choice."""
    if not order.weights.get("goals"):
        return "Goals and work histories do not count in this run."
    why = encoder.missing_because() if order.stored is None and wanted.texts == "auto" else None
    because = f" Meaning could not be compared, because {why}." if why else ""
    return f"{choosing.in_words(order.text_method)}{because}"


def prepared(wanted: Wanted, progress: Progress) -> Prepared:
    """The people and the settings. Raises FaultyFilesError."""
    template = _template(wanted.scheme)
    weights = {**asdict(template.criteria), **_weights(wanted.weights or {})}
    progress("Reading the files", 0.0)
    people = read(
        template,
        wanted.sources,
        wanted.columns,
        leave_out_faulty=wanted.leave_out_faulty,
        trust_claims=wanted.trust_claims,
    )
    found = given(people, wanted.pins, wanted.forbidden)
    sides = found.candidates.mentees, found.candidates.mentors
    stored = _stored([one.text for one in chain(*sides)], wanted.texts, progress)
    order = Order(weights, wanted.seed, wanted.today, wanted.floor_first, stored)
    return Prepared(template, found, order, {one.profile.id: one for one in (*people.mentees, *people.mentors)})


def _template(key: str) -> SchemeTemplate:
    try:
        return templates.load(key)
    except templates.TemplateError as unknown:
        raise FaultyFilesError(f"--scheme “{key}”: choose one of {', '.join(templates.keys())}.") from unknown


def _weights(chosen: Mapping[str, int]) -> dict[str, int]:
    for key, weight in chosen.items():
        if key not in CRITERIA:
            raise FaultyFilesError(f"--weights “{key}”: choose among {', '.join(CRITERIA)}.")
        if not 0 <= weight <= HIGHEST_WEIGHT:
            raise FaultyFilesError(
                f"--weights “{key}={weight}”: a weight is a whole number from 0 to {HIGHEST_WEIGHT}."
            )
    return dict(chosen)


def solved_of(ready: Prepared, progress: Progress) -> Solved:
    """The proved answer. Raises FaultyFilesError, ArithmeticError."""
    try:
        solved = solving.solve(ready.given.candidates, ready.order, progress)
    except ImpossiblePinError as wrong:
        names = [ready.members[one].name for one in (*wrong.mentees, *wrong.mentors)]
        raise FaultyFilesError(f"These pins cannot stand together: {', '.join(names)}.") from wrong
    if not solved.certificate["proved"]:
        raise ArithmeticError("The answer could not be proved to be the best.")
    return solved


def _stored(texts: Sequence[str], how: Texts, progress: Progress) -> Stored | None:
    """Vectors of these texts, or None to compare words. In the order of digests: batches must not depend on rows."""
    why = encoder.missing_because()
    if how == "meaning" and why:
        raise FaultyFilesError(f"--texts meaning: {why}. Install the extra “encoder”, or leave this out.")
    wanted = vectors.digest_of(texts)
    if how == "words" or why:
        return None
    keys = sorted(wanted)
    rows = encoder.encode(
        [wanted[key] for key in keys], lambda done: progress("Reading goals and histories", done / max(1, len(keys)))
    )
    return Stored(encoder.METHOD, {key: row.tobytes() for key, row in zip(keys, rows, strict=True)})


def _table(solved: Solved, members: Mapping[str, Member], found: Explained) -> tuple[tuple[Cell, ...], ...]:
    ordered = sorted(solved.lines, key=lambda line: _by_name(members[str(line.mentee_id)]))
    return tuple(_row(line, members, found) for line in ordered)


def _by_name(member: Member) -> tuple[str, str]:
    return member.name.casefold(), member.email_key


def _row(line: Line, members: Mapping[str, Member], found: Explained) -> tuple[Cell, ...]:
    mentee = members[str(line.mentee_id)]
    best = round(line.possible * 100, 1)
    if line.mentor_id is None:
        change = " ".join(found.changes.get(str(line.mentee_id), ()))
        return mentee.name, mentee.email, "", "", None, best, None, "", "", "", "", line.note, change
    mentor = members[str(line.mentor_id)]
    reasons = [str(part["sentence"]) for part in line.parts if part["strong"]][:STRONGEST]
    return (
        *(mentee.name, mentee.email, mentor.name, mentor.email),
        *(round(line.score * 100, 1), best, line.wish_rank),
        *(*reasons, *[""] * (STRONGEST - len(reasons))),
        *(line.note or "", "", ""),
    )


def _alone(row: Sequence[Cell]) -> str:
    name, email, *_, reason, change = row
    return f"{name} ({email}): {reason} {change}".rstrip()


def _mentees(number: int) -> str:
    return "1 mentee" if number == 1 else f"{number:,} mentees"
