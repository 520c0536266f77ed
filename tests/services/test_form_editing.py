"""The coordinator edits the form, and no answer is ever lost."""

from datetime import date

import pytest
from sqlmodel import Session, select

from models.audit import AuditEntry
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.schemes import Cohort, FormField
from services import answer_history, enrolments, form_answers, form_editing
from services.access import DESK, Actor
from services.errors import Conflict, Invalid, NotAllowed
from services.form_editing import BUILT_IN, Editable, Wording
from services.form_kinds import KINDS
from services.schemes import starting
from tests.factories import make_actor, make_cohort, make_coordinator, make_enrolment, make_participant

WORDS = Wording("Which evenings suit you?", "Tick what you like.", "The coordinator only.")


def a_scheme(session: Session) -> tuple[Cohort, Actor]:
    cohort = starting.start(
        session, DESK, "unnc_alumni", cohort_name="2026", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
    )
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    session.commit()
    return cohort, coordinator


def a_mentee(session: Session, cohort: Cohort) -> Actor:
    enrolment = make_enrolment(session, cohort, status=EnrolmentStatus.DRAFT, submitted_at=None)
    session.commit()
    return make_participant(session, enrolment)


def asked(session: Session, cohort: Cohort, actor: Actor, key: str) -> Editable:
    return next(field for field in form_editing.fields(session, actor, cohort.scheme_id) if field.key == key)


def a_choice(session: Session, cohort: Cohort, coordinator: Actor) -> Editable:
    return form_editing.add(
        session,
        coordinator,
        cohort.scheme_id,
        kind="choices",
        step=2,
        sides=[Side.MENTEE],
        words=WORDS,
        options=["Monday", "Tuesday", "星期三"],
    )


def test_a_question_that_is_added_is_asked_of_that_side_only_at_the_end_of_its_step(session: Session) -> None:
    cohort, coordinator = a_scheme(session)

    added = a_choice(session, cohort, coordinator)

    form = enrolments.form(session, a_mentee(session, cohort))
    last = form.steps[1].questions[-1]
    assert (last.key, last.label, last.help, last.audience) == (added.key, WORDS.label, WORDS.help, WORDS.audience)
    assert last.options == (("monday", "Monday"), ("tuesday", "Tuesday"), ("own", "星期三"))
    preview = form_editing.preview(session, coordinator, cohort.scheme_id, Side.MENTOR)
    assert added.key not in [question.key for step in preview.values() for question in step]


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"consent", "capacity"}))
def test_every_kind_can_be_asked_and_answered(session: Session, kind: str) -> None:
    answers = {
        "short_text": "A",
        "long_text": "A\nB",
        "choice": "yes",
        "choices": ["yes"],
        "sector": "D",
        "languages": ["cy"],
        "time_zone": "Asia/Shanghai",
        "email": "ann@example.org",
        "telephone": "+44 20 7946 0123",
        "wechat_id": "wx_ann_1",
        "whole_number": 3,
        "availability": ["weekday_evening"],
    }
    cohort, coordinator = a_scheme(session)
    added = form_editing.add(
        session,
        coordinator,
        cohort.scheme_id,
        kind=kind,
        step=1,
        sides=[Side.MENTEE],
        words=WORDS,
        options=["Yes", "No"],
    )
    mentee = a_mentee(session, cohort)

    enrolments.save_draft(session, mentee, {added.key: answers[kind]})

    assert session.get_one(Enrolment, mentee.place.enrolment_id).answers == {added.key: answers[kind]}


