"""Expectations are written alone and read together; no one of the pair is first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select

from models.audit import AuditEntry
from models.columns import utc_now
from models.pairings import Expectation, PairingStatus
from services import expectations
from services.errors import Conflict, Invalid, NotAllowed
from services.expectations import QUESTIONS, Line
from tests.factories import make_actor, make_enrolment, make_participant
from tests.services.pairs import make_pair

MINE = {"lead": "mentee", "stuck": "asks", "frank": "plainly", "between": "word", "reply": "days", "hope": "I grow."}
THEIRS = MINE | {"frank": "gently", "hope": "They grow."}


@pytest.mark.clause("U-C6.4")
def test_neither_reads_the_other_before_both_are_done_and_then_differences_come_first(session: Session) -> None:
    pair = make_pair(session)

    mine = expectations.write(session, pair.mentee, pair.pairing.id, MINE, done=True)
    theirs = expectations.write(session, pair.mentor, pair.pairing.id, THEIRS, done=False)
    waiting = expectations.of_pairing(session, pair.mentee, pair.pairing.id)
    expectations.write(session, pair.mentor, pair.pairing.id, THEIRS, done=True)
    both = expectations.of_pairing(session, pair.mentee, pair.pairing.id)

    assert (mine.together, theirs.together, waiting.together) == ((), (), ())
    assert (waiting.i_am_done, waiting.they_are_done) == (True, False)
    assert both.together[0] == Line(
        "How plainly do we speak?", "Plainly, and kindly", "Gently, with time to come round to it", differs=True
    )
    assert [line.differs for line in both.together] == [True] + [False] * 6
    assert both.together[5] == Line("It will have been worth it if…", "I grow.", "They grow.", differs=False)


def test_once_both_are_done_nothing_is_changed_any_more(session: Session) -> None:
    pair = make_pair(session)
    for actor in (pair.mentee, pair.mentor):
        expectations.write(session, actor, pair.pairing.id, MINE, done=True)

    with pytest.raises(Conflict):
        expectations.write(session, pair.mentee, pair.pairing.id, THEIRS, done=True)

    assert expectations.of_pairing(session, pair.mentee, pair.pairing.id).mine == MINE


def test_until_then_either_may_take_their_own_back(session: Session) -> None:
    pair = make_pair(session)
    expectations.write(session, pair.mentee, pair.pairing.id, MINE, done=True)

    again = expectations.write(session, pair.mentee, pair.pairing.id, THEIRS, done=False)

    assert (again.mine, again.i_am_done) == (THEIRS, False)
    assert len(session.exec(select(Expectation)).all()) == 1


@pytest.mark.parametrize(
    "answers",
    [{"lead": "nobody"}, {"gossip": "x"}, {"hope": "x" * 1001}, {"hope": "a\x00b"}, {"lead": "mentee"}],
    ids=["no such option", "no such question", "too long", "control character", "not whole"],
)
def test_what_is_no_answer_is_refused_and_nothing_is_kept(session: Session, answers: dict[str, str]) -> None:
    pair = make_pair(session)

    with pytest.raises(Invalid):
        expectations.write(session, pair.mentee, pair.pairing.id, answers, done=True)

    assert session.exec(select(Expectation)).all() == []


def test_nobody_else_reads_or_writes_and_an_ended_pair_is_frozen(session: Session) -> None:
    pair = make_pair(session)
    expectations.write(session, pair.mentee, pair.pairing.id, MINE, done=True)
    stranger = make_participant(session, make_enrolment(session, pair.cohort))
    coordinator = make_actor(pair.coordinator, pair.cohort)
    session.commit()

    for actor in (stranger, coordinator):
        with pytest.raises(NotAllowed):
            expectations.of_pairing(session, actor, pair.pairing.id)
        with pytest.raises(NotAllowed):
            expectations.write(session, actor, pair.pairing.id, THEIRS, done=True)
    pair.pairing.status, pair.pairing.ended_at = PairingStatus.ENDED, utc_now()
    session.commit()
    with pytest.raises(Conflict):
        expectations.write(session, pair.mentor, pair.pairing.id, THEIRS, done=True)

    assert expectations.of_pairing(session, pair.mentor, pair.pairing.id).together == ()
    assert len(session.exec(select(Expectation)).all()) == 1


def test_the_journal_says_who_wrote_and_no_word(session: Session) -> None:
    pair = make_pair(session)

    expectations.write(session, pair.mentee, pair.pairing.id, MINE, done=True)

    assert [(entry.action, entry.details) for entry in session.exec(select(AuditEntry))] == [
        ("expectations.written", {"side": "mentee", "done": True})
    ]


SAID = st.fixed_dictionaries(
    {}, optional={each.key: st.sampled_from(list(each.options)) if each.options else st.text() for each in QUESTIONS}
)


@given(SAID, SAID)
def test_every_question_stands_once_and_both_readers_see_the_same_differences(
    mine: dict[str, str], theirs: dict[str, str]
) -> None:
    seen, other = expectations.compared(mine, theirs), expectations.compared(theirs, mine)

    assert sorted(line.asked for line in seen) == sorted(question.asked for question in QUESTIONS)
    assert [Line(line.asked, line.theirs, line.mine, line.differs) for line in other] == list(seen)
    assert [line.differs for line in seen] == sorted((line.differs for line in seen), reverse=True)


@pytest.mark.clause("A-0")
def test_nothing_that_a_pair_is_asked_calls_it_advice() -> None:
    words = " ".join(f"{each.asked} {' '.join(each.options.values())}" for each in QUESTIONS)

    assert "advi" not in words.casefold()
