"""Starts schemes and cohorts. After a scheme has started, its rows are the truth: no template is read again."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from models.agreements import Clause, DocumentKind, SchemeDocument
from models.columns import utc_now
from models.people import Role, RoleGrant
from models.schemes import Cohort, Scheme
from services import access, audit, cleaning, resource_authoring
from services.access import Acting, Actor
from services.errors import Conflict, Invalid, NotAllowed
from services.schemes import rows, templates
from services.schemes.documents import TemplateDocument
from services.schemes.shapes import SchemeTemplate
from services.units import writes

LONGEST_COHORT_YEARS = 5
# The template that is named by whoever starts from it.
NAMELESS = "blank"


@dataclass(frozen=True)
class Offer:
    """A template to choose from, in words for a card."""

    key: str
    name: str
    summary: str
    facts: tuple[str, ...]


def offers() -> tuple[Offer, ...]:
    """The templates that a scheme can start from, the blank one last."""
    return tuple(_offer(templates.load(key)) for key in templates.keys())  # noqa: SIM118 - a function, not a dict


@writes
def start(
    session: Session,
    actor: Actor,
    template_key: str,
    *,
    cohort_name: str,
    starts_on: date,
    ends_on: date,
    scheme_name: str | None = None,
    reply_address: str | None = None,
    is_demonstration: bool = False,
) -> Cohort:
    """A new scheme from a template, with its first cohort; the actor becomes its coordinator.

    Raises NotAllowed, Invalid (unknown template, name or dates) and Conflict.
    """
    address = cleaning.email(reply_address, field="The office's address").typed if reply_address else None
    scheme = add_scheme(session, actor, template_key, name=scheme_name, reply_address=address)
    cohort = add_run(session, actor, scheme, cohort_name, starts_on, ends_on, is_demonstration)
    session.commit()
    return cohort


@writes
def add_cohort(
    session: Session, actor: Actor, scheme_id: UUID, *, cohort_name: str, starts_on: date, ends_on: date
) -> Cohort:
    """One more run of a scheme that the actor looks after. Raises NotAllowed, Invalid and Conflict.

    A further cohort of a demonstration belongs to it: it is taken away with the rest, and none of its mail leaves.
    """
    scheme = access.scheme_to_set_up(session, actor, scheme_id)
    before = session.exec(select(Cohort.is_demonstration).where(Cohort.scheme_id == scheme.id)).all()
    cohort = add_run(session, actor, scheme, cohort_name, starts_on, ends_on, bool(before) and all(before))
    try:
        session.commit()
    except IntegrityError as clash:
        session.rollback()
        raise taken(cohort_name) from clash
    return cohort


def add_scheme(
    session: Session,
    actor: Actor,
    template_key: str,
    *,
    name: str | None = None,
    reply_address: str | None = None,
) -> Scheme:
    """Adds a scheme with its form, documents and modules, run by the actor; never commits.

    A `reply_address` has been cleaned. Raises NotAllowed, and Invalid for the template and the name.
    """
    if actor.place.acting_as not in {Acting.ADMINISTRATOR, Acting.DESK}:
        raise NotAllowed("You cannot start a scheme.", remedy="Ask an administrator of this desk to do it.")
    if template_key not in set(templates.keys()):
        raise Invalid("There is no such scheme template.", remedy="Choose one of those on the screen.")
    template = templates.load(template_key)
    scheme = rows.scheme(template, _free_name(session, name, template.name))
    scheme.reply_address = reply_address
    session.add(scheme)
    session.flush()
    session.add_all(rows.form_field(scheme.id, at, field) for at, field in enumerate(template.fields, start=1))
    session.add_all(rows.training_module(scheme.id, module) for module in template.modules)
    resource_authoring.add_from_template(session, scheme, template)
    for document in template.documents:
        if rows.is_published(template, document.kind):
            add_document(session, scheme.id, document, edition=1, signed_by=rows.signers(template, document.kind))
    if actor.person_id is not None:
        session.add(RoleGrant(person_id=actor.person_id, scheme_id=scheme.id, role=Role.COORDINATOR))
    audit.record(session, actor, "scheme.started", scheme.id, scheme_id=scheme.id, template=template_key)
    return scheme


def add_run(
    session: Session,
    actor: Actor,
    scheme: Scheme,
    name: str,
    starts_on: date,
    ends_on: date,
    is_demonstration: bool = False,
) -> Cohort:
    """Adds a run of the scheme; never commits. Raises Invalid for a name or dates that cannot be, Conflict if taken."""
    name = cohort_name(name)
    check_dates(starts_on, ends_on)
    if session.exec(select(Cohort.id).where(Cohort.scheme_id == scheme.id, Cohort.name == name)).first():
        raise taken(name)
    cohort = Cohort(
        scheme_id=scheme.id, name=name, starts_on=starts_on, ends_on=ends_on, is_demonstration=is_demonstration
    )
    session.add(cohort)
    audit.record(
        session,
        actor,
        "cohort.added",
        cohort.id,
        scheme_id=scheme.id,
        starts_on=starts_on.isoformat(),
        ends_on=ends_on.isoformat(),
    )
    return cohort


def add_document(
    session: Session,
    scheme_id: UUID,
    document: TemplateDocument,
    *,
    edition: int,
    signed_by: list[str],
) -> SchemeDocument:
    """Adds a published text with its clauses; never commits."""
    row = SchemeDocument(
        scheme_id=scheme_id,
        kind=DocumentKind(document.kind),
        language=document.language,
        edition=edition,
        title=document.title,
        text=document.text,
        sha256=document.sha256,
        signed_by=signed_by,
        published_at=utc_now(),
    )
    session.add(row)
    session.flush()
    session.add_all(
        Clause(
            document_id=row.id,
            key=clause.id,
            position=position,
            section=clause.section,
            heading=clause.heading,
            text=clause.text,
        )
        for position, clause in enumerate(document.clauses, start=1)
    )
    return row


def cohort_name(typed: str) -> str:
    """A cohort's name as it is kept. Raises Invalid."""
    name = cleaning.text(typed, field="The cohort's name", longest=100, lines=False)
    if not cleaning.visible(name):
        raise Invalid("The cohort has no name.", remedy="Enter a name such as 2026/27.")
    return name


