"""What would help a mentee and what a mentor can give, whom a mentor hopes for: asked in the form, told in words."""

from datetime import date
from typing import Any

import pytest
from sqlmodel import Session, select

from models.enrolments import Enrolment, Side
from models.schemes import Cohort, FormField
from services.access import DESK
from services.matching import profile_reading
from services.matching.profiles import Profile
from services.matching.scoring import Part, score
from services.schemes import starting, templates
from tests.factories import make_enrolment

WEIGHTS = {"needs": 4, "mentor_wish": 3, "sector": 3}


@pytest.fixture
def cohort(session: Session) -> Cohort:
    first, last = date(2026, 9, 1), date(2027, 8, 31)
    return starting.start(session, DESK, "unnc_alumni", cohort_name="2026/27", starts_on=first, ends_on=last)


def joined(session: Session, cohort: Cohort, side: Side, **answers: Any) -> Enrolment:
    return make_enrolment(session, cohort, side=side, sector=None, answers=answers)


def profiles(session: Session, cohort: Cohort) -> tuple[Profile, Profile]:
    """The one mentee and the one mentor."""
    everybody = frozenset(session.exec(select(Enrolment.id)))
    mentees, mentors = (
        profile_reading.of_side(session, cohort.id, side, everybody) for side in (Side.MENTEE, Side.MENTOR)
    )
    return mentees[0], mentors[0]


def told(session: Session, cohort: Cohort) -> dict[str, Part]:
    mentee, mentor = profiles(session, cohort)
    scores = score([mentee], [mentor], WEIGHTS, today=date(2026, 10, 1))
    parts = scores.parts(0, 0)
    assert sum(part.points for part in parts) == scores.matrix[0, 0]
    return {part.key: part for part in parts}


@pytest.mark.clause("U-C4.2")
def test_what_a_mentor_can_give_and_whom_they_hope_for_is_told_in_the_words_of_the_form(
    session: Session, cohort: Cohort
) -> None:
    joined(session, cohort, Side.MENTEE, support=["a_slow_pace", "plain_feedback"], situation=["looking_abroad"])
    joined(session, cohort, Side.MENTOR, support=["a_slow_pace"], situation=["looking_abroad", "about_to_graduate"])

    parts = told(session, cohort)

    assert parts["needs"].sentence == "The mentor can meet: A slow pace"
    assert (parts["needs"].points, parts["needs"].most) == (300, 400)
    assert parts["mentor_wish"].sentence == "Whom the mentor hoped for: Looking abroad"
    assert (parts["mentor_wish"].points, parts["mentor_wish"].most) == (300, 300)


@pytest.mark.parametrize("silent", list(Side))
def test_whoever_ticks_nothing_is_neither_lifted_nor_lowered(session: Session, cohort: Cohort, silent: Side) -> None:
    said = {"support": ["encouragement"], "situation": ["about_to_graduate"]}
    for side in Side:
        joined(session, cohort, side, **({} if side is silent else said))

    parts = told(session, cohort)

    assert {key: (part.points, part.most) for key, part in parts.items()} == {
        "needs": (200, 400),
        "mentor_wish": (150, 300),
        "sector": (150, 300),
    }


def test_an_option_reworded_is_still_the_same_and_reads_anew(session: Session, cohort: Cohort) -> None:
    for side in Side:
        joined(session, cohort, side, support=["encouragement"])
    field = session.exec(select(FormField).where(FormField.key == "support")).one()
    field.labels = field.labels | {"option:encouragement": "A kind word"}
    session.commit()

    mentee, mentor = profiles(session, cohort)

    assert (mentee.needs, mentor.needs) == (frozenset({"A kind word"}), frozenset({"A kind word"}))


@pytest.mark.parametrize("key", ["aulp", "unnc_alumni"])
def test_both_sides_choose_from_the_same_options_and_nobody_has_to(key: str) -> None:
    asked = {field.key: field for field in templates.load(key).fields}

    for question in (asked[profile_reading.SUPPORT], asked[profile_reading.SITUATION]):
        assert (question.kind, question.roles, question.required) == ("choices", ("mentor", "mentee"), False)
    weights = templates.load(key).criteria
    assert 0 not in (weights.needs, weights.mentor_wish)
