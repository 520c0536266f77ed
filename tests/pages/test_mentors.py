"""The Mentors screen: the directory and the wishes."""

import pytest
from sqlmodel import Session, col, select
from streamlit.testing.v1 import AppTest

from models.columns import utc_now
from models.enrolments import Consent, ConsentPurpose, Enrolment, EnrolmentStatus, Side, Wish
from models.people import Person
from models.schemes import Cohort
from services import wishes
from tests.factories import make_cohort, make_enrolment, make_pairing, make_participant
from tests.pages.opening import open_page
from tests.services.test_directory import TODAY, a_cohort, a_listed


def opened(session: Session, mentee: Enrolment) -> AppTest:
    place = make_participant(session, mentee).place.key
    return open_page("mentors", session.get_one(Person, mentee.person_id), place_key=place)


def drawn(page: AppTest) -> str:
    """Every word that the page sent."""
    return "\n".join(str(getattr(element, "value", "")) for element in page.main)


def three_listed(session: Session) -> tuple[Enrolment, list[Enrolment]]:
    """A mentee, and mentors A, B and C."""
    cohort: Cohort = a_cohort(session)
    return make_enrolment(session, cohort), [a_listed(session, cohort, name) for name in "ABC"]


@pytest.mark.clause("U-1", "U-2")
def test_a_card_shows_four_facts_and_the_page_holds_nothing_more(page_session: Session) -> None:
    cohort = a_cohort(page_session)
    mentor = a_listed(page_session, cohort, sector="D", summary="*Ten* years.", role_title="Counsel")
    person = page_session.get_one(Person, mentor.person_id)

    page = opened(page_session, make_enrolment(page_session, cohort))

    shown = [line.value for line in page.markdown]
    assert [line for line in shown if line in ("**Bo Lindqvist**", "Counsel · Energy", "\\*Ten\\* years\\.")] == [
        "**Bo Lindqvist**",
        "Counsel · Energy",
        "\\*Ten\\* years\\.",
    ]
    hidden = (person.email, person.telephone, person.wechat_id, mentor.organisation, person.pronouns, person.called)
    assert [value for value in hidden if str(value) in str(page.main)] == []


@pytest.mark.clause("U-1")
def test_wishing_puts_a_mentor_at_the_end_of_the_list(page_session: Session) -> None:
    mentee, (a, b, _) = three_listed(page_session)
    page = opened(page_session, mentee)

    for mentor in (b, a):
        page.button(key=f"wish-{mentor.id}").click().run()

    ranked = page_session.exec(select(Wish.mentor_id).order_by(col(Wish.rank))).all()
    assert ranked == [b.id, a.id]
    assert [notice.value for notice in page.success] == ["A is among your wishes."]
    assert [line.value for line in page.markdown if line.value.startswith(("1", "2"))] == ["1\\. **B**", "2\\. **A**"]


def test_wishes_are_moved_and_removed_by_their_buttons(page_session: Session) -> None:
    mentee, mentors = three_listed(page_session)
    page_session.commit()
    for mentor in mentors:
        wishes.add(page_session, make_participant(page_session, mentee), mentor.id, today=TODAY)
    a, b, c = mentors
    page = opened(page_session, mentee)

    page.button(key=f"up-{c.id}").click().run()
    page.button(key=f"down-{a.id}").click().run()
    page.button(key=f"remove-{b.id}").click().run()

    assert page_session.exec(select(Wish.mentor_id).order_by(col(Wish.rank))).all() == [c.id, a.id]
    assert [page.button(key=f"up-{c.id}").disabled, page.button(key=f"down-{a.id}").disabled] == [True, True]


@pytest.mark.clause("U-1")
def test_a_withdrawn_profile_is_gone_at_the_next_look_also_from_the_wishes(page_session: Session) -> None:
    mentee, (a, *_) = three_listed(page_session)
    page_session.commit()
    wishes.add(page_session, make_participant(page_session, mentee), a.id, today=TODAY)
    page = opened(page_session, mentee)
    of_a = (Consent.enrolment_id == a.id, Consent.purpose == ConsentPurpose.DIRECTORY)

    page_session.exec(select(Consent).where(*of_a)).one().withdrawn_at = utc_now()
    page.run()

    bold = [line.value for line in page.markdown if "**" in line.value]
    assert sorted(bold) == ["**B**", "**C**", "1\\. **A mentor who is no longer listed**"]


def test_a_search_without_a_hit_says_so(page_session: Session) -> None:
    mentee, _ = three_listed(page_session)
    page = opened(page_session, mentee)

    page.text_input(key="search").set_value("glaciology").run()

    assert [notice.value for notice in page.info] == [
        "No mentor is listed with these words.",
        "No wishes yet. You can name up to 5 mentors, the dearest first.",
    ]


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("proposing", "In this scheme the coordinator proposes a mentor to you, and you decide. "),
        ("submitted", "The directory opens when your enrolment is approved. "),
        ("matched", "You have a mentor now. "),
    ],
)
def test_whoever_does_not_look_for_a_mentor_reads_why(page_session: Session, state: str, sentence: str) -> None:
    cohort = make_cohort(page_session) if state == "proposing" else a_cohort(page_session)
    a_listed(page_session, cohort)
    status = EnrolmentStatus.SUBMITTED if state == "submitted" else EnrolmentStatus.APPROVED
    mentee = make_enrolment(page_session, cohort, status=status)
    if state == "matched":
        make_pairing(page_session, cohort, mentee=mentee)

    page = opened(page_session, mentee)

    assert [notice.value.startswith(sentence) for notice in page.info] == [True]
    assert len(page.text_input) == 0


def test_a_mentor_cannot_open_the_directory(page_session: Session) -> None:
    cohort = a_cohort(page_session)
    a_listed(page_session, cohort, "Somebody Else")
    mentor = make_enrolment(page_session, cohort, Side.MENTOR)

    page = opened(page_session, mentor)

    assert "Somebody Else" not in str(page.main)


def test_a_visitor_sees_no_mentor(page_session: Session) -> None:
    three_listed(page_session)
    page_session.commit()

    page = open_page("mentors", None)

    assert [line.value for line in page.markdown if line.value in ("**A**", "**B**", "**C**")] == []


def test_a_search_on_a_later_page_starts_from_the_first(page_session: Session) -> None:
    cohort = a_cohort(page_session)
    for number in range(101):
        a_listed(page_session, cohort, f"Mentor {number:03}", role_title="Judge" if number < 51 else "Counsel")
    page = opened(page_session, make_enrolment(page_session, cohort))

    page.session_state["page"] = 3
    page.run()
    before = [line.value for line in page.markdown if line.value.startswith("**Mentor")]
    page.text_input(key="search").set_value("judge").run()

    after = [line.value for line in page.markdown if line.value.startswith("**Mentor")]
    assert (before, after[0], len(after)) == (["**Mentor 100**"], "**Mentor 000**", 50)
