"""Which column of which file answers which question: as somebody said, and otherwise as the import would guess."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.enrolments import Side
from services.imports import columns, words
from services.imports.asked import Form
from services.imports.reading import Sheet
from services.imports.targets import Target
from services.matching.profile_reading import AVAILABILITY, SITUATION, SUPPORT

WISHES = Target(
    "wishes",
    "Wishes",
    "text",
    False,
    (
        "wishes",
        "wished mentors",
        "ranked mentors",
        "mentors you would like",
        "preferred mentors",
        "意向导师",
        "志愿导师",
    ),
)
_ROLE = "enrolment_role"
_LONGEST_ROLE = 100
# A wrong telephone must not stop a match: only these columns are read.
WANTED = frozenset(
    {
        *("full_name", "given_name", "family_name", "email", "enrolment_role", "sector", "role_title", "organisation"),
        *("summary", "goals", "languages", "time_zone", "channels", "capacity", "years_of_experience"),
        *("training_claimed", "agreement_claimed", "not_with", AVAILABILITY, SUPPORT, SITUATION, WISHES.key),
    }
)


class FaultyFilesError(Exception):
    """What has to be corrected in the files or the command: whole sentences, each on a line of its own."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True)
class Source:
    """A file as it was given; `side` is None where a column says who is a mentor. `name` is what people call it."""

    name: str
    content: bytes
    side: Side | None = None


def mappings(
    form: Form, sources: Sequence[Source], sheets: Sequence[Sheet], chosen: Sequence[str]
) -> list[dict[str, int]]:
    """Which column answers which question in each file: as chosen, and otherwise as the headers and answers suggest."""
    targets = [(*form.targets(source.side), WISHES) for source in sources]
    found = [
        columns.guess(sheet.headers, [row.cells for row in sheet.rows], asks)
        for sheet, asks in zip(sheets, targets, strict=True)
    ]
    for at, (source, sheet) in enumerate(zip(sources, sheets, strict=True)):
        if source.side is None and _ROLE not in found[at]:
            found[at] = _with_role(sheet, found[at])
    for choice in chosen:
        prefix, key, header = _choice(choice)
        places = [
            (at, sheet.headers.index(header))
            for at, (source, sheet) in enumerate(zip(sources, sheets, strict=True))
            if header in sheet.headers
            and prefix in (None, "people" if source.side is None else f"{source.side.value}s")
        ]
        if not places:
            named = ", ".join(source.name for source in sources)
            raise FaultyFilesError(f"--map “{choice}”: there is no column “{header}” in {named}.")
        for at, column in places:
            found[at] = {k: c for k, c in found[at].items() if c != column or {k, key} == {"summary", "goals"}}
            found[at][key] = column
    return [{key: column for key, column in mapping.items() if key in WANTED} for mapping in found]


def _with_role(sheet: Sheet, guessed: dict[str, int]) -> dict[str, int]:
    """With the one column in which everybody says mentor or mentee, whatever it is called ("Role")."""
    others = {guessed.get("email"), guessed.get("full_name")}
    found = [
        column
        for column in range(len(sheet.headers))
        if column not in others
        and sheet.rows
        and all(words.side(row.cells[column][:_LONGEST_ROLE]) for row in sheet.rows)
    ]
    if len(found) != 1:
        return guessed
    return {key: column for key, column in guessed.items() if column != found[0]} | {_ROLE: found[0]}


def _choice(choice: str) -> tuple[str | None, str, str]:
    """The file's prefix, the question's key and the header in "mentors:Email=University email"."""
    question, equals, header = choice.partition("=")
    prefix, colon, named = question.rpartition(":")
    known = {words.plain(label): key for key, label in questions().items()} | {key: key for key in questions()}
    key = known.get(named.strip()) or known.get(words.plain(named))
    if not equals or key is None or (colon and prefix not in ("mentors", "mentees", "people")):
        known_keys = ", ".join(sorted(questions()))
        raise FaultyFilesError(
            f"--map “{choice}”: write it as Question=Column, with a question of these: {known_keys}."
        )
    return prefix or None, key, " ".join(header.split())


def questions() -> dict[str, str]:
    """What a column can answer, by key, with a label."""
    labels = {target.key: target.label for target in (*columns.TARGETS, WISHES)}
    return {key: labels.get(key, key.replace("_", " ").capitalize()) for key in sorted(WANTED)}
