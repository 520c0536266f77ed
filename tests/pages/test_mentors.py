"""The Mentors screen: the directory and the wishes."""

import re
from datetime import date

import pytest
from sqlmodel import Session, col, select
from streamlit.testing.v1 import AppTest

from models.audit import AuditEntry
from models.columns import utc_now
from models.enrolments import Consent, ConsentPurpose, Enrolment, EnrolmentStatus, Side, Wish
from models.people import Person
from models.schemes import Cohort, Scheme
from models.search import DirectorySearches
from services import listing_choices, wishes
from services.access import DESK
from services.schemes import starting
from services.schemes.sectors import sectors
from tests.factories import make_cohort, make_enrolment, make_pairing, make_participant
from tests.pages.opening import open_page
from tests.services.test_directory import TODAY, a_cohort, a_listed

NOBODY = (
    "No mentor is listed yet. Mentors appear here once they have agreed to it and are ready to start. Look again in a"
    " few days; the coordinator can also propose somebody to you."
)


def opened(session: Session, mentee: Enrolment, **query: str) -> AppTest:
    place = make_participant(session, mentee).place.key
    return open_page("mentors", session.get_one(Person, mentee.person_id), place_key=place, **query)


def drawn(page: AppTest) -> str:
    """Every word that the page sent."""
    return "\n".join(str(getattr(element, "value", "")) for element in page.main)


def named(page: AppTest) -> list[str]:
    """The mentors of the list by name and rank, or the first lines of the wishes."""
    wished = [line.value.splitlines()[0].strip() for line in page.markdown if re.match(r"\d", line.value)]
    return [line for group in page.radio for line in group.options] + wished


def in_brief(page: AppTest) -> list[str]:
    """What the list says under each name."""
    return [line for group in page.radio for line in group.proto.captions]


def at_length(page: AppTest) -> list[str]:
    """What stands open under a name."""
    return [line.value for line in page.markdown if "Signed in" not in line.value]


def choose(page: AppTest, mentor: Enrolment, *, key: str = "who") -> AppTest:
    """Open somebody of the list up to the one who is open, or of the rest of it."""
    return page.radio(key=key).set_value(str(mentor.id)).run()


def three_listed(session: Session) -> tuple[Enrolment, list[Enrolment]]:
    """A mentee, and mentors A, B and C."""
    cohort: Cohort = a_cohort(session)
    return make_enrolment(session, cohort), [a_listed(session, cohort, name) for name in "ABC"]


@pytest.mark.clause("U-1", "U-2")
def test_the_list_shows_four_facts_and_the_page_holds_nothing_more(page_session: Session) -> None:
    cohort = a_cohort(page_session)
    mentor = a_listed(page_session, cohort, sector="D", summary="*Ten* years.", role_title="Counsel")
    person = page_session.get_one(Person, mentor.person_id)

    page = opened(page_session, make_enrolment(page_session, cohort))

    why = ":material/handshake: Same sector\\: energy"
    closed = (named(page), in_brief(page), at_length(page))
    choose(page, mentor)

    assert closed == (["**Bo Lindqvist**"], [f"Counsel · Energy — \\*Ten\\* years\\. — {why}"], [])
    assert (in_brief(page), at_length(page)) == (
        ["Counsel · Energy"],
        [f"\\*Ten\\* years\\.\n\n:small[{why}]"],
    )
    hidden = (person.email, person.telephone, person.wechat_id, mentor.organisation, person.pronouns, person.called)
    assert [value for value in hidden if str(value) in str(page.main)] == []


@pytest.mark.clause("U-1")
def test_wishing_puts_a_mentor_at_the_end_of_the_list(page_session: Session) -> None:
    mentee, (a, b, _) = three_listed(page_session)
    page = opened(page_session, mentee)

    for mentor in (b, a):
        choose(page, mentor).button(key=f"wish-{mentor.id}").click().run()

    ranked = page_session.exec(select(Wish.mentor_id).order_by(col(Wish.rank))).all()
    assert ranked == [b.id, a.id]
    assert [notice.value for notice in page.success] == ["A is among your wishes, as number 2."]
    wished = ":green-badge[:material/favorite: Wish {}]"
    assert named(page) == [f"**A** {wished.format(2)}", f"**B** {wished.format(1)}", "**C**"]


def test_wishes_are_moved_and_removed_by_their_buttons(page_session: Session) -> None:
    mentee, mentors = three_listed(page_session)
    page_session.commit()
    for mentor in mentors:
        wishes.add(page_session, make_participant(page_session, mentee), mentor.id, today=TODAY)
    a, b, c = mentors
    page = opened(page_session, mentee, view="wishes")

    page.button(key=f"up-{c.id}").click().run()
    page.button(key=f"down-{a.id}").click().run()
    page.button(key=f"remove-{b.id}").click().run()

    assert page_session.exec(select(Wish.mentor_id).order_by(col(Wish.rank))).all() == [c.id, a.id]
    assert [page.button(key=f"up-{c.id}").disabled, page.button(key=f"down-{a.id}").disabled] == [True, True]
    assert named(page) == ["1\\. **C**", "2\\. **A**"]


