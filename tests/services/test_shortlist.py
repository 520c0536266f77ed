"""Mentors kept for later, and what the ledger counts of the directory."""

from datetime import date
from uuid import uuid4

import pytest
from sqlmodel import Session, select

from models.audit import AuditEntry
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.search import DirectorySearches, Shortlisted
from services import directory, directory_figures, shortlist, wishes
from services.access import Actor
from services.directory_figures import DirectoryFigures
from services.errors import Conflict, Invalid, NotAllowed
from tests.factories import make_actor, make_coordinator, make_enrolment, make_participant
from tests.services.test_directory import a_cohort, a_listed, a_mentee

TODAY = date(2026, 11, 20)


def a_reader_and_mentors(session: Session) -> tuple[Actor, list[Enrolment]]:
    cohort = a_cohort(session)
    mentors = [a_listed(session, cohort, name) for name in ("B", "A")]
    actor = a_mentee(session, cohort)
    session.commit()
    return actor, mentors


@pytest.mark.clause("U-1")
def test_mentors_are_kept_and_let_go(session: Session) -> None:
    actor, (b, a) = a_reader_and_mentors(session)

    counts = [shortlist.keep(session, actor, mentor.id, today=TODAY) for mentor in (b, a)]
    kept = shortlist.mine(session, actor, today=TODAY)
    shortlist.drop(session, actor, b.id)

    assert counts == [1, 2]
    assert [mentor.full_name for mentor in kept.mentors] == ["A", "B"]
    assert shortlist.ids(session, actor) == (a.id,)


@pytest.mark.clause("U-1", "U-C5.3")
def test_of_a_kept_mentor_who_pauses_nothing_is_shown(session: Session) -> None:
    actor, (b, a) = a_reader_and_mentors(session)
    for mentor in (b, a):
        shortlist.keep(session, actor, mentor.id, today=TODAY)
    session.get_one(Enrolment, a.id).status = EnrolmentStatus.PAUSED
    session.commit()

    kept = shortlist.mine(session, actor, today=TODAY)

    assert ([mentor.full_name for mentor in kept.mentors], kept.unlisted) == (["B"], (a.id,))


def test_whoever_is_not_listed_cannot_be_kept(session: Session) -> None:
    actor, _ = a_reader_and_mentors(session)
    hidden = make_enrolment(session, a_cohort(session), Side.MENTOR)
    session.commit()

    for mentor_id in (hidden.id, uuid4()):
        with pytest.raises(NotAllowed):
            shortlist.keep(session, actor, mentor_id, today=TODAY)

    assert session.exec(select(Shortlisted)).all() == []


def test_a_mentor_is_kept_once_and_let_go_once(session: Session) -> None:
    actor, (b, _) = a_reader_and_mentors(session)
    shortlist.keep(session, actor, b.id, today=TODAY)

    with pytest.raises(Conflict):
        shortlist.keep(session, actor, b.id, today=TODAY)
    shortlist.drop(session, actor, b.id)
    with pytest.raises(Conflict):
        shortlist.drop(session, actor, b.id)

    assert shortlist.ids(session, actor) == ()


def test_a_shortlist_has_an_end(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shortlist, "MOST", 1)
    actor, (b, a) = a_reader_and_mentors(session)
    shortlist.keep(session, actor, b.id, today=TODAY)

    with pytest.raises(Invalid):
        shortlist.keep(session, actor, a.id, today=TODAY)

    assert shortlist.ids(session, actor) == (b.id,)


def test_the_journal_does_not_say_whom_a_mentee_keeps(session: Session) -> None:
    actor, (b, _) = a_reader_and_mentors(session)

    shortlist.keep(session, actor, b.id, today=TODAY)

    entry = session.exec(select(AuditEntry).where(AuditEntry.action == "shortlist.kept")).one()
    assert (entry.subject_id, entry.details) == (actor.place.enrolment_id, {})


@pytest.mark.clause("U-1")
def test_listed_mentors_searches_and_wishes_are_counted_and_no_words_kept(session: Session) -> None:
    cohort = a_cohort(session)
    mentors = [a_listed(session, cohort, name) for name in "ABC"]
    a_listed(session, cohort, "Full", capacity=0)
    actors = [make_participant(session, make_enrolment(session, cohort, name=name)) for name in ("Ama", "Li")]
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    session.commit()
    for mentor in mentors[:2]:
        wishes.add(session, actors[0], mentor.id, today=TODAY)

    heard = [
        directory_figures.note_search(session, actor, words, today=day)
        for actor, words, day in (
            (actors[0], "glaciology", TODAY),
            (actors[1], "能源", TODAY),
            (actors[1], "!?", TODAY),
            (actors[0], "grid", date(2026, 11, 21)),
        )
    ]

    rows = session.exec(select(DirectorySearches).order_by("searched_on")).all()
    assert heard == [True, True, False, True]
    assert [(row.cohort_id, row.searched_on, row.searches) for row in rows] == [
        (cohort.id, TODAY, 2),
        (cohort.id, date(2026, 11, 21), 1),
    ]
    assert directory_figures.figures(session, coordinator, cohort.id, today=TODAY) == DirectoryFigures(
        listed=3, searches=3, wishes=2, wishing=1
    )


def test_only_whoever_runs_the_scheme_reads_the_figures(session: Session) -> None:
    actor, mentors = a_reader_and_mentors(session)

    with pytest.raises(NotAllowed):
        directory_figures.figures(session, actor, mentors[0].cohort_id, today=TODAY)


@pytest.mark.clause("U-1")
def test_a_removed_wish_comes_back_at_its_rank(session: Session) -> None:
    actor, (b, a) = a_reader_and_mentors(session)
    for mentor in (b, a):
        wishes.add(session, actor, mentor.id, today=TODAY)

    rank = wishes.remove(session, actor, b.id)
    back = wishes.add(session, actor, b.id, rank=rank, today=TODAY)

    assert (rank, back, wishes.ids(session, actor)) == (1, 1, (b.id, a.id))


@pytest.mark.clause("U-1")
def test_a_sector_and_words_narrow_the_directory_together(session: Session) -> None:
    cohort = a_cohort(session)
    for name, sector, summary in (("A", "D", "Wind"), ("B", "D", "Sun"), ("C", "A", "Wind")):
        a_listed(session, cohort, name, sector=sector, summary=summary)
    actor = a_mentee(session, cohort)

    found = [
        [mentor.full_name for mentor in directory.listed(session, actor, today=TODAY, **asked).mentors]  # type: ignore[arg-type]
        for asked in ({"sector": "D"}, {"sector": "D", "search": "wind"}, {"search": "wind"}, {"sector": "L"})
    ]

    assert found == [["A", "B"], ["A"], ["A", "C"], []]