def check_dates(starts_on: date, ends_on: date) -> None:
    """A cohort ends after it starts, and within five years. Raises Invalid."""
    if ends_on <= starts_on:
        raise Invalid("The cohort ends before it starts.", remedy="Choose a last day after the first one.")
    if ends_on.year - starts_on.year > LONGEST_COHORT_YEARS:
        raise Invalid(
            f"The cohort is longer than {LONGEST_COHORT_YEARS} years.",
            remedy="Check the year of its last day, or plan several cohorts.",
        )


def _offer(template: SchemeTemplate) -> Offer:
    signers = [f"{side}s" for side in ("mentor", "mentee") if getattr(template.signature, side)]
    proposes = "The coordinator proposes, the mentee answers"
    wishes = "Mentees rank their wishes, the mentor answers"
    facts = [proposes if template.answered_by == "mentee" else wishes, f"Signed by {' and '.join(signers)}"]
    if any(module.required for module in template.modules):
        facts.append("Training comes first")
    return Offer(template.key, template.name, template.summary, tuple(facts))


def taken(name: str) -> Conflict:
    """What is said of a name that another cohort of the scheme has."""
    return Conflict(f"The scheme already has a cohort called {name}.", remedy="Choose another name.")


def unused_name(session: Session, typed: str, *, but: UUID | None = None) -> str:
    """A scheme's name as it is kept. Raises Invalid, and Conflict when another scheme (than `but`) has it.

    Two of one name could not be told apart, in the menu or on the page of rights.
    """
    name = cleaning.name(typed, field="The scheme's name")
    others = session.exec(select(Scheme.name).where(Scheme.id != but)).all()
    if cleaning.compare_key(name) in {cleaning.compare_key(other) for other in others}:
        raise Conflict("Another scheme has this name already.", remedy="Choose one that tells the two apart.")
    return name


def _free_name(session: Session, wanted: str | None, usual: str) -> str:
    """The name asked for, or the template's with a number when another scheme has it already."""
    if wanted is not None:
        return unused_name(session, wanted)
    there = set(session.exec(select(Scheme.name).where(col(Scheme.name).startswith(usual, autoescape=True))).all())
    number = 1
    while (name := usual if number == 1 else f"{usual} ({number})") in there:
        number += 1
    return name
