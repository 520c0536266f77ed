"""The scheme's own enrolment form: its questions, what is answered already, and where an answer is kept.

Some answers belong to the person (and so to every scheme they are in), some to columns of the enrolment, the rest to
`answers` by the question's key. The email address is how a person signs in: the form shows it and never changes it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, inspect
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.people import Person
from models.schemes import Cohort, FormField, Scheme
from services import access, cleaning, form_kinds
from services.access import Actor
from services.errors import Conflict, Invalid
from services.form_kinds import LISTS
from services.schemes import wording

CONFLICTS_STEP, CONSENTS_STEP, REVIEW_STEP = 4, 5, 6
STEP_TITLES = {
    1: {Side.MENTOR: "Who I am", Side.MENTEE: "Who I am"},
    2: {Side.MENTOR: "What I offer", Side.MENTEE: "What I hope for"},
    3: {Side.MENTOR: "How to reach me", Side.MENTEE: "How to reach me"},
    CONFLICTS_STEP: {Side.MENTOR: "Conflicts", Side.MENTEE: "Conflicts"},
    CONSENTS_STEP: {Side.MENTOR: "Consents", Side.MENTEE: "Consents"},
    REVIEW_STEP: {Side.MENTOR: "Review", Side.MENTEE: "Review"},
}
OF_PERSON = frozenset({"full_name", "called", "sort_name", "pronouns", "email", "telephone", "wechat_id", "time_zone"})
OF_ENROLMENT = frozenset(
    {
        "role_title",
        "organisation",
        "sector",
        "summary",
        "goals",
        "years_of_experience",
        "languages",
        "channels",
        "capacity",
    }
)
OPEN_STATUSES = frozenset(set(EnrolmentStatus) - {EnrolmentStatus.DECLINED, EnrolmentStatus.WITHDRAWN})
# What an introduction on My match says in any case (SECURITY b2); further answers by the question's own rule.
SEEN_ANYWAY = {
    Side.MENTOR: frozenset({"role_title", "sector", "summary"}),
    Side.MENTEE: frozenset({"summary", "goals"}),
}
ALWAYS, CHOICE = "always", "choice"
_BY_RULE = {
    ALWAYS: "Your {other} sees it too while you are matched.",
    CHOICE: "Your {other} sees it only while you are matched, and only if you switch that on under Consents.",
}
_OTHER = {Side.MENTOR: "mentee", Side.MENTEE: "mentor"}
_IF_SHOWN = "Mentees who look for a mentor see it only if you list your profile and switch this on there."
# What lists of people are sorted by comes from these.
NAMES = frozenset({"full_name", "sort_name"})


@dataclass(frozen=True)
class Question:
    """One question with its answer so far, also in words (`shown`, '' for none).

    `options` are (code, label); `longest` is characters or a largest number. `for_match`: ALWAYS, CHOICE or '' for
    whether the other half of a pair sees the answer.
    """

    key: str
    kind: str
    label: str
    help: str
    audience: str
    required: bool
    options: tuple[tuple[str, str], ...]
    longest: int
    value: Any
    shown: str = ""
    clause: str | None = None
    for_match: str = ""

    @property
    def is_blank(self) -> bool:
        return self.value is None or self.value in ("", [])


def own_open_enrolment(session: Session, actor: Actor) -> Enrolment:
    """The actor's enrolment, while it can still change. Raises NotAllowed, Conflict."""
    enrolment = access.own_enrolment(session, actor)
    if enrolment.status not in OPEN_STATUSES:
        raise Conflict(
            "This enrolment is closed and can no longer be changed.", remedy="Ask the coordinator to invite you again."
        )
    return enrolment


def fields_of(session: Session, cohort_ids: Iterable[UUID]) -> dict[UUID, tuple[FormField, ...]]:
    """The questions in use, in the order of the form, by cohort; one query. They are to read, not to change."""
    found: dict[UUID, tuple[FormField, ...]] = {}
    for field in session.exec(_fields_in_use(), params={"cohort_ids": list(cohort_ids)}):
        found[field.of_cohort] = (*found.get(field.of_cohort, ()), field)
    return found


@cache  # asked at every answer that is saved: building it costs more than asking
def _fields_in_use() -> Any:
    columns = (getattr(FormField, column.key) for column in inspect(FormField).column_attrs)
    return (
        select_columns(col(Cohort.id).label("of_cohort"), *columns)
        .join(FormField, col(FormField.scheme_id) == Cohort.scheme_id)
        .where(col(Cohort.id).in_(bindparam("cohort_ids", expanding=True)), col(FormField.retired_at).is_(None))
        .order_by(col(FormField.step), col(FormField.position))
    )


