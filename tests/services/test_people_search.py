"""Finding people by several words, on both databases, and keeping what leads to them up to date."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, insert, text, update
from sqlmodel import Session, col, select
from typer.testing import CliRunner

from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.people import Person
from models.schemes import Cohort
from models.search import SearchScope, SearchText
from services import cli, people_index
from services.people_search import matching_people
from tests.factories import make_cohort, make_enrolment, make_person

PEOPLE = {
    "chen": ("Chen Yuxin", "Grid projects in Ningbo; 在能源行业十年", "Project manager", "D"),
    "li": ("李小娜", "企业融资与并购", "投资经理", "L"),
    "olafur": ("Ólafur Þórsson", "Contract law, then compliance.", "Senior counsel", "law-corporate"),
    "brien": ("Siobhán O'Brien", "Twelve years of grid operations", "Engineer", "D"),
}


def the_people(session: Session) -> tuple[Cohort, dict[UUID, str]]:
    """Mentors of one cohort, and their short names by id."""
    cohort = make_cohort(session)
    found = {}
    for key, (name, summary, role, sector) in PEOPLE.items():
        person = make_person(session, name, email=f"{key}.{uuid4().hex[:4]}@post.example.org", called=f"Called{key}")
        facts = {"summary": summary, "role_title": role, "sector": sector}
        found[make_enrolment(session, cohort, Side.MENTOR, person=person, **facts).id] = key
    return cohort, found


def found_by(session: Session, cohort: Cohort, words: str, scope: SearchScope) -> set[UUID]:
    return set(session.exec(matching_people(session, cohort.id, words, scope=scope)))


IN_DIRECTORY = {
    "grid": {"chen", "brien"},
    "grid chen": {"chen"},
    "CHEN   grid": {"chen"},
    "proj man": {"chen"},
    "能源": {"chen", "brien"},
    "能源行业": {"chen"},
    "融资": {"li"},
    "小娜 投资": {"li"},
    "李": {"li"},
    "金融": {"li"},
    "olafur thorsson": {"olafur"},
    "THÓRSSON": {"olafur"},
    "obrien": {"brien"},
    "o'brien engineer": {"brien"},
    "chen law": set(),
    "example": set(),
    "calledchen": set(),
    "!!!": set(),
    "": set(),
    '" OR grid*': set(),
}
IN_QUEUE = {
    "chen": {"chen"},
    "calledli": {"li"},
    "post.example.org": set(PEOPLE),
    "olafur.": {"olafur"},
    "娜": {"li"},
    "grid": set(),
}


@pytest.mark.parametrize(("scope", "expected"), [(SearchScope.DIRECTORY, IN_DIRECTORY), (SearchScope.QUEUE, IN_QUEUE)])
def test_the_directory_is_searched_by_its_four_facts_and_the_queue_by_name_and_address(
    session: Session, scope: SearchScope, expected: dict[str, set[str]]
) -> None:
    cohort, people = the_people(session)

    found = {words: {people[each] for each in found_by(session, cohort, words, scope)} for words in expected}

    assert found == expected


def test_another_cohort_is_not_searched(session: Session) -> None:
    the_people(session)
    elsewhere = make_cohort(session)

    found = found_by(session, elsewhere, "grid", SearchScope.DIRECTORY)

    assert found == set()


def test_a_mentee_is_never_found_in_the_directory(session: Session) -> None:
    cohort = make_cohort(session)
    mentee = make_enrolment(session, cohort, Side.MENTEE, name="Ama Boateng")

    found = [found_by(session, cohort, "ama", scope) for scope in SearchScope]

    assert found == [set(), {mentee.id}]


def test_a_changed_answer_and_name_lead_there_at_once(session: Session) -> None:
    cohort = make_cohort(session)
    person = make_person(session, "Bo Lindqvist")
    mentor = make_enrolment(session, cohort, Side.MENTOR, person=person, summary="Grid projects.")

    mentor.summary, person.full_name = "船舶 design", "Bo Sjöberg"
    session.flush()

    words = ("grid", "lindqvist", "船舶", "sjoberg", "bo design")
    found = [found_by(session, cohort, word, SearchScope.DIRECTORY) for word in words]
    assert found == [set(), set(), {mentor.id}, {mentor.id}, {mentor.id}]


def test_rows_inserted_in_bulk_lead_there_too(session: Session) -> None:
    cohort = make_cohort(session)
    people = [make_person(session, name) for name in ("Chen Yuxin", "李小娜")]
    usual = {"version": 1, "cohort_id": cohort.id, "side": Side.MENTOR, "status": EnrolmentStatus.APPROVED}
    usual |= {"created_at": utc_now(), "languages": [], "channels": [], "answers": {}, "claims": {}}
    usual |= {"sort_key": "", "capacity": 1, "imported": True}
    rows = [usual | {"id": uuid4(), "person_id": person.id} for person in people]

    session.execute(insert(Enrolment), rows)

    found = [found_by(session, cohort, word, SearchScope.QUEUE) for word in ("yuxin", "小娜")]
    assert found == [{rows[0]["id"]}, {rows[1]["id"]}]


def test_an_insert_without_ids_is_heard(session: Session) -> None:
    cohort = make_cohort(session)
    person = make_person(session, "Chen Yuxin")

    session.execute(
        insert(Enrolment).values(
            person_id=person.id, cohort_id=cohort.id, side=Side.MENTOR, languages=[], channels=[], answers={}, claims={}
        )
    )

    assert len(found_by(session, cohort, "chen", SearchScope.DIRECTORY)) == 1


def test_an_update_without_objects_is_heard(session: Session) -> None:
    cohort, people = the_people(session)
    chen = next(each for each, key in people.items() if key == "chen")
    person_id = session.get_one(Enrolment, chen).person_id

    session.execute(update(Person).where(col(Person.id) == person_id).values(full_name="Wu Mei"))
    session.execute(update(Enrolment), [{"id": chen, "version": 1, "summary": "Bridges"}])

    found = [found_by(session, cohort, word, SearchScope.DIRECTORY) for word in ("yuxin", "mei bridges")]
    assert found == [set(), {chen}]


def test_who_is_deleted_is_found_no_more(session: Session) -> None:
    cohort, people = the_people(session)
    chen = next(each for each, key in people.items() if key == "chen")

    session.delete(session.get_one(Enrolment, chen))
    session.flush()

    assert session.exec(select(SearchText).where(SearchText.enrolment_id == chen)).all() == []
    assert {people[each] for each in found_by(session, cohort, "grid", SearchScope.DIRECTORY)} == {"brien"}


def test_nothing_of_who_is_deleted_in_bulk_stays(session: Session) -> None:
    _, people = the_people(session)
    chen, li = (next(each for each, key in people.items() if key == name) for name in ("chen", "li"))

    session.execute(delete(SearchText).where(col(SearchText.enrolment_id) == li))
    session.execute(delete(Enrolment).where(col(Enrolment.id) == chen))

    assert {people[each] for each in session.exec(select(SearchText.enrolment_id))} == {"olafur", "brien"}
    if session.get_bind().dialect.name == "sqlite":
        # Raises when the index holds a word that no row has.
        session.execute(text("INSERT INTO search_words(search_words, rank) VALUES ('integrity-check', 1)"))


def test_what_is_missing_is_filled_in_and_what_is_old_is_rebuilt(session: Session) -> None:
    cohort, people = the_people(session)
    chen = next(each for each, key in people.items() if key == "chen")
    session.execute(delete(SearchText).where(col(SearchText.enrolment_id) == chen))
    session.execute(update(SearchText).values(tokens="dold qold"))

    filled = people_index.fill(session.connection())
    rebuilt = people_index.rebuild(session.connection())

    assert (filled, rebuilt) == (1, 4)
    assert {people[each] for each in found_by(session, cohort, "grid", SearchScope.DIRECTORY)} == {"chen", "brien"}


def test_the_command_writes_the_words_anew(page_session: Session) -> None:
    cohort, people = the_people(page_session)
    page_session.execute(update(SearchText).values(tokens="dold qold"))
    page_session.commit()

    said = CliRunner().invoke(cli.app, ["reindex"])

    assert said.output.strip() == "Done: 4 enrolments can be found by their words again."
    found = found_by(page_session, cohort, "grid chen", SearchScope.DIRECTORY)
    assert {people[each] for each in found} == {"chen"}
