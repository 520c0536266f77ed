"""Resources: what a scheme gives its people to read, what is new since their last visit; a coordinator fills it."""

from functools import partial
from typing import Any
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.agreements import PublishedState
from models.enrolments import Side
from pages import unsaved
from pages.agreement_presses import act_at, draw_refused, refused_on_top
from pages.ui import day_for, done, empty, heading, page, plain, refusals, segments, tell
from pages.written import link_to, written
from services import resource_authoring, resources
from services.access import Actor
from services.errors import Conflict, NotAllowed
from services.resource_authoring import Content, Line, Written
from services.resources import Item, Library, Reading

# Pixels: about 85 characters, as long as a line may be for reading; a phone takes less.
READING_WIDTH = 760
NEW = "new"
STATES = {
    PublishedState.PUBLISHED: ":green-badge[In the library]",
    PublishedState.DRAFT: ":blue-badge[Draft]",
    PublishedState.RETIRED: ":gray-badge[Taken out]",
}
FILTERS = {"all": "All", "published": "In the library", "draft": "Drafts", "retired": "Taken out"}
# Where a press was refused.
ACTS, EDITOR = "resource acts", "resource editor"
TEXT, LINK = "A text", "A link"


def draw_participant(session: Session, actor: Actor) -> None:
    """One thing to read, or the list."""
    visited = f"visited-{actor.place.enrolment_id}"
    if visited not in st.session_state:
        resources.visit(session, actor)
        st.session_state[visited] = True
    chosen = chosen_id()
    if chosen is not None:
        draw_back()
        reading = resources.reading(session, actor, chosen)
        if f"read-{chosen}" not in st.session_state:
            resources.mark_read(session, actor, chosen)
            st.session_state[f"read-{chosen}"] = True
        draw_reading(actor, reading)
        return
    draw_library(session, actor)


def draw_library(session: Session, actor: Actor) -> None:
    """Search, the weekly email, and the list with what is new on top."""
    words = st.text_input(
        "Search", key="search", placeholder="Words in a title or a text", icon=":material/search:", max_chars=100
    )
    number = int(st.session_state.get("resources_page", 1))
    library = resources.library(session, actor, search=words, page=number)
    st.caption(counted(actor, library, words))
    if not library.items:
        empty(
            f"Nothing here has “{plain(words)}” in it. Try a shorter word."
            if words
            else "The library is empty so far. You will find what the scheme offers you to read here."
        )
    for item in library.items:
        draw_item(actor, item)
    if library.pages > 1:
        st.pagination(library.pages, key="resources_page")
    draw_digest(session, actor, library)


def counted(actor: Actor, library: Library, words: str) -> str:
    found = f"{library.total:,} {'thing' if library.total == 1 else 'things'} {'found' if words else 'to read'}"
    if library.last_visit_at is None:
        return found
    last = day_for(actor, library.last_visit_at)
    return f"{found} · {library.new or 'nothing'} new since your last visit on {last}"


