"""The scheme's own enrolment form: its questions, what is answered already, and where an answer is kept.

Some answers belong to the person (and so to every scheme they are in), some to columns of the enrolment, the rest to
`answers` by the question's key. The email address is how a person signs in: the form shows it and never changes it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from sqlmodel import Session, col, select

from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.people import Person
from models.schemes import Cohort, FormField, Scheme
from services import access, cleaning, languages
from services.access import Actor
from services.errors import Conflict, Invalid
from services.schemes import wording
from services.schemes.sectors import sector_for, sectors

CONFLICTS_STEP, CONSENTS_STEP, REVIEW_STEP = 4, 5, 6
STEP_TITLES = {
    1: {Side.MENTOR: "Who I am", Side.MENTEE: "Who I am"},
    2: {Side.MENTOR: "What I offer", Side.MENTEE: "What I hope for"},
    3: {Side.MENTOR: "How to reach me", Side.MENTEE: "How to reach me"},
    CONFLICTS_STEP: {Side.MENTOR: "Conflicts", Side.MENTEE: "Conflicts"},
    CONSENTS_STEP: {Side.MENTOR: "Consents", Side.MENTEE: "Consents"},
    REVIEW_STEP: {Side.MENTOR: "Review", Side.MENTEE: "Review"},
}
OF_PERSON = frozenset({"full_name", "called", "pronouns", "email", "telephone", "wechat_id", "time_zone"})
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
LISTS = frozenset({"choices", "languages"})


@dataclass(frozen=True)
class Question:
    """One question with its answer so far. `options` are (code, label); `longest` is characters or a largest number."""

    key: str
    kind: str
    label: str
    help: str
    audience: str
    required: bool
    options: tuple[tuple[str, str], ...]
    longest: int
    value: Any

    @property
    def shown(self) -> str:
        """The answer in words, '' when there is none."""
        if self.kind in LISTS:
            return ", ".join(dict(self.options).get(code, code) for code in self.value)
        if self.kind in {"choice", "sector"}:
            return dict(self.options).get(self.value, self.value or "")
        return "" if self.value is None else str(self.value)

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
    """The questions in use, in the order of the form, by cohort; one query."""
    statement = (
        select(Cohort.id, FormField)
        .join(FormField, col(FormField.scheme_id) == Cohort.scheme_id)
        .where(col(Cohort.id).in_(list(cohort_ids)), col(FormField.retired_at).is_(None))
        .order_by(col(FormField.step), col(FormField.position))
    )
    found: dict[UUID, tuple[FormField, ...]] = {}
    for cohort_id, field in session.exec(statement):
        found[cohort_id] = (*found.get(cohort_id, ()), field)
    return found


def questions(fields: Iterable[FormField], side: Side, person: Person, enrolment: Enrolment) -> tuple[Question, ...]:
    """The side's questions with this person's answers."""
    return tuple(_question(field, side, value_of(field, person, enrolment)) for field in fields if side in field.roles)


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
    if field.kind == "consent":
        raise Invalid(f"{label} is a switch.", remedy="Set it in the step about consents.")
    if field.kind in LISTS:
        return _chosen(field, label, [str(item) for item in raw or []], before)
    typed = "" if raw is None else str(raw)
    if not typed.strip():
        return _blank(field, label)
    if field.kind == "email":
        return _same_email(typed, label, before)
    return _one(field, label, typed, before)


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


def _question(field: FormField, side: Side, value: Any) -> Question:
    return Question(
        key=field.key,
        kind=field.kind,
        label=wording.label(field, side),
        help=wording.help_for(field, side),
        audience=wording.audience(field, side),
        required=field.required,
        options=_options(field, value),
        longest=field.longest,
        value=value,
    )


def _options(field: FormField, value: Any) -> tuple[tuple[str, str], ...]:
    """What may be chosen. An imported answer that the list does not know stays a choice, so that nothing is lost."""
    known: Mapping[str, str] = {}
    if field.kind == "sector":
        known = sectors()
    elif field.kind == "languages":
        known = languages.LANGUAGES
    elif field.kind == "time_zone":
        known = _zones()
    elif field.kind in {"choice", "choices"}:
        known = {code: wording.option_label(field, code) for code in field.options}
    else:
        return ()
    kept = value if isinstance(value, list) else [value] if value else []
    return tuple((known | {code: code for code in kept if code not in known}).items())  # type: ignore[operator]


@cache
def _zones() -> dict[str, str]:
    return {
        zone: zone for zone in sorted(available_timezones()) if ("/" in zone and "Etc" not in zone) or zone == "UTC"
    }


def _one(field: FormField, label: str, typed: str, before: Any) -> Any:
    cleaner: dict[str, Callable[[], Any]] = {
        "telephone": lambda: cleaning.telephone(typed, field=label).typed,
        "wechat_id": lambda: cleaning.wechat_id(typed, field=label),
        "time_zone": lambda: cleaning.time_zone(typed, field=label),
        "whole_number": lambda: cleaning.whole_number(typed, field=label, lo=0, hi=field.longest),
        "sector": lambda: typed if typed == before else _known_sector(typed, label),
        "choice": lambda: _chosen(field, label, [typed], before)[0],
    }
    if field.kind in cleaner:
        return cleaner[field.kind]()
    if field.key == "full_name":
        cleaning.name(typed, field=label)
    return cleaning.text(typed, field=label, longest=field.longest, lines=field.kind == "long_text") or None


def _blank(field: FormField, label: str) -> Any:
    """What an empty answer is kept as. Three columns cannot be empty; the rest may, until the form is sent."""
    if field.key in {"full_name", "email"}:
        raise Invalid(f"{label} is empty.", remedy="Enter it, then save again.")
    if field.key == "capacity":
        raise Invalid(f"{label} is empty.", remedy="Enter a number; 0 means nobody for now.")
    return None


def _same_email(typed: str, label: str, before: Any) -> Any:
    if cleaning.email(typed, field=label).key != cleaning.email(before).key:
        raise Invalid(f"{label} is how you sign in.", remedy="Ask the coordinator to change it.")
    return before


def _known_sector(typed: str, label: str) -> str:
    code = sector_for(typed)
    if code is None:
        raise Invalid(f"{label} is not in the list.", remedy="Choose the nearest one.")
    return code


def _chosen(field: FormField, label: str, codes: list[str], before: Any) -> list[str]:
    known = {code for code, _ in _options(field, before or None)}
    if not set(codes) <= known:
        raise Invalid(f"{label} has an answer that is not in the list.", remedy="Choose from the list.")
    return list(dict.fromkeys(codes))
