"""Participation: figures with their bases, charts with words and tables, names only for the coordinator."""

import json
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session
from streamlit.testing.v1 import AppTest

from models.columns import utc_now
from models.enrolments import Side
from models.schemes import Cohort, Scheme
from pages import charts
from services import participation
from services.participation import Figure, Stage
from services.rhythm import Rhythm, WeekEnd
from tests.factories import (
    make_cohort,
    make_coordinator,
    make_enrolment,
    make_manager,
    make_pairing,
    make_person,
)
from tests.pages.opening import open_page
from tests.services.counting import reads, sent


def test_a_coordinator_sees_figures_charts_and_who_is_quiet_when_asked(page_session: Session) -> None:
    cohort = make_cohort(page_session)
    make_pairing(page_session, cohort, mentor="Marguerite", mentee="Li Wei", released_at=_ago(50))
    coordinator = make_coordinator(page_session, cohort)

    page = open_page("participation", coordinator)
    before = _shown(page)
    page.toggle(key="who").set_value(True).run()

    assert [(metric.label, metric.value) for metric in page.metric] == [
        ("Mentees matched", "1 of 1"),
        ("First contact in 7 days", "0 of 1"),
        ("Met within 30 days", "0 of 1"),
        ("In rhythm", "0 of 1"),
        ("Feedback answered", "–"),
    ]
    assert len(page.get("plotly_chart")) == 2
    assert "Li Wei" not in before
    assert "**Li Wei** with **Marguerite**  \n50 days since any contact, agreed every 30 days" in _shown(page)


def test_a_manager_sees_no_name_and_no_small_count(page_session: Session) -> None:
    cohort = _of_yesterday(page_session, pairs=2)
    page_session.get_one(Scheme, cohort.scheme_id).time_zone = "Asia/Shanghai"

    page = open_page("participation", make_manager(page_session, cohort))

    # It may be another day where the manager is.
    assert page.caption[0].value.endswith(" in Shanghai")
    assert page.info[0].value.startswith("You see counts, never people")
    assert [(metric.value, metric.delta) for metric in page.metric] == [
        ("hidden", "too few to show"),
        ("hidden", "too few to show"),
        ("hidden", "too few to show"),
        ("hidden", "too few to show"),
        ("–", "nobody yet"),
    ]
    assert [toggle.key for toggle in page.toggle] == ["numbers"]
    assert "Li Wei" not in _everything(page)
    assert "Marguerite" not in _everything(page)


def test_every_chart_has_words_and_no_mode_bar(page_session: Session) -> None:
    cohort = make_cohort(page_session)
    make_pairing(page_session, cohort)

    page = open_page("participation", make_coordinator(page_session, cohort))

    drawn = [chart.proto for chart in page.get("plotly_chart")]
    assert [json.loads(chart.config) for chart in drawn] == [{"displayModeBar": False}] * 2
    assert [chart.alt.split(".")[0] for chart in drawn] == [
        "Stacked bars of 12 weeks",
        "Bar chart of how far people have come",
    ]
    assert [230 <= json.loads(chart.spec)["layout"]["height"] <= 320 for chart in drawn] == [True, True]


def test_an_empty_cohort_says_what_comes_next(page_session: Session) -> None:
    coordinator = make_coordinator(page_session, make_cohort(page_session))

    page = open_page("participation", coordinator)

    assert [info.value for info in page.info] == [
        "Nobody has enrolled yet. Import people or invite them, and their figures appear here."
    ]


def test_a_participant_does_not_get_it(page_session: Session) -> None:
    cohort = make_cohort(page_session)
    make_pairing(page_session, cohort, mentor="Marguerite")
    person = make_person(page_session)
    make_enrolment(page_session, cohort, person=person)

    page = open_page("participation", person)

    assert list(page.metric) == []
    assert "Marguerite" not in _everything(page)


def test_the_first_look_takes_no_more_than_twelve_queries_and_the_next_fewer(page_session: Session) -> None:
    cohort = make_cohort(page_session)
    make_pairing(page_session, cohort)
    coordinator = make_coordinator(page_session, cohort)
    page = open_page("home", coordinator)

    with sent(page_session) as at_first:
        page.switch_page("participation.py").run()
    with sent(page_session) as again:
        page.run()

    assert len(reads(at_first)) <= 12
    assert len(reads(again)) < len(reads(at_first))


def test_titles_say_the_finding() -> None:
    stages = [Stage("enrolled", "Enrolled", "", 40, 61), Stage("met", "Met", "", 20, 28)]
    unknown = [Stage("enrolled", "Enrolled", "", 40, 61), Stage("met", "Met", "", None, None)]

    assert charts.funnel_finding(stages) == "28 of 61 enrolled mentees have met their mentor"
    assert charts.funnel_finding(unknown) == "From enrolment to the first meeting"
    assert charts.funnel_in_words(unknown) == (
        "Bar chart of how far people have come. Enrolled: 40 mentors, 61 mentees; Met: hidden mentors, hidden mentees."
    )


def test_thousands_are_read_at_a_glance() -> None:
    figure = Figure("matched", "Mentees matched", "", 1000, 1600, left_out=2000)
    stages = [Stage("enrolled", "Enrolled", "", 1200, 1600), Stage("met", "Met", "", 0, 1000)]

    assert participation.in_words(figure) == "1,000 of 1,600"
    assert charts.share_in_words(figure) == "62 %, 2,000 not yet due"
    assert charts.funnel_finding(stages) == "1,000 of 1,600 enrolled mentees have met their mentor"
    assert charts.label(1600) == "1,600"


def test_what_is_hidden_is_not_in_the_chart_either() -> None:
    weeks = (WeekEnd(utc_now().date(), Rhythm(None, None, None, 9)),)

    figure = charts.history(weeks)

    assert [list(bar.y) for bar in figure.data] == [[0], [0], [0]]
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"


def _of_yesterday(session: Session, *, pairs: int) -> Cohort:
    cohort = make_cohort(session)
    old: dict[str, Any] = dict.fromkeys(("created_at", "submitted_at", "decided_at", "conflicts_declared_at"), _ago(60))
    for _ in range(pairs):
        mentor = make_enrolment(session, cohort, Side.MENTOR, name="Marguerite", **old)
        mentee = make_enrolment(session, cohort, Side.MENTEE, name="Li Wei", **old)
        make_pairing(session, cohort, mentor=mentor, mentee=mentee, released_at=_ago(50), created_at=_ago(50))
    session.flush()
    return cohort


def _ago(days: int) -> datetime:
    return utc_now() - timedelta(days=days)


def _shown(page: AppTest) -> str:
    return "\n".join(element.value for element in page.markdown)


def _everything(page: AppTest) -> str:
    """What would go to the browser, charts and downloads included."""
    return str(page._tree)