def test_a_removed_wish_can_be_put_back_where_it_was(page_session: Session) -> None:
    mentee, mentors = three_listed(page_session)
    page_session.commit()
    for mentor in mentors:
        wishes.add(page_session, make_participant(page_session, mentee), mentor.id, today=TODAY)
    page = opened(page_session, mentee, view="wishes")

    page.button(key=f"remove-{mentors[1].id}").click().run()
    page.button(key="undo").click().run()

    assert page_session.exec(select(Wish.mentor_id).order_by(col(Wish.rank))).all() == [each.id for each in mentors]
    assert [notice.value for notice in page.success] == ["The wish is back where it was."]


def test_a_mentor_is_kept_for_later_and_let_go(page_session: Session) -> None:
    mentee, (a, b, _) = three_listed(page_session)
    page = opened(page_session, mentee)

    for mentor in (b, a):
        choose(page, mentor).button(key=f"keep-{mentor.id}").click().run()
    page.segmented_control(key="view").set_value("kept").run()
    kept = named(page)
    page.button(key=f"drop-{a.id}").click().run()

    assert (kept, named(page)) == (["**A**", "**B**"], ["**B**"])


def test_empty_lists_say_what_comes_next(page_session: Session) -> None:
    mentee = make_enrolment(page_session, a_cohort(page_session))

    said = [
        [notice.value for notice in opened(page_session, mentee, view=view).info]
        for view in ("everybody", "kept", "wishes")
    ]

    assert said == [
        [NOBODY],
        ["You keep nobody yet. Open a mentor and choose Keep to come back to them here."],
        ["No wishes yet. You can name up to 5 mentors, the dearest first."],
    ]


def test_a_search_is_counted_once_without_its_words(page_session: Session) -> None:
    mentee, _ = three_listed(page_session)
    page = opened(page_session, mentee)

    page.text_input(key="search").set_value("glaciology").run()
    page.run()
    page.text_input(key="search").set_value("!!").run()

    assert [row.searches for row in page_session.exec(select(DirectorySearches))] == [1]
    assert "glaciology" not in "".join(str(entry.details) for entry in page_session.exec(select(AuditEntry)))


def test_the_list_says_why_and_cuts_a_long_story_until_somebody_is_opened(page_session: Session) -> None:
    cohort = a_cohort(page_session)
    mentor = a_listed(page_session, cohort, sector="D", role_title="Judge", summary="Turbines. " * 100)
    mentee = make_enrolment(page_session, cohort, sector="D", role_title="Student", goals="Work on turbines.")
    page = opened(page_session, mentee)
    told = in_brief(page)[0].split(" — ")

    choose(page, mentor)

    why = ":material/handshake: Same sector\\: Energy · Goals and work history share\\: turbines"
    assert (told[0], len(told[1]) < 300, told[1].endswith(" …"), told[2]) == ("Judge · Energy", True, True, why)
    assert at_length(page) == ["Turbines\\. " * 99 + f"Turbines\\. \n\n:small[{why}]"]


def test_another_mentor_of_the_list_is_opened_and_closed(page_session: Session) -> None:
    mentee, (a, b, c) = three_listed(page_session)
    page = choose(opened(page_session, mentee), b)
    groups = [[len(group.options) for group in page.radio]]

    for mentor, key in ((c, "who-below"), (a, "who")):
        groups.append([len(group.options) for group in choose(page, mentor, key=key).radio])
    page.button(key="close").click().run()

    assert [*groups, [len(group.options) for group in page.radio]] == [[2, 1], [3], [1, 2], [3]]
    assert [button.label for button in page.button if "Wish" in button.label] == []


def test_namesakes_stay_two_choices(page_session: Session) -> None:
    cohort = a_cohort(page_session)
    for _ in range(2):
        a_listed(page_session, cohort, "Li Na")

    page = opened(page_session, make_enrolment(page_session, cohort))

    assert named(page) == ["**Li Na**", "**Li Na** (2)"]


@pytest.mark.clause("U-1")
def test_what_a_mentor_shows_besides_stands_in_the_list_until_it_is_switched_off(page_session: Session) -> None:
    first = starting.start(
        page_session, DESK, "unnc_alumni", cohort_name="1", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
    )
    page_session.get_one(Scheme, first.scheme_id).mentor_gates = []
    mentor = a_listed(page_session, first, sector="D", languages=["en"])
    mentor.organisation = "Grid_Sons"
    actor = make_participant(page_session, mentor)
    page_session.commit()
    listing_choices.show(page_session, actor, "organisation")
    page = opened(page_session, make_enrolment(page_session, first))
    before = (in_brief(page), at_length(choose(page, mentor)))

    listing_choices.hide(page_session, actor, "organisation")
    page.run()

    assert before[0][0].split(" — ")[2:3] == ["Where I work: Grid\\_Sons"]
    assert "**Where I work:** Grid\\_Sons" in before[1][0]
    assert "Grid" not in "".join(at_length(page) + in_brief(page))


