"""Agreements: reading and signing section by section; for coordinators, who has not signed and a new version."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from models.agreements import DocumentDraft, DocumentKind, SchemeDocument, Signature
from models.columns import utc_now
from models.enrolments import Enrolment, Side
from models.people import Person
from models.schemes import Cohort
from pages.agreement_import import as_table
from pages.ui import plain
from services import document_drafts, times
from services.wording_files import Line
from services.wording_shapes import Part, Piece
from tests.factories import (
    make_account,
    make_actor,
    make_cohort,
    make_coordinator,
    make_document,
    make_enrolment,
    make_person,
    make_scheme,
    make_signature,
)
from tests.pages.opening import open_page
from tests.services.signing_parts import TEXT


@pytest.fixture
def cohort(page_session: Session) -> Cohort:
    return make_cohort(page_session)


def make_code(session: Session, cohort: Cohort, **facts: Any) -> SchemeDocument:
    return make_document(session, cohort.scheme_id, **({"text": TEXT} | facts))


def person_of(session: Session, enrolment: Enrolment) -> Person:
    return session.get_one(Person, enrolment.person_id)


def begin_draft(session: Session, coordinator: Person, cohort: Cohort) -> UUID:
    actor = make_actor(coordinator, cohort)
    return document_drafts.begin(session, actor, cohort.scheme_id, kind=DocumentKind.CODE)


def signatures(session: Session) -> list[Signature]:
    session.rollback()
    return list(session.exec(select(Signature)).all())


def test_a_mentor_reads_every_clause_ticks_every_section_and_signs(page_session: Session, cohort: Cohort) -> None:
    document = make_code(page_session, cohort)
    mentor = person_of(page_session, make_enrolment(page_session, cohort, Side.MENTOR, name="Ama Boateng"))
    page = open_page("agreements", mentor)
    shown = "\n".join(markdown.value for markdown in page.markdown)
    captions = [caption.value for caption in page.caption]

    for section in ("1", "2"):
        page.checkbox(key=f"box-{document.id}-{section}").check()
    page.text_input(key=f"name-{document.id}").input("Ama Boateng")
    page.button(key=f"sign-{document.id}").click().run()

    assert [word in shown for word in ("Please be kind", "Please listen", "Come on time", "X\\-3")] == [True] * 4
    assert [caption.partition(" · mentors")[2] for caption in captions if caption.startswith("Version 1 · ")] == [
        " and mentees sign it"
    ]
    assert not page.exception
    assert [notice.value for notice in page.success] == [
        "You have signed “Code of conduct”.",
        "You have signed everything that is in force.",
    ]
    (signature,) = signatures(page_session)
    assert (signature.document_id, signature.typed_name, signature.sha256) == (
        document.id,
        "Ama Boateng",
        document.sha256,
    )
    assert [header.value for header in page.header] == ["What you have signed", "Read the texts"]


def test_an_unticked_section_is_named_and_nothing_typed_is_lost(page_session: Session, cohort: Cohort) -> None:
    document = make_code(page_session, cohort)
    page = open_page("agreements", person_of(page_session, make_enrolment(page_session, cohort, name="Bo")))
    page.checkbox(key=f"box-{document.id}-1").check()
    page.text_input(key=f"name-{document.id}").input("Bo")

    page.button(key=f"sign-{document.id}").click().run()

    assert [error.value for error in page.error] == [
        "You have not ticked “Time”\\. Read it, tick its box, then sign\\."
    ]
    assert page.text_input(key=f"name-{document.id}").value == "Bo"
    assert page.checkbox(key=f"box-{document.id}-1").value is True
    assert signatures(page_session) == []


@pytest.mark.parametrize(
    ("days_ago", "gates", "said"),
    [
        (10, ["signature"], "From {day} you get no new match until you sign; before that day, your earlier signature"),
        (40, ["signature"], "Since {day} you get no new match until you sign. A match that you have goes on."),
        (40, [], "Please read and sign it again. A match that you have goes on."),
    ],
    ids=["grace", "over", "no gate"],
)
def test_what_changed_since_the_last_signature_is_marked_with_what_it_means_for_new_matches(
    page_session: Session, days_ago: int, gates: list[str], said: str
) -> None:
    scheme = make_scheme(page_session, signature_grace_days=30, mentee_gates=gates)
    cohort = make_cohort(page_session, scheme)
    enrolment = make_enrolment(page_session, cohort)
    published = utc_now() - timedelta(days=days_ago)
    day = times.day_in_words((published + timedelta(days=30)).date(), today=utc_now().date())
    account = make_account(page_session, make_person(page_session))
    make_signature(page_session, enrolment, make_code(page_session, cohort), account)
    new = TEXT.replace("Please listen.", "Do listen.")
    make_code(page_session, cohort, edition=2, text=new, published_at=published)

    page = open_page("agreements", person_of(page_session, enrolment))

    marked = [part for line in page.markdown for part in line.value.split("\n\n") if "badge[Changed]" in part]
    assert marked == ["**Listen** :gray-badge[X\\-2] :orange-badge[Changed]"]
    (sentence,) = [note.value for note in (*page.warning, *page.info) if note.value.startswith("This changed on")]
    assert said.format(day=day) in sentence


def test_of_two_texts_to_sign_each_can_be_chosen(page_session: Session, cohort: Cohort) -> None:
    make_code(page_session, cohort, kind=DocumentKind.AGREEMENT, title="Agreement", text=TEXT + "\n")
    code = make_code(page_session, cohort)
    page = open_page("agreements", person_of(page_session, make_enrolment(page_session, cohort)))
    first = [header.value for header in page.header]

    page.segmented_control[0].set_value(code.kind.value).run()

    assert first == ["Agreement"]
    assert [header.value for header in page.header] == ["Code of conduct"]


def test_a_side_that_signs_nothing_can_read_the_texts(page_session: Session, cohort: Cohort) -> None:
    document = make_code(page_session, cohort, signed_by=["mentor"])
    page = open_page("agreements", person_of(page_session, make_enrolment(page_session, cohort, Side.MENTEE)))
    empty = [notice.value for notice in page.info]

    page.selectbox(key="again").set_value(str(document.id)).run()

    assert empty == ["This scheme asks you to sign nothing. You can read its texts below."]
    assert [header.value for header in page.header] == ["Read the texts", "Code of conduct"]
    assert list(page.checkbox) == []


def test_a_text_that_nobody_signs_is_read_in_the_language_that_is_chosen(page_session: Session, cohort: Cohort) -> None:
    facts = {"kind": DocumentKind.PRIVACY, "signed_by": []}
    notice = make_code(page_session, cohort, title="Privacy", text="# Privacy\n\nWe keep little.\n", **facts)
    make_code(page_session, cohort, title="隐私", text="# 隐私\n\n我们保存很少。\n", language="zh", **facts)
    page = open_page("agreements", person_of(page_session, make_enrolment(page_session, cohort)))
    page.selectbox(key="again").set_value(str(notice.id)).run()
    first = [line.value for line in page.markdown if line.value in ("We keep little\\.", "我们保存很少。")]

    page.segmented_control(key=f"language-{notice.id}").set_value("zh").run()

    assert first == ["We keep little\\."]
    assert "我们保存很少。" in [line.value for line in page.markdown]
    assert "隐私" in [header.value for header in page.header]


def test_a_text_that_a_coordinator_wrote_is_only_text(page_session: Session, cohort: Cohort) -> None:
    nasty = "# T\n\n## X-1 · ![p](https://example.org/p.png)\n\n![p](https://example.org/p.png) $x$ :red[no]\n"
    make_code(page_session, cohort, text=nasty)

    page = open_page("agreements", person_of(page_session, make_enrolment(page_session, cohort)))

    assert not page.exception
    drawn = "\n".join(line.value for line in page.markdown)
    assert "![p](" not in drawn
    assert plain("![p](https://example.org/p.png) $x$ :red[no]") in drawn


def test_a_coordinator_sees_who_has_not_signed(page_session: Session, cohort: Cohort) -> None:
    document = make_code(page_session, cohort)
    make_enrolment(page_session, cohort, name="Ama")
    signed = make_enrolment(page_session, cohort, name="Bo")
    make_signature(page_session, signed, document, make_account(page_session, make_person(page_session)))
    make_enrolment(page_session, make_cohort(page_session), name="Elsewhere")

    page = open_page("agreements", make_coordinator(page_session, cohort))

    lines = [line.value for line in page.markdown if "badge" in line.value]
    assert lines == ["**Ama** · mentee · Code of conduct :red-badge[Never signed]"]
    assert "1 missing signature" in [caption.value for caption in page.caption]
    assert [line.value.rpartition(" · ")[2] for line in page.markdown if "version 1" in line.value] == [
        "1 of 2 have signed"
    ]


def test_a_coordinator_of_an_empty_cohort_is_told_what_comes_next(page_session: Session, cohort: Cohort) -> None:
    page = open_page("agreements", make_coordinator(page_session, cohort))

    assert [notice.value for notice in page.info] == [
        "Nobody in this cohort is asked to sign anything yet. People appear here once they have enrolled.",
        "This scheme has published no text yet.",
    ]


def test_a_coordinator_writes_compares_and_publishes_a_new_version(page_session: Session, cohort: Cohort) -> None:
    document = make_code(page_session, cohort)
    make_enrolment(page_session, cohort)
    coordinator = make_coordinator(page_session, cohort)
    place = f"coordinator-{cohort.id}"
    draft_id = begin_draft(page_session, coordinator, cohort)
    page = open_page("agreements", coordinator, place, draft=str(draft_id))
    words = page.text_area(key=f"words-{draft_id}-1")
    words.input((words.value or "").replace("Come on time.", "Be early."))
    page.button(key=f"save-{draft_id}-1").click().run()
    saved = [notice.value for notice in page.success]

    page.segmented_control(key="step").set_value("changes").run()
    shown = [line.value for line in page.markdown if "added:" in line.value]
    page.button(key=f"publish-{draft_id}").click().run()
    unconfirmed = [error.value for error in page.error]
    page.checkbox(key=f"sure-{draft_id}").check()
    page.button(key=f"publish-{draft_id}").click().run()

    assert not page.exception
    assert saved == ["Saved. Nobody else reads it before it is published."]
    assert shown == [
        ":gray-badge[X\\-3] **Be punctual** :orange-badge[:material/edit: Changed]\n\n"
        ":red-background[removed: ~~Come on time\\.~~]:green-background[added: **Be early\\.**]"
    ]
    assert unconfirmed == ["Tick the box to confirm whom this writes to\\."]
    assert [notice.value for notice in page.success] == [
        "Version 2 of “Code of conduct” is in force. 1 person will get an email."
    ]
    page_session.rollback()
    newest = page_session.exec(select(SchemeDocument).order_by(col(SchemeDocument.edition).desc())).first()
    assert newest is not None
    assert (newest.edition, newest.text) == (2, TEXT.replace("Come on time.", "Be early."))
    assert document.edition == 1


def test_a_coordinator_reads_the_reminder_and_whom_it_goes_to_before_it_goes(
    page_session: Session, cohort: Cohort
) -> None:
    make_code(page_session, cohort)
    make_enrolment(page_session, cohort, name="Ama")
    page = open_page("agreements", make_coordinator(page_session, cohort))
    page.session_state["chase"] = True
    page.run()
    shown = "\n".join(line.value for line in page.markdown)

    page.button(key="remind").click().run()

    assert not page.exception
    assert "To Ama:" in shown
    assert "Code of conduct" in shown
    assert [notice.value for notice in page.success] == ["1 reminder waits: this desk has no mail server yet."]


def test_a_file_is_recognised_corrected_and_made_a_draft(page_session: Session, cohort: Cohort) -> None:
    make_code(page_session, cohort)
    coordinator = make_coordinator(page_session, cohort)
    page = open_page("agreements", coordinator, view="texts")
    page.session_state["bring"] = True
    page.run()
    wording = "Code of conduct\n\nRespect\n\n1. Be kind to each other.\n\n2. Listen well.\n\n3. Come early.\n"
    page.file_uploader[0].upload("wording.txt", wording.encode(), "text/plain").run()
    table = next(line.value for line in page.markdown if line.value.startswith("| Line"))

    page.number_input(key="line").set_value(5).run()
    mark = next(str(widget.key) for widget in page.text_input if str(widget.key).startswith("id-"))
    page.text_input(key=mark).input("X-9")
    page.button(key=f"correct-button-{mark.removeprefix('id-')}").click().run()
    page.button(key="take-in").click().run()

    assert not page.exception
    assert [row.split(" | ")[1:4] for row in table.splitlines()[2:]] == [
        ["Title of a text", "", ""],
        ["Heading of a section", "", ""],
        ["Clause", "1", ":gray-badge[X\\-1]"],
        ["Clause", "2", ":gray-badge[X\\-2]"],
        ["Clause", "3", ":gray-badge[X\\-3]"],
    ]
    page_session.rollback()
    (draft,) = page_session.exec(select(DocumentDraft)).all()
    assert (draft.kind, draft.title) == (DocumentKind.CODE, "Code of conduct")
    assert draft.text == (
        "# Respect\n\n## X-1 · 1\n\nBe kind to each other.\n\n## X-2 · 2\n\nListen well.\n\n## X-9 · 3\n\nCome early."
    )


@pytest.mark.parametrize(
    ("number", "head", "begins"),
    [
        ("1", "| Line | What it is | In the file | ID | Begins with |", "| 1 | Clause | 1 |"),
        ("", "| Line | What it is | ID | Begins with |", "| 1 | Clause |"),
    ],
    ids=["numbered", "not numbered"],
)
def test_a_file_without_numbers_is_shown_without_an_empty_column(number: str, head: str, begins: str) -> None:
    piece = Piece(Line("Be kind.", number), Part.CLAUSE, "X-1")

    first, dashes, row = as_table([piece]).splitlines()

    assert (first, row) == (head, f"{begins} :gray-badge[X\\-1] | Be kind\\. |")
    assert dashes.count("|") == head.count("|")


def test_a_visitor_sees_no_agreement(page_session: Session, cohort: Cohort) -> None:
    make_account(page_session, make_person(page_session))
    make_code(page_session, cohort)
    page_session.commit()

    page = open_page("agreements", None)

    assert "Please be kind" not in "\n".join(line.value for line in page.markdown)
