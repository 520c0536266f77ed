"""Cells become people, and every problem has a row and a column."""

from collections import Counter

import pytest

from services import cleaning, export
from services.errors import Invalid
from services.imports import columns, reading, rows
from services.imports.reading import Problem
from services.imports.rows import Parsed, PersonRow
from services.imports.targets import TARGETS, Target
from services.imports.words import Side
from tests.bad_inputs import DATA, BadInput, of_kind


def parsed(content: str | bytes, role: Side | None = "mentee", region: str | None = None) -> Parsed:
    sheet = reading.read("people.csv", content.encode() if isinstance(content, str) else content)
    mapping = columns.guess(sheet.headers, [row.cells for row in sheet.rows])
    return rows.parse(sheet, mapping, role=role, region=region)


def person(row: int, name: str, email: str, role: Side = "mentee") -> PersonRow:
    return PersonRow(row, role, name, email, cleaning.compare_key(email))


def sample(file: str, role: Side | None) -> Parsed:
    return parsed((DATA / file).read_bytes(), role)


def test_the_file_with_both_roles_gives_everyone_once() -> None:
    found = sample("aulp-enrolments-forms.csv", None)

    assert Counter(person.role for person in found.people) == {"mentee": 34, "mentor": 30}
    assert (found.problems, found.notices) == ((), ("4 blank rows were skipped.",))
    assert found.people[1] == PersonRow(
        row=3,
        role="mentor",
        full_name="Priya Singh",
        email="mentor15.12@example.org",
        email_key="mentor15.12@example.org",
        telephone="0086-11331021629",
        telephone_key="+8611331021629",
        sector="justice",
        role_title="scientist",
        organisation="employer-032",
        summary="劳动仲裁律师，长期处理裁员与歧视案件。知识产权诉讼律师，代理过多起药品专利纠纷",
        languages=("en", "es", "zh"),
        time_zone="Asia/Hong_Kong",
        capacity=1,
        years_of_experience=6,
    )


def test_one_column_for_both_questions_is_a_mentors_summary_or_a_mentees_goals() -> None:
    found = sample("aulp-enrolments-forms.csv", None)

    answered = {(person.role, person.summary is None, person.goals is None) for person in found.people}
    assert answered == {("mentor", False, True), ("mentee", True, False)}


def test_the_mentees_workbook_merges_double_submissions_and_says_so() -> None:
    found = sample("unnc-mentees-forms.xlsx", "mentee")

    assert (len(found.people), found.problems) == (61, ())
    assert found.notices == (
        "2 blank rows were skipped.",
        "Rows 24 and 25 are the same submission, and count once.",
        "Rows 49 and 50 are the same submission, and count once.",
    )
    assert found.people[0] == PersonRow(
        row=2,
        role="mentee",
        full_name="Amira Smith",
        email="mentee0.11@example.org",
        email_key="mentee0.11@example.org",
        telephone="+86 13649858350",
        telephone_key="+8613649858350",
        sector="life sciences",
        role_title="director",
        goals="laboratory research in drug discovery. venture capital and early stage companies. "
        "bank regulation, compliance and anti money laundering. Prefer honest feedback",
        languages=("en",),
        time_zone="Australia/Sydney",
        channels=("email",),
        extras={"year_of_study": "PhD"},
    )


def test_the_mentors_workbook_keeps_ticks_as_claims_and_addresses_as_typed() -> None:
    found = sample("unnc-mentors-forms.xlsx", "mentor")

    assert (len(found.people), found.problems, found.notices) == (44, (), ())
    shouted = [(mentor.email, mentor.email_key) for mentor in found.people if mentor.email.isupper()]
    assert shouted[0] == ("MENTOR10.11@EXAMPLE.ORG", "mentor10.11@example.org")
    assert Counter(mentor.claims["training"] for mentor in found.people)["No"] > 0
    assert found.people[0] == PersonRow(
        row=2,
        role="mentor",
        full_name="张伟",
        email="mentor0.11@example.org",
        email_key="mentor0.11@example.org",
        telephone="0086-16294919105",
        telephone_key="+8616294919105",
        wechat_id="wx_193630",
        sector="energy",
        role_title="director",
        summary="环境许可与气候信息披露法律顾问",
        languages=("en", "zh"),
        time_zone="Asia/Shanghai",
        channels=("email", "telephone", "wechat"),
        capacity=4,
        claims={"training": "Yes", "agreement": "I agree"},
    )


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_another_tools_export_of_the_same_people_gives_the_same_people(codec: str, separator: str) -> None:
    original = reading.read("mentees.xlsx", (DATA / "unnc-mentees-forms.xlsx").read_bytes())
    table = [original.headers, *(row.cells for row in original.rows if row.number < 24)]
    lines = [separator.join(f'"{cell}"' for cell in reversed(row)) for row in table]

    # GB18030 has all of Unicode, so nothing of a name is lost on the way.
    found = parsed("\n".join(lines).encode(codec))

    assert found.people == sample("unnc-mentees-forms.xlsx", "mentee").people[:22]


