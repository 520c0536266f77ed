"""Who is approved and yet cannot take part in a run, counted by reason: "12 mentors have not signed"."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlmodel import Session, select

from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.schemes import Cohort
from services import readiness
from services.matching.reading import Availability


def sentences(session: Session, cohort: Cohort, open_now: Availability, today: date) -> tuple[str, ...]:
    """One sentence for each reason that holds somebody back; who lacks two things is counted twice."""
    mentees, mentors = (_approved(session, cohort.id, side) for side in (Side.MENTEE, Side.MENTOR))
    unready = mentees - open_now.ready_mentees, mentors - open_now.ready_mentors
    lights = readiness.lights(session, [*unready[0], *unready[1]], today=today)
    full = open_now.ready_mentors - open_now.mentors
    return (
        *_gates("mentee", [lights[one] for one in unready[0]]),
        *_gates("mentor", [lights[one] for one in unready[1]]),
        *_counted(len(full), "mentor", "has no free place", "have no free place"),
    )


def _approved(session: Session, cohort_id: UUID, side: Side) -> frozenset[UUID]:
    statement = select(Enrolment.id).where(
        Enrolment.cohort_id == cohort_id, Enrolment.side == side, Enrolment.status == EnrolmentStatus.APPROVED
    )
    return frozenset(session.exec(statement))


def _gates(who: str, lights: Sequence[readiness.Readiness]) -> list[str]:
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
    counts = Counter(name for one in lights for name in words if getattr(one, name).holds is False)
    return [sentence for name in words for sentence in _counted(counts[name], who, *words[name])]


def _counted(number: int, who: str, one: str, many: str) -> list[str]:
    if not number:
        return []
    return [f"1 {who} {one}" if number == 1 else f"{number} {who}s {many}"]
