"""People in files and people in the database are the same people to the engine."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import Session, select

from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.people import Person
from services.access import DESK
from services.imports import arrivals
from services.matching import files, profile_reading
from services.matching.files_columns import FaultyFilesError, Source
from services.matching.files_pairs import given
from services.matching.profiles import Profile
from services.schemes import starting, templates
from tests.bad_inputs import DATA
from tests.factories import make_actor, make_coordinator

AULP = (("aulp-enrolments-forms.csv", None),)
UNNC = (("unnc-mentors-forms.xlsx", Side.MENTOR), ("unnc-mentees-forms.xlsx", Side.MENTEE))


@pytest.mark.parametrize(("scheme", "samples"), [("aulp", AULP), ("unnc_alumni", UNNC)])
def test_the_engine_is_told_the_same_of_people_in_files_as_of_those_imported(
    session: Session, scheme: str, samples: tuple[tuple[str, Side | None], ...]
) -> None:
    cohort = starting.start(
        session, DESK, scheme, cohort_name="2026/27", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
    )
    actor = make_actor(make_coordinator(session, cohort), cohort)
    session.commit()
    for name, side in samples:
        content = (DATA / name).read_bytes()
        arrivals.confirm(session, actor, cohort.id, file_name=name, content=content, mapping=None, side=side)
    session.exec(update(Enrolment).values(status=EnrolmentStatus.APPROVED))
    session.commit()

    sources = [Source(name, (DATA / name).read_bytes(), side) for name, side in samples]
    people = files.read(templates.load(scheme), sources)

    for side in Side:
        places = session.exec(
            select(Enrolment.id, Enrolment.capacity, Person.email_key)
            .join(Person, Person.id == Enrolment.person_id)  # type: ignore[arg-type] # the class stands for its columns
            .where(Enrolment.cohort_id == cohort.id, Enrolment.side == side)
        ).all()
        address = {str(id_): key for id_, _, key in places}
        imported = profile_reading.of_side(session, cohort.id, side, frozenset(id_ for id_, _, _ in places))
        in_files = {member.email_key: member for member in people.of(side)}
        assert by_address({address[one.id]: one for one in imported}) == by_address(
            {key: member.profile for key, member in in_files.items()}
        )
        if side is Side.MENTOR:
            assert {key: member.places for key, member in in_files.items()} == {key: n for _, n, key in places}


def by_address(profiles: Mapping[str, Profile]) -> dict[str, Any]:
    """Without what only a database knows: its ids, and since when somebody waits."""
    return {key: replace(one, id="", waiting_since=None) for key, one in profiles.items()}


def test_nobody_stands_twice_on_one_side_of_two_files() -> None:
    table = b"Name,Email\nMo,mo@example.org\n"
    sources = [Source("one.csv", table, Side.MENTOR), Source("two.csv", table, Side.MENTOR)]

    with pytest.raises(FaultyFilesError) as refused:
        files.read(templates.load("blank"), sources)

    assert refused.value.lines == ("two.csv, row 2: mo@example.org is a mentor in one.csv, row 2 already. Delete one.",)


@pytest.mark.clause("U-3")
def test_a_form_that_says_no_to_the_training_keeps_a_mentor_out_unless_told_otherwise() -> None:
    said = {"Mo": "No", "Nia": "Yes", "Oz": "", "Pi": "未完成"}
    table = "\n".join(["Name,Email,Mentor training", *(f"{name},{name}@example.org,{x}" for name, x in said.items())])
    source = Source("m.csv", table.encode(), Side.MENTOR)

    strict = files.read(templates.load("unnc_alumni"), [source])
    lenient = files.read(templates.load("unnc_alumni"), [source], trust_claims=False)

    assert {one.name: one.lacks for one in strict.mentors} == {
        "Mo": "has not done the training",
        "Nia": None,
        "Oz": "has not done the training",
        "Pi": "has not done the training",
    }
    assert {one.lacks for one in lenient.mentors} == {None}


@pytest.mark.clause("U-C4.5", "A-SH2")
def test_a_name_not_to_be_matched_with_that_is_nobodys_is_told_by_its_row_only() -> None:
    table = "Name,Email,Should not be matched with\nAda,a@example.org,Zacharias\nBo,b@example.org,mo@example.org\n"
    sources = [
        Source("m.csv", b"Name,Email\nMo,mo@example.org\n", Side.MENTOR),
        Source("e.csv", table.encode(), Side.MENTEE),
    ]

    found = given(files.read(templates.load("blank"), sources))

    told = "e.csv, row 2: nobody in the files is called as the person not to be matched with."
    assert told in found.notices
    assert "Zacharias" not in "".join(found.notices)
    assert len(found.candidates.barred) == 1
