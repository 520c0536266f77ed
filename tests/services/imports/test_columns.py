"""Which column answers what, in the exports we know and in others."""

import pytest

from services.imports import columns, reading
from services.imports.columns import Target
from tests.bad_inputs import DATA

AULP = {
    "full_name": "Name",
    "email": "Email Address",
    "telephone": "Telephone",
    "enrolment_role": "Do you want to mentor or be mentored?",
    "sector": "Area of practice",
    "role_title": "Job title",
    "organisation": "Institution",
    "summary": "What would you like to explore, or what can you offer?",
    "goals": "What would you like to explore, or what can you offer?",
    "languages": "Languages",
    "time_zone": "Time zone",
    "capacity": "How many mentees could you take on?",
    "years_of_experience": "Years in practice",
}
MENTEES = {
    "full_name": "Full name",
    "email": "University email",
    "telephone": "Mobile",
    "sector": "Sector you are interested in",
    "role_title": "Role you are aiming for",
    "goals": "What do you hope to gain from mentoring?",
    "languages": "Languages",
    "time_zone": "Time zone",
    "channels": "Preferred ways to stay in touch",
    "year_of_study": "Year of study",
    "not_with": "Is there anybody you should not be matched with?",
}
MENTORS = {
    "full_name": "Your full name (as you write it)",
    "email": "Email address for the scheme",
    "telephone": "Mobile number",
    "wechat_id": "WeChat ID (optional)",
    "sector": "Which sector do you work in?",
    "role_title": "Your current role",
    "summary": "Please summarise your work history",
    "languages": "Which languages could you mentor in?",
    "time_zone": "Your time zone",
    "channels": "How are you happy to be contacted?",
    "capacity": "How many mentees could you support?",
    "training_claimed": "Have you completed the online mentor training?",
    "agreement_claimed": "I agree to the Mentor Agreement",
}


def named(headers: list[str], rows: list[list[str]]) -> dict[str, str]:
    """Target key → header."""
    return {key: headers[column] for key, column in columns.guess(headers, rows).items()}


@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("aulp-enrolments-forms.csv", AULP),
        ("unnc-mentees-forms.xlsx", MENTEES),
        ("unnc-mentors-forms.xlsx", MENTORS),
    ],
)
def test_every_question_of_the_known_forms_is_found_in_either_order(
    file: str, expected: dict[str, str], turn: int
) -> None:
    sheet = reading.read(file, (DATA / file).read_bytes())

    assert named(list(sheet.headers[::turn]), [list(row.cells[::turn]) for row in sheet.rows]) == expected


def test_chinese_headers_are_understood() -> None:
    headers = ["ID", "开始时间", "完成时间", "电子邮件", "名称", "您的姓名", "学校邮箱", "手机号", "微信号", "所在行业",
               "目前职位", "工作单位", "个人简介", "希望获得什么收获？", "语言", "所在时区", "沟通方式", "可指导人数",
               "工作年限", "年级", "报名身份", "是否完成导师培训", "我同意协议", "不希望匹配的人"]  # fmt: skip
    row = ["1", "2026-09-01", "2026-09-01", "anonymous", "", "李明", "a@example.org", "0086-13800138000", "wx_123456",
           "金融", "经理", "某公司", "律师", "实习", "中文、英语", "Asia/Shanghai", "微信、邮件", "2", "10", "大三",
           "导师", "是", "同意", ""]  # fmt: skip

    assert named(headers, [row]) == {
        "full_name": "您的姓名",
        "email": "学校邮箱",
        "telephone": "手机号",
        "wechat_id": "微信号",
        "enrolment_role": "报名身份",
        "sector": "所在行业",
        "role_title": "目前职位",
        "organisation": "工作单位",
        "summary": "个人简介",
        "goals": "希望获得什么收获？",
        "languages": "语言",
        "time_zone": "所在时区",
        "channels": "沟通方式",
        "capacity": "可指导人数",
        "years_of_experience": "工作年限",
        "year_of_study": "年级",
        "training_claimed": "是否完成导师培训",
        "agreement_claimed": "我同意协议",
        "not_with": "不希望匹配的人",
    }


def test_the_tools_own_name_and_email_are_taken_when_nothing_else_was_asked() -> None:
    headers = ["ID", "Start time", "Completion time", "Email", "Name", "Sector"]
    row = ["1", "2026-09-01", "2026-09-01", "a@example.org", "Ada Jones", "finance"]

    assert named(headers, [row]) == {"full_name": "Name", "email": "Email", "sector": "Sector"}


def test_addresses_are_found_whatever_their_header_says() -> None:
    assert named(["Who", "Where we reach you"], [["Ada", "a@example.org"]]) == {"email": "Where we reach you"}


def test_names_in_two_columns_are_found() -> None:
    found = named(["First name", "Surname", "E-mail"], [["Ada", "Jones", "a@example.org"]])

    assert found == {"given_name": "First name", "family_name": "Surname", "email": "E-mail"}


def test_headers_alone_are_enough_when_nobody_has_answered() -> None:
    assert named(["Name", "Email"], []) == {"full_name": "Name", "email": "Email"}


def test_answers_of_the_wrong_kind_outvote_the_header() -> None:
    headers = ["Name", "Telephone", "Time zone", "Number of mentees"]
    row = ["Ada", "ask me", "same as yours", "a few"]

    assert named(headers, [row]) == {"full_name": "Name"}


def test_only_what_is_asked_for_is_looked_for() -> None:
    topic = Target("topic", "Topic", "text", False, ("research topic",))

    assert columns.guess(["Name", "Your research topic"], [["Ada", "law"]], [topic]) == {"topic": 1}


def test_a_shape_is_the_same_for_the_same_headers_in_the_same_order_only() -> None:
    shape = columns.shape_key(["Full name", "E-mail"])

    assert shape == columns.shape_key([" full NAME ", "E-Mail:"])
    assert len({shape, columns.shape_key(["E-mail", "Full name"]), columns.shape_key(["Full name"])}) == 3


def test_a_cell_is_judged_by_its_beginning_because_a_long_one_would_take_minutes() -> None:
    rows = [("Ada", "x" * 200 + "@example.org", "a@example.org")]

    assert columns.guess(("Name", "Email", "Contact"), rows) == {"full_name": 0, "email": 2}


def test_the_alumni_forms_own_question_about_goals_is_recognised() -> None:
    headers = ["Full name", "Email address", "What you would like mentoring to do for you", "Anything else"]

    found = columns.guess(headers, [["Ama Bo", "ama@example.org", "Find a first job.", "No."]])

    assert found == {"full_name": 0, "email": 1, "goals": 2}
