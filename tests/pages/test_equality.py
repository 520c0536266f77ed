"""Equality answers: on the Enrolment screen for whoever gives them, on Participation as shares of groups alone."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session, select
from streamlit.testing.v1 import AppTest

from models.columns import utc_now
from models.enrolments import Side
from models.equality import EqualityAnswers
from models.schemes import Cohort
from pages import equality_questions
from pages import parity as parity_page
from services import equality, equality_asked, parity
from services.parity_rules import Told
from services.settings import settings
from tests.factories import make_actor, make_cohort, make_coordinator, make_manager, make_scheme
from tests.pages.opening import open_page
from tests.pages.test_enrolment import a_draft, opened
from tests.services.counting import reads, sent
from tests.services.test_parity import people

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.clause("A-SH3")
def test_whoever_likes_answers_changes_and_withdraws_under_consents(page_session: Session) -> None:
    mentee = a_draft(page_session, "aulp")
    page = opened(page_session, mentee, step=5)
    closed = [box.label for box in page.selectbox]

    page.session_state["equality"] = True
    page.run()
    asked = [(box.label, box.value) for box in page.selectbox]
    page.selectbox(key=f"equality-{mentee.id}-gender").set_value("woman")
    page.button(key="equality-keep").click().run()
    kept, said = mine(page_session, mentee.id), [notice.value for notice in page.success]
    page.button(key=f"equality-withdraw-{mentee.id}").click().run()

    assert (closed, [value for _, value in asked]) == ([], [None] * 5)
    assert [label for label, _ in asked][:2] == ["Your age", "Your gender"]
    assert (kept, said) == ({"gender": "woman"}, [equality_questions.KEPT])
    assert [notice.value for notice in page.success] == [equality_questions.GONE]
    assert page_session.exec(select(EqualityAnswers)).all() == []
    assert [box.value for box in page.selectbox] == [None] * 5


def mine(session: Session, enrolment_id: object) -> dict[str, str]:
    row = session.exec(select(EqualityAnswers).where(EqualityAnswers.enrolment_id == enrolment_id)).one()
    answers = equality.opened(row.words)
    session.commit()
    return answers


def test_a_press_without_an_answer_keeps_nothing_and_says_so(page_session: Session) -> None:
    mentee = a_draft(page_session, "aulp")
    page = opened(page_session, mentee, step=5)
    page.session_state["equality"] = True
    page.run()

    page.button(key="equality-keep").click().run()

    said = [error.value.replace("\\", "") for error in page.error]
    assert said == ["There is no answer to keep. Choose one, or leave this part as it is."]
    assert page_session.exec(select(EqualityAnswers)).all() == []


def test_a_scheme_that_asks_nothing_shows_no_such_part(page_session: Session) -> None:
    page = opened(page_session, a_draft(page_session, "blank"), step=5)

    assert [box.label for box in page.expander] == ["What I agreed to, and when"]


@pytest.mark.clause("A-SH3")
def test_staff_see_shares_of_groups_when_they_ask_and_nothing_of_anybody(page_session: Session) -> None:
    cohort = a_cohort(page_session)
    coordinator, manager = make_coordinator(page_session, cohort), make_manager(page_session, cohort)
    parity.publish_due(page_session, NOW)
    pages = [open_page("participation", coordinator), open_page("participation", manager)]
    before = [len(page.get("plotly_chart")) for page in pages]

    with sent(page_session) as statements:
        for page in pages:
            page.toggle(key="parity").set_value(True).run()

    assert before == [2, 2]
    for page in pages:
        told = [header.value for header in page.header]
        assert "Mentees: no difference between groups beyond chance" in told
        chart = page.get("plotly_chart")[2].proto
        assert chart.alt == (
            "Bars of how many mentees of each group are matched. "
            "Women: about 70 % of about 20; Men: about 50 % of about 10."
        )
        assert json.loads(chart.config) == {"displayModeBar": False}
        assert "| Women | about 20 | about 70 % |" in shown(page)
        assert "Kept back, so that nobody's answer can be worked out: Another gender" in captions(page)
    assert len(reads(statements)) <= 24


def test_nothing_to_compare_says_what_it_takes(page_session: Session) -> None:
    cohort = make_cohort(page_session, make_scheme(page_session, other_settings={"equality": ["gender"]}))
    people(page_session, cohort, "woman", 3)
    coordinator = make_coordinator(page_session, cohort)
    page = open_page("participation", coordinator, parity="true")
    before = [info.value for info in page.info]
    parity.publish_due(page_session, utc_now())

    page.run()

    assert before[-1] == parity_page.NONE_YET
    assert page.info[-1].value == parity_page.TOO_FEW
    assert len(page.get("plotly_chart")) == 2


@pytest.mark.clause("A-SH3")
@pytest.mark.parametrize(("lost", "said"), [(3, "fewer than 8 people"), (21, "about 20 people")], ids=["few", "many"])
def test_answers_that_no_key_opens_are_told_of_in_one_sentence(
    page_session: Session, monkeypatch: pytest.MonkeyPatch, lost: int, said: str
) -> None:
    cohort = make_cohort(page_session, make_scheme(page_session, other_settings={"equality": ["gender"]}))
    people(page_session, cohort, "woman", lost)
    coordinator = make_coordinator(page_session, cohort)
    monkeypatch.setenv("MENTORING_SECRET_KEYS", "another key of at least thirty-two bytes")
    settings.cache_clear()
    parity.publish_due(page_session, utc_now())

    page = open_page("participation", coordinator, parity="true")

    assert f"The answers of {said} could not be opened with this server's key and count as left blank" in captions(page)


def test_a_manager_finds_the_comparison_gone_as_soon_as_the_scheme_asks_no_more(page_session: Session) -> None:
    cohort = a_cohort(page_session)
    coordinator, manager = make_coordinator(page_session, cohort), make_manager(page_session, cohort)
    page = open_page("participation", manager)
    before = [toggle.key for toggle in page.toggle]

    equality_asked.keep(page_session, make_actor(coordinator, cohort), cohort.scheme_id, [], seen=["gender"])
    page.run()

    assert (before, [toggle.key for toggle in page.toggle]) == (["numbers", "parity"], ["numbers"])


def test_a_range_is_told_as_one() -> None:
    groups = {"Women": Told(20, 75, 100), "Men": Told(20, 0, 25), "Others": Told(20, 70, 70)}

    figure = parity_page.figure(Side.MENTOR, groups)

    assert [parity_page.share_in_words(each) for each in groups.values()] == [
        "75 % or more",
        "25 % or fewer",
        "about 70 %",
    ]
    assert [list(bar.x) for bar in figure.data] == [[75, 0, 70], [25, 25, 0]]


@pytest.mark.clause("A-SH3")
def test_no_screen_but_the_persons_own_names_the_answers() -> None:
    folder = Path(parity_page.__file__).parent

    named = {path.name for path in folder.glob("*.py") if re.search(r"\bequality\.", path.read_text(encoding="utf-8"))}

    assert named == {"equality_questions.py"}


def a_cohort(session: Session) -> Cohort:
    """Twenty-one women, twelve men and three others, most of the women and half of the men matched."""
    cohort = make_cohort(session, make_scheme(session, other_settings={"equality": ["gender"]}))
    people(session, cohort, "woman", 21, matched=15)
    people(session, cohort, "man", 12, matched=6)
    people(session, cohort, "another", 3, matched=1)
    people(session, cohort, None, 6, matched=1)
    session.commit()
    return cohort


def shown(page: AppTest) -> str:
    return "\n".join(element.value for element in page.markdown)


def captions(page: AppTest) -> str:
    return "\n".join(element.value.replace("\\", "") for element in page.caption)
