"""The figure about parity between groups (A-SH3): from the month's published table, which protects itself.

Coordinators and managers read the same. No answer and no count of people comes here.
"""

from sqlmodel import Session

from services import parity
from services.ledger.shapes import Aim, Ask, Count, Figure

PARITY = Figure(
    key="parity",
    source="parity",
    part="points",
    base="groups",
    words="about {part} points at most between two of {base} groups in how often they are matched",
    definition="Matched are active people in an open pair, of those who chose to say that they belong to a group. "
    "Counted once a month, rounded, and only of groups of eight people or more from which nobody's answer follows. "
    "Participation shows each group, with the interval that chance leaves.",
    aim=Aim.TELLS,
    is_about_people=False,
    lists=False,
    screen=("participation", "Open Participation"),
    nobody="no groups that can be compared yet",
)


def counts(session: Session, ask: Ask) -> dict[str, Count]:
    """`points` between the groups matched most and least, and how many `groups` are told of. One query."""
    found = parity.newest(session, ask.scheme, ask.cohort.id)
    return {"points": Count(found.largest.points if found.largest else 0), "groups": Count(found.groups)}
