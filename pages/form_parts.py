"""A question of the enrolment form on screen: its widget, who will see the answer, and saving it as it is given.

Every widget saves by itself, so a lost connection costs at most the field that is being typed in. What is kept for a
tab between its runs is a `Draft`: the answer as it was kept when the person last saw it, and what stands in the way.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.columns import utc_now
from pages.ui import find_actor, label, plain
from services import drafting, form_kinds, languages, storage, times, zone_names
from services.access import Actor
from services.drafting import AnsweredElsewhere
from services.enrolment_form import Question
from services.errors import Refusal
from services.form_kinds import LISTS

# Up to here all options are in view; a longer list is searched.
FEW = 9
PILLS = frozenset({"choices", "availability"})
_DRAFTS = "_drafts"


@dataclass
class Draft:
    """`base` is what was kept when the person last saw it, `raw` the same as the widget holds it.

    `fault` says why `typed` could not be kept; `other` is (value, words) of what another window has kept instead.
    A new `turn` gives the question a new widget.
    """

    base: Any
    raw: Any = None
    typed: Any = None
    fault: str | None = None
    other: tuple[Any, str] | None = None
    is_suggestion: bool = False
    saved_at: str | None = None
    turn: int = 0

    @property
    def is_stuck(self) -> bool:
        return self.fault is not None or self.other is not None


def ask(enrolment_id: UUID, question: Question) -> None:
    """The widget, what went wrong with it if anything did, and who will see the answer."""
    name = name_of(enrolment_id, question.key)
    draft = _drafts().setdefault(name, Draft(base=question.value))
    key = _widget_key(name, draft)
    shown = _seed(draft, question) if key not in st.session_state else question.value
    value = widget(question, key, shown, on_change=partial(_keep, enrolment_id, question.key))
    if value != draft.raw and not draft.is_stuck:
        _found_unsaved(draft, question, value)
    if draft.other is not None:
        _ask_which(enrolment_id, question, draft)
    elif draft.fault is not None:
        st.error(plain(draft.fault), icon=":material/error:")
    st.caption(_under(question, draft))


def widget(question: Question, key: str | None, value: Any, *, on_change: Any = None, disabled: bool = False) -> Any:
    """What fits the kind of answer; the label says what may be left out."""
    # Lists to choose from show a text as it is; pills take it for Markdown.
    words = dict(question.options)
    common: dict[str, Any] = {
        "label": label(question.label) + ("" if question.required else " (optional)"),
        "help": _why(question),
        "key": key,
        "on_change": on_change,
        "disabled": disabled or question.key == "email",
    }
    codes = list(words)
    if question.kind in PILLS and len(codes) <= FEW:
        # In the page's own ink: the theme's colour for a chosen one is too dark to read at night.
        in_ink = {code: f":violet[{label(text)}]" for code, text in words.items()}
        return st.pills(
            options=codes, default=value or [], selection_mode="multi", format_func=lambda code: in_ink[code], **common
        )
    if question.kind in LISTS:
        return st.multiselect(
            options=codes, default=value or [], format_func=lambda code: words[code], placeholder="Choose", **common
        )
    if codes:
        index = codes.index(value) if value in words else None
        return st.selectbox(
            options=codes, index=index, format_func=lambda code: words[code], placeholder="Choose", **common
        )
    # Of what is kept, and of what could not be kept: neither may be cut, nor be more than the widget takes.
    most = max(form_kinds.longest_of(question, question.value), form_kinds.longest_of(question, value))
    if question.kind in {"whole_number", "capacity"}:
        return st.number_input(min_value=0, max_value=most, step=1, value=value, **common)
    if question.kind == "long_text":
        return st.text_area(value=value or "", max_chars=most, **common)
    return st.text_input(value="" if value is None else str(value), max_chars=most, **common)


def save_all(enrolment_id: UUID, keys: tuple[str, ...]) -> bool:
    """Keep whatever of these questions is not kept yet; True when nothing stands in the way of any of them."""
    drafts = {key: draft for key in keys if (draft := _drafts().get(name_of(enrolment_id, key)))}
    with storage.reading() as session:
        for key, draft in drafts.items():
            value = st.session_state.get(_widget_key(name_of(enrolment_id, key), draft))
            if draft.other is None and (draft.is_suggestion or draft.fault or value != draft.raw):
                _store(session, find_actor(session), enrolment_id, key, value)
    return not any(draft.is_stuck for draft in drafts.values())


def is_stuck(enrolment_id: UUID, key: str) -> bool:
    """Whether what stands in the widget could not be kept."""
    draft = _drafts().get(name_of(enrolment_id, key))
    return draft is not None and draft.is_stuck


def last_saved() -> str | None:
    """The time on the clock at which this tab last kept an answer."""
    return st.session_state.get("_saved_at")


def raise_bug() -> None:
    """Raise what went wrong unexpectedly while an answer was saved, so that it is logged and has a reference."""
    bug = st.session_state.pop("_bug", None)
    if bug is not None:
        raise bug


def clock(actor: Actor) -> str:
    """Now, as "10:42" in the person's zone."""
    return f"{times.local_time(utc_now(), times.known_zone(st.context.timezone) or actor.time_zone or 'UTC'):%H:%M}"


def name_of(enrolment_id: UUID, key: str) -> str:
    """What the question is called in the state of a tab."""
    return f"{enrolment_id}-{key}"


