"""The certificate of a run as a file: it holds on its own, names nobody, and tells of nobody whom they may meet."""

import json

import pytest
from sqlmodel import Session

from models.enrolments import Conflict, Enrolment
from services import errors
from services.access import Actor
from services.matching import files_proof, pins, run_proof, runs
from services.matching.runs import RunView
from tests.factories import make_cohort, make_scheme
from tests.services.matching.run_parts import TODAY, coordinator_of, mentee, mentor


def solved(session: Session, *, floor_first: bool = False) -> tuple[Actor, RunView, list[Enrolment], list[Enrolment]]:
    """Three mentors with a place each and four mentees; the best mentor of the first is one whom they cannot have."""
    cohort = make_cohort(session, make_scheme(session, criterion_weights={"sector": 5, "languages": 3}))
    mentors = [mentor(session, cohort, f"Mentor {at}", sector=f"s{at}", languages=["en"]) for at in range(3)]
    mentees = [
        mentee(session, cohort, f"Mentee {at}", sector=f"s{at % 3}", languages=["en", "zh"][: 1 + at % 2])
        for at in range(4)
    ]
    session.add(Conflict(declared_by_id=mentees[0].person_id, other_id=mentors[0].person_id))
    actor = coordinator_of(session, cohort)
    session.commit()
    pins.pin(session, actor, cohort.id, mentors[2].id, mentees[1].id, today=TODAY)
    return actor, runs.run(session, actor, cohort.id, today=TODAY, floor_first=floor_first), mentors, mentees


@pytest.mark.parametrize("floor_first", [False, True])
def test_the_certificate_of_a_run_holds_on_its_own_and_names_nobody(session: Session, floor_first: bool) -> None:
    actor, run, _, _ = solved(session, floor_first=floor_first)

    content = run_proof.certificate(session, actor, run.id)

    proof = files_proof.parsed(content)
    assert files_proof.wrong_with(proof, proof.scores or ()) is None
    assert (proof.matched, proof.total, proof.worst) == (run.matched, run.total, run.worst)
    assert len(proof.pins) == 1
    assert b"Mentor " not in content
    assert b"Mentee " not in content


def test_a_certificate_with_another_answer_does_not_hold(session: Session) -> None:
    actor, run, _, _ = solved(session)
    plain = json.loads(run_proof.certificate(session, actor, run.id))
    first, second = (
        at for at, mentor_at in enumerate(plain["answer"]) if mentor_at is not None and at != pinned(plain)
    )
    plain["answer"][first], plain["answer"][second] = plain["answer"][second], plain["answer"][first]

    proof = files_proof.parsed(json.dumps(plain).encode())

    assert files_proof.wrong_with(proof, proof.scores or ()) is not None


def pinned(plain: dict[str, list[list[int]]]) -> int:
    return plain["pins"][0][0]


@pytest.mark.clause("A-SH2", "U-C4.5")
def test_a_private_conflict_is_no_gap_in_the_certificate(session: Session) -> None:
    actor, run, mentors, mentees = solved(session)

    proof = files_proof.parsed(run_proof.certificate(session, actor, run.id))

    row, column = proof.mentees.index(str(mentees[0].id)), proof.mentors.index(str(mentors[0].id))
    assert proof.scores is not None
    gaps = {(i, j) for i in range(len(proof.u)) for j in range(len(proof.v)) if proof.scores[i][j] is None}
    assert gaps == {
        (i, j) for i in range(len(proof.u)) for j in range(len(proof.v)) if proof.u[i] + proof.v[j] < proof.big
    } - {(i, j) for i, _ in proof.pins for j in range(len(proof.v))}
    assert (row, column) not in gaps


def test_the_certificate_is_for_those_who_coordinate_and_for_runs_that_can_be_proved(session: Session) -> None:
    actor, run, mentors, _ = solved(session)
    stranger = coordinator_of(session, make_cohort(session))
    mentors[0].sector = "elsewhere"
    session.flush()

    with pytest.raises(errors.NotAllowed):
        run_proof.certificate(session, stranger, run.id)
    with pytest.raises(errors.Conflict, match="have changed since this run"):
        run_proof.certificate(session, actor, run.id)