NASTY: dict[str, Parsed | str] = {
    "B163": Parsed((person(2, "李明", "a@example.org"),), (), ()),
    "B164": Parsed((person(2, "Zoë", "a@example.org"),), (), ()),
    "B165": Parsed((person(2, "Zoë", "a@example.org"),), (), ()),
    "B166": Parsed((person(2, "李明", "a@example.org"),), (), ()),
    "B167": Parsed(
        (person(2, "Smith, Jr.", "a@example.org"), person(3, "Two lines", "b@example.org")),
        (),
        ("Row 3, “name”: a line break was made a space.",),
    ),
    "B168": Parsed(
        (
            PersonRow(2, "mentee", "NA", "na@example.org", "na@example.org", "07700900123"),
            PersonRow(3, "mentee", "None", "none@example.org", "none@example.org", "+447700900124", "+447700900124"),
        ),
        (),
        (),
    ),
    "B169": "This file is empty.",
    "B170": "This file has no column for: Email.",
    "B171": Parsed(
        (),
        (
            Problem(2, "", "A", "This row has 3 cells, but the first row names 2 columns."),
            Problem(3, "", "B", "This row has 1 cell, but the first row names 2 columns."),
        ),
        (),
    ),
    "B172": "This file has no column for: Email.",
    "B173": "Row 2 has a quotation mark that is never closed, or a cell that is far too long.",
    "B174": "We cannot tell in which alphabet (encoding) this file was saved.",
    "B175": Parsed(
        (),
        (
            Problem(
                2,
                "name",
                "A\ufffd",
                "Full name has a hidden control character at position 2. Delete it there, or type the text again.",
            ),
        ),
        (),
    ),
    "B176": Parsed(
        (),
        (
            Problem(
                4,
                "email",
                "A@EXAMPLE.ORG",
                "Row 2 has the same address under another name. Each person needs their own.",
            ),
        ),
        (),
    ),
    "B177": "This file has more than 10,000 rows.",
    "B178": "This workbook has more than 10,000 rows.",
}


@pytest.mark.parametrize("item", of_kind("csv_file"))
def test_a_nasty_file_gives_people_or_problems_or_a_refusal(item: BadInput) -> None:
    expected = NASTY[item.id]

    if isinstance(expected, str):
        with pytest.raises(Invalid) as refused:
            parsed(item.value)
        assert refused.value.happened == expected
    else:
        assert parsed(item.value) == expected


@pytest.mark.parametrize("item", of_kind("csv_formula"))
def test_an_export_comes_back_as_the_text_it_was(item: BadInput) -> None:
    content = export.csv_bytes(["Name", "Email", "Goals"], [["Ada", "a@example.org", item.value]])

    assert [person.goals for person in parsed(content).people] == [item.value.strip()]


def test_every_bad_cell_is_named_and_good_rows_still_count() -> None:
    content = (
        "Name,Email,Phone,WeChat,Languages,Time zone,Channels,Capacity,Sector\n"
        f",a@example,phone,1x,Klingon,CST,pigeon,5.5,{'x' * 101}\n"
        "Ada,b@example.org,n/a,无,en,,none,-,\n"
    )
    sheet = reading.read("people.csv", content.encode())
    keys = ("full_name", "email", "telephone", "wechat_id", "languages", "time_zone", "channels", "capacity", "sector")

    found = rows.parse(sheet, {key: column for column, key in enumerate(keys)}, role="mentor")

    assert [(problem.row, problem.column, problem.value) for problem in found.problems] == [
        (2, "Name", ""),
        (2, "Email", "a@example"),
        (2, "Phone", "phone"),
        (2, "WeChat", "1x"),
        (2, "Sector", "x" * 39 + "…"),
        (2, "Languages", "Klingon"),
        (2, "Time zone", "CST"),
        (2, "Channels", "pigeon"),
        (2, "Capacity", "5.5"),
    ]
    assert found.problems[5].message == (
        "Languages has an answer that is not known here. Correct “Klingon”, and separate the answers with a semicolon."
    )
    assert found.people == (PersonRow(3, "mentor", "Ada", "b@example.org", "b@example.org", languages=("en",)),)


