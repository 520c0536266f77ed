"""Many rows at once: their keys are keys, and equal answers of another kind stay apart."""

from uuid import UUID, uuid4

from sqlmodel import Session, select

from models import bulk
from models.enrolments import AnswerChange, Enrolment, Side
from tests.factories import make_cohort, make_enrolment


def test_new_keys_are_random_ones_in_order() -> None:
    ids = bulk.new_ids(300)

    assert [(key.version, key.variant) for key in map(UUID, ids)] == [(4, UUID(int=2**63).variant)] * 300
    assert ids == sorted(set(ids))
    assert len({key[:1] for key in ids}) > 10


def test_rows_are_kept_as_they_were_given(session: Session) -> None:
    place = make_enrolment(session, make_cohort(session))
    session.flush()
    answers = [1, True, None, "1", ["a\tb", "c\\N\n"], {"x": "李"}, [], {}]
    usual = AnswerChange(enrolment_id=uuid4(), key="-")

    bulk.insert(
        session.connection(),
        usual,
        {
            "id": bulk.new_ids(len(answers)),
            "enrolment_id": [place.id, place.id.hex] * 4,
            "key": [f"{number}\\t" for number in range(len(answers))],
            "after": answers,
        },
    )

    kept = {change.key: change.after for change in session.exec(select(AnswerChange))}
    assert repr([kept[f"{number}\\t"] for number in range(len(answers))]) == repr(answers)


def test_signs_that_end_lines_and_columns_are_kept_in_texts(session: Session) -> None:
    place = make_enrolment(session, make_cohort(session))
    session.flush()
    keys = ["a\tb", "c\\N\nd", "\\N", "\\.", "e\r\n", "\\", "", "李 é"]
    people = [None, place.person_id, place.person_id.hex, None] * 2
    usual = AnswerChange(enrolment_id=place.id, key="-", after="of all")

    bulk.insert(session.connection(), usual, {"id": bulk.new_ids(8), "key": keys, "changed_by_id": people})

    kept = session.exec(select(AnswerChange).order_by(AnswerChange.id)).all()  # type: ignore[arg-type]
    assert [(change.key, change.changed_by_id) for change in kept] == list(
        zip(keys, [None, place.person_id, place.person_id, None] * 2, strict=True)
    )
    assert {(change.enrolment_id, change.after, change.created_at) for change in kept} == {
        (place.id, "of all", usual.created_at)
    }


def test_no_rows_are_no_rows(session: Session) -> None:
    usual = Enrolment(person_id=uuid4(), cohort_id=uuid4(), side=Side.MENTOR)

    bulk.insert(session.connection(), usual, {"id": []})
    bulk.insert(session.connection(), usual, {})

    assert session.exec(select(Enrolment)).all() == []
