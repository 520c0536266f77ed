"""A scheme's own wording from a file: what each line was taken for, corrected where it was mistaken, made into drafts.

The lines stay in this tab until they are drafts.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.agreements import DocumentKind
from pages.ui import done, empty, plain, refusals
from services import agreements, document_drafts, publishing, wording_files, wording_import
from services.access import Actor
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
KEPT = "wording"


def draw_import(session: Session, actor: Actor, scheme_id: UUID, open_draft: Callable[[str | None], None]) -> None:
    """The file, then its lines to be checked."""
    with st.expander(
        "Bring the scheme's own wording from a file", icon=":material/upload_file:", key="bring", on_change="rerun"
    ) as opened:
        if not opened.open:
            return
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
            draw_pieces(session, actor, scheme_id, kept, known, open_draft)


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


def draw_pieces(
    session: Session,
    actor: Actor,
    scheme_id: UUID,
    kept: dict[str, Any],
    known: Known,
    open_draft: Callable[[str | None], None],
) -> None:
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
    if st.button("Make drafts of them", key="take-in", type="primary", disabled=bool(found.refused)):
        made = document_drafts.take_in(session, actor, scheme_id, wording_import.assembled(pieces))
        st.session_state["wordings_done"] = st.session_state.get("wordings_done", 0) + 1
        st.session_state.pop(KEPT, None)
        open_draft(str(made[0]))
        more = "" if len(made) == 1 else f" The file holds {len(made)} texts: each is a draft of its own."
        done(f"Nothing is published yet: read the draft, see what changes, then publish it.{more}")


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
    """One Markdown table: line, what it is, the number in the file, the ID, and how it begins."""
    rows = [
        f"| {number} | {PARTS[piece.part]} | {plain(piece.line.number)} | {_badge(piece.id)} | {_begins(piece)} |"
        for number, piece in enumerate(pieces, start=1)
    ]
    return "\n".join(["| Line | What it is | In the file | ID | Begins with |", "|--:|---|---|---|---|", *rows])


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
