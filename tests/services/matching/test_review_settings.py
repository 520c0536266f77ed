"""What other weights or another policy would change, in words that stay true after proposals were made."""

from dataclasses import replace

import pytest
from sqlmodel import Session

from services.matching import review_settings, runs
from services.matching.review_settings import Moved
from services.matching.runs import Preview
from tests.factories import make_cohort, make_proposal, make_scheme
from tests.services.counting import queries_of
from tests.services.matching.run_parts import TODAY, coordinator_of, mentee, mentor

PEOPLE = ("Ama", "Ben", "Dan")
BEFORE = Preview(mentees=3, matched=3, total=2400, worst=700, changed=0, matched_before=3, pairs="as they are")


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (BEFORE, "The worst pair is already as good as it can be: this changes nothing."),
        (
            replace(BEFORE, worst=750, total=2376, pairs="others"),
            "The worst pair would have 75 points instead of 70. All pairs together would lose 2.4 points, "
            "1.0 % of the total.",
        ),
        (
            replace(BEFORE, worst=750, total=2448, pairs="others"),
            "The worst pair would have 75 points instead of 70. All pairs together would gain 4.8 points, "
            "2.0 % of the total.",
        ),
        (
            replace(BEFORE, pairs="others"),
            "The worst pair would still have 70 points. All pairs together would have as many points as without it.",
        ),
    ],
    ids=["the same pairs", "a loss", "a gain", "other pairs worth the same"],
)
def test_the_price_of_lifting_the_worst_pair_is_told_as_gained_or_lost(after: Preview, said: str) -> None:
    assert review_settings.price_of_floor(BEFORE, after) == said


def test_a_preview_after_drafts_speaks_of_those_who_would_be_asked_again(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, criterion_weights={"sector": 5}))
    mentors = [mentor(session, cohort, f"Mentor {number}", sector=f"s{number}") for number in range(3)]
    mentees = [mentee(session, cohort, f"Mentee {number}", sector=f"s{number}") for number in range(3)]
    actor = coordinator_of(session, cohort)
    run = runs.run(session, actor, cohort.id, today=TODAY)
    for number in (0, 1):
        make_proposal(session, cohort, run_id=run.id, mentor=mentors[number], mentee=mentees[number])

    found = review_settings.preview(session, actor, run, cohort.id, {"sector": 9}, floor_first=False, today=TODAY)

    assert (found.mentees, found.matched, found.matched_before, found.settled, found.changed) == (1, 1, 1, 2, 0)
    assert review_settings.what_would_change(found) == (
        "Nothing would change: the 1 mentee keeps what this run gave. 2 more mentees of this run stay out of it: "
        "they have a proposal or a mentor by now, or are not ready any more."
    )


def test_those_for_whom_something_would_change_are_named_but_never_to_themselves(session: Session) -> None:
    cohort = make_cohort(session, make_scheme(session, criterion_weights={"sector": 5}))
    for name, sector in (("Bo", "L"), ("Cy", "D")):
        mentor(session, cohort, name, sector=sector)
    cohort_id = cohort.id
    ama, _, dan = (mentee(session, cohort, name, sector=sector) for name, sector in zip(PEOPLE, "LDQ", strict=True))
    actor, stranger = coordinator_of(session, cohort), coordinator_of(session, make_cohort(session))
    run = runs.run(session, actor, cohort.id, today=TODAY)
    ids, dan_self = [ama.id, dan.id], dan.person_id
    ama.sector, dan.sector = dan.sector, ama.sector
    session.commit()
    found = review_settings.preview(session, actor, run, cohort_id, {"sector": 5}, floor_first=False, today=TODAY)

    with queries_of(session) as statements:
        named = review_settings.moved(session, actor, cohort_id, found)
    to_dan = review_settings.moved(session, replace(actor, person_id=dan_self), cohort_id, found)

    assert found.changed == 2
    # Whoever would have nobody any more leads among those that are kept; they are read in the order of names.
    assert [move[0] for move in found.moves] == ids
    assert named == (Moved("Ama", "Bo", None), Moved("Dan", None, "Bo"))
    assert len(statements) == 1
    assert to_dan == named[:1]
    assert review_settings.moved(session, stranger, cohort_id, found) == ()


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (replace(BEFORE, changed=1), "1 of 3 mentees would get another mentor, a first one, or none."),
        (
            replace(BEFORE, changed=2, matched=2),
            "2 of 3 mentees would get another mentor, a first one, or none. 2 instead of 3 would have a mentor.",
        ),
        (
            replace(BEFORE, settled=1),
            "Nothing would change: all 3 mentees keep what this run gave. 1 more mentee of this run stays out of it: "
            "they have a proposal or a mentor by now, or are not ready any more.",
        ),
        (
            replace(BEFORE, changed=1200, mentees=1600),
            "1,200 of 1,600 mentees would get another mentor, a first one, or none.",
        ),
    ],
    ids=["one changes", "one is left out", "one is settled", "thousands"],
)
def test_what_would_change_is_said_of_those_who_take_part(found: Preview, said: str) -> None:
    assert review_settings.what_would_change(found) == said
