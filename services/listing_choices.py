"""What a mentor shows in the directory beside the four facts of U-1: one switch for each answer, off until moved.

A scheme's form says which answers may be shown, and under which words (`FormField.listing`). Each agreement is kept as
a consent is, in the words of its day. Whoever leaves the directory, or whose question is no longer offered for it, has
taken it back with that: it never comes on again by itself.
"""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, case
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from models.enrolments import ConsentPurpose, DirectoryChoice, Enrolment, Side
from models.people import Person
from models.schemes import Cohort, FormField, Scheme
from services import access, answer_choices, audit, cleaning, consents, enrolment_form, form_kinds
from services.access import Actor
from services.answer_choices import Choice
from services.answer_history import NOT_FOR_COORDINATORS
from services.consents import Agreed
from services.errors import Conflict, Invalid
from services.schemes.shapes import NEVER_LISTED
from services.units import writes

LONGEST = 200
HELP = "Stands beside your profile, and only while that is listed. Off until you switch it on."
AUDIENCE = "Approved mentees of your cohort who do not have a mentor yet, once they have signed in."
# The four facts are there already; how to reach somebody, and what is told to the coordinator alone, never is.
_NEVER = NOT_FOR_COORDINATORS | {"full_name", "sort_name", "role_title", "summary", "goals", "channels", "access_needs"}


def may_be_offered(key: str, kind: str, roles: Collection[str]) -> bool:
    """Whether the answer to such a question of the form could be shown in the directory at all."""
    return Side.MENTOR.value in roles and kind not in NEVER_LISTED and key not in _NEVER


def mine(session: Session, actor: Actor) -> tuple[Choice, ...]:
    """The switches of a mentor who is listed, in the order of the form; none for others. Raises NotAllowed."""
    enrolment = access.own_enrolment(session, actor)
    if enrolment.side is not Side.MENTOR or ConsentPurpose.DIRECTORY not in consents.given(session, enrolment.id):
        return ()
    on = answer_choices.switched_on(session, DirectoryChoice, enrolment.id)
    person = session.get_one(Person, enrolment.person_id)
    return tuple(
        _choice(field, on, form_kinds.in_words(field, enrolment_form.value_of(field, person, enrolment)))
        for field in _fields(session, enrolment.id)
    )


@writes
def show(session: Session, actor: Actor, key: str) -> None:
    """Show the answer to one question in the directory, too. Raises NotAllowed, Invalid, Conflict."""
    enrolment = enrolment_form.own_open_enrolment(session, actor)
    if ConsentPurpose.DIRECTORY not in consents.given(session, enrolment.id):
        raise Conflict("Your profile is not listed.", remedy="List your profile first, then choose what else it shows.")
    field = next((each for each in _fields(session, enrolment.id) if each.key == key), None)
    if field is None or enrolment.side is not Side.MENTOR:
        raise Invalid("This scheme does not show that.", remedy="Reload the page to see its questions.")
    words, language = _choice(field).words, field.language
    fingerprint = answer_choices.add(session, DirectoryChoice, enrolment.id, key, words, language)
    if fingerprint is not None:
        audit.record(session, actor, "directory.shown", enrolment.id, question=key, wording_sha256=fingerprint)
    answer_choices.commit(session)


@writes
def hide(session: Session, actor: Actor, key: str) -> None:
    """Show it no longer, whatever the state of the enrolment. Raises NotAllowed."""
    enrolment = access.own_enrolment(session, actor)
    which = answer_choices.of_question(DirectoryChoice, enrolment.id, key)
    if answer_choices.withdraw(session, DirectoryChoice, *which):
        audit.record(session, actor, "directory.hidden", enrolment.id, question=key)
    session.commit()


@writes
def offer(session: Session, actor: Actor, field_id: UUID, *, version: int, words: str) -> None:
    """Let mentors show the answer in the directory under these words ("What I am glad to give"); '' for no longer.

    What is no longer offered is gone from the directory at once and stays off should it be offered again. Raises
    NotAllowed, Invalid for a question that must never be shown, and Conflict when it was changed meanwhile.
    """
    field = session.get(FormField, field_id)
    access.scheme_to_coordinate(session, actor, field.scheme_id if field else field_id)
    if field is None or field.version != version:
        raise Conflict("Somebody else changed this question.", remedy="Reload the page to see how it reads now.")
    said = cleaning.text(words, field="The words in the directory", longest=LONGEST, lines=False) or None
    if said and not may_be_offered(field.key, field.kind, field.roles):
        raise Invalid("This answer is never shown in the directory.", remedy="Choose another question.")
    if said != field.listing:
        field.listing = said
        if said is None:
            of_scheme = select(Enrolment.id).join(Cohort).where(Cohort.scheme_id == field.scheme_id)
            mine = (col(DirectoryChoice.field_key) == field.key, col(DirectoryChoice.enrolment_id).in_(of_scheme))
            answer_choices.withdraw(session, DirectoryChoice, *mine)
        what = "form.question_offered_to_directory" if said else "form.question_kept_from_directory"
        audit.record(session, actor, what, field.id, scheme_id=field.scheme_id, key=field.key)
    session.commit()


