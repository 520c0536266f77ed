"""A spreadsheet's people arrive: previewed, then all of them or nobody, and never twice."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from hashlib import sha256
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlmodel import Session, SQLModel, col, select

from models import bulk
from models.agreements import Signature, TrainingCompletion
from models.audit import AuditEntry
from models.enrolments import ColumnMapping, Consent, Enrolment, EnrolmentStatus, Side
from models.people import Person
from models.schemes import Cohort
from models.search import SearchText
from services import audit, enrolments, people_index, readiness, storage
from services.access import Acting, Actor
from services.errors import Conflict, Invalid, NotAllowed
from services.imports import arrivals
from services.imports.arrivals import Imported
from tests.bad_inputs import DATA
from tests.factories import make_actor, make_cohort, make_coordinator
from tests.services.counting import queries_of
from tests.services.imports.arriving import (
    AULP_BOTH,
    UNNC_MENTEES,
    UNNC_MENTORS,
    _coordinator,
    arguments,
    confirmed,
    count,
    previewed,
    started,
    whole,
)


@pytest.fixture
def cohort(session: Session) -> Cohort:
    return started(session, "unnc_alumni")


@pytest.fixture
def actor(session: Session, cohort: Cohort) -> Actor:
    return _coordinator(session, cohort)


@pytest.mark.parametrize(
    ("sample", "new", "notices"),
    [
        (UNNC_MENTORS, {Side.MENTOR: 44}, ()),
        (
            UNNC_MENTEES,
            {Side.MENTEE: 61},
            (
                "2 blank rows were skipped.",
                "Rows 24 and 25 are the same submission, and count once.",
                "Rows 49 and 50 are the same submission, and count once.",
            ),
        ),
        (AULP_BOTH, {Side.MENTOR: 30, Side.MENTEE: 34}, ("4 blank rows were skipped.",)),
    ],
)
def test_each_export_arrives_whole_and_once(
    session: Session, sample: tuple[str, Side | None], new: dict[Side, int], notices: tuple[str, ...]
) -> None:
    cohort = started(session, sample[0].split("-")[0].replace("unnc", "unnc_alumni"))
    actor, content = _coordinator(session, cohort), (DATA / sample[0]).read_bytes()
    total = sum(new.values())

    seen = previewed(session, actor, cohort, content, sample[1])
    first = arrivals.confirm(session, actor, cohort.id, **arguments(content, sample[1]), seen=seen.fingerprint)
    before = whole(session)
    again = previewed(session, actor, cohort, content, sample[1])
    second = confirmed(session, actor, cohort, content, sample[1])

    assert (seen.new, seen.changed, seen.unchanged, seen.problems, seen.changes) == (total, 0, 0, (), ())
    assert seen.notices[: len(notices)] == notices
    assert [notice[:60] for notice in seen.notices[len(notices) :]] == [
        "The same name is there under another address. If it is one p"
    ]
    assert first == Imported(added=total, changed=0, unchanged=0)
    assert second == Imported(added=0, changed=0, unchanged=total)
    assert (again.has_work, again.notices, again.columns.remembered) == (False, notices, True)
    assert whole(session) == before
    assert Counter(session.exec(select(Enrolment.side).where(Enrolment.cohort_id == cohort.id))) == new


def test_a_person_is_kept_as_the_file_says(session: Session, cohort: Cohort, actor: Actor) -> None:
    confirmed(session, actor, cohort, (DATA / UNNC_MENTORS[0]).read_bytes(), Side.MENTOR)

    person = session.exec(select(Person).where(Person.email_key == "mentor0.11@example.org")).one()
    place = session.exec(select(Enrolment).where(Enrolment.person_id == person.id)).one()
    kept = person.model_dump() | place.model_dump()
    assert {key: kept[key] for key in kept if key not in {"id", "created_at", "person_id", "submitted_at"}} == {
        "version": 1,
        "full_name": "张伟",
        "called": None,
        "sort_name": None,
        "pronouns": None,
        "email": "mentor0.11@example.org",
        "email_key": "mentor0.11@example.org",
        "telephone": "0086-16294919105",
        "telephone_key": "+8616294919105",
        "wechat_id": "wx_193630",
        "time_zone": "Asia/Shanghai",
        "language": "en",
        "cohort_id": cohort.id,
        "side": Side.MENTOR,
        "status": EnrolmentStatus.SUBMITTED,
        "sort_key": "张伟",
        "role_title": "director",
        "organisation": None,
        "sector": "D",
        "summary": "环境许可与气候信息披露法律顾问",
        "goals": None,
        "years_of_experience": None,
        "languages": ["en", "zh"],
        "channels": ["email", "telephone", "wechat"],
        "capacity": 4,
        "answers": {},
        "claims": {"training": "Yes", "agreement": "I agree"},
        "imported": True,
        "conflicts_declared_at": None,
        "decided_at": None,
        "decision_note": None,
        "waiting_since": None,
    }


@pytest.mark.clause("U-3", "U-9")
def test_a_tick_is_a_claim_and_no_signature_training_or_consent(session: Session, cohort: Cohort, actor: Actor) -> None:
    content = "Name,Email,Mentor training,I agree,Sharing\nAda,a@example.org,Yes,I agree,Share my email\n"
    confirmed(session, actor, cohort, content, Side.MENTOR)
    ada = session.exec(select(Enrolment)).one()
    enrolments.approve(session, actor, [ada.id])

    lights = readiness.lights(session, [ada.id], today=date(2026, 10, 1))[ada.id]

    assert ada.claims == {"training": "Yes", "agreement": "I agree"}
    assert (lights.training.holds, lights.signature.holds, lights.contactable.holds) == (False, False, False)
    assert [count(session, table) for table in (Signature, TrainingCompletion, Consent)] == [0, 0, 0]
    assert readiness.ready_ids(session, cohort.id, Side.MENTOR, date(2026, 10, 1)) == frozenset()


def test_the_journal_tells_of_the_import_by_counts_and_fingerprint(
    session: Session, cohort: Cohort, actor: Actor
) -> None:
    content = b"Name,Email\nAda,a@example.org\n"

    confirmed(session, actor, cohort, content)

    entry = session.exec(select(AuditEntry).order_by(col(AuditEntry.sequence).desc())).first()
    assert entry is not None
    assert (entry.action, entry.actor_id, entry.subject_id, entry.details) == (
        "enrolments.imported",
        actor.person_id,
        cohort.id,
        {"file_sha256": sha256(content).hexdigest(), "added": 1, "changed": 0, "unchanged": 0},
    )


def test_one_problem_anywhere_and_nothing_is_written(session: Session, cohort: Cohort, actor: Actor) -> None:
    content, before = "Name,Email\nAda,a@example.org\nBo,nobody\nCy\n", whole(session)

    seen = previewed(session, actor, cohort, content)
    with pytest.raises(Invalid, match="2 problems"):
        confirmed(session, actor, cohort, content)

    assert (seen.new, seen.can_be_confirmed) == (1, False)
    assert [(problem.row, problem.column) for problem in seen.problems] == [(3, "Email"), (4, "")]
    assert whole(session) == before


def test_a_preview_writes_nothing(session: Session, cohort: Cohort, actor: Actor) -> None:
    before = whole(session)

    seen = previewed(session, actor, cohort, (DATA / UNNC_MENTORS[0]).read_bytes(), Side.MENTOR)

    assert len(seen.people) == 20
    assert whole(session) == before


def test_the_chosen_columns_are_remembered_for_the_next_file_of_this_shape(
    session: Session, cohort: Cohort, actor: Actor
) -> None:
    chosen = {"full_name": 1, "email": 2}
    confirmed(session, actor, cohort, "Nick,Who,Contact\nZed,Ada,a@example.org\n", Side.MENTEE, chosen)

    seen = previewed(session, actor, cohort, "Nick,Who,Contact\nBo,Bo Li,b@example.org\n")

    assert (seen.columns.mapping, seen.columns.remembered) == (chosen, True)
    assert [person.name for person in seen.people] == ["Bo Li"]
    assert count(session, ColumnMapping) == 1


def test_what_was_seen_is_done_or_nothing_is(session: Session, cohort: Cohort, actor: Actor) -> None:
    content = "Name,Email\nAda,a@example.org\n"
    seen = previewed(session, actor, cohort, content)
    confirmed(session, actor, cohort, content)
    before = whole(session)

    with pytest.raises(Conflict, match="Something changed since"):
        arrivals.confirm(session, actor, cohort.id, **arguments(content), seen=seen.fingerprint)

    assert whole(session) == before


def test_somebody_added_at_the_same_moment_stops_the_import(
    session: Session, cohort: Cohort, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    if session.get_bind().dialect.name == "sqlite":
        pytest.skip("on SQLite the import holds the only right to write")

    added: list[Person] = []
    insert = bulk.insert

    def insert_a_moment_later(connection: Connection, usual: SQLModel, own: Mapping[str, Sequence[Any]]) -> None:
        if isinstance(usual, Person):
            with Session(session.get_bind()) as other:
                added.append(Person(full_name="Ada", email="a@example.org", email_key="a@example.org"))
                other.add(added[0])
                other.commit()
        insert(connection, usual, own)

    monkeypatch.setattr(bulk, "insert", insert_a_moment_later)

    with pytest.raises(Conflict, match="Somebody else added") as refused:
        confirmed(session, actor, cohort, "Name,Email\nAda,a@example.org\n")

    # What goes to the log names the rule, and neither row nor address.
    clash = refused.value.__cause__
    assert clash is not None
    assert ("uq_person_email_key" in str(clash), "a@example.org" in str(clash)) == (True, False)
    assert clash.__suppress_context__
    assert (count(session, Person), count(session, Enrolment)) == (2, 0)


def test_the_words_that_lead_to_imported_people_are_those_that_the_index_would_write(
    session: Session, cohort: Cohort, actor: Actor
) -> None:
    file, side = UNNC_MENTORS
    confirmed(session, actor, cohort, (DATA / file).read_bytes(), side)
    written = set(session.exec(select(SearchText.enrolment_id, SearchText.scope, SearchText.tokens)))

    people_index.rebuild(session.connection())

    session.expire_all()
    assert len(written) == 2 * count(session, Enrolment) > 0
    assert set(session.exec(select(SearchText.enrolment_id, SearchText.scope, SearchText.tokens))) == written


def test_of_two_who_import_one_file_at_once_nobody_adds_anything_twice(
    session: Session, cohort: Cohort, actor: Actor
) -> None:
    content = "Name,Email\n" + "".join(f"Person {n},p{n}@example.org\n" for n in range(50))
    both_have_read, cohort_id = Barrier(2, timeout=60), cohort.id
    session.commit()  # on SQLite whoever has read in a session that may write keeps others from writing

    def importing(_: int) -> Imported | Conflict:
        with storage.reading() as own:
            try:
                return arrivals.confirm(own, actor, cohort_id, **arguments(content), progress=wait_for_the_other)
            except Conflict as refusal:
                return refusal

    def wait_for_the_other(_share: float, doing: str) -> None:
        if doing.startswith("Comparing"):
            both_have_read.wait()

    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(importing, range(2)))

    # The second waits for the first and finds nothing new, or is told that somebody was quicker.
    assert outcomes.count(Imported(added=50, changed=0, unchanged=0)) == 1
    other = next(each for each in outcomes if each != Imported(added=50, changed=0, unchanged=0))
    assert other == Imported(added=0, changed=0, unchanged=50) or "a moment ago" in str(other)
    session.expire_all()
    assert (count(session, Person), count(session, Enrolment)) == (51, 50)
    assert audit.verify(session).holds


def test_only_a_coordinator_of_this_scheme_may_look_or_import(session: Session, cohort: Cohort) -> None:
    elsewhere = make_cohort(session)
    strangers = [
        make_actor(make_coordinator(session, elsewhere), elsewhere),
        *(
            make_actor(make_coordinator(session, cohort), cohort, acting)
            for acting in set(Acting) - {Acting.COORDINATOR}
        ),
    ]
    session.commit()
    given, before = arguments("Name,Email\nAda,a@example.org\n"), whole(session)
    ways: list[Callable[[Actor], object]] = [
        lambda stranger: arrivals.destination(session, stranger, cohort.id),
        lambda stranger: arrivals.preview(session, stranger, cohort.id, **given),
        lambda stranger: arrivals.confirm(session, stranger, cohort.id, **given),
        lambda stranger: arrivals.columns_of(
            session, stranger, cohort.id, file_name="a.csv", content=given["content"], side=None
        ),
    ]

    for stranger in strangers:
        for way in ways:
            with pytest.raises(NotAllowed, match="You cannot open this cohort"):
                way(stranger)

    assert whole(session) == before


def test_a_column_for_something_that_the_scheme_does_not_ask_is_refused(
    session: Session, cohort: Cohort, actor: Actor
) -> None:
    with pytest.raises(Invalid, match="does not ask"):
        previewed(session, actor, cohort, "Name,Email,x\nAda,a@example.org,y\n", Side.MENTEE, {"shoe_size": 2})


def test_three_rows_take_as_many_queries_as_one(session: Session, cohort: Cohort, actor: Actor) -> None:
    def lines(number: int, role: str) -> str:
        rows = (f"Ada {n},a{n}@example.org,{role},Zed\n" for n in range(number))
        return "Name,Email,Job title,Who should you not be matched with?\n" + "".join(rows)

    confirmed(session, actor, cohort, lines(3, "Clerk") + "Zed,z@example.org,Clerk,\n")

    taken = []
    for number in (1, 3):
        with queries_of(session) as statements:
            assert previewed(session, actor, cohort, lines(number, "Judge")).changed == number
        taken.append(len(statements))

    assert taken[0] == taken[1]
