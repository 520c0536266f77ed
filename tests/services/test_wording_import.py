"""A scheme's own wording from a file: recognised with its IDs, or refused before anything is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select

from models.agreements import DocumentDraft, DocumentKind
from services import document_drafts, wording_drafts, wording_files, wording_import
from services.errors import Invalid, NotAllowed
from services.schemes import documents, templates
from services.wording_shapes import Part, Piece
from tests.factories import make_actor, make_cohort, make_coordinator, make_document

# The shapes in which schemes write: points with bold names, and two numbered texts in one file.
POINTS = """Walking Group – Code of Conduct

We walk to think. Nobody tells the other one where to go.

These pages say what each of us takes on.

What a walker takes on

- **First step** — You write first.
- **Boots** — Bring your own.

What both take on

- **Weather** — Look at it before you leave.
"""
NUMBERED = """Guide Agreement

As a guide I agree:

1. My name may stand on the list.
2. To keep to myself what I hear. I may speak:
 - when I need advice;
 - when somebody is in danger.
3. To follow the Code of Conduct.

Code of Conduct for Guides

1. Beginning

1.1 These are the rules.

2. Good walks

2.1 Walk slowly.

2.3 Stop when it rains, or:

- when it snows;
- when it is dark.
"""
KNOWN_POINTS = """# Code

# What it is for

## W-0 · Thinking

One.

# Walker

## W-A1 · First

Two.

## W-A2 · Boots

Three.

# Both

## W-B1 · Weather

