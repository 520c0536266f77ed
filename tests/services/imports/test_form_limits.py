"""A file may hold no more than the form takes: whoever it is about has to be able to open and correct it there."""

import csv
import io
from typing import Any

import pytest
from sqlmodel import Session, select

from models.enrolments import Enrolment, Side
from tests.services.imports.arriving import _coordinator, confirmed, previewed, started

LIMITS = (
    ("capacity", "9", "How many students you have room for must be a whole number from 0 to 8."),
    ("years_of_experience", "71", "Years of experience must be a whole number from 0 to 70."),
    ("summary", "a" * 2001, "A summary of your work history is too long (2,001 characters, at most 2,000)."),
    ("role_title", "b" * 121, "Your role is too long (121 characters, at most 120)."),
)


def a_file(**cells: str) -> tuple[bytes, dict[str, int]]:
    told = {"full_name": "Ama Bo", "email": "ama@example.org"} | cells
    out = io.StringIO()
    csv.writer(out).writerows([[f"Column {key}" for key in told], list(told.values())])
    return out.getvalue().encode(), {key: at for at, key in enumerate(told)}


@pytest.mark.parametrize(("key", "said", "message"), LIMITS, ids=[key for key, *_ in LIMITS])
def test_what_is_beyond_the_forms_own_limit_is_named_with_its_row_and_not_written(
    session: Session, key: str, said: str, message: str
) -> None:
    cohort = started(session, "unnc_alumni")
    content, mapping = a_file(**{key: said})

    found = previewed(session, _coordinator(session, cohort), cohort, content, Side.MENTOR, mapping)

    assert [(problem.row, problem.column, problem.message.startswith(message)) for problem in found.problems] == [
        (2, f"Column {key}", True)
    ]


def test_what_is_at_the_forms_own_limit_is_taken(session: Session) -> None:
    cohort = started(session, "unnc_alumni")
    most: dict[str, Any] = {
        "capacity": "8",
        "years_of_experience": "70",
        "summary": "a" * 2000,
        "role_title": "b" * 120,
    }
    content, mapping = a_file(**most)

    confirmed(session, _coordinator(session, cohort), cohort, content, Side.MENTOR, mapping)

    mentor = session.exec(select(Enrolment)).one()
    assert {key: str(getattr(mentor, key)) for key in most} == most
