"""A scheme's own wording from a file: what each line was taken for, corrected where it was mistaken, made into drafts.

The lines stay in this tab until they are drafts.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.agreements import DocumentKind
from pages.agreement_presses import act_at, draw_refused
from pages.ui import day_for, done, empty, plain, refusals, tell
from services import agreements, languages, publishing, wording_drafts, wording_files, wording_import
from services.access import Actor
from services.wording_drafts import InTheWay
from services.wording_import import Known
from services.wording_shapes import Part, Piece

PARTS = {
    Part.TITLE: "Title of a text",
    Part.SECTION: "Heading of a section",
    Part.CLAUSE: "Clause",
    Part.JOINS: "Belongs to the one above",
    Part.LEFT_OUT: "Leave it out",
}
FIRST_CHARACTERS = 70
KEPT, TAKE_IN = "wording", "take-in"


def draw_import(session: Session, actor: Actor, scheme_id: UUID, open_draft: Callable[[str | None], None]) -> None:
    """The file, then its lines to be checked."""
    with st.expander(
        "Bring the scheme's own wording from a file", icon=":material/upload_file:", key="bring", on_change="rerun"
    ) as opened:
        if not opened.open:
            return
        language = st.selectbox(
            "Language of the file",
            list(languages.LANGUAGES),
            None,
            format_func=languages.LANGUAGES.__getitem__,
            placeholder="The scheme's own",
            key="wording-language",
            help="In another language it becomes a translation of the text in force, with the same clauses.",
        )
        upload = st.file_uploader(
            "Text, Markdown or Word document",
            type=["docx", "md", "txt"],
            key=f"wording-{st.session_state.get('wordings_done', 0)}",
            help="Up to 5 MB. Nothing is published: first you check what was recognised, then you get drafts.",
        )
        if upload is None:
            st.session_state.pop(KEPT, None)
            return
        with refusals():
            known = wording_import.known_clauses(session, actor, scheme_id)
            kept = pieces_of(upload.name, upload.getvalue(), known)
            draw_pieces(kept, known)
            draw_take_in(session, actor, scheme_id, kept["pieces"], language, open_draft)


def pieces_of(name: str, content: bytes, known: Known) -> dict[str, Any]:
    """What the file was taken for, with the corrections made in this tab. Raises Invalid."""
    digest = hashlib.sha256(content).hexdigest()
    kept: dict[str, Any] = st.session_state.get(KEPT, {})
    if kept.get("digest") != digest:
        st.session_state.pop(KEPT, None)
        lines = wording_files.read(name, content)
        kept = {"digest": digest, "pieces": wording_import.recognise(lines, known), "changes": 0}
        st.session_state[KEPT] = kept
    return kept


def draw_pieces(kept: dict[str, Any], known: Known) -> None:
    pieces: tuple[Piece, ...] = kept["pieces"]
    draw_kinds(kept, known)
    found = wording_import.check(pieces, known)
    for sentence in found.refused:
        st.error(plain(sentence), icon=":material/error:")
    for sentence in found.doubtful:
        st.warning(plain(sentence), icon=":material/help:")
    clauses = sum(piece.part is Part.CLAUSE for piece in pieces)
    st.caption(f"{len(pieces)} lines, {clauses} of them clauses. Compare them with your file.")
    st.markdown(as_table(pieces))
    draw_correction(kept)


def draw_take_in(
    session: Session,
    actor: Actor,
    scheme_id: UUID,
    pieces: tuple[Piece, ...],
    language: str | None,
    open_draft: Callable[[str | None], None],
) -> None:
    """The button that makes drafts, under the names of those that it would replace."""
    refused = wording_import.check(pieces, {}).refused
    kinds = [piece.kind or DocumentKind.CODE for piece in pieces if piece.part is Part.TITLE]
    found = wording_drafts.in_the_way(session, actor, scheme_id, kinds, language=language)
    sure = True
    if found:
        lines = "\n".join(draft_in_words(actor, draft) for draft in found)
        st.warning(f"The file would take the place of what is written here:\n\n{lines}", icon=":material/edit_off:")
        versions = "-".join(f"{each.kind.value}{each.version}" for each in found)
        sure = st.checkbox("Replace these drafts; their words cannot be brought back", key=f"replace-{versions}")
    st.button(
        "Make drafts of them",
        key="take-in",
        type="primary",
        disabled=bool(refused) or not sure,
        on_click=take_in_shown,
        args=(scheme_id, pieces, language, {each.kind: each.version for each in found}, open_draft),
    )
    draw_refused(TAKE_IN)


def draft_in_words(actor: Actor, draft: InTheWay) -> str:
    kind = agreements.KINDS[draft.kind]
    return (
        f"- “{plain(draft.title)}” ({kind}), changed by {plain(draft.changed_by)} on {day_for(actor, draft.changed_at)}"
    )


def take_in_shown(
    scheme_id: UUID,
    pieces: tuple[Piece, ...],
    language: str | None,
    replacing: Mapping[DocumentKind, int],
    open_draft: Callable[[str | None], None],
) -> None:
    """Makes drafts of the lines as they stood above the button, in the place of those drafts that were named there."""

    def act(session: Session, actor: Actor) -> None:
        wordings = wording_import.assembled(pieces)
        made = wording_drafts.take_in(session, actor, scheme_id, wordings, language=language, replacing=replacing)
        st.session_state["wordings_done"] = st.session_state.get("wordings_done", 0) + 1
        st.session_state.pop(KEPT, None)
        open_draft(str(made[0]))
        more = "" if len(made) == 1 else f" The file holds {len(made)} texts: each is a draft of its own."
        tell(f"Nothing is published yet: read the draft, see what changes, then publish it.{more}")

    act_at(TAKE_IN, act)


def draw_kinds(kept: dict[str, Any], known: Known) -> None:
    """Which kind of text each title begins; another kind has other IDs."""
    pieces: tuple[Piece, ...] = kept["pieces"]
    for at, piece in enumerate(pieces):
        if piece.part is not Part.TITLE:
            continue
        chosen = st.selectbox(
            f"“{plain(piece.line.words)}” is the scheme's",
            list(DocumentKind),
            index=list(DocumentKind).index(piece.kind or DocumentKind.CODE),
            format_func=lambda kind: agreements.KINDS[kind],
            key=f"kind-{kept['digest'][:8]}-{kept['changes']}-{at}",
        )
        if chosen is not None and chosen is not piece.kind:
            kept["pieces"] = wording_import.with_kind(pieces, at, chosen, known)
            kept["changes"] += 1
            st.rerun()


def as_table(pieces: Sequence[Piece]) -> str:
    """One Markdown table: line, what it is, the number in the file if it has any, the ID, and how it begins."""
    head = ["Line", "What it is", "In the file", "ID", "Begins with"]
    rows = [
        [str(number), PARTS[piece.part], plain(piece.line.number), _badge(piece.id), _begins(piece)]
        for number, piece in enumerate(pieces, start=1)
    ]
    if not any(piece.line.number for piece in pieces):
        # A phone has no room for a column that is empty.
        head, rows = _without_numbers(head), [_without_numbers(row) for row in rows]
    lines = [head, ["--:", *["---"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _without_numbers(cells: Sequence[str]) -> list[str]:
    return [*cells[:2], *cells[3:]]


def _badge(key: str) -> str:
    return f":gray-badge[{plain(key)}]" if key else ""


def _begins(piece: Piece) -> str:
    words = " ".join(piece.line.words.split())
    cut = f"{words[:FIRST_CHARACTERS]}…" if len(words) > FIRST_CHARACTERS else words
    lead = f"**{plain(piece.heading)}** " if piece.heading and piece.heading != piece.line.number else ""
    return lead + plain(cut)


def draw_correction(kept: dict[str, Any]) -> None:
    """One line at a time: what it is, its ID, its heading; an empty line in its words cuts it in two."""
    pieces: tuple[Piece, ...] = kept["pieces"]
    number = st.number_input("Line to correct", 1, len(pieces), None, key="line", placeholder="Its number above")
    if number is None:
        empty("If a line was mistaken for something else, enter its number to correct it.")
        return
    at, mark = int(number) - 1, f"{kept['digest'][:8]}-{kept['changes']}-{number}"
    piece = pieces[at]
    with st.form(f"correct-{mark}", enter_to_submit=False):
        part = st.selectbox(
            "What it is", list(PARTS), list(PARTS).index(piece.part), format_func=PARTS.__getitem__, key=f"part-{mark}"
        )
        key = st.text_input("ID, of a clause", piece.id, max_chars=publishing.LONGEST_ID, key=f"id-{mark}")
        heading = st.text_input("Heading, of a clause", piece.heading, max_chars=200, key=f"heading-{mark}")
        words = st.text_area("Words. An empty line cuts them in two", piece.line.words, key=f"words-{mark}")
        pressed = st.form_submit_button("Correct it", key=f"correct-button-{mark}")
    if pressed:
        with refusals():
            kept["pieces"] = wording_import.changed(pieces, at, part=part, id=key, heading=heading, words=words)
            kept["changes"] += 1
            done(f"Line {number} is corrected.")
