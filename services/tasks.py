"""One line of somebody's to-do list, and how soon it is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from services import times

OVERDUE, TODAY, THIS_WEEK, WHEN_YOU_CAN = "overdue", "today", "this_week", "when_you_can"
DAYS_A_WEEK = 7
ORDER = (OVERDUE, TODAY, THIS_WEEK, WHEN_YOU_CAN)
_NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]


@dataclass(frozen=True)
class Task:
    """What, why, and the screen where it is done. `when` is one of ORDER, `due_on` the day if there is one.

    `address` is what stands in that screen's address, so that it opens at the very thing.

    `detail` may hold names that people chose: show it as plain text. `has_second_look`: a coordinator can also say
    that it was looked at (services/second_looks.py).
    """

    when: str
    sentence: str
    detail: str
    button: str
    page: str
    due_on: date | None = None
    is_first: bool = False
    address: tuple[tuple[str, str], ...] = ()
    has_second_look: bool = False


def when(due_on: date, today: date) -> str:
    """How soon a day is."""
    if due_on < today:
        return OVERDUE
    if due_on == today:
        return TODAY
    return THIS_WEEK if due_on <= today + timedelta(days=6) else WHEN_YOU_CAN


def due(due_on: date, today: date, sentence: str, detail: str, button: str, page: str) -> Task:
    """A task with a day."""
    return Task(when(due_on, today), sentence, detail, button, page, due_on)


def in_order(tasks: Iterable[Task]) -> tuple[Task, ...]:
    """As they are due. What `is_first` leads from its day on, and before it follows right after what is overdue."""
    return tuple(sorted(tasks, key=_place))


def _place(task: Task) -> tuple[int, int, date]:
    leads = 0 if task.is_first and task.when in (OVERDUE, TODAY) else 1 if task.when == OVERDUE else 3 - task.is_first
    return leads, ORDER.index(task.when), task.due_on or date.max


def many(count: int, one: str, more: str) -> str:
    """ "One pair", "Three pairs", "14 pairs", to begin a sentence."""
    number = _NUMBERS[count].capitalize() if count < len(_NUMBERS) else f"{count:,}"
    return f"{number} {one if count == 1 else more}"


def day_words(day: date, today: date) -> str:
    """ "today", "Friday" within the week to come, else "Friday 4 December": "by Friday" is never one that is past."""
    if day == today:
        return "today"
    if 0 < (day - today).days < DAYS_A_WEEK:
        return f"{day:%A}"
    return times.day_in_words(day, today=today, weekday=True)


def asked(request: str, day: date, today: date) -> str:
    """ "please do it by Friday", "please do it today", and when it is too late for that, since when it is due."""
    if day < today:
        return f"it was due on {day_words(day, today)}"
    return f"{request} today" if day == today else f"{request} by {day_words(day, today)}"
