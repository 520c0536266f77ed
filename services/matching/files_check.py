"""Checks a certificate: on its own, and against the files of people and of pairs that it is said to be of."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from models.enrolments import Side
from services.matching import files_proof
from services.matching.files import fault, id_of, sheet_of
from services.matching.files_columns import FaultyFilesError, Source
from services.matching.files_proof import Proof
from services.matching.files_run import HEADERS, Prepared, Progress, Wanted, prepared, solved_of
from services.matching.texts import words


def wrong_with(proof: Proof, wanted: Wanted | None, progress: Progress = lambda stage, share: None) -> str | None:
    """The first thing in which a certificate fails, or None.

    With the files in `wanted` (whose settings do not count, the certificate's do), they must be what it was made of and
    give the same answer again. Raises FaultyFilesError for faulty files, or if it needs them and has none.
    """
    if wanted is None:
        if proof.scores is None:
            raise FaultyFilesError("This certificate is of so many people that it needs their files: name them, too.")
        return files_proof.wrong_with(proof, proof.scores)
    as_made = replace(
        wanted,
        scheme=proof.scheme,
        today=proof.day,
        weights=proof.weights,
        seed=proof.seed,
        floor_first=proof.policy == "floor_first",
        texts="words" if proof.texts == words.METHOD else "meaning",
    )
    return next(_differences(proof, prepared(as_made, progress), progress), None)


def pairs_differ(proof: Proof, source: Source) -> str | None:
    """In what a file of pairs, as a run writes it, is not the certificate's answer. Raises FaultyFilesError."""
    sheet = sheet_of(source)
    missing = [header for header in (HEADERS[1], HEADERS[3]) if header not in sheet.headers]
    if missing:
        raise FaultyFilesError(f"{source.name}: no column is called “{missing[0]}”.")
    if sheet.problems:
        raise FaultyFilesError(*(fault(source.name, problem) for problem in sheet.problems))
    mentee, mentor = sheet.headers.index(HEADERS[1]), sheet.headers.index(HEADERS[3])
    return _pairs_differ(
        proof,
        [
            (id_of(Side.MENTEE, row.cells[mentee]), id_of(Side.MENTOR, row.cells[mentor]) if row.cells[mentor] else "")
            for row in sheet.rows
        ],
    )


def _pairs_differ(proof: Proof, pairs: Sequence[tuple[str, str]]) -> str | None:
    chosen = ("" if mentor is None else proof.mentors[mentor] for mentor in proof.answer)
    said = dict(zip(proof.mentees, chosen, strict=True))
    if len(pairs) != len(dict(pairs)):
        return "A mentee stands in it twice."
    if dict(pairs).keys() != said.keys():
        return "It is about other mentees than the certificate."
    changed = sum(said[mentee] != mentor for mentee, mentor in pairs)
    return f"{changed} of its {len(pairs)} mentees have another mentor in the certificate." if changed else None


def _differences(proof: Proof, ready: Prepared, progress: Progress) -> Iterator[str]:
    people = ready.given.candidates
    if any(
        [one.id for one in now] != list(then)
        for now, then in ((people.mentees, proof.mentees), (people.mentors, proof.mentors))
    ):
        yield "The files hold other people than the certificate."
        return
    rows = list(files_proof.scores_of(people, ready.order))
    if proof.scores is not None and rows != [list(row) for row in proof.scores]:
        yield "The files give other scores, or bar other pairs, than the certificate says."
    again = files_proof.of_run(proof.scheme, people, ready.order, solved_of(ready, progress), None)
    if again["inputs_sha256"] != proof.inputs_sha256:
        changed = [key for key, value in again["inputs"].items() if proof.inputs.get(key) != value]
        yield f"The files are not what the certificate was made of; this is different: {', '.join(sorted(changed))}."
    if again["answer"] != list(proof.answer):
        yield "The same files now give another answer."
    if why := files_proof.wrong_with(proof, rows):
        yield why


def in_words(name: str, proof: Proof) -> str:
    """What a certificate that holds has proved."""
    floor = f" in which no pair scores below {proof.floor / 10:g}" if proof.floor else ""
    reached = f"{proof.matched:,} of {len(proof.mentees):,} mentees have a mentor, {proof.total / 10:,.1f} points"
    return f"{name} holds: {reached}. No answer{floor} gives more of them a mentor, or as many with a higher total."
