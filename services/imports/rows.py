"""Cells become people: every answer is cleaned, every problem is named by row and column, nothing is made up."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

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


@dataclass(frozen=True)
class PersonRow:
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
    claims: Mapping[str, str] = field(default_factory=dict)
    not_with: tuple[str, ...] = ()
    extras: Mapping[str, str] = field(default_factory=dict)


_NO_EXTRA = frozenset(PersonRow.__dataclass_fields__) | {"given_name", "family_name", "enrolment_role"}
_CLAIMED = "_claimed"
_TOLD_EVERY = 250


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
    people: list[PersonRow] = []
    problems, notices = list(sheet.problems), list(sheet.notices)
    for number, row in enumerate(sheet.rows):
        if number % _TOLD_EVERY == 0:
            progress(number / len(sheet.rows))
        answers = Answers(sheet, row, mapping, by_key)
        person = _person(answers, by_key, role, region)
        people += [] if person is None else [person]
        problems += answers.problems
        notices += answers.notices
    kept, clashes, doubles = _without_doubles(people, sheet.headers[mapping["email"]])
    ordered = sorted([*problems, *clashes], key=lambda problem: problem.row)
    return Parsed(tuple(kept), tuple(ordered), (*notices, *doubles))


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


def _person(
    answers: Answers, targets: Mapping[str, Target], given: Side | None, region: str | None
) -> PersonRow | None:
    """The person in one row, or None when something is wrong with it (then `answers.problems` says what)."""
    role = _role(answers, given)
    full_name = _full_name(answers)
    email = answers.take("email", lambda raw, label: cleaning.email(raw, field=label))
    telephone = answers.take("telephone", lambda raw, label: cleaning.telephone(raw, field=label, region=region))
    summary, goals = _texts(answers, role)
    person = PersonRow(
        row=answers.row.number,
        role=role or "mentee",
        full_name=full_name or "",
        email=email.typed if email else "",
        email_key=email.key if email else "",
        telephone=telephone.typed if telephone else None,
        telephone_key=telephone.e164 if telephone else None,
        wechat_id=answers.take("wechat_id", lambda raw, label: cleaning.wechat_id(raw, field=label)),
        sector=answers.line("sector", LONGEST_SECTOR),
        role_title=answers.line("role_title"),
        organisation=answers.line("organisation"),
        summary=summary,
        goals=goals,
        languages=answers.several("languages", words.languages),
        time_zone=answers.take("time_zone", lambda raw, label: cleaning.time_zone(raw, field=label)),
        channels=answers.several("channels", words.channels),
        capacity=answers.number("capacity", MOST_MENTEES),
        years_of_experience=answers.number("years_of_experience", MOST_YEARS),
        claims=_claims(answers, targets),
        not_with=words.people(answers.text("not_with", LONGEST_TEXT) or ""),
        extras=_extras(answers, targets),
    )
    return None if answers.problems else person


def _role(answers: Answers, given: Side | None) -> Side | None:
    """What the person joins as. A file of mentors with a row that says mentee is a problem, not a mentor."""
    said = answers.line("enrolment_role") if answers.mapped("enrolment_role") else None
    if said is None and given is not None:
        return given
    found = words.side(said or "")
    if found is None:
        answers.problem("enrolment_role", "This does not say mentor or mentee. Write one of the two words.")
    elif given not in (None, found):
        answers.problem("enrolment_role", f"This says {found}, but the file is read as one of {given}s.")
    return found


def _full_name(answers: Answers) -> str | None:
    if answers.mapped("full_name"):
        return answers.name("full_name")
    given, family = answers.name("given_name"), answers.name("family_name")
    if given and family and not (given + family).isascii() and _is_han(given + family):
        return family + given
    whole = " ".join(part for part in (given, family) if part)
    if not whole and not answers.problems:
        answers.problem("given_name", "Name is empty. Enter a name.")
    return whole or None


def _is_han(name: str) -> bool:
    return all("\u3400" <= character <= "\u9fff" or character >= "\U00020000" for character in name)


def _texts(answers: Answers, role: Side | None) -> tuple[str | None, str | None]:
    """Summary and goals. One column for both ("what would you like, or can you offer?") is a mentor's summary only."""
    shared = answers.mapped("summary") and answers.column("summary") == answers.column("goals")
    summary = None if shared and role == "mentee" else answers.text("summary", LONGEST_TEXT)
    goals = None if shared and role != "mentee" else answers.text("goals", LONGEST_TEXT)
    return summary, goals


def _claims(answers: Answers, targets: Mapping[str, Target]) -> dict[str, str]:
    keys = [key for key in targets if key.endswith(_CLAIMED)]
    return {key.removesuffix(_CLAIMED): said for key in keys if (said := answers.line(key))}


def _extras(answers: Answers, targets: Mapping[str, Target]) -> dict[str, str]:
    keys = [key for key in targets if key not in _NO_EXTRA and not key.endswith(_CLAIMED)]
    return {
        key: said
        for key in keys
        if (said := answers.text(key, LONGEST_TEXT) if targets[key].kind == "text" else answers.line(key))
    }


def _without_doubles(people: list[PersonRow], column: str) -> tuple[list[PersonRow], list[Problem], list[str]]:
    """One row per address and side: of two submissions the later counts. Two names under one address are a problem."""
    by_address: dict[str, list[PersonRow]] = defaultdict(list)
    for person in people:
        by_address[person.email_key].append(person)
    kept: list[PersonRow] = []
    problems: list[Problem] = []
    notices: list[str] = []
    for same in by_address.values():
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
        if person is not counts and replace(person, row=counts.row) == counts:
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