def test_a_sector_narrows_the_list(page_session: Session) -> None:
    cohort = a_cohort(page_session)
    a_listed(page_session, cohort, "Energetic", sector="D")
    a_listed(page_session, cohort, "Farming", sector="A")
    a_listed(page_session, cohort, "Full", sector="E", capacity=0)
    page = opened(page_session, make_enrolment(page_session, cohort))

    page.selectbox(key="sector").set_value("D").run()
    energy, kept = named(page), page.query_params["sector"]
    page.selectbox(key="sector").set_value("E").run()
    nobody = [notice.value.split(".")[0] for notice in page.info]
    page.query_params["sector"] = "A"  # as the browser's way back, or a link, would
    page.run()

    assert (energy, kept) == (["**Energetic**"], "D")
    assert nobody == ["No mentor of this sector is listed now"]
    assert named(page) == ["**Farming**"]


def test_only_sectors_that_somebody_has_can_be_chosen(page_session: Session) -> None:
    cohort = a_cohort(page_session)
    energetic = a_listed(page_session, cohort, "Energetic", sector="D")
    a_listed(page_session, cohort, "Farming", sector="A")
    private = a_listed(page_session, cohort, "Private", sector="K")
    make_enrolment(page_session, cohort, sector="P")
    of_private = (Consent.enrolment_id == private.id, Consent.purpose == ConsentPurpose.DIRECTORY)
    page_session.exec(select(Consent).where(*of_private)).one().withdrawn_at = utc_now()
    page = opened(page_session, make_enrolment(page_session, cohort))
    offered = page.selectbox(key="sector").options

    page.selectbox(key="sector").set_value("D").run()
    energetic.status = EnrolmentStatus.PAUSED
    page.run()

    assert offered == [sectors()["A"], sectors()["D"]]
    assert (page.selectbox(key="sector").options, page.selectbox(key="sector").value) == ([sectors()["A"]], None)
    assert named(page) == ["**Farming**"]


@pytest.mark.clause("U-1")
def test_a_withdrawn_profile_is_gone_at_the_next_look_also_from_the_wishes(page_session: Session) -> None:
    mentee, (a, *_) = three_listed(page_session)
    page_session.commit()
    wishes.add(page_session, make_participant(page_session, mentee), a.id, today=TODAY)
    page = opened(page_session, mentee, view="wishes")
    of_a = (Consent.enrolment_id == a.id, Consent.purpose == ConsentPurpose.DIRECTORY)

    page_session.exec(select(Consent).where(*of_a)).one().withdrawn_at = utc_now()
    page.run()

    assert "1\\. A mentor who is not listed now" in [line.value for line in page.markdown]
    page.segmented_control(key="view").set_value("everybody").run()
    assert named(page) == ["**B**", "**C**"]


def test_a_search_without_a_hit_says_so(page_session: Session) -> None:
    mentee, _ = three_listed(page_session)
    page = opened(page_session, mentee)

    page.text_input(key="search").set_value("glaciology").run()

    assert [notice.value for notice in page.info] == [
        "No mentor is listed with these words. Try fewer words, or only the beginning of one."
    ]


@pytest.mark.parametrize(
    ("state", "sentence", "ways_on"),
    [
        ("proposing", "In this scheme the coordinator proposes a mentor to you, and you decide. ", []),
        ("submitted", "The directory opens when your enrolment is approved. ", ["Open Enrolment"]),
        ("matched", "You have a mentor now. ", ["Open My match"]),
        ("paused", "You are taking a break, so no mentor is looked for now. ", ["Open Enrolment"]),
    ],
)
def test_whoever_does_not_look_for_a_mentor_reads_why_and_where_to_go(
    page_session: Session, state: str, sentence: str, ways_on: list[str]
) -> None:
    cohort = make_cohort(page_session) if state == "proposing" else a_cohort(page_session)
    a_listed(page_session, cohort)
    statuses = {"submitted": EnrolmentStatus.SUBMITTED, "paused": EnrolmentStatus.PAUSED}
    status = statuses.get(state, EnrolmentStatus.APPROVED)
    mentee = make_enrolment(page_session, cohort, status=status)
    if state == "matched":
        make_pairing(page_session, cohort, mentee=mentee)

    page = opened(page_session, mentee)

    assert [notice.value.startswith(sentence) for notice in page.info] == [True]
    assert [link.proto.label for link in page.main.get("page_link")] == ways_on
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

    assert named(page) == []


def test_a_search_on_a_later_page_starts_from_the_first(page_session: Session) -> None:
    cohort = a_cohort(page_session)
    for number in range(41):
        a_listed(page_session, cohort, f"Mentor {number:03}", role_title="Judge" if number < 21 else "Counsel")
    page = opened(page_session, make_enrolment(page_session, cohort))
    first = [caption.value for caption in page.caption]

    for number in (2, 3):
        page.session_state["page"] = number
        page.run()
    before = named(page)
    page.text_input(key="search").set_value("judge").run()

    assert first[1].startswith("More than 20 mentors. Search, or choose a sector, to see fewer. Open one")
    assert (before, named(page)[0], len(named(page))) == (["**Mentor 040**"], "**Mentor 000**", 20)
