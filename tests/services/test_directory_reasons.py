"""Why a mentor may suit: the criteria of matching, over the four listed facts."""

from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from services import directory_reasons
from services.directory_reasons import ListedMentor, Reader

TODAY = date(2026, 11, 20)
WEIGHTS = {"sector": 8, "role": 4, "goals": 6, "languages": 9}
MENTOR = ListedMentor(uuid4(), "Bo Lindqvist", "Grid projects; 海上风电十年", "Senior counsel, energy", "Energy")
READER = Reader("Energy", "Trainee counsel", "Understand the grid, and 海上风电", WEIGHTS)


def why(reader: Reader, mentor: ListedMentor = MENTOR) -> tuple[str, ...]:
    return directory_reasons.why(reader, [mentor], today=TODAY)[mentor.id]


@pytest.mark.clause("U-1")
def test_sector_role_and_goals_speak_for_a_mentor() -> None:
    assert why(READER) == (
        "Same sector: Energy",
        "Both roles say: counsel",
        "Goals and work history share: grid, 海上风电",
    )


@pytest.mark.parametrize(
    "reader",
    [
        replace(READER, sector="Law", role_title="Nurse", goals="Open a bakery"),
        replace(READER, sector=None, role_title=None, goals=None),
        replace(READER, weights={"languages": 9}),
    ],
    ids=["different", "blank", "not weighed"],
)
def test_what_does_not_speak_for_a_mentor_is_not_said(reader: Reader) -> None:
    assert why(reader) == ()


def test_a_mentor_who_wrote_nothing_has_no_reasons() -> None:
    assert why(READER, replace(MENTOR, summary=None, role_title=None, sector=None)) == ()


def test_nobody_listed_is_nothing_to_say() -> None:
    assert directory_reasons.why(READER, [], today=TODAY) == {}
