"""One email to the other side when something about working together waits for their yes: never a word of what it says.

Home has the same as a task, for as long as it waits (services/home_participant.py).
"""

from sqlmodel import Session

from models.enrolments import Side
from models.pairings import Pairing, WaysOfWorking
from models.schemes import Scheme
from services import messages, pairings

TEMPLATE = "ways_proposed"


def tell_other_side(
    session: Session, pairing: Pairing, scheme: Scheme, edition: WaysOfWorking, *, is_change: bool
) -> None:
    """Adds the email; never commits. `is_change`: something holds between the two already."""
    people = pairings.people_of(session, pairing)
    other = Side.MENTEE if edition.proposed_by is Side.MENTOR else Side.MENTOR
    messages.queue(
        session,
        person_id=people[other].id,
        template=TEMPLATE,
        scheme_id=scheme.id,
        event=f"ways-proposed-{pairing.id}-{edition.edition}",
        link_subject_id=pairing.id,
        other_name=people[edition.proposed_by].full_name,
        is_change=is_change,
    )