Four.
"""
KNOWN_AGREEMENT = "# A\n\n" + "".join(f"## G-{key} · H\n\nWords.\n\n" for key in ("1", "2", "2a", "2b", "3"))
KNOWN_CODE = "# C\n\n" + "".join(f"## G-C{key} · H\n\nWords.\n\n" for key in ("1.1", "2.1", "2.3"))


def known(**texts: str) -> wording_import.Known:
    return {DocumentKind(kind): documents.parse(text, kind=kind, language="en").clauses for kind, text in texts.items()}


def recognised(text: str, **texts: str) -> tuple[Piece, ...]:
    return wording_import.recognise(wording_files.read("a.txt", text.encode()), known(**texts))


def ids(pieces: tuple[Piece, ...]) -> list[str]:
    return [piece.id for piece in pieces if piece.part is Part.CLAUSE]


@pytest.mark.clause("A-0")
def test_points_without_numbers_get_the_ids_in_force_and_the_first_paragraph_the_clause_before_them() -> None:
    pieces = recognised(POINTS, code=KNOWN_POINTS)

    assert ids(pieces) == ["W-0", "W-A1", "W-A2", "W-B1"]
    assert [piece.heading for piece in pieces if piece.part is Part.CLAUSE] == [
        "Thinking",  # the file has none: as in force, rather than the clause's own first words once more
        "First step",
        "Boots",
        "Weather",
    ]
    assert [piece.line.words for piece in pieces if piece.part is Part.SECTION] == [
        "What a walker takes on",
        "What both take on",
    ]
    assert wording_import.check(pieces, known(code=KNOWN_POINTS)) == wording_import.Check((), ())


@pytest.mark.clause("U-8a")
def test_two_texts_in_one_file_are_told_apart_and_points_get_letters_where_the_text_in_force_has_them() -> None:
    pieces = recognised(NUMBERED, agreement=KNOWN_AGREEMENT, code=KNOWN_CODE)

    assert [(piece.line.words, piece.kind) for piece in pieces if piece.part is Part.TITLE] == [
        ("Guide Agreement", DocumentKind.AGREEMENT),
        ("Code of Conduct for Guides", DocumentKind.CODE),
    ]
    assert ids(pieces) == ["G-1", "G-2", "G-2a", "G-2b", "G-3", "G-C1.1", "G-C2.1", "G-C2.3"]


@pytest.mark.clause("U-C6.4")
def test_a_gap_in_the_numbers_is_kept_and_every_word_arrives_in_the_text() -> None:
    agreement, code = wording_import.assembled(recognised(NUMBERED, agreement=KNOWN_AGREEMENT, code=KNOWN_CODE))

    assert agreement.text == (
        "As a guide I agree:\n\n## G-1 · 1\n\nMy name may stand on the list.\n\n## G-2 · 2\n\nTo keep to myself what I "
        "hear. I may speak:\n\n## G-2a · 2 (a)\n\nwhen I need advice;\n\n## G-2b · 2 (b)\n\nwhen somebody is in danger."
        "\n\n## G-3 · 3\n\nTo follow the Code of Conduct."
    )
    assert code.text == (
        "# 1. Beginning\n\n## G-C1.1 · 1.1\n\nThese are the rules.\n\n# 2. Good walks\n\n## G-C2.1 · 2.1\n\nWalk "
        "slowly.\n\n## G-C2.3 · 2.3\n\nStop when it rains, or:\n\n- when it snows;\n- when it is dark."
    )


def test_numbers_of_other_scripts_are_read_as_numbers() -> None:
    pieces = recognised("行为守则\n\n第一条 互相尊重。\n\n第十二条 准时。\n\n٣. كن لطيفاً.\n\n4．守时。\n")

    assert ids(pieces) == ["C-1", "C-12", "C-3", "C-4"]
    assert pieces[3].line.words == "كن لطيفاً."


def test_a_text_without_numbers_or_points_is_taken_paragraph_by_paragraph_for_checking() -> None:
    pieces = recognised("Rules\n\nBe kind to each other.\n\nCome on time.\n")

    assert ids(pieces) == ["C-1", "C-2"]
    assert [piece.heading for piece in pieces[1:]] == ["Be kind to each other.", "Come on time."]


def test_double_numbers_are_named_and_nothing_can_be_made_of_them_until_one_is_corrected() -> None:
    pieces = recognised("Rules\n\n1. Be kind.\n\n2. Listen.\n\n2. Come on time.\n")

    found = wording_import.check(pieces, {})
    corrected = wording_import.changed(pieces, 3, part=Part.CLAUSE, id="C-3", heading="3", words="Come on time.")

    assert found.refused == ("“Rules”: C-2 stands there 2 times.",)
    with pytest.raises(Invalid, match="C-2 stands there 2 times"):
        wording_import.assembled(pieces)
    assert ids(corrected) == ["C-1", "C-2", "C-3"]
    assert len(wording_import.assembled(corrected)) == 1


def test_a_line_can_be_cut_in_two_and_joined_to_the_one_above() -> None:
    pieces = recognised("Rules\n\n1. Be kind. Listen.\n\n2. Come on time.\n")

    cut = wording_import.changed(pieces, 1, part=Part.CLAUSE, id="C-1", heading="1", words="Be kind.\n\nListen.")
    joined = wording_import.changed(cut, 3, part=Part.JOINS, id="", heading="", words="Come on time.")

    assert [(piece.part, piece.line.words) for piece in cut[1:]] == [
        (Part.CLAUSE, "Be kind."),
        (Part.JOINS, "Listen."),
        (Part.CLAUSE, "Come on time."),
    ]
    assert wording_import.assembled(joined)[0].text == "## C-1 · 1\n\nBe kind.\n\nListen.\n\n2. Come on time."


def test_what_is_in_force_but_not_in_the_file_is_pointed_out() -> None:
    before = known(code=KNOWN_CODE)

    found = wording_import.check(recognised("Code\n\n1. Top\n\n1.1 Rules.\n\n2.2 New.\n", code=KNOWN_CODE), before)

    assert found.doubtful == (
        "“Code”: in force, but not in the file: G-C2.1, G-C2.3",
        "“Code”: new in the file: G-C2.2",
    )


def test_a_long_text_of_many_clauses_is_recognised() -> None:
    text = "Rules\n\n" + "".join(f"{number}. {'Be kind to everybody. ' * 12}\n\n" for number in range(1, 700))

    pieces = recognised(text)
    wording_import.assembled(pieces)

    assert ids(pieces) == [f"C-{number}" for number in range(1, 700)]


@given(st.text(max_size=400))
def test_no_text_breaks_the_recognition_and_what_it_makes_can_be_parsed(text: str) -> None:
    try:
        pieces = wording_import.recognise(wording_files.read("a.txt", text.encode("utf-8", "surrogatepass")), {})
        made = wording_import.assembled(pieces)
    except Invalid:
        return

    for each in made:
        words = [piece.line.words for piece in pieces if piece.part is Part.JOINS]
        assert all(word.split("\n")[0] in each.text for word in words)


def test_every_template_ships_every_kind_of_text() -> None:
    explained = {"code", "role_statement", "first_meeting_guide", "rights", "privacy"}

    keys = templates.keys()
    missing = {key: explained - {document.kind for document in templates.load(key).documents} for key in keys}

    assert missing == {key: set() for key in keys}


def test_texts_of_a_file_become_drafts_together_and_nothing_is_in_force_yet(session: Session) -> None:
    cohort = make_cohort(session)
    actor = make_actor(make_coordinator(session, cohort), cohort)
    make_document(session, cohort.scheme_id, text=KNOWN_CODE, signed_by=["mentor"])
    make_document(session, cohort.scheme_id, kind=DocumentKind.AGREEMENT, text=KNOWN_AGREEMENT, signed_by=["mentor"])
    before = wording_import.known_clauses(session, actor, cohort.scheme_id)
    pieces = wording_import.recognise(wording_files.read("a.txt", NUMBERED.encode()), before)

    made = wording_drafts.take_in(session, actor, cohort.scheme_id, wording_import.assembled(pieces))

    rows = session.exec(select(DocumentDraft)).all()
    assert {row.id for row in rows} == set(made)
    assert {row.kind: (row.title, row.signed_by) for row in rows} == {
        DocumentKind.AGREEMENT: ("Guide Agreement", ["mentor"]),
        DocumentKind.CODE: ("Code of Conduct for Guides", ["mentor"]),
    }
    assert [line.edition for line in document_drafts.listed(session, actor, cohort.scheme_id) if line.edition] == [1, 1]


def test_nobody_else_takes_in_a_text(session: Session) -> None:
    ours, theirs = make_cohort(session), make_cohort(session)
    actor = make_actor(make_coordinator(session, ours), ours)
    wording = document_drafts.Wording(DocumentKind.CODE, "Rules", "## C-1 · 1\n\nBe kind.")

    with pytest.raises(NotAllowed):
        wording_drafts.take_in(session, actor, theirs.scheme_id, [wording])

    assert session.exec(select(DocumentDraft)).all() == []
