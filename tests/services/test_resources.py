"""The library: what is for one's side, what is new since one's last visit; readers are counted and never named."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from sqlmodel import Session, select

from models.agreements import PublishedState
from models.audit import AuditEntry
from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.messages import Message
from models.resources import Resource, ResourceRead, ResourceReader
from models.schemes import Cohort
from services import jobs, resource_authoring, resource_digest, resources
from services.access import Actor
from services.errors import Conflict, Invalid, NotAllowed
from services.resource_authoring import Content
from services.schemes import templates
from tests.factories import make_actor, make_cohort, make_coordinator, make_enrolment, make_participant, make_scheme
from tests.services.counting import queries_of

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TEXT = Content("Goals with a date", "An exercise.", ("mentor", "mentee"), text="Pick *one*.")


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as travelling:
        yield travelling


@pytest.fixture
def cohort(session: Session) -> Cohort:
    return make_cohort(session)


@pytest.fixture
def coordinator(session: Session, cohort: Cohort) -> Actor:
    return make_actor(make_coordinator(session, cohort), cohort)


def make_resource(session: Session, cohort: Cohort, title: str = "Goals", **facts: Any) -> Resource:
    chosen: dict[str, Any] = {
        "scheme_id": cohort.scheme_id,
        "state": PublishedState.PUBLISHED,
        "title": title,
        "sides": ["mentor", "mentee"],
        "text": "Read this." if "link" not in facts else None,
        "published_at": utc_now(),
    }
    row = Resource(**(chosen | facts))
    session.add(row)
    session.flush()
    return row


def titles(session: Session, actor: Actor, **asked: Any) -> list[str]:
    return [item.title for item in resources.library(session, actor, **asked).items]


def test_each_side_sees_what_is_published_for_it_in_its_scheme(session: Session, cohort: Cohort) -> None:
    make_resource(session, cohort, "For both")
    make_resource(session, cohort, "For mentors", sides=["mentor"])
    make_resource(session, cohort, "A draft", state=PublishedState.DRAFT, published_at=None)
    make_resource(session, cohort, "Taken out", state=PublishedState.RETIRED)
    make_resource(session, make_cohort(session), "Another scheme's")
    mentor, mentee = (make_participant(session, make_enrolment(session, cohort, side)) for side in Side)

    assert (titles(session, mentor), titles(session, mentee)) == (["For both", "For mentors"], ["For both"])


@pytest.mark.clause("U-C6.5")
def test_what_came_since_the_last_visit_is_new_until_it_is_read(session: Session, cohort: Cohort, clock: Any) -> None:
    make_resource(session, cohort, "Old")
    actor = make_participant(session, make_enrolment(session, cohort))
    resources.visit(session, actor)
    at_first = resources.library(session, actor)
    clock.shift(timedelta(days=7))
    added = make_resource(session, cohort, "Added")

    resources.visit(session, actor)
    clock.shift(timedelta(minutes=20))
    resources.visit(session, actor)  # still the same visit
    new = resources.library(session, actor)
    resources.mark_read(session, actor, added.id)
    read = resources.library(session, actor)
    clock.shift(timedelta(days=1))
    resources.visit(session, actor)
    later = resources.library(session, actor)

    assert (at_first.last_visit_at, at_first.new) == (None, 0)
    assert (new.last_visit_at, new.new) == (NOON, 1)
    assert [(item.title, item.is_new, item.is_read) for item in new.items] == [
        ("Added", True, False),
        ("Old", False, False),
    ]
    assert [(item.is_new, item.is_read) for item in read.items] == [(False, True), (False, False)]
    assert later.new == 0


def test_what_is_shown_as_new_again_is_new_to_whoever_has_read_it_before(
    session: Session, cohort: Cohort, clock: Any
) -> None:
    row = make_resource(session, cohort, "Goals")
    actor = make_participant(session, make_enrolment(session, cohort))
    resources.visit(session, actor)
    resources.mark_read(session, actor, row.id)
    clock.shift(timedelta(days=7))
    row.published_at = utc_now()
    clock.shift(timedelta(days=1))

    resources.visit(session, actor)
    (again,) = resources.library(session, actor).items
    clock.shift(timedelta(days=1))
    resources.visit(session, actor)
    (later,) = resources.library(session, actor).items

    assert [(item.is_new, item.is_read) for item in (again, later)] == [(True, False), (False, True)]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("date goals", ["Goals with a date"]),
        ("EXERCISE", ["Goals with a date"]),
        ("文化", ["跨文化"]),
        ("example.org", ["跨文化"]),
        ("100%", []),
        ("goals nowhere", []),
    ],
)
def test_several_words_are_found_in_any_order(session: Session, cohort: Cohort, search: str, found: list[str]) -> None:
    make_resource(session, cohort, "Goals with a date", summary="An exercise.")
    make_resource(session, cohort, "跨文化", link="https://example.org/page")
    actor = make_participant(session, make_enrolment(session, cohort))

    assert titles(session, actor, search=search) == found


def test_the_list_is_paged_and_costs_the_same_however_long_it_is(session: Session, cohort: Cohort) -> None:
    actor = make_participant(session, make_enrolment(session, cohort))
    taken = []
    for number in range(21):
        make_resource(session, cohort, f"Page {number:02}")
        if number in {0, 20}:
            session.commit()
            with queries_of(session) as statements:
                resources.library(session, actor)
            taken.append(len(statements))

    assert taken == [5, 5]
    assert titles(session, actor, page=2) == ["Page 20"]


@pytest.mark.clause("U-C6.5")
def test_readers_are_counted_once_each_and_named_nowhere(session: Session, cohort: Cohort, coordinator: Actor) -> None:
    row = make_resource(session, cohort)
    for _ in range(2):
        actor = make_participant(session, make_enrolment(session, cohort))
        resources.visit(session, actor)
        for _ in range(2):
            resources.mark_read(session, actor, row.id)

    (line,) = resource_authoring.catalogue(session, coordinator, cohort.scheme_id).lines

    assert (line.readers, len(session.exec(select(ResourceRead)).all())) == (2, 2)
    assert session.exec(select(AuditEntry)).all() == []


def test_what_is_not_for_ones_side_cannot_be_opened(session: Session, cohort: Cohort) -> None:
    hidden = [
        make_resource(session, cohort, "For mentors", sides=["mentor"]).id,
        make_resource(session, cohort, "A draft", state=PublishedState.DRAFT, published_at=None).id,
        make_resource(session, make_cohort(session), "Another scheme's").id,
    ]
    mentee = make_participant(session, make_enrolment(session, cohort))

    for resource_id in hidden:
        for attempt in (resources.reading, resources.mark_read):
            with pytest.raises(NotAllowed):
                attempt(session, mentee, resource_id)

    assert session.exec(select(ResourceRead)).all() == []


def test_whoever_left_reads_no_more(session: Session, cohort: Cohort) -> None:
    row = make_resource(session, cohort)
    gone = make_participant(session, make_enrolment(session, cohort, status=EnrolmentStatus.WITHDRAWN))

    for attempt in (
        lambda: resources.library(session, gone),
        lambda: resources.visit(session, gone),
        lambda: resources.set_digest(session, gone, wanted=True),
        lambda: resources.reading(session, gone, row.id),
    ):
        with pytest.raises(NotAllowed):
            attempt()


def test_a_coordinator_writes_publishes_changes_and_takes_back(
    session: Session, cohort: Cohort, coordinator: Actor
) -> None:
    reader = make_participant(session, make_enrolment(session, cohort))
    seen = []
    added = resource_authoring.add(session, coordinator, cohort.scheme_id, TEXT)
    seen.append(titles(session, reader))
    resource_authoring.publish(session, coordinator, added.id)
    seen.append(titles(session, reader))
    resource_authoring.change(session, coordinator, added.id, Content("Renamed", link="https://example.org/a"))
    seen.append(titles(session, reader))
    resource_authoring.undo(session, coordinator, added.id)
    seen.append(titles(session, reader))
    resource_authoring.retire(session, coordinator, added.id)
    seen.append(titles(session, reader))
    resource_authoring.publish(session, coordinator, added.id)
    seen.append(titles(session, reader))

    assert seen == [[], [TEXT.title], ["Renamed"], [TEXT.title], [], [TEXT.title]]
    assert resource_authoring.written(session, coordinator, added.id).content == TEXT


@pytest.mark.parametrize(
    "wrong",
    [
        Content(" ", text="Text"),
        Content("Title", sides=(), text="Text"),
        Content("Title", sides=("everybody",), text="Text"),
        Content("Title"),
        Content("Title", text="Text", link="https://example.org"),
        Content("Title", link="javascript:alert(1)"),
        Content("Title", link="https://bank.example@evil.example"),
        Content("Title", link="file:///etc/passwd"),
        Content("Title", link="example.org"),
        Content("Title", text="x" * 60_001),
    ],
    ids=["title", "nobody", "side", "nothing", "both", "script", "pretends", "file", "no-scheme", "long"],
)
def test_what_cannot_be_read_is_refused(session: Session, cohort: Cohort, coordinator: Actor, wrong: Content) -> None:
    with pytest.raises(Invalid):
        resource_authoring.add(session, coordinator, cohort.scheme_id, wrong)

    assert session.exec(select(Resource)).all() == []


def test_of_two_who_change_it_at_once_the_second_is_told(session: Session, cohort: Cohort, coordinator: Actor) -> None:
    added = resource_authoring.add(session, coordinator, cohort.scheme_id, TEXT)
    resource_authoring.change(session, coordinator, added.id, TEXT, version=added.version)

    with pytest.raises(Conflict):
        resource_authoring.change(session, coordinator, added.id, TEXT, version=added.version)


def test_only_a_draft_is_thrown_away(session: Session, cohort: Cohort, coordinator: Actor) -> None:
    draft = resource_authoring.add(session, coordinator, cohort.scheme_id, TEXT)
    kept = make_resource(session, cohort, "Kept")

    resource_authoring.discard(session, coordinator, draft.id)
    with pytest.raises(Conflict):
        resource_authoring.discard(session, coordinator, kept.id)

    assert [row.title for row in session.exec(select(Resource))] == ["Kept"]


@pytest.mark.parametrize("key", ["aulp", "unnc_alumni", "blank"])
def test_a_schemes_own_texts_are_put_in_once(session: Session, key: str) -> None:
    cohort = make_cohort(session, make_scheme(session, key=key))
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    expected = {document.title for document in templates.load(key).resources}

    added = resource_authoring.add_starters(session, coordinator, cohort.scheme_id)
    with pytest.raises(Conflict):
        resource_authoring.add_starters(session, coordinator, cohort.scheme_id)

    assert (added, {row.title for row in session.exec(select(Resource))}) == (len(expected), expected)


def test_strangers_fill_no_library(session: Session, cohort: Cohort) -> None:
    row, other = make_resource(session, cohort), make_cohort(session)
    stranger = make_actor(make_coordinator(session, other), other)

    for attempt in (
        lambda: resource_authoring.catalogue(session, stranger, cohort.scheme_id),
        lambda: resource_authoring.add(session, stranger, cohort.scheme_id, TEXT),
        lambda: resource_authoring.add_starters(session, stranger, cohort.scheme_id),
        lambda: resource_authoring.written(session, stranger, row.id),
        lambda: resource_authoring.preview(session, stranger, row.id),
        lambda: resource_authoring.change(session, stranger, row.id, TEXT),
        lambda: resource_authoring.undo(session, stranger, row.id),
        lambda: resource_authoring.publish(session, stranger, row.id),
        lambda: resource_authoring.retire(session, stranger, row.id),
        lambda: resource_authoring.discard(session, stranger, row.id),
        lambda: resources.library(session, stranger),
    ):
        with pytest.raises(NotAllowed):
            attempt()

    assert [row.title for row in session.exec(select(Resource))] == ["Goals"]


def recipients(session: Session) -> list[UUID]:
    return [message.person_id for message in session.exec(select(Message))]


def subscribed(session: Session, cohort: Cohort, side: Side) -> Enrolment:
    enrolment = make_enrolment(session, cohort, side)
    resources.set_digest(session, make_participant(session, enrolment), wanted=True)
    return enrolment


@pytest.mark.clause("U-C6.5")
def test_the_digest_goes_to_whoever_asked_when_something_is_new_for_them(
    session: Session, cohort: Cohort, clock: Any
) -> None:
    make_resource(session, cohort, "From before")
    mentor = subscribed(session, cohort, Side.MENTOR)
    subscribed(session, cohort, Side.MENTEE)
    make_enrolment(session, cohort, Side.MENTOR)
    nothing_new = resource_digest.send_due(session, utc_now())
    clock.shift(timedelta(days=7))
    make_resource(session, cohort, "For mentors", sides=["mentor"], summary="An exercise.")
    clock.shift(timedelta(minutes=1))

    resource_digest.send_due(session, utc_now())
    once_more = resource_digest.send_due(session, utc_now())

    (message,) = session.exec(select(Message)).all()
    assert (nothing_new, once_more) == (0, 0)
    assert message.person_id == mentor.person_id
    assert message.body_text is not None
    assert "- For mentors: An exercise.\n" in message.body_text
    assert "From before" not in message.body_text


@pytest.mark.clause("U-C6.5")
def test_switching_the_digest_off_holds_at_once(session: Session, cohort: Cohort, clock: Any) -> None:
    mentor = subscribed(session, cohort, Side.MENTOR)
    clock.shift(timedelta(days=1))
    make_resource(session, cohort)

    resources.set_digest(session, make_participant(session, mentor), wanted=False)
    clock.shift(timedelta(minutes=1))
    resource_digest.send_due(session, utc_now())

    assert recipients(session) == []
    assert [reader.digest_since for reader in session.exec(select(ResourceReader))] == [None]


def test_whoever_left_gets_no_digest(session: Session, cohort: Cohort, clock: Any) -> None:
    mentor = subscribed(session, cohort, Side.MENTOR)
    mentor.status = EnrolmentStatus.WITHDRAWN
    clock.shift(timedelta(days=1))
    make_resource(session, cohort)
    clock.shift(timedelta(minutes=1))

    resource_digest.send_due(session, utc_now())

    assert recipients(session) == []


def test_the_worker_sends_the_digest_every_week() -> None:
    every = {job.name: job.every for job in jobs.recurring()}

    assert every["resources.digest"] == timedelta(days=7)
