"""Mentors and mentees from spreadsheets, for a matching run without a database: nothing is kept, nothing is guessed.

Read exactly as the import reads them (services/imports), with the questions of a scheme's template. Who is who is told
by the email address: the same people give the same answer in any order of rows and columns.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from models.enrolments import Side
from services import cleaning
from services.errors import Invalid
from services.imports import reading, rows, words
from services.imports.asked import Asking, Form, Remarks, Values
from services.imports.reading import Problem, Sheet
from services.imports.rows import PersonRow
from services.languages import LANGUAGES
from services.matching.files_columns import WANTED, WISHES, FaultyFilesError, Source, mappings
from services.matching.profile_reading import AVAILABILITY, SITUATION, SUPPORT, Words
from services.matching.profiles import Profile
from services.schemes.rows import form_field
from services.schemes.sectors import sectors
from services.schemes.shapes import SchemeTemplate

# The ids of people come from their addresses, under a name that no other program uses.
_IDS = UUID("6d1f6a3e-6f0b-4d0e-9a52-2b8c7f1e4d90")
# What a form claims, by the gate of the scheme that it stands for.
_CLAIMS = {"training": "training", "signature": "agreement"}
_LACKS = {"training": "has not done the training", "signature": "has not agreed to the scheme's agreement"}
_NO = re.compile(r"(no|not)\b|[否没未不]")


@dataclass(frozen=True)
class Member:
    """One person on one side. `lacks` says what keeps them out of this run; `wishes` and `not_with` are as written."""

    profile: Profile
    name: str
    email: str
    email_key: str
    file: str
    row: int
    places: int = 0
    wishes: tuple[str, ...] = ()
    not_with: tuple[str, ...] = ()
    lacks: str | None = None

    @property
    def id(self) -> UUID:
        return UUID(self.profile.id)

    @property
    def at(self) -> str:
        """Where in the files they stand."""
        return f"{self.file}, row {self.row}"


@dataclass(frozen=True)
class People:
    """Everybody in the files, in the order of their ids; `notices` are sentences about the files, without answers."""

    mentees: tuple[Member, ...]
    mentors: tuple[Member, ...]
    notices: tuple[str, ...] = ()

    def of(self, side: Side) -> tuple[Member, ...]:
        return self.mentors if side is Side.MENTOR else self.mentees


def read(
    template: SchemeTemplate,
    sources: Sequence[Source],
    chosen: Sequence[str] = (),
    *,
    leave_out_faulty: bool = False,
    trust_claims: bool = True,
) -> People:
    """Everybody in these files. `chosen` are columns as "Question=Header", for all files or as "mentors:Question=…".

    With `leave_out_faulty` a row with a problem becomes a notice. Without `trust_claims` nobody is kept out for what
    a form said about training or agreement. Raises FaultyFilesError with everything that is to be corrected.
    """
    fields = {
        field.key: form_field(_IDS, at, field) for at, field in enumerate(template.fields) if field.kind != "consent"
    }
    form = Form(fields, frozenset(template.channels))
    sheets = [sheet_of(source) for source in sources]
    where = mappings(form, sources, sheets, chosen)
    members: list[Member] = []
    notices: list[str] = []
    faults: list[str] = []
    for source, sheet, mapping in zip(sources, sheets, where, strict=True):
        found, wrong, told = _members(template, form, source, sheet, mapping, trust_claims=trust_claims)
        members += found
        notices += [f"{source.name}: {notice}" for notice in told]
        faults += [fault(source.name, problem) for problem in wrong]
    faults += _twice(members)
    if faults and not leave_out_faulty:
        raise FaultyFilesError(*faults)
    seen = {member.profile.id: member for member in reversed(members)}
    ordered = [seen[key] for key in sorted(seen)]
    return People(
        mentees=tuple(member for member in ordered if member.profile.role == Side.MENTEE.value),
        mentors=tuple(member for member in ordered if member.profile.role == Side.MENTOR.value),
        notices=(*notices, *(f"Left out: {line}" for line in faults)),
    )


def fault(file: str, problem: Problem) -> str:
    """A problem in one line: file, row, column, what the cell says, and what to do."""
    column = f", column “{reading.excerpt(problem.column)}”" if problem.column else ""
    value = f" (“{problem.value}”)" if problem.value else ""
    return f"{file}, row {problem.row}{column}{value}: {problem.message}"


def id_of(side: Side, address: str) -> str:
    """The id of whoever has this address, on this side: the same in every run."""
    return str(uuid5(_IDS, f"{side.value}:{cleaning.compare_key(address.strip())}"))


def sheet_of(source: Source) -> Sheet:
    """The sheet in a file. Raises FaultyFilesError."""
    try:
        return reading.read(source.name, source.content)
    except Invalid as refusal:
        raise FaultyFilesError(f"{source.name}: {refusal}") from refusal


def _members(
    template: SchemeTemplate,
    form: Form,
    source: Source,
    sheet: Sheet,
    mapping: Mapping[str, int],
    *,
    trust_claims: bool,
) -> tuple[list[Member], list[Problem], list[str]]:
    """The people in one file, the problems in it, and notices."""
    if not sheet.rows and not sheet.problems:
        return [], [], ["There are headers in it, but no people."]
    targets = tuple(target for target in (*form.targets(source.side), WISHES) if target.key in WANTED)
    role: words.Side | None = source.side.value if source.side else None
    try:
        parsed = rows.parse(sheet, mapping, role=role, targets=targets)
    except Invalid as refusal:
        raise FaultyFilesError(f"{source.name}: {refusal} (--map says which column answers what.)") from refusal
    options = Words({key: field.labels for key, field in form.fields.items()})
    remarks, problems, members = Remarks(), list(parsed.problems), []
    asking = Asking(form, sheet, mapping, remarks)
    own = [_without_wishes(row) for row in parsed.people]
    for row, (_, values, wrong) in zip(parsed.people, asking.values_of(own), strict=True):
        wishes = words.people(row.extras.get(WISHES.key, ""))
        problems += wrong
        lacks = _lacks(template, row, mapping) if trust_claims else None
        if not wrong:
            members.append(_member(source.name, row, values, options, wishes, lacks))
    uncounted = sum(member.profile.role == "mentor" and "capacity" not in mapping for member in members)
    told = [*parsed.notices, *remarks.sentences()]
    unused = [f"“{reading.excerpt(header)}”" for at, header in enumerate(sheet.headers) if at not in mapping.values()]
    if unused:
        told.append(f"Not used: {', '.join(unused)}.")
    if uncounted:
        told.append("No column says how many mentees a mentor has room for: each counts with one place.")
    return members, sorted(problems, key=lambda problem: problem.row), told


def _without_wishes(row: PersonRow) -> PersonRow:
    return row._replace(extras={key: said for key, said in row.extras.items() if key != WISHES.key})


def _member(
    file: str, row: PersonRow, values: Values, options: Words, wishes: tuple[str, ...], lacks: str | None
) -> Member:
    said = values.enrolment
    places = (1 if row.capacity is None else row.capacity) if row.role == "mentor" else 0
    return Member(
        profile=_profile(row, {**said, **values.person}, values.asked, options),
        name=row.full_name,
        email=row.email,
        email_key=row.email_key,
        file=file,
        row=row.row,
        places=places,
        wishes=wishes if row.role == "mentee" else (),
        not_with=row.not_with,
        lacks=lacks or ("has no free place" if row.role == "mentor" and not places else None),
    )


def _profile(row: PersonRow, said: Mapping[str, object], own: Mapping[str, object], options: Words) -> Profile:
    """The same facts as `profile_reading` takes from the database. There, too, what the form does not ask is blank."""
    sector = str(said.get("sector") or "")
    text = said.get("summary" if row.role == "mentor" else "goals")
    years = said.get("years_of_experience")
    return Profile(
        id=id_of(Side(row.role), row.email),
        role=row.role,
        sector=sectors().get(sector, sector) or None,
        role_title=str(said.get("role_title") or "") or None,
        text=str(text or ""),
        languages=frozenset(LANGUAGES.get(code, code) for code in _listed(said.get("languages"))),
        channels=frozenset(_listed(said.get("channels"))),
        time_zone=str(said.get("time_zone") or "") or None,
        availability=frozenset(_listed(own.get(AVAILABILITY))),
        years_of_experience=years if isinstance(years, int) else None,
        needs=options.of(SUPPORT, own.get(SUPPORT)),
        situations=options.of(SITUATION, own.get(SITUATION)),
        mentees_now=0 if row.role == "mentor" else None,
        organisation=str(said.get("organisation") or "") or None,
    )


def _listed(answer: object) -> Iterator[str]:
    yield from (str(item) for item in answer) if isinstance(answer, list | tuple) else ()


def _lacks(template: SchemeTemplate, row: PersonRow, mapping: Mapping[str, int]) -> str | None:
    """What somebody's own form says that they have not done, of what the scheme asks before a match."""
    for gate, claim in _CLAIMS.items():
        told = words.plain(row.claims.get(claim, ""))
        asks = gate in template.gates.for_role(row.role) and f"{claim}_claimed" in mapping
        if asks and (not told or _NO.match(told)):
            return _LACKS[gate]
    return None


def _twice(members: Sequence[Member]) -> list[str]:
    """Those who stand on the same side of two files: which row counts is not ours to say."""
    counts = Counter(member.profile.id for member in members)
    first = {member.profile.id: member for member in reversed(members)}
    return [
        f"{member.at}: {member.email} is a {member.profile.role} in {first[member.profile.id].at} already. Delete one."
        for member in members
        if counts[member.profile.id] > 1 and member is not first[member.profile.id]
    ]
