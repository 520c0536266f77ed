"""Equality answers: a person's own, sealed, gone at once when withdrawn, and in no list, journal or match."""

import ast
import json
from pathlib import Path

import pytest
from sqlmodel import Session, select

from models.audit import AuditEntry
from models.enrolments import ConsentText, Enrolment, EnrolmentStatus, Side
from models.equality import EqualityAnswers
from models.schemes import Scheme
from services import closed_consents, departures, equality
from services.access import Actor
from services.errors import Conflict, Invalid, NotAllowed
from services.schemes import equality as questions
from services.settings import settings
from tests.factories import make_actor, make_cohort, make_coordinator, make_enrolment, make_participant, make_scheme

ROOT = Path(__file__).parents[2]
GIVEN = {"gender": "woman", "disability": "yes", "ethnicity": "unsaid"}


def a_mentee(session: Session, *asked: str) -> tuple[Enrolment, Actor]:
    """Somebody approved in a scheme that asks these questions, or all."""
    keys = list(asked) or [question.key for question in questions.questions()]
    cohort = make_cohort(session, make_scheme(session, other_settings={"equality": keys}))
    enrolment = make_enrolment(session, cohort, Side.MENTEE)
    actor = make_participant(session, enrolment)
    session.commit()
    return enrolment, actor


def actions(session: Session) -> list[str]:
    entries = session.exec(select(AuditEntry).order_by(AuditEntry.sequence)).all()  # type: ignore[arg-type]
    return [entry.action for entry in entries]


@pytest.mark.clause("A-SH3")
def test_answers_are_kept_sealed_and_equally_long_changed_and_deleted(session: Session) -> None:
    _, actor = a_mentee(session)
    before = equality.mine(session, actor)

    equality.give(session, actor, dict.fromkeys(("age", "first_family")) | GIVEN)
    first = session.exec(select(EqualityAnswers)).one().words
    kept = equality.mine(session, actor).answers
    equality.give(session, actor, {"first_family": "no"})
    second = session.exec(select(EqualityAnswers)).one()
    changed, length, wording = equality.mine(session, actor).answers, len(second.words), second.wording_sha256
    equality.withdraw(session, actor)
    equality.withdraw(session, actor)

    assert [question.key for question in before.questions] == [
        "age",
        "gender",
        "ethnicity",
        "disability",
        "first_family",
    ]
    assert (before.has_answered, kept, changed) == (False, GIVEN, {"first_family": "no"})
    assert (first[:6], "woman" in first, len(first) == length) == ("gAAAAA", False, True)
    text = session.exec(select(ConsentText)).one()
    assert (text.sha256, text.text) == (wording, "\n".join(questions.promise()))
    assert (session.exec(select(EqualityAnswers)).all(), equality.mine(session, actor).answers) == ([], {})
    assert actions(session) == ["equality.answered", "equality.answered", "equality.withdrawn"]


@pytest.mark.clause("A-SH3")
def test_the_journal_names_no_answer(session: Session) -> None:
    enrolment, actor = a_mentee(session)

    equality.give(session, actor, GIVEN)

    entry = session.exec(select(AuditEntry)).one()
    assert (entry.subject_id, list(entry.details)) == (enrolment.id, ["wording_sha256"])
    assert [code for code in GIVEN.values() if code in json.dumps(entry.details)] == []


@pytest.mark.parametrize(
    ("answers", "says"),
    [({"ethnicity": "asian"}, "does not ask"), ({"gender": "tall"}, "does not ask"), ({"gender": None}, "no answer")],
    ids=["not asked here", "no such answer", "all blank"],
)
def test_what_is_not_asked_or_blank_is_refused_and_nothing_is_kept(
    session: Session, answers: dict[str, str | None], says: str
) -> None:
    _, actor = a_mentee(session, "gender")

    with pytest.raises(Invalid, match=says):
        equality.give(session, actor, answers)

    assert session.exec(select(EqualityAnswers)).all() == []


