"""`mentoring match`: spreadsheets in, pairs, report and certificate out. No database, and nothing is kept."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

if TYPE_CHECKING:
    from services.matching.files_columns import Source
    from services.matching.files_run import Wanted

MOST_LINES = 20
_PEOPLE, _SETTINGS, _WRITTEN, _CHECK = "Who", "How", "What is written", "Check a certificate"


class Policy(StrEnum):
    """What comes first once as many as possible have a mentor."""

    TOTAL_FIRST = "total-first"
    FLOOR_FIRST = "floor-first"


class Texts(StrEnum):
    """How goals and work histories are compared."""

    AUTO = "auto"
    WORDS = "words"
    MEANING = "meaning"


def _file(panel: str, help_: str) -> Any:
    return typer.Option(rich_help_panel=panel, help=help_, dir_okay=False, metavar="FILE", show_default=False)


def _option(panel: str, help_: str, *names: str, **more: Any) -> Any:
    return typer.Option(*names, rich_help_panel=panel, help=help_, **more)


_File = Path | None
_Scheme = Annotated[str, _option(_SETTINGS, "Whose questions, rules and weights: unnc_alumni, aulp or blank.")]
_Mentors = Annotated[_File, _file(_PEOPLE, "The mentors, CSV or XLSX, columns in any order.")]
_Mentees = Annotated[_File, _file(_PEOPLE, "The mentees, CSV or XLSX, columns in any order.")]
_People = Annotated[_File, _file(_PEOPLE, "Both in one file, with a column that says who is a mentor.")]
_Columns = Annotated[
    list[str] | None, _option(_PEOPLE, "Which column answers a question, as Question=Column. Can be repeated.", "--map")
]
_Pins = Annotated[_File, _file(_PEOPLE, "Pairs that must be: columns Mentor and Mentee, by name or email address.")]
_Forbid = Annotated[_File, _file(_PEOPLE, "Pairs that must not be, written in the same way.")]
_Faulty = Annotated[
    bool, _option(_PEOPLE, "Leave out rows with a problem, and say which, instead of stopping.", "--leave-out-faulty")
]
_Claims = Annotated[
    bool, _option(_PEOPLE, "Take in those, too, whose form says no training or no agreement.", "--ignore-claims")
]
_Weights = Annotated[list[str] | None, _option(_SETTINGS, "Other weights than the scheme's, as goals=10,sector=4.")]
_Policy = Annotated[Policy, _option(_SETTINGS, "The highest total first, or the best lowest score first.")]
_Texts = Annotated[Texts, _option(_SETTINGS, "Compare texts by words or by meaning; auto is by meaning if possible.")]
_Seed = Annotated[int, _option(_SETTINGS, "The number that lots are drawn with.")]
_Today = Annotated[
    datetime | None, _option(_SETTINGS, "The day to match for.", formats=["%Y-%m-%d"], show_default="the day it is")
]
_Out = Annotated[_File, _file(_WRITTEN, "The pairs with scores and reasons, CSV or XLSX.")]
_Report = Annotated[_File, _file(_WRITTEN, "A page to read, print or send, HTML.")]
_Certificate = Annotated[_File, _file(_WRITTEN, "The proof that nothing is better, JSON.")]
_Verify = Annotated[_File, _file(_CHECK, "Check this certificate; with the files of people, that it is of them.")]
_Pairs = Annotated[_File, _file(_CHECK, "With --verify: that these pairs are the certificate's.")]


def match(
    mentors: _Mentors = None,
    mentees: _Mentees = None,
    people: _People = None,
    columns: _Columns = None,
    pins: _Pins = None,
    forbid: _Forbid = None,
    leave_out_faulty: _Faulty = False,
    ignore_claims: _Claims = False,
    scheme: _Scheme = "blank",
    weights: _Weights = None,
    policy: _Policy = Policy.TOTAL_FIRST,
    texts: _Texts = Texts.AUTO,
    seed: _Seed = 0,
    today: _Today = None,
    out: _Out = None,
    report: _Report = None,
    certificate: _Certificate = None,
    verify: _Verify = None,
    pairs: _Pairs = None,
) -> None:
    """Match mentors and mentees from spreadsheets; nothing is stored. Ends with 0 when all have a mentor or a reason.

    mentoring match --scheme aulp --people enrolments.csv --out pairs.csv --report report.html --certificate cert.json
    """
    from services.matching.files_columns import FaultyFilesError
    from services.matching.files_run import Wanted

    try:
        wanted = Wanted(
            scheme=scheme,
            sources=_sources(mentors, mentees, people),
            today=today.date() if today else date.today(),  # noqa: DTZ011 - the day it is for whoever asks
            columns=columns or (),
            pins=_source(pins),
            forbidden=_source(forbid),
            weights=_weights(weights or ()),
            seed=seed,
            floor_first=policy is Policy.FLOOR_FIRST,
            texts=texts.value,
            leave_out_faulty=leave_out_faulty,
            trust_claims=not ignore_claims,
        )
        if verify is not None:
            _verify(verify, pairs, wanted if wanted.sources else None)
        else:
            read = {path.resolve() for path in (mentors, mentees, people, pins, forbid) if path is not None}
            _match(wanted, out, report, certificate, read)
    except FaultyFilesError as faulty:
        _stop(*faulty.lines)


def _match(wanted: "Wanted", out: _File, report: _File, certificate: _File, read: set[Path]) -> None:
    from services.matching import files_run, files_writing

    asked = [path.resolve() for path in (out, report, certificate) if path is not None]
    if not wanted.sources:
        _stop("Name the files: --mentors and --mentees, or --people for both in one.")
    if not asked:
        _stop("Say what to write: --out pairs.csv, --report report.html or --certificate certificate.json.")
    if len(set(asked)) < len(asked) or read & set(asked):
        _stop("Each file that is written needs a name of its own, and none that is read.")
    with _progress() as watch:
        answer = files_run.match(wanted, watch)
    files = files_writing.contents(answer, out, report, certificate)
    try:
        files_writing.write(files)
    except OSError as why:
        _stop(f"Nothing was written: {why.filename or ''} {_because(why)}.")
    for notice in answer.notices[:MOST_LINES]:
        _console(stderr=True).print(f"Note: {notice}", soft_wrap=True)
    if len(answer.notices) > MOST_LINES:
        _console(stderr=True).print(f"… and {len(answer.notices) - MOST_LINES:,} more notes.")
    # A certificate says nothing of reasons: without the pairs or the report, they are written here.
    for line in (*answer.summary, *(answer.alone if out is None and report is None else ())):
        _console().print(line, soft_wrap=True)
    _console().print(f"Written: {', '.join(str(path) for path in files)}.", soft_wrap=True)


def _verify(certificate: Path, pairs: _File, wanted: "Wanted | None") -> None:
    from services.matching import files_check, files_proof

    try:
        proof = files_proof.parsed(_content(certificate))
    except files_proof.UnreadableError as why:
        _stop(f"{certificate.name}: {why}")
    with _progress() as watch:
        wrong = files_check.wrong_with(proof, wanted, watch)
    if wrong:
        _stop(f"{certificate.name} does not hold. {wrong}")
    source = _source(pairs)
    if source is not None and (wrong := files_check.pairs_differ(proof, source)):
        _stop(f"{certificate.name} holds, but {source.name} does not fit it. {wrong}")
    _console().print(files_check.in_words(certificate.name, proof), soft_wrap=True)
    if wanted is not None:
        _console().print("It is of these files: they give the same answer again.")
    if source is not None:
        _console().print(f"{source.name} has the same pairs.", soft_wrap=True)


def _sources(mentors: _File, mentees: _File, people: _File) -> list["Source"]:
    """The files of people, each once. A file that is given for both sides is one with both in it."""
    from models.enrolments import Side

    if people is not None and (mentors is not None or mentees is not None):
        _stop("Name either --people, or --mentors and --mentees.")
    if (mentors is None) is not (mentees is None):
        _stop(f"The {'mentors' if mentors is None else 'mentees'} are missing: name their file, too.")
    if mentors is not None and mentees is not None and mentors.resolve() == mentees.resolve():
        people, mentors, mentees = mentors, None, None
    found = [_source(people), _source(mentors, Side.MENTOR), _source(mentees, Side.MENTEE)]
    return [source for source in found if source is not None]


def _source(path: _File, side: Any = None) -> "Source | None":
    from services.matching.files_columns import Source

    return None if path is None else Source(path.name, _content(path), side)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as why:
        _stop(f"{path} {_because(why)}.")


def _because(why: OSError) -> str:
    """What the system says, as the end of a sentence."""
    return f"cannot be used: {(why.strerror or 'for a reason that the system does not tell').lower()}"


def _weights(chosen: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for said in (part.strip() for each in chosen for part in each.split(",") if part.strip()):
        key, _, number = said.partition("=")
        if not number.strip().isdecimal() or len(number) > MOST_LINES:
            _stop(f"--weights “{said}”: write it as goals=10, with a whole number from 0 to 10.")
        found[key.strip()] = int(number)
    return found


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    """A bar on the error stream, gone when it is done: what is piped elsewhere stays clean."""
    console = _console(stderr=True)
    shown = TextColumn("{task.description}", markup=False), BarColumn()
    with Progress(*shown, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda stage, share: bar.update(task, description=stage, completed=share)


def _console(*, stderr: bool = False) -> Console:
    return Console(stderr=stderr, highlight=False, markup=False)


def _stop(*lines: str) -> NoReturn:
    """Ends with 1 and says why, a line for each thing to correct; nothing has been written."""
    for line in lines[:MOST_LINES]:
        _console(stderr=True).print(line, soft_wrap=True)
    if len(lines) > MOST_LINES:
        _console(stderr=True).print(f"… and {len(lines) - MOST_LINES:,} more.")
    raise typer.Exit(1)
