"""Publishing a module asks whoever has to do it; a week before its day, whoever has not done it hears once more."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from models.agreements import TrainingModule
from models.audit import AuditEntry
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.messages import Message
from models.schemes import Cohort
from services import training_asking, training_authoring
from services.access import Actor
from services.errors import NotAllowed
from services.training_authoring import Edition
from services.training_content import AskedQuestion, Content
from tests.factories import make_actor, make_cohort, make_coordinator, make_enrolment, make_scheme
from tests.services.training_parts import make_completion, make_module

TODAY = date(2026, 10, 1)
NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
DUE = date(2026, 10, 20)
CONTENT = Content("Further", "", "Read.", minutes=25, due_on=DUE, questions=(AskedQuestion("?", ("a", "b"), (0,), ""),))

pytestmark = pytest.mark.clause("U-C5.1")


@pytest.fixture
def cohort(session: Session) -> Cohort:
    return make_cohort(session, make_scheme(session, mentor_gates=["training"]), ends_on=date(2027, 6, 30))


@pytest.fixture
def coordinator(session: Session, cohort: Cohort) -> Actor:
    return make_actor(make_coordinator(session, cohort), cohort)


def mentor(session: Session, cohort: Cohort, name: str, **facts: Any) -> Enrolment:
    return make_enrolment(session, cohort, Side.MENTOR, name=name, **facts)


def draft(session: Session, coordinator: Actor, cohort: Cohort, content: Content = CONTENT) -> Edition:
    begun = training_authoring.begin(session, coordinator, cohort.scheme_id, title=content.title)
    return training_authoring.save(session, coordinator, begun.id, content)


def written(session: Session, template: str) -> dict[Any, str | None]:
    rows = session.exec(select(Message).where(col(Message.template) == template))
    return {row.person_id: row.body_text for row in rows}


def published_long_ago(session: Session, cohort: Cohort, **facts: Any) -> TrainingModule:
    return make_module(session, cohort, published_at=NOW - timedelta(days=30), due_on=date(2026, 10, 8), **facts)


def test_publishing_writes_to_whom_it_said_it_would(session: Session, cohort: Cohort, coordinator: Actor) -> None:
    asked = [mentor(session, cohort, name) for name in ("Ama", "Bo")]
    for name, status in (("Cy", EnrolmentStatus.PAUSED), ("Di", EnrolmentStatus.WITHDRAWN)):
        mentor(session, cohort, name, status=status)
    make_enrolment(session, cohort, Side.MENTEE, name="Efua")
    mentor(session, make_cohort(session), "Fay of another scheme")
    now = draft(session, coordinator, cohort)

    plan = training_asking.asking(session, coordinator, now.id, CONTENT, ask_again=False, today=TODAY)
    nothing_yet = written(session, "training_asked")
    training_authoring.publish(session, coordinator, now.id, ask_again=False, today=TODAY)

    texts = written(session, "training_asked")
    assert nothing_yet == {}
    assert (plan.people, plan.names) == (2, ("Ama", "Bo"))
    assert set(texts) == {each.person_id for each in asked}
    assert plan.preview is not None
    assert plan.preview.text == texts[asked[0].person_id]
    assert "Please do it by Tuesday 20 October 2026." in plan.preview.text
    assert "about 25 minutes" in plan.preview.text
    assert "From the day after, you get no new match" in plan.preview.text
    entry = session.exec(select(AuditEntry).where(AuditEntry.action == "training.published")).one()
    assert entry.details["people"] == 2


@pytest.mark.parametrize(("ask_again", "asked"), [(False, {"Bo"}), (True, {"Ama", "Bo"})])
def test_whoever_passed_an_earlier_version_is_asked_only_if_it_is_to_be_repeated(
    session: Session, cohort: Cohort, coordinator: Actor, ask_again: bool, asked: set[str]
) -> None:
    first = make_module(session, cohort)
    people = {name: mentor(session, cohort, name) for name in ("Ama", "Bo")}
    make_completion(session, people["Ama"], first, date(2028, 9, 1))
    now = training_authoring.begin_edition(session, coordinator, first.id)

    plan = training_asking.asking(session, coordinator, now.id, now.content, ask_again=ask_again, today=TODAY)
    training_authoring.publish(session, coordinator, now.id, ask_again=ask_again, today=TODAY)

    assert set(plan.names) == asked
    assert set(written(session, "training_asked")) == {people[name].person_id for name in asked}


def test_what_is_only_offered_writes_to_nobody(session: Session, cohort: Cohort, coordinator: Actor) -> None:
    mentor(session, cohort, "Ama")
    offered = Content("Offered", "", "Read.", is_required=False, questions=CONTENT.questions)
    now = draft(session, coordinator, cohort, offered)

    plan = training_asking.asking(session, coordinator, now.id, offered, ask_again=False, today=TODAY)
    training_authoring.publish(session, coordinator, now.id, ask_again=False, today=TODAY)

    assert plan == training_asking.Asking(0, (), None)
    assert written(session, "training_asked") == {}


def test_a_week_before_its_day_whoever_has_not_done_it_hears_once(session: Session, cohort: Cohort) -> None:
    module = published_long_ago(session, cohort)
    ama, bo = mentor(session, cohort, "Ama"), mentor(session, cohort, "Bo")
    mentor(session, cohort, "Cy", status=EnrolmentStatus.PAUSED)
    make_completion(session, bo, module, date(2028, 9, 1))

    sent = [training_asking.remind_due(session, NOW + timedelta(days=days)) for days in (-1, 0, 0, 3, 8)]

    assert sent == [0, 1, 0, 0, 0]
    (text,) = written(session, "training_soon").values()
    assert set(written(session, "training_soon")) == {ama.person_id}
    assert "please do it by Thursday 8 October 2026" in (text or "")


def test_whoever_was_asked_yesterday_is_not_reminded(session: Session, cohort: Cohort) -> None:
    module = published_long_ago(session, cohort)
    module.published_at = NOW - timedelta(days=1)
    session.add(module)
    mentor(session, cohort, "Ama")

    assert training_asking.remind_due(session, NOW) == 0


def test_strangers_learn_of_nobody(session: Session, cohort: Cohort, coordinator: Actor) -> None:
    mentor(session, cohort, "Ama")
    now = draft(session, coordinator, cohort)
    other = make_cohort(session)
    stranger = make_actor(make_coordinator(session, other), other)

    with pytest.raises(NotAllowed):
        training_asking.asking(session, stranger, now.id, CONTENT, ask_again=False, today=TODAY)
