"""The enrolment form as the coordinator edits it: ask more, word it better, reorder it, stop asking and ask again.

Nothing here touches an answer. A question that is retired keeps its answers, an option that is taken away keeps its
words, and whoever chose it keeps it. Every change names the version of the question that the editor saw.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, inspect
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from models.columns import utc_now
from models.enrolments import ConsentPurpose, Side
from models.schemes import FormField
from services import access, audit, cleaning, enrolment_form, form_kinds
from services.access import Actor
from services.enrolment_form import ALWAYS, CHOICE, OF_ENROLMENT, OF_PERSON, Question
from services.errors import Conflict, Invalid
from services.form_kinds import KINDS, WITH_OPTIONS
from services.schemes import wording
from services.schemes.shapes import NEVER_MATCHED
from services.units import writes

# Matching, mail, the directory and the clauses stand on these: they can be worded anew, but not taken away.
BUILT_IN = frozenset({"full_name", "email", "summary", "role_title", "sector", "channels", "capacity"}) | {
    purpose.value for purpose in ConsentPurpose
}
# These the scheme needs an answer to, or has one from the start.
ALWAYS_REQUIRED = frozenset({"full_name", "email", "capacity"})
OWN_STEPS = (1, 2, 3)
LONGEST_LABEL, LONGEST_HELP, LONGEST_AUDIENCE, LONGEST_OPTION = 200, 1000, 500, 100
MOST_OPTIONS = 60
MOST_FIELDS = 80
MOST_LISTED = 50
LENGTHS = {"short_text": 200, "long_text": 2000, "whole_number": 1000, "email": 254, "telephone": 40, "wechat_id": 64}


@dataclass(frozen=True)
class Editable:
    """A question as its editor sees it. `labels`, `helps` and `audiences` are by side; `options` are (code, label).

    `listing` is under which words mentors may show the answer in the directory; '' for not at all. `for_match` says by
    side what the other half of a pair sees of the answer (ALWAYS, CHOICE, ''), under which of `match_labels`.
    """

    id: UUID
    version: int
    key: str
    kind: str
    step: int
    sides: tuple[Side, ...]
    labels: Mapping[Side, str]
    helps: Mapping[Side, str]
    audiences: Mapping[Side, str]
    required: bool
    options: tuple[tuple[str, str], ...]
    clause: str | None
    is_retired: bool
    is_built_in: bool
    may_be_optional: bool
    has_own_options: bool
    for_match: Mapping[Side, str]
    match_labels: Mapping[Side, str]
    listing: str = ""


@dataclass(frozen=True)
class Wording:
    """What a question says to one side."""

    label: str
    help: str
    audience: str


def fields(session: Session, actor: Actor, scheme_id: UUID) -> tuple[Editable, ...]:
    """Every question of the form in its order, retired ones last. Raises NotAllowed."""
    access.refuse_unless_run(actor, scheme_id)
    rows = session.exec(_questions(), params={"scheme_id": scheme_id})
    found = sorted(rows, key=lambda field: field.retired_at is not None)
    return tuple(_editable(field) for field in found)


def preview(session: Session, actor: Actor, scheme_id: UUID, side: Side) -> dict[int, tuple[Question, ...]]:
    """The form as somebody on that side meets it, empty, by step. Raises NotAllowed."""
    access.refuse_unless_run(actor, scheme_id)
    asked = [field for field in _all(session, scheme_id) if field.retired_at is None and side in field.roles]
    blank: dict[str, Any] = {field.key: [] if field.kind in form_kinds.LISTS else None for field in asked}
    return {
        step: tuple(enrolment_form.question(field, side, blank[field.key]) for field in asked if field.step == step)
        for step in sorted({field.step for field in asked})
    }


@writes
def add(
    session: Session,
    actor: Actor,
    scheme_id: UUID,
    *,
    kind: str,
    step: int,
    sides: Sequence[Side],
    words: Wording,
    required: bool = False,
    options: Sequence[str] = (),
    for_match: str = "",
) -> Editable:
    """Ask one more question, at the end of its step. Raises NotAllowed, Invalid.

    `for_match` says whether the other half of a pair sees the answers: ALWAYS, CHOICE or '' for never.
    """
    access.scheme_to_coordinate(session, actor, scheme_id)
    if kind not in KINDS or kind in {"consent", "capacity"}:
        raise Invalid("There is no such kind of question.", remedy="Choose one of the list.")
    if step not in OWN_STEPS or not sides:
        raise Invalid("It is not clear who is asked, or where.", remedy="Choose a step and at least one side.")
    if for_match not in {"", ALWAYS, CHOICE} or (for_match and kind in NEVER_MATCHED):
        raise Invalid("This answer is never shown to a match.", remedy="Choose that it is not shown.")
    present = _all(session, scheme_id)
    if len(present) >= MOST_FIELDS:
        raise Invalid(f"The form has {MOST_FIELDS} questions already.", remedy="Bring back a retired one instead.")
    said, offered = _checked(words), _options(kind, options, {})
    field = FormField(
        scheme_id=scheme_id,
        key=_free_key(said.label, {each.key for each in present}),
        roles=[side.value for side in Side if side in sides],
        step=step,
        position=max((each.position for each in present), default=0) + 1,
        kind=kind,
        labels={},
        audience=said.audience,
        required=required,
        options=list(offered),
        longest=LENGTHS.get(kind, 2000),
        for_match={side.value: for_match for side in Side if side in sides} if for_match else None,
    )
    _put_words(field, dict.fromkeys(map(Side, field.roles), said))
    field.labels = field.labels | {f"option:{code}": label for code, label in offered.items()}
    session.add(field)
    audit.record(session, actor, "form.question_added", field.id, scheme_id=scheme_id, key=field.key, kind=kind)
    session.commit()
    return _editable(field)


@writes
def reword(
    session: Session,
    actor: Actor,
    field_id: UUID,
    *,
    version: int,
    words: Mapping[Side, Wording],
    required: bool,
    options: Sequence[tuple[str, str]] | None = None,
) -> Editable:
    """Say it better, ask for it or not, offer other options ((code or '', label); None: as they are).

    Raises NotAllowed, Invalid, and Conflict when somebody else has changed the question since.
    """
    field = field_to_edit(session, actor, field_id, version)
    if field.key in ALWAYS_REQUIRED or field.kind == "consent":
        required = field.required
    before = (dict(field.labels), field.help, field.audience, field.required, list(field.options))
    _put_words(field, {side: _checked(words[side]) for side in map(Side, field.roles) if side in words})
    field.required = required
    if options is not None and form_kinds.has_own_options(field):
        # What was offered once and is written again is the same option again.
        ever = {wording.option_label(field, code): code for code in form_kinds.codes_ever(field)}
        named = [(code or ever.get(label.strip(), ""), label) for code, label in options]
        kept = {code: label for code, label in named if code in form_kinds.codes_ever(field)}
        offered = _options(field.kind, [label for _, label in options], kept, taken=form_kinds.codes_ever(field))
        field.options = list(offered)
        field.labels = field.labels | {f"option:{code}": label for code, label in offered.items()}
    if before != (field.labels, field.help, field.audience, field.required, field.options):
        what = "form.question_reworded"
        audit.record(session, actor, what, field.id, scheme_id=field.scheme_id, key=field.key)
    session.commit()
    return _editable(field)


@writes
def move(session: Session, actor: Actor, field_id: UUID, *, version: int, by: int) -> None:
    """One place up (-1) or down (1) within its step; at the end of it nothing happens. Raises NotAllowed, Conflict."""
    field = field_to_edit(session, actor, field_id, version)
    beside = [each for each in _all(session, field.scheme_id) if each.step == field.step and each.retired_at is None]
    at = next((number for number, each in enumerate(beside) if each.id == field.id), None)
    if at is not None and 0 <= at + by < len(beside):
        other = beside[at + by]
        if other.position == field.position:
            other.position += by
        field.position, other.position = other.position, field.position
        audit.record(session, actor, "form.question_moved", field.id, scheme_id=field.scheme_id, key=field.key)
    session.commit()


@writes
def retire(session: Session, actor: Actor, field_id: UUID, *, version: int) -> None:
    """Stop asking; every answer is kept. Raises NotAllowed, Invalid for what the desk stands on, Conflict."""
    field = field_to_edit(session, actor, field_id, version)
    if field.key in BUILT_IN:
        raise Invalid("The desk needs this question.", remedy="You can word it differently, or make it optional.")
    if field.retired_at is None:
        field.retired_at = utc_now()
        audit.record(session, actor, "form.question_retired", field.id, scheme_id=field.scheme_id, key=field.key)
    session.commit()


@writes
def bring_back(session: Session, actor: Actor, field_id: UUID, *, version: int) -> None:
    """Ask it again, with the answers that were given before. Raises NotAllowed, Conflict."""
    field = field_to_edit(session, actor, field_id, version)
    if field.retired_at is not None:
        field.retired_at = None
        audit.record(session, actor, "form.question_brought_back", field.id, scheme_id=field.scheme_id, key=field.key)
    session.commit()


def field_to_edit(session: Session, actor: Actor, field_id: UUID, version: int | None) -> FormField:
    """A question of a scheme that the actor runs, as the editor last saw it. Raises NotAllowed, Conflict."""
    field = session.get(FormField, field_id)
    scheme = access.scheme_to_coordinate(session, actor, field.scheme_id if field else field_id)
    if field is None or field.scheme_id != scheme.id:
        raise Conflict("This question is not there any more.", remedy="Reload the page to see the form.")
    if version is not None and field.version != version:
        raise Conflict(
            "Somebody else changed this question while you were editing it.",
            remedy="Reload the page to see how it reads now, then make your change again.",
        )
    return field


def _all(session: Session, scheme_id: UUID) -> list[FormField]:
    statement = select(FormField).where(FormField.scheme_id == scheme_id)
    return list(session.exec(statement.order_by(col(FormField.step), col(FormField.position), col(FormField.id))))


@cache  # columns, as a screen only looks at them: a row that could be changed costs it more than its words
def _questions() -> Any:
    """The columns of every question of a scheme, in the order of the form."""
    in_order = (col(FormField.step), col(FormField.position), col(FormField.id))
    columns = (getattr(FormField, column.key) for column in inspect(FormField).column_attrs)
    return select_columns(*columns).where(col(FormField.scheme_id) == bindparam("scheme_id")).order_by(*in_order)


def _editable(field: FormField) -> Editable:
    sides = tuple(Side(role) for role in field.roles)
    return Editable(
        id=field.id,
        version=field.version,
        key=field.key,
        kind=field.kind,
        step=field.step,
        sides=sides,
        labels={side: wording.label(field, side) for side in sides},
        helps={side: wording.help_for(field, side) for side in sides},
        audiences={side: wording.audience(field, side) for side in sides},
        required=field.required,
        options=tuple((code, wording.option_label(field, code)) for code in field.options),
        clause=field.clause,
        is_retired=field.retired_at is not None,
        is_built_in=field.key in BUILT_IN,
        may_be_optional=field.key not in ALWAYS_REQUIRED and field.kind != "consent",
        has_own_options=form_kinds.has_own_options(field),
        listing=field.listing or "",
        for_match={side: (field.for_match or {}).get(side.value, "") for side in sides},
        match_labels={side: field.labels.get(f"match:{side.value}", "") for side in sides},
    )


def _checked(words: Wording) -> Wording:
    label = cleaning.text(words.label, field="The question", longest=LONGEST_LABEL, lines=False)
    if not cleaning.visible(label):
        raise Invalid("The question has no words.", remedy="Write what people are asked.")
    audience = cleaning.text(words.audience, field="Who sees the answer", longest=LONGEST_AUDIENCE, lines=False)
    if not cleaning.visible(audience):
        raise Invalid("It is not said who will see the answer.", remedy="Write it, for example: The coordinator only.")
    return Wording(label, cleaning.text(words.help, field="The help", longest=LONGEST_HELP), audience)


def _put_words(field: FormField, words: Mapping[Side, Wording]) -> None:
    """The columns hold the first side's words; another side's stand beside its label where they differ."""
    sides = [Side(role) for role in field.roles]
    said = {
        side: words.get(side)
        or Wording(wording.label(field, side), wording.help_for(field, side), wording.audience(field, side))
        for side in sides
    }
    first = said[sides[0]]
    labels = {key: text for key, text in field.labels.items() if key.startswith(("option:", "match:"))}
    for side, each in said.items():
        labels[side.value] = each.label
        if each.help != first.help:
            labels[f"help:{side.value}"] = each.help
        if each.audience != first.audience:
            labels[f"audience:{side.value}"] = each.audience
    field.labels, field.help, field.audience = labels, first.help, first.audience


def _options(kind: str, labels: Sequence[str], kept: Mapping[str, str], *, taken: Sequence[str] = ()) -> dict[str, str]:
    """Code to label, in order. Options that were there keep their codes, so that answers keep their meaning."""
    if kind not in WITH_OPTIONS:
        return {}
    code_of = {label: code for code, label in kept.items()}
    found: dict[str, str] = {}
    for typed in labels:
        label = cleaning.text(typed, field="Each option", longest=LONGEST_OPTION, lines=False)
        if label:
            code = code_of.get(typed) or _free_key(label, {*taken, *found, *kept})
            found[code] = label
    if not 1 < len(found) <= MOST_OPTIONS or len(set(found.values())) < len(found):
        raise Invalid(
            "The options are fewer than two, too many, or two of them read the same.",
            remedy=f"Write 2 to {MOST_OPTIONS} different options, one on each line.",
        )
    return found


def _free_key(label: str, taken: set[str]) -> str:
    """A short name for the database that no other has; it never changes, whatever the words become."""
    stem = re.sub(r"[^a-z0-9]+", "_", label.casefold()).strip("_")[:30] or "own"
    stem = stem if stem[0].isalpha() else f"q_{stem}"
    taken = taken | OF_PERSON | OF_ENROLMENT | {purpose.value for purpose in ConsentPurpose}
    number, key = 1, stem
    while key in taken:
        number += 1
        key = f"{stem}_{number}"
    return key
