"""The coordinator's texts: what is in force, drafts, what changes, and publishing, by two people where it must be.

The draft that is open stands in the address, so that a colleague can be sent to it.
"""

from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.enrolments import Side
from pages.agreement_import import draw_import
from pages.agreement_parts import READING_WIDTH, day_of, draw_differences, section_words
from pages.ui import done, plain, prose, refusals, segments
from services import agreements, agreements_asking, document_drafts, languages, messages, publishing
from services.access import Actor
from services.document_drafts import Draft, Listed, Look

WRITE, CHANGES = "write", "changes"
STEPS = {WRITE: "Write", CHANGES: "What changes"}
SIDES = {side.value: f"{side.value.capitalize()}s" for side in Side}


def draw_texts(session: Session, actor: Actor, scheme_id: UUID) -> None:
    """One draft to work on, or the list of texts."""
    if (chosen := chosen_draft()) is not None:
        st.button("Back to the texts", key="back", icon=":material/arrow_back:", on_click=choose_draft, args=(None,))
        draw_draft(session, actor, document_drafts.draft(session, actor, chosen))
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


def draw_draft(session: Session, actor: Actor, now: Draft) -> None:
    st.header(plain(now.title), anchor=False)
    what = f"Draft of version {(now.replaces or 0) + 1}" if not now.is_translation else "Draft of a translation"
    spoken = languages.names([now.language])
    st.caption(
        f"{what} · {agreements.KINDS[now.kind]} · {plain(spoken)} · changed by {plain(now.changed_by)}, "
        f"{day_of(now.changed_at.date())}"
    )
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
        title = st.text_input("Title", now.title, max_chars=200, key=f"title-{mark}")
        text = st.text_area("Text", now.text, height=420, key=f"words-{mark}", max_chars=publishing.LONGEST_TEXT)
        st.caption(
            "A line such as `# Confidentiality` begins a section, which people tick. `## C-4 · Being on time` begins a "
            "clause with its ID. Keep the IDs: by them people see what changed."
        )
        sides = st.pills(
            "Signed by",
            list(SIDES),
            selection_mode="multi",
            default=list(now.signed_by),
            format_func=lambda side: f":violet[{SIDES[side]}]",
            key=f"sides-{mark}",
            disabled=now.is_translation,
        )
        pressed = st.form_submit_button("Save", key=f"save-{mark}")
    if pressed:
        with refusals():
            document_drafts.save(session, actor, now.id, title=title, text=text, signed_by=sides, version=now.version)
            done("Saved. Nobody else reads it before it is published.")
    with right, st.container(border=True, height=600):
        draw_look(look)


def draw_look(look: Look) -> None:
    """As people will read it, section by section and clause by clause."""
    if look.problem:
        st.warning(plain(look.problem), icon=":material/error:")
    parts = [prose(look.opening)] if look.opening else []
    parts += [f"### {plain(section.title)}\n\n{section_words(section)}" for section in look.sections]
    clauses = sum(len(section.clauses) for section in look.sections)
    sections = f"{len(look.sections)} {'section' if len(look.sections) == 1 else 'sections'}"
    st.caption(f"As people will read it: {sections}, {clauses} {'clause' if clauses == 1 else 'clauses'}")
    if parts:
        st.markdown("\n\n".join(parts))


def draw_changes(look: Look) -> None:
    if look.problem:
        st.warning(plain(look.problem), icon=":material/error:")
    if look.differences is None:
        st.info("This is the first version: there is nothing to compare it with.", icon=":material/info:")
    else:
        draw_differences(look.differences)


def draw_publishing(session: Session, actor: Actor, now: Draft, look: Look) -> None:
    """What publishing does, above the button; where two people decide, the one or the other half of it."""
    st.subheader("Publish", anchor=False)
    scheme_id = next(iter(actor.coordinates))
    with st.container(border=True, width=READING_WIDTH):
        asked = 0 if now.is_translation else agreements_asking.asked_by(session, scheme_id, map(Side, now.signed_by))
        st.markdown(consequence(now, asked))
        if asked:
            draw_email(session, actor, now)
        if now.needs_another:
            draw_handing_over(session, actor, now)
        else:
            draw_publish(session, actor, now, asked, ready=look.problem is None)
    if st.button("Throw the draft away", key=f"discard-{now.id}"):
        with refusals():
            document_drafts.discard(session, actor, now.id)
            choose_draft(None)
            done("The draft is gone. What is in force stays.")


def draw_email(session: Session, actor: Actor, now: Draft) -> None:
    with st.expander("Read the email", icon=":material/mail:"):
        template = agreements_asking.NEW_VERSION if now.replaces else agreements_asking.TO_SIGN
        example = messages.example(session, actor, template)
        st.markdown(f"**{plain(example.subject)}**\n\n{plain(example.text)}")


def draw_handing_over(session: Session, actor: Actor, now: Draft) -> None:
    st.info("Two people decide about a text: whoever changed it last does not publish it.", icon=":material/group:")
    if now.handed_over_at is not None:
        st.caption(f"Handed over {day_of(now.handed_over_at.date())}. Another coordinator can publish it now.")
        return
    if st.button("Ask another coordinator to publish it", key=f"hand-over-{now.id}", type="primary"):
        with refusals():
            told = document_drafts.hand_over(session, actor, now.id, version=now.version)
            done(f"An email asks {told} {'coordinator' if told == 1 else 'coordinators'} to read and publish it.")


def draw_publish(session: Session, actor: Actor, now: Draft, asked: int, *, ready: bool) -> None:
    gate = bool(now.ungated) and st.checkbox(
        f"{' and '.join(SIDES[side] for side in now.ungated)} are matched only once they have signed",
        value=True,
        key=f"gate-{now.id}",
    )
    sure = not asked or st.checkbox(f"Write to {people(asked)}", key=f"sure-{now.id}")
    if not st.button("Publish", key=f"publish-{now.id}", type="primary", disabled=not ready):
        return
    if not sure:
        st.error("Tick the box to confirm whom this writes to.", icon=":material/error:")
        return
    with refusals():
        published = publishing.publish_draft(session, actor, now.id, version=now.version, is_gate=gate)
        choose_draft(None)
        sent = f" {people(published.emails)} will get an email." if published.emails else ""
        done(f"Version {published.edition} of “{plain(published.title)}” is in force.{sent}")


def consequence(now: Draft, asked: int) -> str:
    if now.is_translation:
        return "People can read and sign the version in force in this language too. Nobody is asked anew."
    if not now.signed_by:
        return "It can be read by everybody in the scheme. Nobody is asked to sign it."
    sides = " and ".join(SIDES[side].lower() for side in now.signed_by)
    again = (
        " What they signed before counts until the scheme's days of grace are over; then they get no new match until "
        "they sign. Matches that people have go on."
        if now.replaces
        else " Matches that people have go on."
    )
    return f"All {sides} are asked to read and sign it. An email goes to {people(asked)}.{again}"


def people(number: int) -> str:
    return "1 person" if number == 1 else f"{number:,} people"


def choose_draft(draft: str | None) -> None:
    if draft is None:
        st.query_params.pop("draft", None)
    else:
        st.query_params["draft"] = draft
    st.session_state.pop("step", None)


def chosen_draft() -> UUID | None:
    try:
        return UUID(st.query_params.get("draft", ""))
    except ValueError:
        return None
