"""Who is approved and yet cannot take part in a run, counted by reason: "12 mentors have not signed"."""

from collections.abc import Mapping
from datetime import date

from sqlmodel import Session

from models.enrolments import Side
from models.schemes import Cohort
from services import readiness
from services.matching.reading import Availability


def sentences(session: Session, cohort: Cohort, open_now: Availability, today: date) -> tuple[str, ...]:
    """One sentence for each reason that holds somebody back; who lacks two things is counted twice."""
    mentees, mentors = (readiness.lacking(session, cohort.id, side, today) for side in (Side.MENTEE, Side.MENTOR))
    full = open_now.ready_mentors - open_now.mentors
    return (
        *_gates("mentee", mentees),
        *_gates("mentor", mentors),
        *_counted(len(full), "mentor", "has no free place", "have no free place"),
    )


def _gates(who: str, lacking: Mapping[str, int]) -> list[str]:
    """One sentence for each thing that is missing; somebody who lacks two things is counted in both."""
    words = {
        "signature": ("has not signed", "have not signed"),
        "training": ("has not completed the training", "have not completed the training"),
        "conflicts": (
            "has not answered the question about conflicts",
            "have not answered the question about conflicts",
        ),
        "contactable": ("shares no way to be reached", "share no way to be reached"),
    }
    return [sentence for name in words for sentence in _counted(lacking[name], who, *words[name])]


def _counted(number: int, who: str, one: str, many: str) -> list[str]:
    if not number:
        return []
    return [f"1 {who} {one}" if number == 1 else f"{number} {who}s {many}"]