def shown(session: Session, mentor_ids: Collection[UUID]) -> Mapping[UUID, tuple[tuple[str, str], ...]]:
    """(words, answer) of what these mentors of one scheme show besides, in the order of the form.

    No other answer leaves the database. Whether they are listed at all is for the caller to ask before.
    """
    if not mentor_ids or session.exec(_anything(), params={"ids": list(mentor_ids)}).first() is None:
        return {}
    fields = {field.key: field for field in _fields(session, next(iter(mentor_ids)))}
    if not fields:
        return {}
    rows = session.exec(_answers(tuple(sorted(fields))), params={"ids": list(mentor_ids)}).all()
    found: dict[UUID, dict[str, str]] = {}
    for mentor_id, key, kept in rows:
        found.setdefault(mentor_id, {})[key] = form_kinds.in_words(fields[key], answer_choices.read(key, kept))
    labelled = [(field.key, field.listing) for field in fields.values()]
    return {mentor_id: answer_choices.in_order(labelled, said) for mentor_id, said in found.items()}


def history(session: Session, actor: Actor) -> tuple[Agreed, ...]:
    """All that the person ever chose to show besides, newest first, also what they took back. Raises NotAllowed."""
    enrolment = access.own_enrolment(session, actor)
    today = {field.key: _choice(field).words for field in _fields(session, enrolment.id)}
    return answer_choices.history(session, DirectoryChoice, enrolment.id, ConsentPurpose.DIRECTORY, today)


def _choice(field: Any, on: Collection[str] = (), answer: str = "") -> Choice:
    return Choice(field.key, f"Also show: {field.listing}", answer, field.key in on, HELP, AUDIENCE)


def _fields(session: Session, enrolment_id: UUID) -> list[Any]:
    """The questions of the scheme of an enrolment whose answers may be shown, in the order of the form."""
    return list(session.exec(_offered(), params={"enrolment_id": enrolment_id}))


@cache
def _offered() -> Any:
    """Columns, for reading only. A question that somehow must not be shown is not, whatever its row says."""
    columns = (FormField.key, FormField.kind, FormField.labels, FormField.options, FormField.listing)
    return (
        select_columns(*columns, Scheme.language)  # type: ignore[call-overload]
        .select_from(Enrolment)
        .join(Cohort, col(Cohort.id) == Enrolment.cohort_id)
        .join(Scheme, col(Scheme.id) == Cohort.scheme_id)
        .join(FormField, col(FormField.scheme_id) == Scheme.id)
        .where(
            col(Enrolment.id) == bindparam("enrolment_id"),
            col(FormField.listing).is_not(None),
            col(FormField.retired_at).is_(None),
            col(FormField.kind).not_in(NEVER_LISTED),
            col(FormField.key).not_in(_NEVER),
        )
        .order_by(col(FormField.step), col(FormField.position))
    )


@cache
def _anything() -> Any:
    """Whether anybody of `ids` shows more: mostly nobody does, and the form need not be read."""
    open_ones = col(DirectoryChoice.withdrawn_at).is_(None)
    these = col(DirectoryChoice.enrolment_id).in_(bindparam("ids", expanding=True))
    return select(DirectoryChoice.field_key).where(these, open_ones).limit(1)


@cache
def _answers(keys: tuple[str, ...]) -> Any:
    """(mentor, question, answer as it is kept) of what is switched on, for mentors who are `ids`."""
    kept = case(*((col(DirectoryChoice.field_key) == key, answer_choices.kept(key)) for key in keys))
    return (
        select_columns(DirectoryChoice.enrolment_id, DirectoryChoice.field_key, kept)  # type: ignore[call-overload]
        .join(Enrolment, col(Enrolment.id) == DirectoryChoice.enrolment_id)
        .join(Person, col(Person.id) == Enrolment.person_id)
        .where(
            col(DirectoryChoice.enrolment_id).in_(bindparam("ids", expanding=True)),
            col(DirectoryChoice.field_key).in_(keys),
            col(DirectoryChoice.withdrawn_at).is_(None),
        )
    )
