"""What a mentee marks holds at once, and nobody but the two ever reads it."""

import pytest
from sqlmodel import Session, select

from models.columns import utc_now
from models.pairings import PairingStatus, TopicMarks
from services import topic_marks
from services.errors import Conflict, Invalid, NotAllowed
from services.topic_marks import Mark
from tests.factories import make_actor, make_enrolment, make_participant
from tests.services.pairs import make_pair


@pytest.mark.clause("A-MR4")
def test_a_subject_carries_one_mark_and_the_last_one_counts(session: Session) -> None:
    pair = make_pair(session)
    topic_marks.mark(session, pair.mentee, pair.pairing.id, Mark.OPEN, ["Salary", "Family", " salary "])

    topic_marks.mark(session, pair.mentee, pair.pairing.id, Mark.OFF_LIMITS, ["FAMILY", "健康"])

    assert topic_marks.of_pairing(session, pair.mentor, pair.pairing.id).by_mark == {
        Mark.OPEN: ("Salary",),
        Mark.ASK_FIRST: (),
        Mark.OFF_LIMITS: ("FAMILY", "健康"),
    }


def test_only_the_mentee_marks_and_only_while_it_lasts(session: Session) -> None:
    pair = make_pair(session)
    stranger = make_participant(session, make_enrolment(session, pair.cohort))
    session.commit()

    for actor in (pair.mentor, stranger, make_actor(pair.coordinator, pair.cohort)):
        with pytest.raises(NotAllowed):
            topic_marks.mark(session, actor, pair.pairing.id, Mark.OPEN, ["Salary"])
    for actor in (stranger, make_actor(pair.coordinator, pair.cohort)):
        with pytest.raises(NotAllowed):
            topic_marks.of_pairing(session, actor, pair.pairing.id)
    pair.pairing.status, pair.pairing.ended_at = PairingStatus.ENDED, utc_now()
    session.commit()
    with pytest.raises(Conflict):
        topic_marks.mark(session, pair.mentee, pair.pairing.id, Mark.OPEN, ["Salary"])

    assert session.exec(select(TopicMarks)).all() == []


@pytest.mark.parametrize(
    "subjects",
    [[str(number) for number in range(31)], ["x" * 81], ["two\nlines"], ["a\x00"]],
    ids=["too many", "too long", "two lines", "control character"],
)
def test_what_cannot_be_a_subject_is_refused(session: Session, subjects: list[str]) -> None:
    pair = make_pair(session)

    with pytest.raises(Invalid):
        topic_marks.mark(session, pair.mentee, pair.pairing.id, Mark.ASK_FIRST, subjects)

    assert session.exec(select(TopicMarks)).all() == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("My FAMILY, and work", [(Mark.OFF_LIMITS, "Family")]),
        ("Money: my salary", [(Mark.ASK_FIRST, "Salary and money")]),
        ("My salary", []),
        ("Familiar faces; career", []),
    ],
)
@pytest.mark.clause("A-MR4")
def test_a_text_that_names_a_careful_subject_is_noticed(
    session: Session, text: str, found: list[tuple[Mark, str]]
) -> None:
    pair = make_pair(session)
    topic_marks.mark(session, pair.mentee, pair.pairing.id, Mark.OPEN, ["Career"])
    topic_marks.mark(session, pair.mentee, pair.pairing.id, Mark.OFF_LIMITS, ["Family"])
    marked = topic_marks.mark(session, pair.mentee, pair.pairing.id, Mark.ASK_FIRST, ["Salary and money"])

    assert list(topic_marks.touched(marked, text)) == found
