"""Files from other tools, and nasty ones: the same people, or a problem that is named."""

import pytest
from sqlmodel import Session

from models.enrolments import Enrolment
from models.people import Person
from models.schemes import Cohort
from services.access import Actor
from services.errors import Invalid
from services.imports import reading
from services.imports.arrivals import Imported
from tests.bad_inputs import DATA, BadInput, of_kind
from tests.services.imports.arriving import UNNC_MENTEES, _coordinator, confirmed, count, previewed, started, whole


@pytest.fixture
def cohort(session: Session) -> Cohort:
    return started(session, "unnc_alumni")


@pytest.fixture
def actor(session: Session, cohort: Cohort) -> Actor:
    return _coordinator(session, cohort)


CHINESE = {"Full name": "姓名", "University email": "邮箱", "Mobile": "手机号", "Year of study": "年级"} | {
    "Sector you are interested in": "行业",
    "Role you are aiming for": "目标职位",
    "What do you hope to gain from mentoring?": "希望获得",
    "Languages": "语言",
    "Time zone": "时区",
    "Preferred ways to stay in touch": "沟通方式",
    "Is there anybody you should not be matched with?": "需要回避",
}


@pytest.mark.parametrize(
    ("codec", "separator"),
    [("gb18030", ","), ("utf-16", "\t"), ("utf-8-sig", ";"), ("gb18030", ";"), ("utf-8", "\t")],
)
def test_other_tools_exports_bring_the_same_people(
    session: Session, cohort: Cohort, actor: Actor, codec: str, separator: str
) -> None:
    content = (DATA / UNNC_MENTEES[0]).read_bytes()
    original = reading.read("mentees.xlsx", content)
    confirmed(session, actor, cohort, content)
    table = [[CHINESE.get(header, header) for header in original.headers], *(row.cells for row in original.rows)]
    lines = [separator.join(f'"{cell}"' for cell in reversed(row)) for row in table]

    # The same people in Chinese, another alphabet, another separator and backwards: nobody is new, nothing differs.
    done = confirmed(session, actor, cohort, "\n".join(lines).encode(codec))

    assert done == Imported(added=0, changed=0, unchanged=61)


TEXTS = (
    *("html", "markdown", "latex", "sql", "template", "csv_formula", "emoji", "unicode_trick", "log", "long"),
    *("name_ok", "name_bad", "control", "email_header", "phone_bad", "wechat_bad", "timezone_bad", "number_bad"),
)


@pytest.mark.parametrize("kind", TEXTS)
def test_a_hostile_value_is_kept_as_text_or_named_as_a_problem(
    session: Session, cohort: Cohort, actor: Actor, kind: str
) -> None:
    for number, parameter in enumerate(of_kind(kind)):
        quoted = parameter.values[0].value.replace('"', '""')
        text = f'Name,Email,Goals,Year of study\n"{quoted}",a{number}@example.org,"{quoted}","{quoted}"\n'
        content, before = text.encode("utf-8", "surrogatepass"), whole(session)

        if is_fit(session, actor, cohort, content):
            # Written and read back on both databases: the same again is no change.
            assert confirmed(session, actor, cohort, content) == Imported(added=1, changed=0, unchanged=0)
            assert confirmed(session, actor, cohort, content) == Imported(added=0, changed=0, unchanged=1)
        else:
            with pytest.raises(Invalid):
                confirmed(session, actor, cohort, content)
            assert whole(session) == before


def is_fit(session: Session, actor: Actor, cohort: Cohort, content: bytes) -> bool:
    """Whether the file has no problem, neither as a whole nor in a row."""
    try:
        return not previewed(session, actor, cohort, content).problems
    except Invalid:
        return False


@pytest.mark.parametrize("item", of_kind("csv_file"))
def test_a_nasty_file_is_refused_or_leaves_only_whole_people(
    session: Session, cohort: Cohort, actor: Actor, item: BadInput
) -> None:
    content = item.value if isinstance(item.value, bytes) else item.value.encode()
    try:
        done = confirmed(session, actor, cohort, content)
    except Invalid:
        done = Imported(0, 0, 0)

    assert count(session, Enrolment) == done.added
    assert count(session, Person) == done.added + 1  # and the coordinator
