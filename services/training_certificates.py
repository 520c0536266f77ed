"""Certificates: what a person passed, as a PDF with a code, and whether a code is one of ours."""

import re
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel import Session, select

from models.agreements import CODE_LETTERS, TrainingCompletion, TrainingModule
from models.enrolments import Enrolment
from models.people import Person
from models.schemes import Scheme
from services import access, pdf, times
from services.access import Actor
from services.errors import Invalid, NotAllowed
from services.settings import settings
from services.trained import unless_never

_GROUP = 4
_LENGTH = 12


@dataclass(frozen=True)
class Certificate:
    """A PDF to download. The name of the file holds nobody's name."""

    file_name: str
    content: bytes


@dataclass(frozen=True)
class Verified:
    """What a code stands for."""

    name: str
    module: str
    edition: int
    completed_on: date
    expires_on: date | None


def certificate(session: Session, actor: Actor, completion_id: UUID) -> Certificate:
    """The certificate of one of the actor's own completions, in the edition that was passed. Raises NotAllowed."""
    enrolment = access.own_enrolment(session, actor)
    row = session.get(TrainingCompletion, completion_id)
    if row is None or row.enrolment_id != enrolment.id:
        raise NotAllowed("You cannot open this certificate.", remedy="Open it from the Training page.")
    return Certificate(f"certificate-{row.completed_on.isoformat()}-{row.code}.pdf", content_of(session, row))


def content_of(session: Session, row: TrainingCompletion) -> bytes:
    """The PDF of a completion, the same bytes until a name on it changes; the caller has asked who may have it."""
    module = session.get_one(TrainingModule, row.module_id)
    scheme = session.get_one(Scheme, module.scheme_id)
    person = session.get_one(Person, session.get_one(Enrolment, row.enrolment_id).person_id)
    return pdf.render("certificate", _facts(person, scheme, module, row))


def verify(session: Session, actor: Actor, typed: str) -> Verified:
    """What a certificate's code stands for, in the scheme that the actor runs. Raises NotAllowed and Invalid."""
    scheme_id = next(iter(actor.coordinates), None)
    if scheme_id is None:
        raise NotAllowed("You cannot verify certificates.", remedy="Ask one of the scheme's coordinators.")
    statement = (
        select(Person.full_name, TrainingModule.title, TrainingModule.edition, TrainingCompletion)
        .join(TrainingModule, TrainingModule.id == TrainingCompletion.module_id)  # type: ignore[arg-type]
        .join(Enrolment, Enrolment.id == TrainingCompletion.enrolment_id)  # type: ignore[arg-type]
        .join(Person, Person.id == Enrolment.person_id)  # type: ignore[arg-type]
        .where(TrainingCompletion.code == _code(typed), TrainingModule.scheme_id == scheme_id)
    )
    found = session.exec(statement).one_or_none()
    if found is None:
        raise Invalid(
            "This code is on no certificate of this scheme.",
            remedy="Compare it with the certificate, letter by letter.",
        )
    name, module, edition, row = found
    return Verified(name, module, edition, row.completed_on, unless_never(row.expires_on))


def spaced(code: str) -> str:
    """A code as it is printed: in groups of four."""
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))


def _code(typed: str) -> str:
    letters = re.sub(r"[\s-]", "", typed).upper()
    if len(letters) != _LENGTH or not set(letters) <= set(CODE_LETTERS):
        raise Invalid("A code has twelve letters and digits.", remedy="Type it as it stands on the certificate.")
    return letters


def _facts(person: Person, scheme: Scheme, module: TrainingModule, row: TrainingCompletion) -> dict[str, object]:
    facts = [f"Version {module.edition}", f"about {module.minutes} minutes", f"passed on {_day(row.completed_on)}"]
    if (expires_on := unless_never(row.expires_on)) is not None:
        facts.append(f"counts until {_day(expires_on)}")
    return {
        "date": row.completed_on.isoformat(),
        "lang": _language(scheme),
        "title": "Certificate of training",
        "scheme": scheme.name,
        "heading": "Certificate of training",
        "says": "This is to say that",
        "name": person.full_name,
        "did": "has read and passed",
        "module": module.title,
        "facts": " · ".join(facts),
        "code_label": "Code",
        "code": spaced(row.code),
        "footer": f"Confirm it at {settings().url.rstrip('/')}/verify by this file, or by the code and the name.",
    }


def _language(scheme: Scheme) -> str:
    """The language that the document says it is in: two letters."""
    return scheme.language[:2]


def _day(day: date) -> str:
    return f"{times.day_in_words(day)} {day.year}"
