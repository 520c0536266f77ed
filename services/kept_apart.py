"""SQL: what there is between two people of whom one said that they must not be paired, whichever of them it was."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, exists, or_, select, union_all
from sqlalchemy.orm import aliased
from sqlmodel import col

from models.audit import AuditEntry
from models.enrolments import Conflict, Enrolment
from models.matching import Proposal
from models.pairings import Pairing, PairingStatus

# What the journal says when a coordinator has looked at such a pair and lets it go on.
GOES_ON = "pairing.looked_at_again"


def stands_between(one_person_id: Any, other_person_id: Any) -> Any:
    """An SQL condition: somebody said that these two (columns or ids) must not be paired."""
    either = or_(
        (col(Conflict.declared_by_id) == one_person_id) & (col(Conflict.other_id) == other_person_id),
        (col(Conflict.other_id) == one_person_id) & (col(Conflict.declared_by_id) == other_person_id),
    )
    return select(col(Conflict.id)).where(either).exists()


def proposal() -> Any:
    """SQL: whether that was said of the two of a Proposal; nobody is reminded of such a one."""
    mentor, mentee = aliased(Enrolment), aliased(Enrolment)
    both = col(mentor.id) == col(Proposal.mentor_id), col(mentee.id) == col(Proposal.mentee_id)
    said = stands_between(col(mentor.person_id), col(mentee.person_id)).correlate(mentor, mentee)
    return select(col(mentor.id)).where(*both, said).correlate(Proposal).exists()


def open_pairs(cohort_id: Any, apart_from: Any = None) -> Select[UUID]:
    """SQL: ids of a cohort's open pairs of two who must not be paired, whichever of them said so, to be looked at.

    Without those that `apart_from`, a person, is half of: another coordinator handles them. And without those of whom
    a coordinator has said since then that the pair goes on (services/second_looks.py).
    """
    mentor, mentee = aliased(Enrolment), aliased(Enrolment)
    one, other, at = col(Conflict.declared_by_id), col(Conflict.other_id), col(Conflict.created_at)
    directions = ((one, other), (other, one))
    said = union_all(*(select(a.label("one"), b.label("other"), at.label("at")) for a, b in directions)).subquery(
        "must_not_meet"
    )
    looked_at = exists().where(
        col(AuditEntry.subject_id) == col(Pairing.id),
        col(AuditEntry.action) == GOES_ON,
        col(AuditEntry.at) >= said.c.at,
    )
    # Outer joins, which SQLite takes in the order written: those who said so are few, and pairs are many.
    found = (
        select(col(Pairing.id))
        .select_from(said)
        .outerjoin(mentor, col(mentor.person_id) == said.c.one)
        .outerjoin(Pairing, col(Pairing.mentor_id) == col(mentor.id))
        .outerjoin(mentee, and_(col(mentee.id) == col(Pairing.mentee_id), col(mentee.person_id) == said.c.other))
        .where(
            col(mentee.id).is_not(None),
            col(Pairing.cohort_id) == cohort_id,
            col(Pairing.status) != PairingStatus.ENDED,
            ~looked_at,
        )
        .distinct()
    )
    if apart_from is not None:
        found = found.where(col(mentor.person_id) != apart_from, col(mentee.person_id) != apart_from)
    return found
