"""The screen on which a spreadsheet becomes enrolments."""

from datetime import date

import pytest
from sqlmodel import Session, func, select
from streamlit.testing.v1 import AppTest

from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.people import Person
from models.schemes import Cohort
from pages.ui import plain
from services.access import DESK
from services.schemes import starting
from tests.bad_inputs import DATA
from tests.factories import make_coordinator, make_enrolment, make_person
from tests.pages.opening import open_page

HELLO = "Name,Email,Job title\n"


@pytest.fixture
def cohort(page_session: Session) -> Cohort:
    first, last = date(2026, 9, 1), date(2027, 8, 31)
    return starting.start(page_session, DESK, "unnc_alumni", cohort_name="2026/27", starts_on=first, ends_on=last)


@pytest.fixture
def coordinator(page_session: Session, cohort: Cohort) -> Person:
    return make_coordinator(page_session, cohort)


def opened(coordinator: Person, cohort: Cohort) -> AppTest:
    return open_page("import_people", coordinator, f"coordinator-{cohort.id}")


def uploaded(page: AppTest, name: str, content: bytes, who: str | None = "Mentees") -> AppTest:
    """With the file, and with the side that everybody in it has (None: as the screen preset it)."""
    page.file_uploader[0].upload(name, content).run()
    return page.segmented_control[0].set_value(who).run() if who else page


def checked(page: AppTest) -> AppTest:
    return next(button for button in page.button if button.label == "Check the file").click().run()


def test_an_empty_screen_asks_for_a_file_and_leads_to_the_enrolments(cohort: Cohort, coordinator: Person) -> None:
    page = opened(coordinator, cohort)

    assert not page.exception
    assert [title.value for title in page.title] == ["Import people"]
    assert page.caption[0].value == (
        r"From a spreadsheet into UNNC Alumni Mentoring Scheme, 2026\/27; nothing is written before you confirm"
    )
    assert len(page.file_uploader) == 1
    assert list(page.main.button) == []
    assert [link.proto.label for link in page.get("page_link")] == ["Go to the enrolments"]