def questions(fields: Iterable[FormField], side: Side, person: Person, enrolment: Enrolment) -> tuple[Question, ...]:
    """The side's questions with this person's answers."""
    return tuple(question(field, side, value_of(field, person, enrolment)) for field in fields if side in field.roles)


def missing(fields: Iterable[FormField], side: Side, person: Person, enrolment: Enrolment) -> tuple[str, ...]:
    """Labels of the required questions that have no answer yet."""
    return tuple(
        wording.label(field, side)
        for field in fields
        if side in field.roles and field.required and value_of(field, person, enrolment) in (None, "", [])
    )


def value_of(field: FormField, person: Person, enrolment: Enrolment) -> Any:
    """The answer as it is kept; None (or [] for a list) when there is none."""
    if field.key in OF_PERSON:
        return getattr(person, field.key)
    if field.key in OF_ENROLMENT:
        return getattr(enrolment, field.key)
    return enrolment.answers.get(field.key, [] if field.kind in LISTS else None)


def cleaned(field: FormField, side: Side, raw: Any, person: Person, enrolment: Enrolment) -> Any:
    """The answer as it will be kept: None for a blank, a list for several. Raises Invalid, naming the question.

    What is kept already may stay, also where an import brought a word that no list knows.
    """
    label, before = wording.label(field, side), value_of(field, person, enrolment)
    value = form_kinds.checked(field, label, raw, before)
    if value is None:
        return _blank(field, label)
    if field.key == "email":
        return _same_email(value, label, before)
    if field.key == "full_name":
        cleaning.name(value, field=label)
    return value


def put(field: FormField, value: Any, person: Person, enrolment: Enrolment) -> bool:
    """Puts a cleaned answer where it belongs; True when that changed anything."""
    if value == value_of(field, person, enrolment):
        return False
    if field.key == "telephone":
        person.telephone_key = cleaning.telephone(value).e164 if value else None
    if field.key in OF_PERSON or field.key in OF_ENROLMENT:
        setattr(person if field.key in OF_PERSON else enrolment, field.key, value)
    else:
        enrolment.answers = {**enrolment.answers, field.key: value}
    return True


def scheme_of(session: Session, cohort_id: UUID) -> Scheme:
    """The scheme that the cohort is a run of."""
    return session.exec(
        select(Scheme).join(Cohort, col(Cohort.scheme_id) == Scheme.id).where(Cohort.id == cohort_id)
    ).one()


def sort_key(person: Person) -> str:
    """Where lists have the person; the whole name stands in it too, because searches look there."""
    return sorted_by(person.full_name, person.sort_name)


def sorted_by(full_name: str, sort_name: str | None) -> str:
    """The same of names that no row holds yet."""
    return " ".join(name for name in (sort_name, full_name) if name).casefold()[:200]


def question(field: FormField, side: Side, value: Any) -> Question:
    """One question as this side is asked it, with an answer."""
    return Question(
        key=field.key,
        kind=field.kind,
        label=wording.label(field, side),
        help=wording.help_for(field, side),
        audience=_audience(field, side),
        required=field.required,
        options=form_kinds.options(field, value),
        longest=field.longest,
        value=value,
        shown=form_kinds.in_words(field, value),
        clause=field.clause,
        for_match=rule_for_match(field, side),
    )


def _audience(field: FormField, side: Side) -> str:
    """Who will see the answer: the scheme's words, then of the match and of the directory what their rules say."""
    said = [wording.audience(field, side)]
    if rule := rule_for_match(field, side):
        said.append(_BY_RULE[rule].format(other=_OTHER[side]))
    if field.listing and side is Side.MENTOR:
        said.append(_IF_SHOWN)
    return " ".join(said)


def rule_for_match(field: FormField, side: Side) -> str:
    """Whether the match of somebody on that side sees their answer while it is open: ALWAYS, CHOICE or ''."""
    return ALWAYS if field.key in SEEN_ANYWAY[side] else (field.for_match or {}).get(side.value, "")


def _blank(field: FormField, label: str) -> Any:
    """What an empty answer is kept as. Three columns cannot be empty; the rest may, until the form is sent."""
    if field.key in {"full_name", "email"}:
        raise Invalid(f"{label} is empty.", remedy="Enter it, then save again.")
    if field.key == "capacity":
        raise Invalid(f"{label} is empty.", remedy="Enter a number; 0 means nobody for now.")
    return None


def _same_email(typed: str, label: str, before: Any) -> Any:
    if cleaning.email(typed, field=label).key != cleaning.email(before).key:
        raise Invalid(
            f"{label} is how you sign in, and stays as it is here.",
            remedy="To take part with another address, ask the coordinator to invite that one.",
        )
    return before
