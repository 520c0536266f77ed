"""How the queue's facts read on screen."""

from models.enrolments import EnrolmentStatus, Side
from pages.ui import plain
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


def badges(readiness: Readiness) -> str:
    """Every light that the scheme asks for: a sign and a word where it holds, the reason too where it does not."""
    found = [":green-badge[:material/check: Ready]"] if readiness.is_ready else []
    for key, title in LIGHTS.items():
        light = getattr(readiness, key)
        if light.holds is None:
            continue
        if key in _NO_WARNING:
            found.append(f":gray-badge[{plain(light.why)}]")
        elif not light.holds:
            found.append(f":orange-badge[:material/close: {title}: {plain(light.why)}]")
        elif not readiness.is_ready:
            found.append(f":green-badge[:material/check: {title}]")
    return " ".join(found)


def light_lines(readiness: Readiness) -> list[str]:
    """One light a line."""
    signs = {True: "✓", False: "✗", None: "–"}
    lights = [(title, getattr(readiness, key)) for key, title in LIGHTS.items()]
    return [f"{signs[light.holds]} {title}: {plain(light.why)}" for title, light in lights]


def status_badge(status: EnrolmentStatus) -> str:
    """The status in words; coloured where somebody has to act: the coordinator, or whoever was asked."""
    color = {EnrolmentStatus.SUBMITTED: "blue", EnrolmentStatus.RETURNED: "orange"}.get(status)
    return f":{color}-badge[{STATUS_WORDS[status]}]" if color else STATUS_WORDS[status]
