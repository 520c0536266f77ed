"""Import people: bring a spreadsheet, say once which column is what, see what would happen, then confirm or leave it.

The file, and what was found in it, stay in this tab's session until it is imported, taken away or left. Of one that was
left only its name and the choices about it stay, so that choosing it again goes on from there.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import Any, TypeVar
from uuid import UUID

import streamlit as st
from sqlmodel import Session
from streamlit.delta_generator import DeltaGenerator

from models.enrolments import Side
from pages.ui import done, empty, heading, page, plain, refusals, segments
from services import export
from services.access import Actor
from services.imports import arrivals
from services.imports.arrivals import Columns, Imported, Preview, State

T = TypeVar("T")

BOTH = "Both"
SIDES = {"Mentors": Side.MENTOR, "Mentees": Side.MENTEE, BOTH: None}
STATES = {State.NEW: "New", State.CHANGED: "Changes", State.UNCHANGED: "Stays as it is"}
ROWS_A_PAGE = 50
LEFT = "import_left"


def draw(session: Session, actor: Actor, cohort_id: UUID) -> None:
    """One step under the other; each appears when the one above it is done."""
    # A new key is a new, empty uploader: that is how an imported file leaves the server's memory.
    upload = st.file_uploader(
        "Spreadsheet",
        type=["csv", "xlsx", "tsv", "txt"],
        key=f"file-{st.session_state.get('imports_done', 0)}",
        help="As your forms tool exports it: CSV or Excel workbook, up to 5 MB and 10,000 rows.",
    )
    if upload is None:
        say_left(cohort_id)
        st.page_link("enrolments.py", label="Go to the enrolments", icon=":material/arrow_forward:")
        return
    content = upload.getvalue()
    arguments = {"file_name": upload.name, "content": content}
    with refusals():
        side = choose_side(session, actor, cohort_id, arguments)
        if side in SIDES:
            of_one_side(session, actor, cohort_id, {**arguments, "side": SIDES[side]})


def say_left(cohort_id: UUID) -> None:
    """After a file was taken away or left before the end: that nothing was written, and how to go on."""
    begun = st.session_state.pop("import", None)
    if begun and "checked" in begun:
        mapping = begun["mapping"] if begun["preview"] is not None else None
        st.session_state[LEFT] = (begun["checked"], begun["file_name"], mapping)
    about, name, _ = st.session_state.get(LEFT, ((None,), "", None))
    if about[0] == cohort_id:
        st.caption(
            f":material/info: “{plain(name)}” was left before the end: nothing of it is written. Choose it again to "
            "go on where you were."
        )


def left_behind(cohort_id: UUID, of: str) -> tuple[Any, dict[str, int] | None]:
    """The side and the columns that were chosen for this very file before it was left, as far as they were."""
    (*whose, side), _, mapping = st.session_state.get(LEFT, ((None, None), "", None))
    return (side, mapping) if whose == [cohort_id, of] else (LEFT, None)


def choose_side(session: Session, actor: Actor, cohort_id: UUID, arguments: Mapping[str, Any]) -> str:
    """Mentors, mentees or both; a file with a column that says so is preset to both."""
    found = kept("columns", (cohort_id, digest(arguments), None), lambda: read(session, actor, cohort_id, arguments))
    before, _ = left_behind(cohort_id, digest(arguments))
    preset = next((words for words, side in SIDES.items() if side == before), None)
    if preset is None and "enrolment_role" in found.mapping:
        preset = BOTH
    chosen = segments("Who is in it?", list(SIDES), default=preset, key=f"who-{digest(arguments)}")
    if chosen is None:
        empty("Say who is in the file: mentors, mentees, or both with a column that tells them apart.")
    return chosen or ""


def read(session: Session, actor: Actor, cohort_id: UUID, arguments: Mapping[str, Any]) -> Columns:
    with st.spinner("Reading the file…"):
        return arrivals.columns_of(session, actor, cohort_id, **{"side": None, **arguments})


def of_one_side(session: Session, actor: Actor, cohort_id: UUID, arguments: Mapping[str, Any]) -> None:
    """The columns, then what the import would do."""
    about = (cohort_id, digest(arguments), arguments["side"])
    found = kept("columns of side", about, lambda: read(session, actor, cohort_id, arguments))
    state = st.session_state["import"]
    if state.get("checked") != about:
        before, chosen = left_behind(cohort_id, about[1])
        again = chosen if before == about[2] else None
        state.update(
            checked=about, preview=None, mapping=dict(again or found.mapping), file_name=arguments["file_name"]
        )
        if found.remembered or again:
            check(session, actor, cohort_id, arguments)
    mapping = choose_columns(found, state, about)
    if mapping is not None:
        state.update(mapping=mapping, preview=None)
        check(session, actor, cohort_id, arguments)
        st.rerun()
    if state["preview"] is not None:
        show(session, actor, cohort_id, arguments, state["preview"])


def check(session: Session, actor: Actor, cohort_id: UUID, arguments: Mapping[str, Any]) -> None:
    """Find out what importing would do, and keep it for the next runs."""
    state = st.session_state["import"]
    bar = st.progress(0.0, "Reading the file…")
    state["preview"] = arrivals.preview(
        session, actor, cohort_id, **arguments, mapping=state["mapping"], progress=watched(bar)
    )
    bar.empty()


def watched(bar: DeltaGenerator) -> Callable[[float, str], None]:
    """How far the file is, drawn while it is worked on."""

    def draw_share(share: float, doing: str) -> None:
        bar.progress(share, doing)

    return draw_share


def choose_columns(found: Columns, state: Mapping[str, Any], about: tuple[Any, ...]) -> dict[str, int] | None:
    """A choice for everything that the scheme asks; answers the mapping when it was submitted."""
    as_last_time = " as last time" if found.remembered else ""
    title = f"Columns{as_last_time}: {len(set(state['mapping'].values()))} of {len(found.headers)} used"
    chosen: dict[str, int | None] = {}
    with st.expander(title, expanded=state["preview"] is None), st.form("columns"):
        st.caption("Everything is matched already as far as we can tell. Columns that nothing uses are not kept.")
        sides = st.columns(2)
        for number, target in enumerate(found.targets):
            label = f"{target.label} (required)" if target.required else target.label
            chosen[target.key] = sides[number % 2].selectbox(
                plain(label),
                range(len(found.headers)),
                state["mapping"].get(target.key),
                key=f"column-{target.key}-{about[1]}-{about[2]}",
                format_func=lambda column: in_words(found, column),
                placeholder="Not in this file",
            )
        kind = "primary" if state["preview"] is None else "secondary"
        submitted = st.form_submit_button("Check the file", type=kind)  # type: ignore[arg-type] # one of two words
    return {key: column for key, column in chosen.items() if column is not None} if submitted else None


def in_words(found: Columns, column: int) -> str:
    """A column by its header and its first answer. Options of a select box are text, never Markdown."""
    sample = found.samples[column]
    return f"{found.headers[column]} · “{sample}”" if sample else f"{found.headers[column]} · empty"


def show(session: Session, actor: Actor, cohort_id: UUID, arguments: Mapping[str, Any], preview: Preview) -> None:
    """Problems first, because nothing else matters until they are gone; then totals, changes, people, and the act."""
    if preview.problems:
        show_problems(preview)
    else:
        say_totals(preview)
    if preview.notices:
        with st.container(border=True):
            st.markdown("**Good to know**")
            st.markdown("\n".join(f"- {plain(notice)}" for notice in preview.notices))
    if preview.changes:
        st.header("What changes", anchor=False)
        table(preview.changes, change_line, "changes", "Answers that the import changes, before and after")
    if preview.letter is not None:
        say_letter(preview)
    if preview.people:
        first = "The first person" if len(preview.people) == 1 else f"The first {len(preview.people)} people"
        st.header(first, anchor=False)
        table(preview.people, person_line, "people", "The first people in the file")
    if preview.can_be_confirmed and st.button(act_in_words(preview), type="primary", key="confirm"):
        carry_out(session, actor, cohort_id, arguments, preview)


def show_problems(preview: Preview) -> None:
    """Every problem by row and column, here and as a file to work through."""
    number = len(preview.problems)
    counted = "1 problem" if number == 1 else f"{number:,} problems"
    st.error(
        f"{counted} to correct first. Nothing was imported. Correct the spreadsheet, then upload it again.",
        icon=":material/error:",
    )
    table(preview.problems, problem_line, "problems", "Problems in the file, by row and column")
    lines = [problem_line(problem) for problem in preview.problems]
    content = export.csv_bytes(list(lines[0]), [list(line.values()) for line in lines])
    st.download_button("Download this list", content, "problems.csv", "text/csv", key="download", on_click="ignore")


def say_totals(preview: Preview) -> None:
    """What the import would do, in figures."""
    if not preview.has_work:
        empty(f"Nothing to do: {people(preview.unchanged)} in this file, all here already with the same answers.")
        return
    new, changed, same = st.columns(3)
    new.metric("New", preview.new, border=True)
    changed.metric("Changed", preview.changed, border=True)
    same.metric("Stay as they are", preview.unchanged, border=True)
    if preview.on_other_side:
        st.caption(f"{people(preview.on_other_side)} of them take part on the other side too.")
    st.caption("Ticks such as “I agree” or “trained” are kept as what was said. They sign nothing and train nobody.")


def say_letter(preview: Preview) -> None:
    """Whoever was approved with other answers is told which were corrected."""
    assert preview.letter is not None  # noqa: S101 - the caller has looked
    st.header("Who gets an email", anchor=False)
    st.caption(
        f"{people(preview.told)} had other answers approved, and read which ones were corrected. The first email:"
    )
    with st.container(border=True):
        st.markdown(f"**{plain(preview.letter.subject)}**")
        st.text(preview.letter.text)


def carry_out(session: Session, actor: Actor, cohort_id: UUID, arguments: Mapping[str, Any], preview: Preview) -> None:
    """Import exactly what was shown, forget the file, and say what was done."""
    with refusals():
        bar = st.progress(0.0, "Reading the file…")
        imported = arrivals.confirm(
            session,
            actor,
            cohort_id,
            **arguments,
            mapping=preview.columns.mapping,
            seen=preview.fingerprint,
            progress=watched(bar),
        )
        st.session_state["imports_done"] = st.session_state.get("imports_done", 0) + 1
        del st.session_state["import"]
        st.session_state.pop(LEFT, None)
        done(done_in_words(imported))
    st.session_state["import"].pop("checked", None)


def act_in_words(preview: Preview) -> str:
    """The button says exactly what it does."""
    acts = [f"add {people(preview.new)}"] if preview.new else []
    if preview.changed:
        acts.append(f"change {preview.changed:,}" if preview.new else f"change {people(preview.changed)}")
    if not acts:
        acts.append(f"keep {'1 pair' if preview.kept_apart == 1 else f'{preview.kept_apart:,} pairs'} apart")
    words = " and ".join(acts)
    return words[0].upper() + words[1:]


def done_in_words(imported: Imported) -> str:
    said = [
        f"{people(imported.added)} added, {imported.changed:,} changed, {imported.unchanged:,} stayed as they were."
    ]
    if imported.kept_own:
        said.append(
            f"{people(imported.kept_own)} were known to this desk before, and keep their own name and contact details."
        )
    if imported.told:
        said.append(f"{people(imported.told)} get an email about what was corrected.")
    return " ".join([*said, "Enrolments shows who waits for your decision."])


def people(number: int) -> str:
    return "1 person" if number == 1 else f"{number:,} people"


def table(lines: Sequence[T], drawn: Callable[[T], dict[str, Any]], key: str, alt: str) -> None:
    """One page of plain cells."""
    pages = ceil(len(lines) / ROWS_A_PAGE)
    at = min(st.session_state.get(key, 1), pages)
    shown = lines[(at - 1) * ROWS_A_PAGE : at * ROWS_A_PAGE]
    st.dataframe([drawn(line) for line in shown], hide_index=True, alt=alt)
    if pages > 1:
        st.session_state[key] = at
        st.pagination(pages, key=key)


def problem_line(problem: arrivals.Problem) -> dict[str, Any]:
    return {
        "Row": problem.row,
        "Column": problem.column or "(whole row)",
        "It says": problem.value,
        "What is wrong": problem.message,
    }


def change_line(change: arrivals.Change) -> dict[str, Any]:
    return {
        "Row": change.row,
        "Name": change.name,
        "Question": change.question,
        "Now": change.before,
        "Then": change.after,
    }


def person_line(person: arrivals.Arrival) -> dict[str, Any]:
    return {
        "Row": person.row,
        "Name": person.name,
        "Email": person.email,
        "Side": person.side.value.capitalize(),
        "Role": person.role_title,
        "Sector": person.sector,
        "Import": STATES[person.state],
    }


def kept(name: str, about: tuple[Any, ...], make: Callable[[], Columns]) -> Columns:
    """What was found out about this very file, without reading it again on every run."""
    state = st.session_state.setdefault("import", {})
    if state.get(name, (None, None))[0] != about:
        state[name] = (about, make())
    columns: Columns = state[name][1]
    return columns


def digest(arguments: Mapping[str, Any]) -> str:
    return hashlib.sha256(arguments["content"]).hexdigest()[:16]


with page("") as (session, actor):
    if actor.place.cohort_id is None:
        heading("Import people")
        empty("Choose a cohort at the top of the menu.")
    else:
        where = arrivals.destination(session, actor, actor.place.cohort_id)
        into = f"From a spreadsheet into {plain(where.scheme)}, {plain(where.cohort)}"
        heading("Import people", f"{into}; nothing is written before you confirm")
        draw(session, actor, actor.place.cohort_id)
