"""Files for `mentoring match`, and what it wrote."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bad_inputs import DATA
from tests.services.test_cli import Outcome, mentoring

AULP = DATA / "aulp-enrolments-forms.csv"
MENTORS, MENTEES = DATA / "unnc-mentors-forms.xlsx", DATA / "unnc-mentees-forms.xlsx"
HEADERS = (
    "Role",
    "Name",
    "Email",
    "Number of mentees",
    "Languages",
    "Time zone",
    "Goals",
    "Wishes",
    "Should not be matched with",
)
NEVER = "Nothing was written"
SAID = {"zone": "Europe/London", "languages": "en"}
Row = Sequence[Any]


def match(folder: Path, *words: str, scheme: str = "blank") -> Outcome:
    """A run that writes all three files into the folder, comparing texts by words, for one fixed day."""
    written = ("--out", "pairs.csv", "--report", "report.html", "--certificate", "certificate.json")
    named = [str(folder / word) if word.startswith(("pairs.", "report.", "certificate.")) else word for word in written]
    chosen = () if "--texts" in words else ("--texts", "words")
    return mentoring("match", "--scheme", scheme, "--today", "2026-11-22", *chosen, *named, *words)


def pairs_in(folder: Path) -> dict[str, str]:
    """Each mentee's mentor, '' for nobody."""
    return {row["Mentee"]: row["Mentor"] for row in rows_in(folder)}


def rows_in(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((folder / "pairs.csv").read_text(encoding="utf-8-sig"))))


def sheet(path: Path, rows: Sequence[Row], headers: Sequence[str] = HEADERS) -> Path:
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([headers, *rows])
    return path


def mentor(name: str, places: Any = 1, **more: Any) -> Row:
    return _person("mentor", name, places, **more)


def mentee(name: str, **more: Any) -> Row:
    return _person("mentee", name, "", **more)


def _person(role: str, name: str, places: Any, **more: Any) -> Row:
    email = more.get("email", f"{name.split(maxsplit=1)[0].lower()}@{role}.example.org")
    rest = (more.get(key, "") for key in ("languages", "zone", "goals", "wishes", "not_with"))
    return (role, name, email, places, *rest)
