"""Cells become people: every answer is cleaned, every problem is named by row and column, nothing is made up."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from services import cleaning
from services.errors import Invalid
from services.imports import words
from services.imports.answers import Answers
from services.imports.reading import Problem, Sheet
from services.imports.targets import TARGETS, Target
from services.imports.words import Side

LONGEST_SECTOR = 100
LONGEST_TEXT = 5_000
MOST_MENTEES = 20
MOST_YEARS = 80


_NOTHING: Mapping[str, str] = MappingProxyType({})


class PersonRow(NamedTuple):
    """One person as the file describes them; what was left blank is None or empty.

    `telephone_key` is E.164, None when the country is unknown. `claims` is what a tick said ("training": "Yes"), kept
    as claimed: it is no signature and no completed training. `extras` are further mapped targets, as text, by key.
    """

    row: int
    role: Side
    full_name: str
    email: str
    email_key: str
    telephone: str | None = None
    telephone_key: str | None = None
    wechat_id: str | None = None
    sector: str | None = None
    role_title: str | None = None
    organisation: str | None = None
    summary: str | None = None
    goals: str | None = None
    languages: tuple[str, ...] = ()
    time_zone: str | None = None
    channels: tuple[str, ...] = ()
    capacity: int | None = None
    years_of_experience: int | None = None
    claims: Mapping[str, str] = _NOTHING
    not_with: tuple[str, ...] = ()
    extras: Mapping[str, str] = _NOTHING


_NO_EXTRA = frozenset(PersonRow._fields) | {"given_name", "family_name", "enrolment_role"}
_CLAIMED = "_claimed"
_FACTS = 13  # steps of `_facts`


@dataclass(frozen=True)
class Parsed:
    """People without any problem, all problems in the order of the rows, and what the coordinator should know."""

    people: tuple[PersonRow, ...]
    problems: tuple[Problem, ...]
    notices: tuple[str, ...]


def parse(
    sheet: Sheet,
    mapping: Mapping[str, int],
    *,
    role: Side | None,
    targets: Sequence[Target] = TARGETS,
    region: str | None = None,
    progress: Callable[[float], None] = lambda _share: None,
) -> Parsed:
    """Everyone in the sheet. `mapping` says target key → column; columns it does not name are not kept.

    `role` is what everyone joins as; None when a mapped column (`enrolment_role`) says so for each. `region` ("GB")
    completes telephone numbers without a country. Raises Invalid when nothing could come of any row.
    """
    by_key = {target.key: target for target in targets}
    _refuse_unusable(sheet, mapping, role, by_key)
    answers = Answers(sheet, mapping, by_key)
    people = _people(answers, by_key, role, region, progress)
    kept, clashes, doubles = _without_doubles(people, sheet.headers[mapping["email"]])
    problems = sorted([*sheet.problems, *answers.problems, *clashes], key=lambda problem: problem.row)
    told = [notice for _, notice in sorted(answers.notices, key=lambda told: told[0])]
    return Parsed(tuple(kept), tuple(problems), (*sheet.notices, *told, *doubles))


def _refuse_unusable(
    sheet: Sheet, mapping: Mapping[str, int], role: Side | None, targets: Mapping[str, Target]
) -> None:
    needed = {key for key, target in targets.items() if target.required} | {"full_name", "email"}
    needed |= {"enrolment_role"} if role is None else set()
    if {"given_name", "family_name"} <= mapping.keys():
        needed.discard("full_name")
    missing = [target.label for key, target in targets.items() if key in needed and key not in mapping]
    if missing:
        raise Invalid(
            f"This file has no column for: {', '.join(missing)}.",
            remedy="Choose the column that holds it, or add one to the file.",
        )
    if not sheet.rows and not sheet.problems:
        raise Invalid("This file has headers but no people.", remedy="Export it again once people have answered.")
    if any(not 0 <= column < len(sheet.headers) for column in mapping.values()):
        raise Invalid("The remembered columns do not fit this file.", remedy="Choose the columns again.")


def _people(
    answers: Answers,
    targets: Mapping[str, Target],
    given: Side | None,
    region: str | None,
    progress: Callable[[float], None],
) -> list[PersonRow]:
    """The people in the rows with which nothing is wrong (what is wrong with the others, `answers.problems` says)."""
    columns: list[Sequence[Any]] = [answers.numbers]
    for done, read in enumerate(_facts(answers, targets, given, region), start=1):
        columns += read
        progress(done / _FACTS)
    whole = list(map(PersonRow._make, zip(*columns, strict=True)))
    return [person for index, person in enumerate(whole) if index not in answers.bad] if answers.bad else whole


def _facts(
    answers: Answers, targets: Mapping[str, Target], given: Side | None, region: str | None
) -> Iterator[list[Sequence[Any]]]:
    """The columns of `PersonRow` after the first, in its order, a few at a time."""
    roles = _roles(answers, given)
    yield [roles]
    yield [_full_names(answers)]
    emails = answers.take("email", lambda raw, label: cleaning.email(raw, field=label), plainly=cleaning.plain_emails)
    yield [[email and email.typed for email in emails], [email and email.key for email in emails]]
    phones = answers.take(
        "telephone",
        lambda raw, label: cleaning.telephone(raw, field=label, region=region),
        plainly=cleaning.plain_telephones,
    )
    yield [[phone and phone.typed for phone in phones], [phone and phone.e164 for phone in phones]]
    texts = _texts(answers, roles)
    yield [answers.take("wechat_id", lambda raw, label: cleaning.wechat_id(raw, field=label))]
    yield [answers.line("sector", LONGEST_SECTOR), answers.line("role_title"), answers.line("organisation"), *texts]
    yield [answers.several("languages", words.languages)]
    yield [answers.take("time_zone", lambda raw, label: cleaning.time_zone(raw, field=label))]
    yield [answers.several("channels", words.channels)]
    yield [answers.number("capacity", MOST_MENTEES), answers.number("years_of_experience", MOST_YEARS)]
    yield [_claims(answers, targets)]
    yield [[words.people(said) if said else () for said in answers.text("not_with", LONGEST_TEXT)]]
    yield [_extras(answers, targets)]


def _roles(answers: Answers, given: Side | None) -> list[Side | None]:
    """What people join as. A file of mentors with a row that says mentee is a problem, not a mentor."""
    roles: list[Side | None] = []
    for index, said in enumerate(answers.line("enrolment_role")):
        found = given if said is None and given is not None else words.side(said or "")
        if found is None:
            answers.problem(index, "enrolment_role", "This does not say mentor or mentee. Write one of the two words.")
        elif given not in (None, found):
            message = f"This says {found}, but the file is read as one of {given}s."
            answers.problem(index, "enrolment_role", message)
        roles.append(found)
    return roles


def _full_names(answers: Answers) -> Sequence[str | None]:
    if answers.mapped("full_name"):
        return answers.name("full_name")
    names: list[str | None] = []
    for index, both in enumerate(zip(answers.name("given_name"), answers.name("family_name"), strict=True)):
        name = _whole_name(*both)
        if not name and index not in answers.bad:
            answers.problem(index, "given_name", "Name is empty. Enter a name.")
        names.append(name)
    return names


def _whole_name(given: str | None, family: str | None) -> str | None:
    if given and family and not (given + family).isascii() and _is_han(given + family):
        return family + given
    return " ".join(part for part in (given, family) if part) or None


def _is_han(name: str) -> bool:
    return all("\u3400" <= character <= "\u9fff" or character >= "\U00020000" for character in name)


def _texts(answers: Answers, roles: Sequence[Side | None]) -> tuple[Sequence[str | None], Sequence[str | None]]:
    """Summary and goals. One column for both ("what would you like, or can you offer?") is a mentor's summary only."""
    if not (answers.mapped("summary") and answers.column("summary") == answers.column("goals")):
        return answers.text("summary", LONGEST_TEXT), answers.text("goals", LONGEST_TEXT)
    mentees = [role == "mentee" for role in roles]
    others = [not is_mentee for is_mentee in mentees]
    return answers.text("summary", LONGEST_TEXT, others), answers.text("goals", LONGEST_TEXT, mentees)