def test_of_two_submissions_the_later_counts_and_the_coordinator_is_told() -> None:
    found = parsed("Name,Email,Goals\nAda,a@example.org,old\nADA ,A@example.org,new\n")

    assert found.people == (PersonRow(3, "mentee", "ADA", "A@example.org", "a@example.org", goals="new"),)
    assert found.notices == ("Rows 2 and 3 are of one person. The later one, row 3, counts.",)


def test_one_person_may_be_mentor_and_mentee() -> None:
    found = parsed("Name,Email,Mentor or mentee\nAda,a@example.org,mentor\nAda,a@example.org,mentee\n", None)

    assert found.people == (person(2, "Ada", "a@example.org", "mentor"), person(3, "Ada", "a@example.org", "mentee"))
    assert found.notices == ("Rows 2 and 3 enrol one person as mentor and as mentee.",)


def test_an_unclear_or_contrary_role_is_a_problem() -> None:
    content = "Name,Email,Role in the scheme\nA,a@example.org,mentor\nB,b@example.org,both\nC,c@example.org,\n"
    sheet = reading.read("people.csv", content.encode())
    mapping = {"full_name": 0, "email": 1, "enrolment_role": 2}

    each, mentees = rows.parse(sheet, mapping, role=None), rows.parse(sheet, mapping, role="mentee")

    unclear = "This does not say mentor or mentee. Write one of the two words."
    column = "Role in the scheme"
    assert each.people == (person(2, "A", "a@example.org", "mentor"),)
    assert each.problems == (Problem(3, column, "both", unclear), Problem(4, column, "", unclear))
    assert mentees.people == (person(4, "C", "c@example.org"),)
    assert mentees.problems == (
        Problem(2, column, "mentor", "This says mentor, but the file is read as one of mentees."),
        Problem(3, column, "both", unclear),
    )


def test_a_name_in_two_columns_is_joined_as_its_script_does() -> None:
    rows_written = ["Ada,Jones,a@example.org", "明,李,b@example.org", "Olu,,c@example.org", ",,d@example.org"]

    found = parsed("\n".join(["First name,Last name,Email", *rows_written]))

    assert [person.full_name for person in found.people] == ["Ada Jones", "李明", "Olu"]
    assert found.problems == (Problem(5, "First name", "", "Name is empty. Enter a name."),)


def test_a_region_completes_numbers_without_a_country() -> None:
    found = parsed("Name,Email,Phone\nAda,a@example.org,07700 900123\n", region="GB")

    assert (found.people[0].telephone, found.people[0].telephone_key) == ("07700 900123", "+447700900123")


def test_whom_somebody_must_not_meet_is_read_as_people() -> None:
    found = parsed(
        "Name,Email,Who should you not be matched with?\nAda,a@example.org,Bo Li; Cy Ng\nB,b@example.org,None\n"
    )

    assert [person.not_with for person in found.people] == [("Bo Li", "Cy Ng"), ()]


def test_a_schemes_own_question_is_kept_and_may_be_required() -> None:
    topic = Target("topic", "Research topic", "text", True, ("topic",))
    sheet = reading.read("people.csv", b'Name,Email,Topic\nAda,a@example.org,"law\nand order"\nBo,b@example.org,\n')

    found = rows.parse(sheet, {"full_name": 0, "email": 1, "topic": 2}, role="mentee", targets=(*TARGETS, topic))

    assert [person.extras for person in found.people] == [{"topic": "law\nand order"}]
    assert found.problems == (Problem(3, "Topic", "", "Research topic is empty. Fill it in, or delete the row."),)


@pytest.mark.parametrize(
    ("content", "mapping", "role", "happened"),
    [
        ("Name,Email\n", {"full_name": 0, "email": 1}, "mentee", "This file has headers but no people."),
        ("Name,Email\nA,b\n", {}, "mentee", "This file has no column for: Full name, Email."),
        ("Name,Email\nA,b\n", {"full_name": 0, "email": 1}, None, "This file has no column for: Mentor or mentee."),
        ("Name,Email\nA,b\n", {"full_name": 0, "email": 7}, "mentee", "The remembered columns do not fit this file."),
    ],
)
def test_a_file_of_which_nothing_can_come_is_refused(
    content: str, mapping: dict[str, int], role: Side | None, happened: str
) -> None:
    sheet = reading.read("people.csv", content.encode())

    with pytest.raises(Invalid) as refused:
        rows.parse(sheet, mapping, role=role)

    assert refused.value.happened == happened


def test_ten_thousand_rows_are_read_and_one_more_is_not() -> None:
    lines = ["Name,Email", *(f"Ada {number},a{number}@example.org" for number in range(10_000))]

    assert len(parsed("\n".join(lines)).people) == 10_000
    with pytest.raises(Invalid):
        parsed("\n".join([*lines, "B,b@example.org"]))
