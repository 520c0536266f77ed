"""Coordinators write training as drafts and publish it as editions, which never change."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlmodel import Session, col, select

from models.agreements import PublishedState, TrainingModule
from models.audit import AuditEntry
from models.enrolments import Side
from models.schemes import Cohort
from services import training, training_authoring
from services.access import Actor
from services.errors import Conflict, Invalid, NotAllowed
from services.training import TrainingState
from services.training_authoring import Edition
from services.training_content import AskedQuestion, Content, options_read, options_typed
from tests.factories import make_actor, make_cohort, make_coordinator, make_enrolment, make_participant, make_scheme
from tests.services.training_parts import make_completion, make_module, untrained

TODAY = date(2026, 10, 1)
ASKED = AskedQuestion("When?", ("First", "Later"), (0,), "Because.")
CONTENT = Content("Further", "In short.", "# Read\n\nThis.", questions=(ASKED,))


@pytest.fixture
def cohort(session: Session) -> Cohort:
    return make_cohort(session, make_scheme(session, mentor_gates=["training"]))


@pytest.fixture
def coordinator(session: Session, cohort: Cohort) -> Actor:
    return make_actor(make_coordinator(session, cohort), cohort)


def a_draft(session: Session, coordinator: Actor, cohort: Cohort, content: Content = CONTENT) -> Edition:
    begun = training_authoring.begin(session, coordinator, cohort.scheme_id, title=content.title)
    return training_authoring.save(session, coordinator, begun.id, content)


def states(session: Session) -> list[tuple[int, PublishedState]]:
    rows = session.exec(select(TrainingModule).order_by(col(TrainingModule.edition)))
    return [(row.edition, row.state) for row in rows]


def test_a_draft_is_nobodys_training_until_it_is_published(
    session: Session, cohort: Cohort, coordinator: Actor
) -> None:
    mentor = make_participant(session, make_enrolment(session, cohort, Side.MENTOR))
    draft = a_draft(session, coordinator, cohort)
    before = training.modules(session, mentor, TODAY)
    with pytest.raises(NotAllowed):
        training.check(session, mentor, draft.id, [0], TODAY)

    published = training_authoring.publish(session, coordinator, draft.id, ask_again=False, today=TODAY)

    assert (before, published.state, published.content) == ([], PublishedState.PUBLISHED, CONTENT)
    (shown,) = training.modules(session, mentor, TODAY)
    assert (shown.title, shown.questions) == ("Further", (training.Question("When?", ("First", "Later")),))
    actions = [entry.action for entry in session.exec(select(AuditEntry).order_by(col(AuditEntry.sequence)))]
    assert actions == ["training.begun", "training.saved", "training.published"]


@pytest.mark.clause("U-C5.1")
@pytest.mark.parametrize(("ask_again", "counts"), [(True, False), (False, True)])
def test_the_coordinator_chooses_whether_a_new_version_is_repeated(
    session: Session, cohort: Cohort, coordinator: Actor, ask_again: bool, counts: bool
) -> None:
    first = make_module(session, cohort)
    mentor = make_enrolment(session, cohort, Side.MENTOR)
    make_completion(session, mentor, first, date(2028, 9, 1))
    draft = training_authoring.begin_edition(session, coordinator, first.id)
    again = training_authoring.begin_edition(session, coordinator, first.id)

    training_authoring.publish(session, coordinator, draft.id, ask_again=ask_again, today=TODAY)

    assert (again.id, draft.edition, draft.replaces) == (draft.id, 2, 1)
    assert states(session) == [(1, PublishedState.RETIRED), (2, PublishedState.PUBLISHED)]
    assert untrained(session, cohort) == (set() if counts else {mentor.id})
    (shown,) = training.modules(session, make_participant(session, mentor), TODAY)
    assert shown.state is (TrainingState.PASSED if counts else TrainingState.OPEN)


def test_a_published_version_never_changes(session: Session, cohort: Cohort, coordinator: Actor) -> None:
    module = make_module(session, cohort)

    for change in (training_authoring.save, training_authoring.discard):
        with pytest.raises(Conflict):
            change(session, coordinator, module.id, *([CONTENT] if change is training_authoring.save else []))

    assert [row.title for row in session.exec(select(TrainingModule))] == ["Starting as a mentor"]


def test_of_two_who_change_a_draft_at_once_the_second_is_told(
    session: Session, cohort: Cohort, coordinator: Actor
) -> None:
    draft = a_draft(session, coordinator, cohort)
    training_authoring.save(session, coordinator, draft.id, replace(CONTENT, title="First"), version=draft.version)

    with pytest.raises(Conflict):
        training_authoring.save(session, coordinator, draft.id, replace(CONTENT, title="Second"), version=draft.version)

    assert training_authoring.edition(session, coordinator, draft.id).content.title == "First"


@pytest.mark.parametrize(
    ("unfinished", "happened"),
    [
        (replace(CONTENT, text=""), "There is nothing to read in it yet."),
        (replace(CONTENT, questions=()), "Its check has no questions yet."),
        (replace(CONTENT, offered_to=()), "It is for nobody yet."),
        (replace(CONTENT, pass_mark=2), "2 right answers are asked for, and there are 1 questions."),
        (replace(CONTENT, due_on=TODAY - timedelta(days=1)), "Its due date is over already."),
    ],
    ids=["text", "questions", "sides", "pass-mark", "due-date"],
)
def test_what_is_unfinished_is_kept_and_not_published(
    session: Session, cohort: Cohort, coordinator: Actor, unfinished: Content, happened: str
) -> None:
    draft = a_draft(session, coordinator, cohort, unfinished)

    with pytest.raises(Invalid) as refused:
        training_authoring.publish(session, coordinator, draft.id, ask_again=False, today=TODAY)

    session.rollback()
    assert (refused.value.happened, states(session)) == (happened, [(1, PublishedState.DRAFT)])


@pytest.mark.parametrize(
    "wrong",
    [
        replace(CONTENT, title=" "),
        replace(CONTENT, minutes=0),
        replace(CONTENT, valid_months=121),
        replace(CONTENT, offered_to=("everybody",)),
        replace(CONTENT, questions=(replace(ASKED, options=("Only",)),)),
        replace(CONTENT, questions=(replace(ASKED, options=("Same", "Same")),)),
        replace(CONTENT, questions=(replace(ASKED, right=()),)),
        replace(CONTENT, questions=(replace(ASKED, right=(2,)),)),
        replace(CONTENT, questions=(replace(ASKED, question=""),)),
        replace(CONTENT, questions=(ASKED,) * 31),
        replace(CONTENT, text="x" * 60_001),
    ],
    ids=["title", "minutes", "months", "sides", "one-option", "same", "no-right", "no-such", "blank", "many", "long"],
)
def test_what_could_never_be_published_is_refused(
    session: Session, cohort: Cohort, coordinator: Actor, wrong: Content
) -> None:
    draft = a_draft(session, coordinator, cohort)

    with pytest.raises(Invalid):
        training_authoring.save(session, coordinator, draft.id, wrong)

    session.rollback()
    assert training_authoring.edition(session, coordinator, draft.id).content == CONTENT


@pytest.mark.clause("U-C5.1")
def test_a_retired_module_holds_nobody_back_and_can_be_brought_back(
    session: Session, cohort: Cohort, coordinator: Actor
) -> None:
    module = make_module(session, cohort)
    mentor = make_enrolment(session, cohort, Side.MENTOR)
    held = [untrained(session, cohort)]

    training_authoring.retire(session, coordinator, module.id)
    held.append(untrained(session, cohort))
    with pytest.raises(Conflict):
        training.check(session, make_participant(session, mentor), module.id, [1, 0], TODAY)
    training_authoring.bring_back(session, coordinator, module.id)
    held.append(untrained(session, cohort))

    assert held == [{mentor.id}, set(), {mentor.id}]


def test_a_replaced_version_cannot_come_back_beside_the_newer_one(
    session: Session, cohort: Cohort, coordinator: Actor
) -> None:
    old = make_module(session, cohort, state=PublishedState.RETIRED)
    make_module(session, cohort, edition=2)

    with pytest.raises(Conflict):
        training_authoring.bring_back(session, coordinator, old.id)

    assert states(session) == [(1, PublishedState.RETIRED), (2, PublishedState.PUBLISHED)]


def test_a_thrown_away_draft_leaves_what_is_published(session: Session, cohort: Cohort, coordinator: Actor) -> None:
    module = make_module(session, cohort)
    draft = training_authoring.begin_edition(session, coordinator, module.id)

    training_authoring.discard(session, coordinator, draft.id)

    assert states(session) == [(1, PublishedState.PUBLISHED)]


def test_the_list_shows_each_module_once_and_its_draft(session: Session, cohort: Cohort, coordinator: Actor) -> None:
    old = make_module(session, cohort, state=PublishedState.RETIRED)
    new = make_module(session, cohort, edition=2)
    for module in (old, new):
        make_completion(session, make_enrolment(session, cohort, Side.MENTOR), module, date(2028, 9, 1))
    training_authoring.begin_edition(session, coordinator, new.id)
    a_draft(session, coordinator, cohort)

    found = training_authoring.catalogue(session, coordinator, cohort.scheme_id)

    assert [(line.title, line.edition, line.state, line.passed, line.has_draft) for line in found] == [
        ("Further", 1, PublishedState.DRAFT, 0, False),
        ("Starting as a mentor", 3, PublishedState.DRAFT, 0, False),
        ("Starting as a mentor", 2, PublishedState.PUBLISHED, 1, True),
    ]


def test_strangers_write_no_training(session: Session, cohort: Cohort, coordinator: Actor) -> None:
    other = make_cohort(session)
    stranger = make_actor(make_coordinator(session, other), other)
    draft = a_draft(session, coordinator, cohort)

    for attempt in (
        lambda: training_authoring.begin(session, stranger, cohort.scheme_id, title="Mine"),
        lambda: training_authoring.catalogue(session, stranger, cohort.scheme_id),
        lambda: training_authoring.edition(session, stranger, draft.id),
        lambda: training_authoring.preview(session, stranger, draft.id, TODAY),
        lambda: training_authoring.save(session, stranger, draft.id, CONTENT),
        lambda: training_authoring.publish(session, stranger, draft.id, ask_again=True, today=TODAY),
        lambda: training_authoring.discard(session, stranger, draft.id),
        lambda: training_authoring.retire(session, stranger, draft.id),
        lambda: training_authoring.bring_back(session, stranger, draft.id),
        lambda: training_authoring.begin_edition(session, stranger, draft.id),
    ):
        with pytest.raises(NotAllowed):
            attempt()

    assert states(session) == [(1, PublishedState.DRAFT)]


@pytest.mark.parametrize(
    ("typed", "options", "right"),
    [
        ("One\n* Two\nThree", ("One", "Two", "Three"), (1,)),
        ("  *One  \n\n*   Two\n", ("One", "Two"), (0, 1)),
        ("One\n*\nTwo", ("One", "Two"), ()),
        ("", (), ()),
    ],
    ids=["one", "several", "none", "nothing"],
)
def test_answers_are_read_line_by_line_with_a_star_before_the_right_ones(
    typed: str, options: tuple[str, ...], right: tuple[int, ...]
) -> None:
    assert options_read(typed) == (options, right)
    assert options_read(options_typed(options, right)) == (options, right)