def test_a_retired_question_keeps_its_answers_and_comes_back_with_them(session: Session) -> None:
    cohort, coordinator = a_scheme(session)
    mentee = a_mentee(session, cohort)
    enrolments.save_draft(session, mentee, {"needs": "Written notes."})
    field = asked(session, cohort, coordinator, "needs")

    form_editing.retire(session, coordinator, field.id, version=field.version)

    gone = [question.key for step in enrolments.form(session, mentee).steps for question in step.questions]
    enrolment_id = mentee.place.enrolment_id
    assert enrolment_id is not None
    assert "needs" not in gone
    assert answer_history.retired_answers(session, coordinator, enrolment_id) == (
        ("What would help you to get the most out of it", "Written notes."),
    )
    assert form_answers.answered(session, coordinator, field.id) == 1
    retired = asked(session, cohort, coordinator, "needs")
    form_editing.bring_back(session, coordinator, field.id, version=retired.version)
    answers = {q.key: q.value for step in enrolments.form(session, mentee).steps for q in step.questions}
    assert answers["needs"] == "Written notes."


@pytest.mark.clause("U-1", "U-2", "U-C2.4")
@pytest.mark.parametrize("key", sorted(BUILT_IN))
def test_what_the_desk_stands_on_cannot_be_retired(session: Session, key: str) -> None:
    cohort, coordinator = a_scheme(session)
    field = asked(session, cohort, coordinator, key)

    with pytest.raises(Invalid):
        form_editing.retire(session, coordinator, field.id, version=field.version)

    assert session.get_one(FormField, field.id).retired_at is None


def test_an_option_that_is_taken_away_stays_with_whoever_chose_it_in_words(session: Session) -> None:
    cohort, coordinator = a_scheme(session)
    field, mentee = a_choice(session, cohort, coordinator), a_mentee(session, cohort)
    enrolments.save_draft(session, mentee, {field.key: ["monday", "own"]})

    form_editing.reword(
        session,
        coordinator,
        field.id,
        version=field.version,
        words={Side.MENTEE: WORDS},
        required=False,
        options=[("tuesday", "Tuesday at six"), ("own", "Wednesday"), ("", "Friday")],
    )

    changed = asked(session, cohort, coordinator, field.key)
    assert changed.options == (("tuesday", "Tuesday at six"), ("own", "Wednesday"), ("friday", "Friday"))
    assert form_answers.chosen(session, coordinator, field.id) == {"own": 1, "monday": 1}
    question = enrolments.form(session, mentee).steps[1].questions[-1]
    assert (question.value, question.shown) == (["monday", "own"], "Monday (no longer offered), Wednesday")
    enrolments.save_draft(session, mentee, {field.key: ["monday", "friday"]})
    assert session.get_one(Enrolment, mentee.place.enrolment_id).answers == {field.key: ["monday", "friday"]}


def test_an_option_that_is_offered_again_is_the_same_one(session: Session) -> None:
    cohort, coordinator = a_scheme(session)
    field = a_choice(session, cohort, coordinator)
    said = {"words": {Side.MENTEE: WORDS}, "required": False}
    without = form_editing.reword(
        session,
        coordinator,
        field.id,
        version=field.version,
        options=[("tuesday", "Tuesday"), ("own", "星期三")],
        **said,  # type: ignore[arg-type]
    )

    form_editing.reword(
        session,
        coordinator,
        field.id,
        version=without.version,
        options=[*without.options, ("", "Monday")],
        **said,  # type: ignore[arg-type]
    )

    assert [code for code, _ in asked(session, cohort, coordinator, field.key).options] == ["tuesday", "own", "monday"]


def test_of_two_coordinators_the_second_is_told(session: Session) -> None:
    cohort, coordinator = a_scheme(session)
    seen = asked(session, cohort, coordinator, "needs")
    words = {Side.MENTEE: Wording("First", "", "Us.")}
    form_editing.reword(session, coordinator, seen.id, version=seen.version, words=words, required=False)

    for act in (
        lambda: form_editing.retire(session, coordinator, seen.id, version=seen.version),
        lambda: form_editing.move(session, coordinator, seen.id, version=seen.version, by=1),
        lambda: form_editing.reword(
            session, coordinator, seen.id, version=seen.version, words={Side.MENTEE: WORDS}, required=False
        ),
    ):
        with pytest.raises(Conflict):
            act()

    assert asked(session, cohort, coordinator, "needs").labels == {Side.MENTEE: "First"}


