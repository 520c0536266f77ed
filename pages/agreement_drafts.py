"""The coordinator's texts: what is in force, drafts, what changes, and publishing, by two people where it must be.

The draft that is open stands in the address, so that a colleague can be sent to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from pages.agreement_import import draw_import
from pages.agreement_parts import draw_differences, section_words
from pages.agreement_presses import act_at, draw_refused, forget_refused
from pages.agreement_publishing import SIDES, choose_draft, draw_publishing
from pages.ui import day_for, plain, prose, refusals, segments, tell
from services import agreements, document_drafts, languages, publishing
from services.access import Actor
from services.document_drafts import Draft, Listed, Look
from services.errors import Conflict, NotAllowed

WRITE, CHANGES = "write", "changes"
STEPS = {WRITE: "Write", CHANGES: "What changes"}
SAVE, UNSAVED = "save", "unsaved_draft"


@dataclass(frozen=True)
class Unsaved:
    """What somebody typed into a draft that was another one by then."""

    draft_id: UUID
    title: str
    text: str


def draw_texts(session: Session, actor: Actor, scheme_id: UUID) -> None:
    """One draft to work on, or the list of texts."""
    if (chosen := chosen_draft()) is not None:
        st.button("Back to the texts", key="back", icon=":material/arrow_back:", on_click=choose_draft, args=(None,))
        draw_chosen(session, actor, chosen)
        return
    found = document_drafts.listed(session, actor, scheme_id)
    st.caption(f"{sum(line.edition is not None for line in found)} of {len(found)} texts are in force")
    with st.container(border=True):
        st.markdown("\n\n".join(map(in_words, found)))
    draw_begin(session, actor, scheme_id, found)
    draw_import(session, actor, scheme_id, choose_draft)


def in_words(line: Listed) -> str:
    spoken = "" if line.language == "en" else f" · {plain(languages.names([line.language]))}"
    missing = "on offer, and switched off until you publish it" if line.is_offered else "not written yet"
    state = f"version {line.edition} in force" if line.edition else missing
    if line.draft_id:
        state += " :blue-badge[Ready to be checked]" if line.handed_over else " :blue-badge[Draft begun]"
    # A title often says what kind of text it is.
    kind = agreements.KINDS[line.kind]
    what = "" if line.title.casefold().endswith(kind) else f" · {kind}"
    return f"**{plain(line.title)}**{what}{spoken} · {state}"


def draw_begin(session: Session, actor: Actor, scheme_id: UUID, found: tuple[Listed, ...]) -> None:
    """Open the draft of a text, or begin one with the words in force."""
    with st.container(border=True):
        by_key = {f"{line.kind.value} {line.language}": line for line in found}
        chosen = st.selectbox("Text to work on", list(by_key), format_func=lambda key: by_key[key].title, key="work")
        line = by_key[chosen]
        other = st.selectbox(
            "In another language",
            list(languages.LANGUAGES),
            None,
            format_func=languages.LANGUAGES.__getitem__,
            placeholder="The language it is in",
            key="other-language",
        )
        has_draft = line.draft_id is not None and other is None
        if st.button("Open the draft" if has_draft else "Write the next version", key="begin", icon=":material/edit:"):
            with refusals():
                language = other or line.language
                choose_draft(str(document_drafts.begin(session, actor, scheme_id, kind=line.kind, language=language)))
                st.rerun()


def draw_chosen(session: Session, actor: Actor, draft_id: UUID) -> None:
    try:
        now = document_drafts.draft(session, actor, draft_id)
    except NotAllowed:
        # The screen itself says below that the draft is gone.
        forget_refused()
        draw_unsaved(draft_id, None)
        raise
    draw_draft(session, actor, now)


def draw_draft(session: Session, actor: Actor, now: Draft) -> None:
    st.header(plain(now.title), anchor=False)
    what = f"Draft of version {(now.replaces or 0) + 1}" if not now.is_translation else "Draft of a translation"
    spoken = languages.names([now.language])
    st.caption(
        f"{what} · {agreements.KINDS[now.kind]} · {plain(spoken)} · changed by {plain(now.changed_by)}, "
        f"{day_for(actor, now.changed_at)}"
    )
    draw_unsaved(now.id, now)
    look = document_drafts.look(session, actor, now.id)
    step = segments("Step", list(STEPS), key="step", default=WRITE, words=STEPS.__getitem__, required=True)
    if step == CHANGES:
        draw_changes(look)
    else:
        draw_editor(session, actor, now, look)
    draw_publishing(session, actor, now, look)


def draw_editor(session: Session, actor: Actor, now: Draft, look: Look) -> None:
    """The words beside what people will read; saving brings the right side up to date."""
    left, right = st.columns([1.15, 1])
    mark = f"{now.id}-{now.version}"
    with left, st.form(f"draft-{mark}", enter_to_submit=False):
        st.text_input("Title", now.title, max_chars=200, key=f"title-{mark}")
        st.text_area("Text", now.text, height=420, key=f"words-{mark}", max_chars=publishing.LONGEST_TEXT)
        st.caption(
            "A line such as `# Confidentiality` begins a section, which people tick. `## C-4 · Being on time` begins a "
            "clause with its ID. Keep the IDs: by them people see what changed."
        )
        st.pills(
            "Signed by",
            list(SIDES),
            selection_mode="multi",
            default=list(now.signed_by),
            format_func=lambda side: f":violet[{SIDES[side]}]",
            key=f"sides-{mark}",
            disabled=now.is_translation,
        )
        st.form_submit_button(
            "Save", key=f"save-{mark}", on_click=save_shown, args=(now.id, now.version, now.signed_by)
        )
        draw_refused(SAVE)
    with right, st.container(border=True, height=600):
        draw_look(look)


def save_shown(draft_id: UUID, version: int, signed_by: Sequence[str]) -> None:
    """Saves what was typed over the version that stood there; over another one it is kept beside that."""
    mark = f"{draft_id}-{version}"
    title, text = (str(st.session_state.get(f"{field}-{mark}") or "") for field in ("title", "words"))
    sides = st.session_state.get(f"sides-{mark}", signed_by)

    def act(session: Session, actor: Actor) -> None:
        try:
            document_drafts.save(session, actor, draft_id, title=title, text=text, signed_by=sides, version=version)
        except (Conflict, NotAllowed):
            st.session_state[UNSAVED] = Unsaved(draft_id, title, text)
            raise
        tell("Saved. Nobody else reads it before it is published.")

    act_at(SAVE, act)


def draw_unsaved(draft_id: UUID, now: Draft | None) -> None:
    """What could not be saved, to copy from, beside what a colleague has saved meanwhile."""
    kept: Unsaved | None = st.session_state.get(UNSAVED)
    if kept is None or kept.draft_id != draft_id:
        return
    with st.container(border=True):
        mine, theirs = st.columns(2)
        with mine:
            st.markdown("**What you wrote, not saved**")
            st.code(f"{kept.title}\n\n{kept.text}", language=None, wrap_lines=True, height=260)
        if now is not None:
            with theirs:
                st.markdown(f"**What {plain(now.changed_by)} has saved**")
                st.code(f"{now.title}\n\n{now.text}", language=None, wrap_lines=True, height=260)
        st.button("I have what I need", key="unsaved-done", on_click=st.session_state.pop, args=(UNSAVED, None))


def draw_look(look: Look) -> None:
    """As people will read it, section by section and clause by clause."""
    if look.problem:
        st.warning(plain(look.problem), icon=":material/error:")
    if look.ended_exceptions:
        draw_ended_exceptions(look.ended_exceptions)
    parts = [prose(look.opening)] if look.opening else []
    parts += [f"### {plain(section.title)}\n\n{section_words(section)}" for section in look.sections]
    clauses = sum(len(section.clauses) for section in look.sections)
    sections = f"{len(look.sections)} {'section' if len(look.sections) == 1 else 'sections'}"
    st.caption(f"As people will read it: {sections}, {clauses} {'clause' if clauses == 1 else 'clauses'}")
    if parts:
        st.markdown("\n\n".join(parts), anchors=False)


def draw_ended_exceptions(keys: Sequence[str]) -> None:
    """Before anybody publishes it: pairs are told these cases by their IDs (U-8)."""
    named = " and ".join(keys)
    st.warning(
        f"This text has no clause {plain(named)}. Pairs know it as a case in which the mentor may have to speak. "
        "If the case still holds, give its clause that ID.",
        icon=":material/privacy_tip:",
    )


def draw_changes(look: Look) -> None:
    if look.problem:
        st.warning(plain(look.problem), icon=":material/error:")
    if look.differences is None:
        st.info("This is the first version: there is nothing to compare it with.", icon=":material/info:")
    else:
        draw_differences(look.differences)


def chosen_draft() -> UUID | None:
    try:
        return UUID(st.query_params.get("draft", ""))
    except ValueError:
        return None