def _claims(answers: Answers, targets: Mapping[str, Target]) -> list[Mapping[str, str]]:
    keys = [key for key in targets if key.endswith(_CLAIMED) and answers.mapped(key)]
    return _by_row(answers, {key.removesuffix(_CLAIMED): answers.line(key) for key in keys})


def _extras(answers: Answers, targets: Mapping[str, Target]) -> list[Mapping[str, str]]:
    keys = [key for key in targets if key not in _NO_EXTRA and not key.endswith(_CLAIMED) and answers.mapped(key)]
    texts = {key for key in keys if targets[key].kind == "text"}
    return _by_row(
        answers, {key: answers.text(key, LONGEST_TEXT) if key in texts else answers.line(key) for key in keys}
    )


def _by_row(answers: Answers, columns: Mapping[str, Sequence[str | None]]) -> list[Mapping[str, str]]:
    """Each row's answers by key, blanks left out."""
    if not columns:
        return [_NOTHING] * len(answers.numbers)
    return [
        {key: said for key, said in zip(columns, row, strict=True) if said}
        for row in zip(*columns.values(), strict=True)
    ]


def _without_doubles(people: list[PersonRow], column: str) -> tuple[list[PersonRow], list[Problem], list[str]]:
    """One row per address and side: of two submissions the later counts. Two names under one address are a problem."""
    by_address: dict[str, list[PersonRow]] = defaultdict(list)
    for person in people:
        by_address[person.email_key].append(person)
    kept: list[PersonRow] = []
    problems: list[Problem] = []
    notices: list[str] = []
    for same in by_address.values():
        if len(same) == 1:
            kept += same
            continue
        clashes = [person for person in same if _name_key(person) != _name_key(same[0])]
        for clash in clashes:
            message = f"Row {same[0].row} has the same address under another name. Each person needs their own."
            problems.append(Problem(clash.row, column, clash.email, message))
        if not clashes:
            last = {person.role: person for person in same}
            kept += last.values()
            notices += _about_doubles(same, last)
    return sorted(kept, key=lambda person: person.row), problems, notices


def _about_doubles(same: list[PersonRow], last: Mapping[Side, PersonRow]) -> list[str]:
    notices = []
    for person in same:
        counts = last[person.role]
        if person is not counts and person._replace(row=counts.row) == counts:
            notices.append(f"Rows {person.row} and {counts.row} are the same submission, and count once.")
        elif person is not counts:
            notices.append(
                f"Rows {person.row} and {counts.row} are of one person. The later one, row {counts.row}, counts."
            )
    if len(last) > 1:
        rows = sorted(person.row for person in last.values())
        notices.append(f"Rows {rows[0]} and {rows[1]} enrol one person as mentor and as mentee.")
    return notices


def _name_key(person: PersonRow) -> str:
    return words.plain(person.full_name)
