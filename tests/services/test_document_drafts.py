"""A new version of a text: written as a draft, compared, published by a second person where it must, and asked for."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text as sql
from sqlmodel import Session, col, select

from models.agreements import Clause, DocumentDraft, DocumentKind, SchemeDocument
from models.audit import AuditEntry
from models.columns import telling, utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.messages import Message, MessageStatus
from models.people import Person
from models.schemes import Cohort, Scheme
from services import agreements, agreements_asking, document_drafts, publishing
from services.access import DESK, Actor
from services.errors import Conflict, Invalid, NotAllowed
from services.schemes import starting
from services.settings import settings
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
from tests.services.counting import sent
from tests.services.signing_parts import TEXT, make_code, make_signer, sign

CODE = DocumentKind.CODE
# To publish, however many are asked to sign.
MOST_STATEMENTS = 20


@pytest.fixture
def cohort(session: Session) -> Cohort:
    scheme = make_scheme(session, signature_grace_days=30, mentee_gates=["signature"])
    return make_cohort(session, scheme, ends_on=date(2099, 8, 31))


@pytest.fixture
def actor(session: Session, cohort: Cohort) -> Actor:
    return make_actor(make_coordinator(session, cohort), cohort)


@pytest.fixture
def in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENTORING_ENV", "production")
    settings.cache_clear()


def begun(session: Session, actor: Actor, cohort: Cohort, *, words: str | None = None) -> document_drafts.Draft:
    """A draft of the code, saved with other words if any are given."""
    draft_id = document_drafts.begin(session, actor, cohort.scheme_id, kind=CODE)
    draft = document_drafts.draft(session, actor, draft_id)
    if words is None:
        return draft
    return document_drafts.save(
        session, actor, draft_id, title=draft.title, text=words, signed_by=draft.signed_by, version=draft.version
    )


def editions(session: Session) -> list[int]:
    return list(session.exec(select(SchemeDocument.edition).order_by(col(SchemeDocument.edition))))


@pytest.mark.clause("U-C1.1")
def test_a_draft_begins_with_the_words_in_force_and_a_second_begin_opens_the_same(
    session: Session, cohort: Cohort, actor: Actor
) -> None:
    document = make_code(session, cohort)

    draft = begun(session, actor, cohort)
    again = begun(session, actor, cohort)

    assert again == draft
    assert (draft.title, draft.text, draft.signed_by) == (
        document.title,
        TEXT.split("\n", 2)[2].strip(),
        ("mentor", "mentee"),
    )
    assert (draft.replaces, draft.replaces_id, draft.changed_by) == (1, document.id, actor.name)


@pytest.mark.clause("U-C1.1")
def test_publishing_a_draft_says_who_wrote_and_who_published_and_the_draft_is_gone(
    session: Session, cohort: Cohort, actor: Actor
) -> None:
    make_code(session, cohort)
    draft = begun(session, actor, cohort, words="## X-1 · Be kind\n\nBe very kind.")

    published = publishing.publish_draft(session, actor, draft.id, version=draft.version)

    row = session.get_one(SchemeDocument, published.id)
    assert (row.edition, row.written_by_id, row.published_by_id) == (2, actor.person_id, actor.person_id)
    assert session.exec(select(DocumentDraft)).all() == []
    entry = session.exec(select(AuditEntry).where(AuditEntry.action == "document.published")).one()
    assert (entry.details["edition"], entry.details["sha256"]) == (2, row.sha256)


@pytest.mark.usefixtures("in_production")
def test_in_production_whoever_changed_a_draft_last_cannot_publish_it(
    session: Session, cohort: Cohort, actor: Actor
) -> None:
    make_code(session, cohort)
    second = make_actor(make_coordinator(session, cohort, "Second Reader"), cohort)
    draft = begun(session, actor, cohort, words="## X-1 · Be kind\n\nBe very kind.")

    with pytest.raises(Conflict, match="two people decide"):
        publishing.publish_draft(session, actor, draft.id, version=draft.version)
    with pytest.raises(Conflict, match="has not finished"):
        publishing.publish_draft(session, second, draft.id, version=draft.version)
    told = document_drafts.hand_over(session, actor, draft.id, version=draft.version)
    version = document_drafts.draft(session, second, draft.id).version
    published = publishing.publish_draft(session, second, draft.id, version=version)

    row = session.get_one(SchemeDocument, published.id)
    assert (told, row.written_by_id, row.published_by_id) == (1, actor.person_id, second.person_id)
    assert [(mail.template, mail.person_id) for mail in session.exec(select(Message))] == [
        ("document_to_check", second.person_id)
    ]


@pytest.mark.usefixtures("in_production")
def test_in_production_nobody_publishes_without_a_draft_or_hands_over_to_nobody(
    session: Session, cohort: Cohort, actor: Actor
) -> None:
    make_code(session, cohort)
    draft = begun(session, actor, cohort, words="## X-1 · Be kind\n\nBe very kind.")

    with pytest.raises(Conflict, match="Two people decide"):
        publishing.publish(session, actor, cohort.scheme_id, kind=CODE, title="Code", text=TEXT)
    with pytest.raises(Conflict, match="Nobody else coordinates"):
        document_drafts.hand_over(session, actor, draft.id, version=draft.version)

    assert editions(session) == [1]


def test_a_change_after_the_handing_over_takes_it_back(session: Session, cohort: Cohort, actor: Actor) -> None:
    make_code(session, cohort)
    make_coordinator(session, cohort, "Second Reader")
    draft = begun(session, actor, cohort)
    document_drafts.hand_over(session, actor, draft.id, version=draft.version)

    changed = begun(session, actor, cohort, words="## X-1 · Be kind\n\nBe very kind.")

    assert changed.handed_over_at is None


def test_a_draft_that_changed_meanwhile_is_neither_saved_nor_published(
    session: Session, cohort: Cohort, actor: Actor
) -> None:
    make_code(session, cohort)
    draft = begun(session, actor, cohort)
    begun(session, actor, cohort, words="## X-1 · Be kind\n\nBe very kind.")

    with pytest.raises(Conflict, match="while you were writing"):
        document_drafts.save(session, actor, draft.id, title="T", text="x", signed_by=(), version=draft.version)
    with pytest.raises(Conflict, match="while you were reading"):
        publishing.publish_draft(session, actor, draft.id, version=draft.version)

    assert (document_drafts.draft(session, actor, draft.id).text, editions(session)) == (
        "## X-1 · Be kind\n\nBe very kind.",
        [1],
    )


def test_a_stranger_opens_no_draft(session: Session, cohort: Cohort, actor: Actor) -> None:
    other = make_cohort(session)
    stranger = make_actor(make_coordinator(session, other), other)
    draft = begun(session, actor, cohort)

    for act in (
        lambda: document_drafts.draft(session, stranger, draft.id),
        lambda: document_drafts.discard(session, stranger, draft.id, version=draft.version),
        lambda: publishing.publish_draft(session, stranger, draft.id, version=1),
        lambda: document_drafts.listed(session, stranger, cohort.scheme_id),
    ):
        with pytest.raises(NotAllowed):
            act()

    assert document_drafts.draft(session, actor, draft.id) == draft


@pytest.mark.clause("U-9")
def test_publishing_writes_once_to_everybody_who_signs_it_and_says_from_when_new_matches_wait_for_it(
    session: Session, cohort: Cohort, actor: Actor
) -> None:
    document = make_code(session, cohort)
    signed, fresh = make_enrolment(session, cohort, name="Ama"), make_enrolment(session, cohort, Side.MENTOR, name="Bo")
    make_signature(session, signed, document, make_account(session, make_person(session)))
    make_enrolment(session, cohort, name="Gone", status=EnrolmentStatus.WITHDRAWN)
    over = make_cohort(
        session, session.get_one(Scheme, cohort.scheme_id), starts_on=date(2020, 1, 1), ends_on=date(2021, 1, 1)
    )
    make_enrolment(session, over, name="Long ago")
    draft = begun(session, actor, cohort, words="## X-1 · Be kind\n\nBe very kind.")
    asked = agreements_asking.asked_by(session, cohort.scheme_id, list(Side))

    published = publishing.publish_draft(session, actor, draft.id, version=draft.version)

    mails = {mail.person_id: mail for mail in session.exec(select(Message))}
    until = (utc_now() + timedelta(days=30)).date()
    assert (asked, published.emails) == (2, 2)
    assert {person: mail.template for person, mail in mails.items()} == {
        signed.person_id: "sign_again",
        fresh.person_id: "sign_documents",
    }
    again, first = ((mails[each.person_id].body_text or "") for each in (signed, fresh))
    assert f"{until.day} {until:%B %Y} you get no new match until you have signed it" in again
    # The scheme matches its mentors before they have signed.
    assert ["match" in first, "What you have already goes on as before." in first] == [False, True]
    assert {mail.status for mail in mails.values()} == {MessageStatus.QUEUED}


def test_five_hundred_people_are_asked_to_sign_again_in_a_few_statements(
    session: Session, cohort: Cohort, actor: Actor
) -> None:
    make_code(session, cohort)
    people = [
        Person(full_name=f"P {at}", email=f"p{at}@example.org", email_key=f"p{at}@example.org") for at in range(500)
    ]
    session.add_all(people)
    session.flush()
    session.add_all(
        Enrolment(
            person_id=each.id, cohort_id=cohort.id, side=Side.MENTEE, status=EnrolmentStatus.APPROVED, sort_key="p"
        )
        for each in people
    )
    draft = begun(session, actor, cohort, words="## X-1 · Be kind\n\nBe very kind.")
    session.commit()

    with sent(session) as statements:
        published = publishing.publish_draft(session, actor, draft.id, version=draft.version)

    # How long that takes is told by `mentoring bench papers`.
    assert (published.emails, len(statements) <= MOST_STATEMENTS) == (500, True), len(statements)


@pytest.mark.clause("U-C4.1")
def test_switched_on_as_a_condition_the_mentee_agreement_holds_back_new_matches(session: Session) -> None:
    cohort = starting.start(
        session, DESK, "unnc_alumni", cohort_name="2026/27", starts_on=date(2026, 9, 1), ends_on=date(2031, 8, 31)
    )
    actor = make_actor(make_coordinator(session, cohort), cohort)
    mentee = make_enrolment(session, cohort, Side.MENTEE)
    before = agreements.to_sign(session, make_signer(session, mentee))
    draft_id = document_drafts.begin(session, actor, cohort.scheme_id, kind=DocumentKind.MENTEE_AGREEMENT)
    draft = document_drafts.draft(session, actor, draft_id)

    offered = {line.kind for line in document_drafts.listed(session, actor, cohort.scheme_id) if line.is_offered}

    publishing.publish_draft(session, actor, draft_id, version=draft.version, is_gate=True)

    assert offered == {DocumentKind.MENTEE_AGREEMENT}
    scheme = session.get_one(Scheme, cohort.scheme_id)
    assert (before, draft.signed_by, draft.text.count("## UM-")) == ([], ("mentee",), 7)
    assert scheme.mentee_gates == ["signature", "conflicts"]
    blocked = session.scalars(agreements.unsigned_enrolments(cohort.id, date(2026, 10, 1))).all()
    assert blocked == [mentee.id]


def test_a_translation_has_the_edition_of_its_original_and_one_signature_counts_for_both(
    session: Session, cohort: Cohort, actor: Actor
) -> None:
    make_code(session, cohort)
    signer = make_signer(session, make_enrolment(session, cohort))
    draft_id = document_drafts.begin(session, actor, cohort.scheme_id, kind=CODE, language="zh")
    draft = document_drafts.draft(session, actor, draft_id)
    words = draft.text.replace("Please be kind.", "请友善。")
    saved = document_drafts.save(
        session, actor, draft_id, title="行为守则", text=words, signed_by=draft.signed_by, version=draft.version
    )

    published = publishing.publish_draft(session, actor, draft_id, version=saved.version)
    chinese = session.get_one(SchemeDocument, published.id)
    sign(session, signer, chinese)

    assert (published.edition, published.emails, chinese.language) == (1, 0, "zh")
    assert agreements.to_sign(session, signer) == []
    assert set(agreements.languages_of(session, signer, chinese.id)) == {"zh", "en"}


def test_a_translation_with_other_clauses_is_refused(session: Session, cohort: Cohort, actor: Actor) -> None:
    make_code(session, cohort)
    draft_id = document_drafts.begin(session, actor, cohort.scheme_id, kind=CODE, language="zh")
    saved = document_drafts.save(
        session, actor, draft_id, title="守则", text="## X-1 · 友善\n\n请友善。", signed_by=(), version=1
    )

    with pytest.raises(Invalid, match="X-2, X-3"):
        publishing.publish_draft(session, actor, draft_id, version=saved.version)

    assert editions(session) == [1]


@pytest.mark.clause("U-9")
def test_whoever_has_not_signed_is_reminded_once_a_day_and_reads_only_their_own_texts(
    session: Session, cohort: Cohort, actor: Actor
) -> None:
    code = make_code(session, cohort)
    make_document(session, cohort.scheme_id, kind=DocumentKind.AGREEMENT, title="Agreement", signed_by=["mentor"])
    mentor, done = make_enrolment(session, cohort, Side.MENTOR, name="Ama"), make_enrolment(session, cohort, name="Bo")
    make_signature(session, done, code, make_account(session, make_person(session)))
    planned = agreements_asking.chase(session, actor, cohort.id)

    told = agreements_asking.remind(session, actor, cohort.id, today=date(2026, 11, 2))
    with pytest.raises(Conflict, match="was reminded today"):
        agreements_asking.remind(session, actor, cohort.id, today=date(2026, 11, 2))

    (mail,) = session.exec(select(Message)).all()
    assert (planned.names, told, mail.person_id) == (("Ama",), 1, mentor.person_id)
    assert planned.preview is not None
    assert planned.preview.subject == mail.subject
    assert ["- Agreement" in (mail.body_text or ""), "- Code of conduct" in (mail.body_text or "")] == [True, True]


def test_a_clock_that_was_set_back_signs_and_publishes_nothing(session: Session, cohort: Cohort, actor: Actor) -> None:
    document = make_code(session, cohort)
    signer = make_signer(session, make_enrolment(session, cohort))
    draft = begun(session, actor, cohort, words="## X-1 · Be kind\n\nBe very kind.")

    with telling(datetime(2020, 1, 1, tzinfo=UTC)):
        with pytest.raises(Conflict, match="clock"):
            sign(session, signer, document)
        with pytest.raises(Conflict, match="clock"):
            publishing.publish_draft(session, actor, draft.id, version=draft.version)

    assert (agreements.signed(session, signer), editions(session)) == ([], [1])


@pytest.mark.parametrize("where", ["scheme_document", "clause"])
def test_one_changed_character_of_a_signed_text_is_named_by_the_verification(
    session: Session, cohort: Cohort, actor: Actor, where: str
) -> None:
    text = "# Code\n\n## X-1 · Be kind\n\nPlease be kind.\n"
    sound_id = agreements.publish(session, actor, cohort.scheme_id, kind=CODE, title="Code", text=text)
    torn_id = agreements.publish(
        session, actor, cohort.scheme_id, kind=CODE, title="Code", text=text.replace("kind.", "so.")
    )
    before = agreements.verify(session)
    key = "id" if where == "scheme_document" else "document_id"
    assert session.exec(select(Clause).where(Clause.document_id == torn_id)).first() is not None

    session.connection().execute(
        sql(f"UPDATE {where} SET text = replace(text, 'Please', 'please') WHERE {key} = :id"),  # noqa: S608 - our own
        {"id": torn_id.hex if session.get_bind().dialect.name == "sqlite" else torn_id},
    )
    session.expire_all()

    assert (before, agreements.verify(session)) == ([], [agreements.Misfit(torn_id, "Code", 2)])
    assert isinstance(sound_id, UUID)