def draw_item(actor: Actor, item: Item) -> None:
    # Of what was shown as new again, only the day of the first reading is on record.
    is_opened = f"read-{item.id}" in st.session_state
    badge = " :green-badge[New]" if item.is_new and not is_opened else ""
    lead = f" · leads to {plain(item.host)}" if item.host else ""
    facts = f"since {day_for(actor, item.published_at)}{lead}"
    read = " · :material/check: read" if item.is_read or is_opened else ""
    with st.container(border=True, horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        summary = f"{plain(item.summary)}  \n" if item.summary else ""
        st.markdown(f"**{plain(item.title)}**{badge}  \n{summary}:small[:gray[{facts}{read}]]")
        st.button("Read", key=f"open-{item.id}", on_click=choose, args=(str(item.id),))


def draw_digest(session: Session, actor: Actor, library: Library) -> None:
    wanted = st.toggle("Email me once a week what is new", library.gets_digest, key="digest")
    st.caption("No email when nothing is new. Switch it off here at any time.")
    if wanted != library.gets_digest:
        with refusals():
            resources.set_digest(session, actor, wanted=wanted)
            done("You get an email when something is new." if wanted else "No more emails about the library.")


def draw_reading(actor: Actor, reading: Reading) -> None:
    st.header(plain(reading.title), anchor=False)
    st.caption(f"In the library since {day_for(actor, reading.published_at)}")
    with st.container(border=True, width=READING_WIDTH):
        if reading.summary:
            st.markdown(plain(reading.summary))
        if reading.link is not None:
            st.markdown(f"{link_to(reading.link, 'Open the page')}  \n:small[It leaves this desk and opens elsewhere.]")
        else:
            st.markdown(written(reading.text or "", under=2), anchors=False)


def draw_back() -> None:
    st.button("Back to the list", key="back", icon=":material/arrow_back:", on_click=choose, args=(None,))


def choose(resource: str | None) -> None:
    """In the address, so that a link opens the same page for a colleague who may."""
    if resource is None:
        st.query_params.pop("resource", None)
    else:
        st.query_params["resource"] = resource


def chosen_id() -> UUID | None:
    """What the address names; nothing for what is no id."""
    try:
        return UUID(st.query_params.get("resource", ""))
    except ValueError:
        return None


def draw_coordinator(session: Session, actor: Actor, scheme_id: UUID) -> None:
    """One thing to work on, or the list."""
    if st.query_params.get("resource") == NEW:
        draw_back()
        st.header("Add to the library", anchor=False)
        draw_editor(scheme_id, None)
    elif (chosen := chosen_id()) is not None:
        draw_back()
        draw_one(session, actor, scheme_id, chosen)
    else:
        draw_catalogue(session, actor, scheme_id)


def draw_catalogue(session: Session, actor: Actor, scheme_id: UUID) -> None:
    st.button("Add something", key="add", type="primary", icon=":material/add:", on_click=choose, args=(NEW,))
    words = st.text_input("Search", key="search", placeholder="Words in a title or a text", max_chars=100)
    shown = segments("Which", list(FILTERS), key="state", words=FILTERS.__getitem__, default="all", in_address=True)
    state = PublishedState(shown) if shown in set(PublishedState) else None
    number = int(st.session_state.get("resources_page", 1))
    found = resource_authoring.catalogue(session, actor, scheme_id, state=state, search=words, page=number)
    total = found.counts.get(state, 0) if state else sum(found.counts.values())
    if not total and not words and state is None:
        empty("The library is empty. Add something of your own, or begin with the texts that come with this desk.")
        if st.button("Begin with those texts", key="starters"):
            with refusals():
                added = resource_authoring.add_starters(session, actor, scheme_id)
                done(f"{added} texts are in the library now. Open each and make it your own.")
        return
    st.caption(f"{total:,} {'thing' if total == 1 else 'things'} · readers are counted, never named")
    if not total:
        empty("Nothing here fits. Take a word out of the search, or choose All.")
    for line in found.lines:
        draw_line(line)
    if found.pages > 1:
        st.pagination(found.pages, key="resources_page")


def draw_line(line: Line) -> None:
    read = f"read by {line.readers:,} {'person' if line.readers == 1 else 'people'}"
    facts = [audience(line.sides), *([f"leads to {plain(line.host)}"] if line.host else []), read]
    with st.container(border=True, horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{plain(line.title)}** {STATES[line.state]}  \n:small[:gray[{' · '.join(facts)}]]")
        st.button("Open", key=f"open-{line.id}", on_click=choose, args=(str(line.id),))


def audience(sides: tuple[str, ...]) -> str:
    return "for everybody" if len(sides) == len(Side) else f"for {sides[0]}s"


def draw_one(session: Session, actor: Actor, scheme_id: UUID, resource_id: UUID) -> None:
    """What people read, with what can be done about it; the editor below."""
    try:
        now = resource_authoring.written(session, actor, resource_id)
    except NotAllowed:
        unsaved.draw(resource_id)
        raise
    st.markdown(f"{STATES[now.state]} {audience(now.content.sides)}")
    draw_reading(actor, resource_authoring.preview(session, actor, resource_id))
    with st.container(horizontal=True):
        draw_acts(now)
    draw_refused(ACTS)
    with st.expander("Change it", icon=":material/edit:", expanded=now.state is PublishedState.DRAFT):
        draw_editor(scheme_id, now)


def draw_acts(now: Written) -> None:
    if now.state is PublishedState.PUBLISHED:
        st.button("Take it out of the library", key="retire", on_click=retire, args=(now,))
        return
    st.button("Put it in the library", key="publish", type="primary", on_click=publish, args=(now,))
    if now.state is PublishedState.DRAFT:
        with st.popover("Throw the draft away", key="discarding"):
            st.markdown("Its words are lost. What is in the library stays.")
            st.button("Throw it away", key="discard", on_click=discard, args=(now,))


def retire(now: Written) -> None:
    def act(session: Session, actor: Actor) -> None:
        resource_authoring.retire(session, actor, now.id)
        tell(f"“{plain(now.content.title)}” is out of the library. Press “Put it in the library” to take that back.")

    act_at(ACTS, act)


def publish(now: Written) -> None:
    """As it was shown, and never a colleague's newer words."""

    def act(session: Session, actor: Actor) -> None:
        resource_authoring.publish(session, actor, now.id, version=now.version)
        tell(f"“{plain(now.content.title)}” is in the library, {audience(now.content.sides)}.")

    act_at(ACTS, act)


def discard(now: Written) -> None:
    def act(session: Session, actor: Actor) -> None:
        resource_authoring.discard(session, actor, now.id, version=now.version)
        choose(None)
        tell(f"The draft “{plain(now.content.title)}” is gone.")

    act_at(ACTS, act)


def draw_editor(scheme_id: UUID, now: Written | None) -> None:
    """The fields. Nothing is kept before Save, and people see nothing of a draft."""
    old = now.content if now else Content("")
    mark = mark_of(now)
    st.text_input("Title", old.title, max_chars=200, key=f"title-{mark}")
    st.text_input("In one line", old.summary, max_chars=500, key=f"summary-{mark}")
    st.pills(
        "For whom",
        [side.value for side in Side],
        selection_mode="multi",
        default=list(old.sides),
        format_func=lambda side: f":violet[{side.capitalize()}s]",
        key=f"sides-{mark}",
    )
    kind = segments("What it is", [TEXT, LINK], key=f"kind-{mark}", default=LINK if old.link else TEXT, required=True)
    if kind == LINK:
        st.text_input("Address", old.link or "", key=f"link-{mark}", placeholder="https://")
        st.caption("Of a page or a file elsewhere. People see which site it leads to before they open it.")
    else:
        st.text_area("Text", old.text or "", height=320, key=f"text-{mark}")
        st.caption("A line that begins with # is a heading, with - a point of a list. **Two stars** make words bold.")
    if now is not None and now.state is PublishedState.PUBLISHED:
        st.checkbox("Show it as new again", key=f"as-new-{mark}")
    with st.container(horizontal=True):
        words = "Save" if now else "Save as a draft"
        st.button(words, key=f"save-{mark}", on_click=save_typed, args=(scheme_id, now))
        if now is not None and now.can_undo:
            st.button("Undo the last change", key="undo", on_click=undo, args=(now,))
    draw_refused(EDITOR)
    if now is not None:
        unsaved.draw(now.id)


def mark_of(now: Written | None) -> str:
    """In the keys of what is typed over this version, so that another one shows its own words."""
    return f"{now.id}-{now.version}" if now else NEW


def undo(now: Written) -> None:
    def act(session: Session, actor: Actor) -> None:
        resource_authoring.undo(session, actor, now.id, version=now.version)
        tell("The last change is taken back.")

    act_at(EDITOR, act)


def save_typed(scheme_id: UUID, now: Written | None) -> None:
    """What was typed over what stood there; over another version it is kept to copy from."""
    typed = partial(typed_in, mark_of(now))
    words, is_link = typed("text", None), typed("kind", TEXT) == LINK
    content = Content(
        typed("title", ""),
        typed("summary", ""),
        tuple(typed("sides", ())),
        None if is_link else words,
        typed("link", None) if is_link else None,
    )

    def act(session: Session, actor: Actor) -> None:
        if now is None:
            choose(str(resource_authoring.add(session, actor, scheme_id, content).id))
            tell("Kept as a draft. Read it once more, then put it in the library.")
            return
        try:
            is_new = bool(typed("as-new", False))
            resource_authoring.change(session, actor, now.id, content, version=now.version, is_new=is_new)
        except (Conflict, NotAllowed):
            fields = (content.title, content.summary, content.text, content.link)
            unsaved.keep(now.id, "\n\n".join(filter(None, fields)))
            raise
        tell("Saved. “Undo the last change” takes it back.")

    act_at(EDITOR, act)


def typed_in(mark: str, field: str, otherwise: Any) -> Any:
    return st.session_state.get(f"{field}-{mark}", otherwise)


with page("") as (db, who), refused_on_top():
    if who.place.enrolment_id is not None:
        heading("Resources", "Tools and texts for your mentoring, in this scheme")
        draw_participant(db, who)
    elif who.place.scheme_id is not None and who.coordinates:
        heading("Resources", "What people in this scheme can read between their meetings")
        draw_coordinator(db, who, who.place.scheme_id)
    else:
        heading("Resources")
        empty("Choose a place in a scheme at the top of the menu to see its library.")
