"""How the queue's facts read on screen."""

from datetime import date

from models.enrolments import EnrolmentStatus, Side
from pages.ui import plain
from services import times
from services.enrolments import QueueRow
from services.nudges import OPEN
from services.readiness import Readiness

SIDES = {"mentors": Side.MENTOR, "mentees": Side.MENTEE}
STATUS_WORDS = {
    EnrolmentStatus.SUBMITTED: "Submitted",
    EnrolmentStatus.RETURNED: "Returned",
    EnrolmentStatus.APPROVED: "Approved",
    EnrolmentStatus.PAUSED: "Paused",
    EnrolmentStatus.DRAFT: "Draft",
    EnrolmentStatus.DECLINED: "Declined",
    EnrolmentStatus.WITHDRAWN: "Withdrawn",
}
LIGHTS = {
    "profile": "Profile",
    "signature": "Agreement",
    "training": "Training",
    "conflicts": "Conflicts",
    "capacity": "Places",
    "contactable": "Reachable",
}
# A place that is taken is no fault: it is said, and does not warn.
_NO_WARNING = frozenset({"capacity"})


# Somebody has to act: the coordinator, or whoever was asked.
TO_ACT = {EnrolmentStatus.SUBMITTED: "blue", EnrolmentStatus.RETURNED: "orange"}


def badges(row: QueueRow, today: date) -> str:
    """Every light that the scheme asks for: a sign and a word where it holds, the reason too where it does not.

    Whoever is away or gone is not ready, whatever they have done: the line says since when or until when instead.
    """
    lights, is_open = row.readiness, row.status in OPEN
    is_ready = is_open and lights.is_ready
    found = [f":{TO_ACT[row.status]}-badge[{STATUS_WORDS[row.status]}]"] if row.status in TO_ACT else []
    # Before the decision, nothing but the decision is missing.
    word = "Ready" if row.status is EnrolmentStatus.APPROVED else "Ready once approved"
    # A blank in the form holds no match back (readiness.is_ready), and is said in the same breath.
    is_blank = is_ready and lights.profile.holds is False
    if is_blank:
        found.append(f":orange-badge[:material/check: {word}, but {plain(lights.profile.why)}]")
    elif is_ready:
        found.append(f":green-badge[:material/check: {word}]")
    if row.status is EnrolmentStatus.PAUSED:
        found.append(f":blue-badge[:material/pause: {away(row, today)}]")
    for key, title in LIGHTS.items():
        light = getattr(lights, key)
        if light.holds is None or (key in _NO_WARNING and not is_open) or (key == "profile" and is_blank):
            continue
        if key in _NO_WARNING:
            found.append(f":gray-badge[{plain(light.why)}]")
        elif not light.holds:
            found.append(f":{'orange' if is_open else 'gray'}-badge[:material/close: {title}: {plain(light.why)}]")
        elif is_open and not is_ready:
            found.append(f":green-badge[:material/check: {title}]")
    return " ".join(found)


def away(row: QueueRow, today: date) -> str:
    """Until when somebody takes a break."""
    return f"Paused until {times.day_in_words(row.back_on, today=today)}" if row.back_on else "Paused, no day of return"


def light_lines(readiness: Readiness) -> list[str]:
    """One light a line."""
    signs = {True: "✓", False: "✗", None: "–"}
    lights = [(title, getattr(readiness, key)) for key, title in LIGHTS.items()]
    return [f"{signs[light.holds]} {title}: {plain(light.why)}" for title, light in lights]