def test_a_workbook_is_checked_and_imported_with_one_button(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    page = opened(coordinator, cohort)
    checked(uploaded(page, "mentors.xlsx", (DATA / "unnc-mentors-forms.xlsx").read_bytes(), "Mentors"))

    assert [(metric.label, metric.value) for metric in page.metric] == [
        ("New", "44"),
        ("Changed", "0"),
        ("Stay as they are", "0"),
    ]
    assert page_session.exec(select(func.count()).select_from(Enrolment)).one() == 0
    page.button(key="confirm").click().run()

    assert not page.exception
    assert [notice.value for notice in page.success] == [
        "44 people added, 0 changed, 0 stayed as they were. Enrolments shows who waits for your decision."
    ]
    assert list(page.main.button) == []
    assert "import" not in page.session_state
    assert page.file_uploader[0].value is None
    page_session.expire_all()
    states = page_session.exec(select(Enrolment.side, Enrolment.status, func.count()).group_by(Enrolment.side)).all()
    assert states == [(Side.MENTOR, EnrolmentStatus.SUBMITTED, 44)]


def test_the_same_file_again_is_mapped_as_last_time_and_has_nothing_to_do(cohort: Cohort, coordinator: Person) -> None:
    page, content = opened(coordinator, cohort), (DATA / "unnc-mentees-forms.xlsx").read_bytes()
    checked(uploaded(page, "mentees.xlsx", content)).button(key="confirm").click().run()

    uploaded(page, "mentees.xlsx", content)

    assert page.expander[0].label == "Columns as last time: 11 of 17 used"
    assert [notice.value for notice in page.info] == [
        "Nothing to do: 61 people in this file, all here already with the same answers."
    ]
    assert [button.label for button in page.main.button] == ["Check the file"]


def test_a_file_that_was_left_is_said_to_be_unwritten_and_goes_on_where_it_was(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    page, content = opened(coordinator, cohort), (HELLO + "Ada,a@example.org,x\n").encode()
    checked(uploaded(page, "some *people*.csv", content))
    before = [metric.value for metric in page.metric]

    page.file_uploader[0].set_value(None).run()
    said = [caption.value for caption in page.caption if "left before" in caption.value]
    uploaded(page, "some *people*.csv", content, who=None)
    after = [metric.value for metric in page.metric]
    page.button(key="confirm").click().run()

    assert said == [
        r":material/info: “some \*people\*\.csv” was left before the end: nothing of it is written. "
        "Choose it again to go on where you were."
    ]
    assert (before, after) == (["1", "0", "0"], ["1", "0", "0"])
    assert [caption.value for caption in page.caption if "left before" in caption.value] == []


def test_a_file_with_problems_lists_them_and_cannot_be_confirmed(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    page = opened(coordinator, cohort)

    checked(uploaded(page, "m.csv", (HELLO + "Ada,a@example.org,x\nBo,nobody,y\n,c@example.org,z\n").encode()))

    assert [error.value for error in page.error] == [
        "2 problems to correct first. Nothing was imported. Correct the spreadsheet, then upload it again."
    ]
    assert page.dataframe[0].value.to_dict("records") == [
        {
            "Row": 3,
            "Column": "Email",
            "It says": "nobody",
            "What is wrong": "Email is not a complete email address. Enter one address such as name@example.org.",
        },
        {
            "Row": 4,
            "Column": "Name",
            "It says": "",
            "What is wrong": "Full name is empty. Fill it in, or delete the row.",
        },
    ]
    assert [button.label for button in page.main.button] == ["Check the file"]
    assert len(page.get("download_button")) == 1
    assert page_session.exec(select(Enrolment)).all() == []


def test_columns_can_be_chosen_where_the_guess_is_wrong(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    page = opened(coordinator, cohort)
    uploaded(page, "m.csv", b"Nick,Contact,Who\nZed,ada@example.org,Ada Jones\n")
    names = {box.label: box for box in page.selectbox}
    assert names[r"Full name \(required\)"].options == [
        "Nick · “Zed”",
        "Contact · “ada@example.org”",
        "Who · “Ada Jones”",
    ]

    names[r"Full name \(required\)"].set_value(2)
    checked(page).button(key="confirm").click().run()

    assert not page.exception
    assert page_session.exec(select(Person.full_name).where(Person.email_key == "ada@example.org")).all() == [
        "Ada Jones"
    ]


def test_a_required_column_that_is_missing_is_said_beside_the_columns(cohort: Cohort, coordinator: Person) -> None:
    page = opened(coordinator, cohort)

    checked(uploaded(page, "m.csv", b"Name,Fruit\nAda,apple\n"))

    assert [error.value for error in page.error] == [
        plain("This file has no column for: Email. Choose the column that holds it, or add one to the file.")
    ]
    assert [button.label for button in page.main.button] == ["Check the file"]


def test_a_file_of_both_sides_is_recognised_by_its_column(cohort: Cohort, coordinator: Person) -> None:
    page = opened(coordinator, cohort)

    checked(uploaded(page, "both.csv", (DATA / "aulp-enrolments-forms.csv").read_bytes(), who=None))

    assert page.segmented_control[0].value == "Both"
    assert page.button(key="confirm").label == "Add 64 people"


def test_changes_are_shown_before_and_after_and_the_button_counts_them(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    ada = make_person(page_session, "Ada")
    make_enrolment(page_session, cohort, person=ada, role_title="Clerk")
    page = opened(coordinator, cohort)

    checked(uploaded(page, "m.csv", (HELLO + f"Ada,{ada.email},Judge\nBo,bo@example.org,\n").encode()))

    assert page.dataframe[0].value.to_dict("records") == [
        {"Row": 2, "Name": "Ada", "Question": "The role you are aiming for", "Now": "Clerk", "Then": "Judge"}
    ]
    assert page.button(key="confirm").label == "Add 1 person and change 1"


def test_an_import_that_would_now_do_something_else_is_refused(
    page_session: Session, cohort: Cohort, coordinator: Person
) -> None:
    page = opened(coordinator, cohort)
    checked(uploaded(page, "m.csv", (HELLO + "Ada,ada@example.org,Judge\n").encode()))
    make_enrolment(page_session, cohort, person=make_person(page_session, "Ada", email="ada@example.org"))

    page.button(key="confirm").click().run()

    assert [error.value for error in page.error] == [
        plain("Something changed since you checked this file. Check it again before you confirm.")
    ]


def test_a_file_that_is_no_spreadsheet_is_refused_in_words(cohort: Cohort, coordinator: Person) -> None:
    page = opened(coordinator, cohort)

    page.file_uploader[0].upload("m.csv", b"%PDF-1.7 and so on").run()

    assert [error.value for error in page.error] == [
        plain("This file is not a spreadsheet. Choose a .csv or .xlsx file.")
    ]


def test_a_mentor_cannot_open_the_screen(page_session: Session, cohort: Cohort) -> None:
    mentor = make_enrolment(page_session, cohort, Side.MENTOR)
    person = page_session.get_one(Person, mentor.person_id)

    page = open_page("import_people", person, f"mentor-{mentor.id}")

    assert list(page.file_uploader) == []
    assert list(page.dataframe) == []