def test_a_question_moves_within_its_step_and_stops_at_the_ends(session: Session) -> None:
    cohort, coordinator = a_scheme(session)

    def order() -> list[str]:
        fields = form_editing.fields(session, coordinator, cohort.scheme_id)
        return [field.key for field in fields if field.step == 2]

    before = order()
    for by in (1, -1, -1, -1):
        field = asked(session, cohort, coordinator, before[1])
        form_editing.move(session, coordinator, field.id, version=field.version, by=by)

    assert order() == [before[1], before[0], *before[2:]]


def test_the_words_of_one_side_leave_the_others_alone(session: Session) -> None:
    cohort, coordinator = a_scheme(session)
    seen = asked(session, cohort, coordinator, "summary")

    form_editing.reword(session, coordinator, seen.id, version=seen.version, words={Side.MENTEE: WORDS}, required=True)

    now = asked(session, cohort, coordinator, "summary")
    assert now.labels == {Side.MENTOR: seen.labels[Side.MENTOR], Side.MENTEE: WORDS.label}
    assert now.audiences == {Side.MENTOR: seen.audiences[Side.MENTOR], Side.MENTEE: WORDS.audience}
    assert now.required


@pytest.mark.parametrize(
    ("kind", "words", "options", "sides"),
    [
        ("consent", WORDS, [], [Side.MENTOR]),
        ("magic", WORDS, [], [Side.MENTOR]),
        ("short_text", Wording(" ", "", "Us."), [], [Side.MENTOR]),
        ("short_text", Wording("What?", "", " "), [], [Side.MENTOR]),
        ("short_text", WORDS, [], []),
        ("choice", WORDS, ["Only one"], [Side.MENTOR]),
        ("choice", WORDS, ["Same", "Same"], [Side.MENTOR]),
    ],
)
def test_a_question_that_cannot_be_is_refused(
    session: Session, kind: str, words: Wording, options: list[str], sides: list[Side]
) -> None:
    cohort, coordinator = a_scheme(session)
    before = len(form_editing.fields(session, coordinator, cohort.scheme_id))

    with pytest.raises(Invalid):
        form_editing.add(
            session, coordinator, cohort.scheme_id, kind=kind, step=1, sides=sides, words=words, options=options
        )

    assert len(form_editing.fields(session, coordinator, cohort.scheme_id)) == before


def test_nobody_else_edits_the_form(session: Session) -> None:
    cohort, coordinator = a_scheme(session)
    elsewhere = make_cohort(session)
    stranger = make_actor(make_coordinator(session, elsewhere), elsewhere)
    mentee = a_mentee(session, cohort)
    field = asked(session, cohort, coordinator, "needs")

    for actor in (stranger, mentee):
        with pytest.raises(NotAllowed):
            form_editing.fields(session, actor, cohort.scheme_id)
        with pytest.raises(NotAllowed):
            form_editing.retire(session, actor, field.id, version=field.version)
        with pytest.raises(NotAllowed):
            form_editing.add(
                session, actor, cohort.scheme_id, kind="short_text", step=1, sides=[Side.MENTEE], words=WORDS
            )

    assert asked(session, cohort, coordinator, "needs") == field


def test_the_journal_names_the_question_and_what_was_done(session: Session) -> None:
    cohort, coordinator = a_scheme(session)
    field = a_choice(session, cohort, coordinator)
    form_editing.retire(session, coordinator, field.id, version=field.version)

    entries = session.exec(select(AuditEntry).where(AuditEntry.subject_id == field.id)).all()
    assert [(entry.action, entry.details) for entry in sorted(entries, key=lambda entry: entry.sequence)] == [
        ("form.question_added", {"key": field.key, "kind": "choices"}),
        ("form.question_retired", {"key": field.key}),
    ]