def seen_by(question: Question) -> str:
    """ "Seen by the coordinator, and …", from a sentence that begins with whom."""
    return plain(f"Seen by {question.audience[:1].lower()}{question.audience[1:]}")


def _seed(draft: Draft, question: Question) -> Any:
    """What a widget that is drawn anew begins with: what could not be kept, what is kept, or what is likely."""
    if draft.is_stuck:
        return draft.typed
    draft.base, value = question.value, question.value
    draft.is_suggestion = question.is_blank and (suggestion := _suggested(question)) is not None
    if draft.is_suggestion:
        value = suggestion
    draft.raw = _as_widget(question, value)
    return value


def _as_widget(question: Question, value: Any) -> Any:
    """The value that the widget gives back for it."""
    if question.kind in LISTS:
        return list(value or [])
    if question.options or question.kind in {"whole_number", "capacity"}:
        return value
    return "" if value is None else str(value)


def _suggested(question: Question) -> Any:
    """What the browser tells, or nearly everybody says; it counts only once the person has saved it."""
    known = {code for code, _ in question.options}
    zone, locale = st.context.timezone, st.context.locale
    if question.kind == "time_zone" and isinstance(zone, str) and zone_names.present(zone) in known:
        return zone_names.present(zone)  # browsers tell Calcutta to this day
    if question.kind == "languages" and isinstance(locale, str) and (code := languages.of_locale(locale)):
        return [code]
    return ["email"] if question.key == "channels" and "email" in known else None


def _found_unsaved(draft: Draft, question: Question, value: Any) -> None:
    """The browser still holds what no server has kept: a restart came between. Ask, where something else is kept."""
    draft.typed = value
    if question.is_blank:
        draft.fault = "This is not saved yet. Press “Save and go on”."
    else:
        draft.other = (question.value, question.shown)


def _ask_which(enrolment_id: UUID, question: Question, draft: Draft) -> None:
    other = draft.other[1] if draft.other else ""
    st.warning(
        "Another window has a different answer to this. Yours, above, is not saved. "
        f"Saved is: {plain(other) if other else 'nothing'}",
        icon=":material/call_split:",
    )
    name = name_of(enrolment_id, question.key)
    with st.container(horizontal=True):
        st.button("Keep mine", key=f"mine-{name}", on_click=_choose_mine, args=(enrolment_id, question.key))
        st.button("Take the saved one", key=f"other-{name}", on_click=_choose_other, args=(name,))


def _choose_mine(enrolment_id: UUID, key: str) -> None:
    draft = _drafts()[name_of(enrolment_id, key)]
    if draft.other is not None:
        draft.base, draft.other = draft.other[0], None
    value = st.session_state.get(_widget_key(name_of(enrolment_id, key), draft), draft.typed)
    with storage.reading() as session:
        _store(session, find_actor(session), enrolment_id, key, value)


def _choose_other(name: str) -> None:
    draft = _drafts()[name]
    _drafts()[name] = replace(draft, other=None, fault=None, typed=None, turn=draft.turn + 1)


def _keep(enrolment_id: UUID, key: str) -> None:
    """What a widget does when its value changes."""
    draft = _drafts()[name_of(enrolment_id, key)]
    value = st.session_state[_widget_key(name_of(enrolment_id, key), draft)]
    with storage.reading() as session:
        _store(session, find_actor(session), enrolment_id, key, value)


def _store(session: Session, actor: Actor | None, enrolment_id: UUID, key: str, value: Any) -> None:
    # Signed out, or in another place by now: the run that follows says so.
    if actor is None or actor.place.enrolment_id != enrolment_id:
        return
    draft = _drafts()[name_of(enrolment_id, key)]
    draft.typed, draft.is_suggestion, draft.saved_at = value, False, None
    try:
        kept = drafting.save_answer(session, actor, key, value, before=draft.base)
    except AnsweredElsewhere as clash:
        draft.other, draft.fault = (clash.value, clash.shown), None
    except Refusal as refusal:
        draft.fault = str(refusal)
    except Exception as bug:
        # Raised in a callback it would leave an empty page: it is raised again below the form, by `raise_bug`.
        draft.fault = "This could not be saved. What you typed still stands here; please try again."
        st.session_state["_bug"] = bug
    else:
        draft.base, draft.raw, draft.fault, draft.other = kept.value, value, None, None
        draft.saved_at = st.session_state["_saved_at"] = clock(actor)


def _under(question: Question, draft: Draft) -> str:
    """The one grey line: saved or suggested, and who will see it."""
    who = seen_by(question)
    if draft.is_suggestion:
        return f":material/lightbulb: Our suggestion: it counts once you press “Save and go on”. {who}"
    if draft.saved_at and not draft.is_stuck:
        return f":material/check: Saved at {draft.saved_at}. {who}"
    return f":material/visibility: {who}"


def _why(question: Question) -> str | None:
    """The help, and the clause that the question comes from."""
    clause = f"Asked because of clause {question.clause}." if question.clause else ""
    return plain(" ".join(part for part in (question.help, clause) if part)) or None


def _drafts() -> dict[str, Draft]:
    found: dict[str, Draft] = st.session_state.setdefault(_DRAFTS, {})
    return found


def _widget_key(name: str, draft: Draft) -> str:
    return f"{name}-{draft.turn}" if draft.turn else name
