"""The words of Home: how it greets somebody, and how it says counts and days."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import Session

from services import home, tasks
from services.access import Acting, Actor, Place
from services.tasks import Task
from tests.factories import (
    make_cohort,
    make_enrolment,
    make_participant,
    make_person,
)


@pytest.mark.parametrize(
    ("name", "hour", "greeting"),
    [
        ("Rosalind Achterberg", 9, "Good morning, Rosalind Achterberg"),
        ("Rosalind Achterberg", 12, "Good afternoon, Rosalind Achterberg"),
        ("李明", 18, "Good evening, 李明"),
        ("欧阳 娜娜", 23, "Good evening, 欧阳 娜娜"),
        ("Ólafur", 3, "Good evening, Ólafur"),
        ("Ólafur", 4, "Good morning, Ólafur"),
    ],
)
def test_a_greeting_goes_by_the_clock_where_the_person_is(
    session: Session, name: str, hour: int, greeting: str
) -> None:
    person = make_person(session, name, time_zone="Asia/Shanghai")
    actor = Actor(person.id, name, Place(Acting.NOBODY), time_zone="Asia/Shanghai")
    now = datetime(2026, 11, 21, hour, tzinfo=UTC) - timedelta(hours=8)

    assert home.look(session, actor, now).greeting == greeting


def test_somebody_is_called_as_they_asked_to_be(session: Session) -> None:
    cohort = make_cohort(session)
    person = make_person(session, "Rosalind Achterberg", called="Ros A.")
    mentee = make_enrolment(session, cohort, person=person)

    found = home.look(session, make_participant(session, mentee), datetime(2026, 11, 21, 9, tzinfo=UTC))

    assert (found.greeting, found.today) == ("Good morning, Ros A.", date(2026, 11, 21))


@pytest.mark.clause("U-6")
def test_tasks_come_overdue_first_then_by_day() -> None:
    def task(when: str, day: int | None, *, is_first: bool = False) -> Task:
        return Task(when, "", "", "", "", date(2026, 11, day) if day else None, is_first)

    late, now, soon, later = task("overdue", 3), task("today", 21), task("this_week", 24), task("this_week", None)
    form, due_form = task("when_you_can", 30, is_first=True), task("today", 21, is_first=True)

    assert tasks.in_order([later, soon, now, late, form]) == (late, form, now, soon, later)
    assert tasks.in_order([soon, late, due_form]) == (due_form, late, soon)


@pytest.mark.parametrize(
    ("count", "words"),
    [(1, "One pair waits"), (12, "Twelve pairs wait"), (13, "13 pairs wait"), (1200, "1,200 pairs wait")],
)
def test_counts_begin_a_sentence_in_words(count: int, words: str) -> None:
    assert tasks.many(count, "pair waits", "pairs wait") == words


@pytest.mark.parametrize(
    ("day", "words"), [(21, "today"), (22, "Sunday"), (16, "Monday 16 November"), (28, "Saturday 28 November")]
)
def test_the_days_of_the_week_to_come_are_said_by_their_name(day: int, words: str) -> None:
    assert tasks.day_words(date(2026, 11, day), date(2026, 11, 21)) == words


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 1, 27), "it was due on Tuesday 27 January"),
        (date(2026, 11, 23), "please agree today"),
        (date(2026, 11, 27), "please agree by Friday"),
        (date(2027, 1, 27), "please agree by Wednesday 27 January 2027"),
    ],
    ids=["long past", "today", "this week", "next year"],
)
def test_nobody_is_asked_to_do_something_by_a_day_that_is_past(day: date, words: str) -> None:
    assert tasks.asked("please agree", day, date(2026, 11, 23)) == words
