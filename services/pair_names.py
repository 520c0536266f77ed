"""Looking for a pair by the name of either of the two, as an SQL condition with the parameter `name`."""

from sqlalchemy import ColumnElement, bindparam, exists
from sqlmodel import col

from models.enrolments import Enrolment
from models.pairings import Pairing
from models.people import Person

_ESCAPE = "/"


def is_named() -> ColumnElement[bool]:
    """One of the two has a name with these words, whatever their case."""
    found = exists().where(
        col(Enrolment.id).in_([col(Pairing.mentor_id), col(Pairing.mentee_id)]),
        col(Person.id) == col(Enrolment.person_id),
        col(Person.full_name).icontains(bindparam("name"), escape=_ESCAPE),
    )
    return found.correlate(Pairing)


def asked(words: str) -> dict[str, str]:
    """The parameter, where there is anything to look for: as text, whatever it would mean to LIKE."""
    words = words.strip()
    for sign in (_ESCAPE, "%", "_"):
        words = words.replace(sign, _ESCAPE + sign)
    return {"name": words} if words else {}