@pytest.mark.clause("A-SH3")
def test_only_whoever_takes_part_answers_and_in_an_open_place(session: Session) -> None:
    enrolment, actor = a_mentee(session)
    cohort = make_cohort(session, session.exec(select(Scheme)).one())
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    enrolment.status = EnrolmentStatus.DECLINED
    session.commit()

    for who, refused in ((coordinator, NotAllowed), (actor, Conflict)):
        with pytest.raises(refused):
            equality.give(session, who, GIVEN)
    with pytest.raises(NotAllowed):
        equality.mine(session, coordinator)

    assert session.exec(select(EqualityAnswers)).all() == []


@pytest.mark.clause("A-SH3", "A-SH5")
def test_leaving_deletes_them_and_so_does_taking_all_back_in_a_closed_place(session: Session) -> None:
    (_, leaver), (closed, other) = a_mentee(session), a_mentee(session)
    for actor in (leaver, other):
        equality.give(session, actor, GIVEN)
    closed.status = EnrolmentStatus.DECLINED
    session.commit()
    schemes = closed_consents.schemes(session, other)

    departures.withdraw(session, leaver)
    after_leaving = [row.enrolment_id for row in session.exec(select(EqualityAnswers))]
    closed_consents.take_back(session, other)

    assert (len(schemes), after_leaving) == (1, [closed.id])
    assert session.exec(select(EqualityAnswers)).all() == []
    assert closed_consents.schemes(session, other) == ()


def test_without_the_key_nothing_is_read_and_they_can_still_be_deleted(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, actor = a_mentee(session)
    equality.give(session, actor, GIVEN)
    monkeypatch.setenv("MENTORING_SECRET_KEYS", "another key of at least thirty-two bytes")
    settings.cache_clear()

    with pytest.raises(NotAllowed, match="no longer has the key"):
        equality.mine(session, actor)
    equality.withdraw(session, actor)

    assert session.exec(select(EqualityAnswers)).all() == []


@pytest.mark.clause("A-SH3")
def test_where_people_live_in_china_nothing_about_health_or_ethnic_background_is_asked() -> None:
    from services.schemes import templates

    assert templates.load("unnc_alumni").equality == ("gender", "first_family")


# Who may know of the answers at all, and who of their table. Matching, the directory, the queue, files in and out, the
# review and Home are not among them, nor is any screen but the person's own.
OF_ANSWERS = {
    "services/equality_opening.py": "opens them for the counting, and to take a question out",
    "services/equality_asked.py": "takes a question out of them",
    "services/departures.py": "deletes them",
    "services/closed_consents.py": "deletes them",
    "services/demonstration/joining.py": "answers for invented people",
    "pages/equality_questions.py": "the person's own screen",
}
OF_TABLE = {
    "models/all_tables.py": "names it",
    "services/equality.py": "reads and writes one's own",
    "services/equality_asked.py": "takes a question out of them",
    "services/parity.py": "keeps the month's table",
    "services/parity_counting.py": "counts them",
    "services/consents.py": "keeps the words they were given to",
}


@pytest.mark.clause("A-SH3")
def test_nothing_but_the_counting_and_the_persons_own_screen_knows_of_the_answers() -> None:
    knows: dict[str, set[str]] = {"services.equality": set(), "models.equality": set()}
    for path in [*(ROOT / "models").rglob("*.py"), *(ROOT / "services").rglob("*.py"), *(ROOT / "pages").rglob("*.py")]:
        for module, found in knows.items():
            if module in imported_by(path):
                found.add(str(path.relative_to(ROOT)))

    assert knows == {"services.equality": set(OF_ANSWERS), "models.equality": set(OF_TABLE)}


# What reads and opens answers of others, and who may have that done.
OPENING = {
    "EqualityAnswers.words": {"equality_asked", "parity_counting"},
    "equality.opened(": {"equality_opening"},
    "equality_opening.beforehand(": {"equality_asked", "parity"},
    "equality_opening.said(": {"equality_asked", "parity_counting"},
}


@pytest.mark.clause("A-SH3")
def test_answers_of_others_are_opened_in_one_place_to_be_counted_or_deleted() -> None:
    files = [path for folder in ("services", "pages") for path in (ROOT / folder).rglob("*.py")]

    found = {call: {path.stem for path in files if call in path.read_text(encoding="utf-8")} for call in OPENING}

    assert found == OPENING


def imported_by(path: Path) -> set[str]:
    """The modules that a file imports, under their full names."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names
