"""The report of a run on files: one page that needs nothing else, on any screen and on paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from services.matching.criteria import CRITERIA
from services.matching.files import Member
from services.matching.files_explained import Explained
from services.matching.files_pairs import Given
from services.matching.fingerprints import Order
from services.matching.scoring import STRONGEST
from services.matching.solving import Line, Solved
from services.schemes.shapes import SchemeTemplate


@dataclass(frozen=True)
class _Pair:
    mentee: str
    mentor: str
    score: int
    possible: int
    wish_rank: int | None
    reasons: tuple[str, ...]
    to_look_at: str | None


@dataclass(frozen=True)
class _Alone:
    mentee: str
    reason: str
    changes: tuple[str, ...]


def page(
    template: SchemeTemplate,
    given: Given,
    order: Order,
    solved: Solved,
    found: Explained,
    members: Mapping[str, Member],
    texts: str,
    certificate_sha256: str,
) -> str:
    """The whole page as HTML."""
    names = _names(members)
    pairs = [_pair(line, names) for line in solved.lines if line.mentor_id]
    alone = [
        _Alone(names[str(line.mentee_id)], line.note or "", found.changes.get(str(line.mentee_id), ()))
        for line in solved.lines
        if line.mentor_id is None
    ]
    total = solved.certificate["total"]
    return _template().render(
        scheme=template.name,
        day=f"{order.today.day} {order.today:%B %Y}",
        solved=solved,
        limit=found.limit,
        total=f"{total / 10:,.1f}",
        mean=f"{total / 10 / solved.matched:.0f}" if solved.matched else "–",
        worst=min((pair.score for pair in pairs), default=None),
        floor_first=order.floor_first,
        pairs=sorted(pairs, key=lambda pair: (pair.score, pair.mentee.casefold(), pair.mentee)),
        alone=sorted(alone, key=lambda one: (one.mentee.casefold(), one.mentee)),
        reasons=sorted({one.reason for one in alone}),
        loads=sorted(
            ((names[load.mentor], load) for load in found.loads), key=lambda each: (each[0].casefold(), each[0])
        ),
        left_out=sorted(f"{names[one.profile.id]} {one.lacks}." for one in given.left_out),
        weights=[
            (criterion.label, order.weights[key], template.criterion_sentences.get(key, criterion.about))
            for key, criterion in CRITERIA.items()
            if order.weights.get(key)
        ],
        texts=texts,
        seed=order.seed,
        certificate=certificate_sha256,
    )


@cache
def _template() -> Template:
    loader = FileSystemLoader(Path(__file__).parent)
    found = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return found.get_template("report.html.j2")


def _names(members: Mapping[str, Member]) -> dict[str, str]:
    """What everybody is called; of those who share a name, with the address."""
    sides: dict[tuple[str, str], int] = {}
    for one in members.values():
        sides[one.profile.role, one.name] = sides.get((one.profile.role, one.name), 0) + 1
    return {
        id_: one.name if sides[one.profile.role, one.name] == 1 else f"{one.name} ({one.email})"
        for id_, one in members.items()
    }


def _pair(line: Line, names: Mapping[str, str]) -> _Pair:
    return _Pair(
        mentee=names[str(line.mentee_id)],
        mentor=names[str(line.mentor_id)],
        score=round(line.score * 100),
        possible=round(line.possible * 100),
        wish_rank=line.wish_rank,
        reasons=tuple(str(part["sentence"]) for part in line.parts if part["strong"])[:STRONGEST],
        to_look_at=line.note,
    )
