"""Proposals, for the coordinator: the board, and what is read before anything is sent or undone."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select
from streamlit.testing.v1 import AppTest

from models.matching import Proposal, ProposalStatus
from models.messages import Message, MessageStatus
from models.schemes import Cohort
from services import proposals, redrafting, rematching
from services.settings import settings
from tests.factories import make_cohort, make_coordinator, make_proposal
from tests.pages.opening import open_page
from tests.pages.test_proposals import labels, texts
from tests.services.proposal_steps import asked, mails, make_mentor
from tests.services.test_rematching import crossing

# The board


def board_of(session: Session, proposal: Proposal, **query: str) -> AppTest:
    rosa = make_coordinator(session, session.get_one(Cohort, proposal.cohort_id), "Rosa")
    return open_page("proposals", rosa, **query)


def choose(page: AppTest, proposal: Proposal) -> None:
    page.multiselect[0].set_value([proposal.id]).run()


def lines(page: AppTest) -> list[str]:
    found = [text for text in texts(page) if " points" in text]
    return found[0].split("\n\n") if found else []


def draft_of(session: Session, cohort: Cohort, **facts: Any) -> Proposal:
    return make_proposal(session, cohort, **({"status": ProposalStatus.DRAFT, "sent_at": None} | facts))


def test_the_board_shows_who_is_asked_until_when(page_session: Session) -> None:
    proposal, *_ = asked(page_session)

    page = board_of(page_session, proposal)

    assert page.segmented_control[0].options == [
        ":violet[To send 0]",
        ":violet[Sent 1]",
        ":violet[Accepted 0]",
        ":violet[Declined 0]",
        ":violet[Expired 0]",
        ":violet[Withdrawn 0]",
    ]
    (line,) = lines(page)
    assert re.match(r"\*\*Ama Mentee\*\* with \*\*Bo Mentor\*\* · \d+ points\s", line)
    assert "Waits for the mentee, Ama Mentee, until" in line


@pytest.mark.clause("A-ME1")
def test_a_reminder_is_read_before_it_is_sent_and_counted(page_session: Session) -> None:
    proposal, *_ = asked(page_session)
    long_ago(page_session, proposal)
    page = board_of(page_session, proposal)
    choose(page, proposal)

    page.button(key="remind").click().run()
    seen = [(box.label[:13], len(page.text)) for box in page.expander]
    page.button(key="yes-remind").click().run()

    assert seen == [("To Ama Mentee", 1)]
    assert [notice.value for notice in page.success] == ["1 reminder waits: this desk has no mail server yet."]
    assert [line for line in lines(page) if line.endswith("· 1 reminder")] != []
    assert mails(page_session) == ["proposal_reminder", "proposal_to_mentee"]


def test_a_reminder_that_would_come_too_soon_is_not_offered(page_session: Session) -> None:
    proposal, *_ = asked(page_session)
    page = board_of(page_session, proposal)
    choose(page, proposal)

    page.button(key="remind").click().run()

    assert labels(page) == ["Back to the list"]
    assert [text for text in texts(page) if text.startswith("1 person of those chosen will not be reminded")] != []


@pytest.mark.clause("A-ME1")
def test_the_state_that_is_shown_stands_in_the_address_by_its_value(page_session: Session) -> None:
    proposal, *_ = asked(page_session)
    page = board_of(page_session, proposal)

    page.segmented_control[0].set_value("accepted").run()
    chosen = page.query_params["status"]
    page.segmented_control[0].set_value("sent").run()

    assert (chosen, "status" in page.query_params) == ("accepted", False)


def test_an_answer_received_by_email_is_written_down(page_session: Session) -> None:
    proposal, *_ = asked(page_session)
    page = board_of(page_session, proposal)
    choose(page, proposal)

    page.button(key="write_down").click().run()
    page.radio(key=f"said-{proposal.id}").set_value("Yes")
    page.date_input(key=f"on-{proposal.id}").set_value(datetime.now(UTC).date())
    page.button(key=f"record-{proposal.id}").click().run()
    page.segmented_control[0].set_value("accepted").run()

    assert [text for text in texts(page) if "Accepted by Ama Mentee on" in text and "by email" in text] != []
    assert "answer_recorded" in mails(page_session)


def test_an_email_without_a_choice_or_from_the_future_writes_nothing(page_session: Session) -> None:
    proposal, *_ = asked(page_session)
    page = board_of(page_session, proposal)
    choose(page, proposal)
    page.button(key="write_down").click().run()

    page.button(key=f"record-{proposal.id}").click().run()
    unchosen = [box.value for box in page.error]
    page.radio(key=f"said-{proposal.id}").set_value("No")
    page.date_input(key=f"on-{proposal.id}").set_value(datetime.now(UTC).date() + timedelta(days=30))
    page.button(key=f"record-{proposal.id}").click().run()

    page_session.refresh(proposal)
    assert unchosen == ["Choose what the answer was."]
    assert "older than the proposal" in page.error[0].value
    assert proposal.status is ProposalStatus.SENT


def test_withdrawing_shows_the_email_first_and_moves_it_to_its_own_list(page_session: Session) -> None:
    proposal, *_ = asked(page_session)
    page = board_of(page_session, proposal)
    choose(page, proposal)

    page.button(key="withdraw").click().run()
    seen = [box.label for box in page.expander]
    page.button(key="yes-withdraw").click().run()
    after = [box.value for box in page.info]
    page.segmented_control[0].set_value("withdrawn").run()

    assert [label[:13] for label in seen] == ["To Ama Mentee"]
    assert [box[:27] for box in after] == ["Nobody is asked at the mome"]
    assert [text for text in texts(page) if "Withdrawn on" in text] != []


def test_a_withdrawn_draft_is_put_back_by_one_press(page_session: Session) -> None:
    cohort = make_cohort(page_session)
    mentor = make_mentor(page_session, cohort)
    proposal = draft_of(page_session, cohort, mentor=mentor)
    page = board_of(page_session, proposal, status="draft")
    choose(page, proposal)
    page.button(key="withdraw").click().run()
    page.button(key="yes-withdraw").click().run()
    page_session.refresh(proposal)
    withdrawn = proposal.status

    page.button(key="undo").click().run()

    page_session.refresh(proposal)
    assert (withdrawn, proposal.status) == (ProposalStatus.WITHDRAWN, ProposalStatus.DRAFT)
    assert [notice.value for notice in page.success] == ["1 draft is back under To send."]
    assert "undo" not in [button.key for button in page.button]


def test_the_board_finds_a_name_and_says_when_there_is_none(page_session: Session) -> None:
    cohort = make_cohort(page_session)
    first = make_proposal(page_session, cohort, mentee="李")
    make_proposal(page_session, cohort, mentee="Zoë")
    page = board_of(page_session, first)

    page.text_input(key="search").set_value("ZOË").run()
    found = lines(page)
    page.text_input(key="search").set_value("nobody_%").run()

    assert [line[:7] for line in found] == ["**Zoë**"]
    assert [box.value for box in page.info] == ["Nobody of that name here. Clear the search."]


def test_a_long_list_comes_in_pages_of_twenty(page_session: Session) -> None:
    cohort = make_cohort(page_session)
    made = [make_proposal(page_session, cohort, mentee=f"Mentee {number}") for number in range(21)]
    page = board_of(page_session, made[0])

    first = len(lines(page))
    page.session_state["page"] = 2
    page.run()

    assert (first, len(lines(page))) == (20, 1)


# Sending


@pytest.mark.clause("A-ME1")
def test_every_email_is_read_before_it_is_sent_and_only_the_chosen_ones_go(page_session: Session) -> None:
    cohort = make_cohort(page_session)
    first, other = (
        draft_of(page_session, cohort, mentee=name, mentor=make_mentor(page_session, cohort, f"B {name}", email=mail))
        for name, mail in (("Ama", "b1@example.org"), ("Ben", "b2@example.org"))
    )
    page = board_of(page_session, first, status="draft")
    choose(page, first)

    page.button(key="to-send").click().run()
    seen = ([box.label[:6] for box in page.expander], [button.label for button in page.main.button])
    page.button(key="send").click().run()

    for one in (first, other):
        page_session.refresh(one)
    assert seen == (["To Ama"], ["Send to 1 person", "Back to the proposals", "Withdraw these drafts"])
    assert (first.status, other.status) == (ProposalStatus.SENT, ProposalStatus.DRAFT)
    assert [notice.value for notice in page.success] == ["Proposals to 1 person are written."]
    assert (page.segmented_control[0].value, "step" in page.query_params) == ("sent", False)


def test_what_cannot_go_is_named_and_stays_to_be_sent(page_session: Session) -> None:
    cohort = make_cohort(page_session)
    proposal = draft_of(page_session, cohort, mentor=make_mentor(page_session, cohort, capacity=0))
    page = board_of(page_session, proposal, step="send")

    page.button(key="send").click().run()

    assert [box.value for box in page.warning] == [
        "Held back, because something changed:\n\n- **Ama Mentee** with **Bo Mentor**: The mentor has no free place\\."
    ]
    assert mails(page_session) == []


def test_while_emails_wait_the_board_says_so_and_who_left_the_page_finds_it_again(page_session: Session) -> None:
    proposal, *_ = asked(page_session)

    waiting = [box.value for box in board_of(page_session, proposal).info]
    for message in page_session.exec(select(Message)):
        message.status = MessageStatus.FAILED
    page = board_of(page_session, proposal)

    assert waiting == ["1 email waits: no mail server is set up yet. They leave as soon as one is."]
    assert [box.value for box in page.warning] == ["1 email could not be delivered."]


def test_a_sending_under_way_shows_how_many_have_left(page_session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_HOST", "mail.example.org")
    settings.cache_clear()
    proposal, *_ = asked(page_session)

    page = board_of(page_session, proposal)

    (row,) = page.get("progress")
    assert row.proto.text.startswith("0 of 1 emails have left.")


# Somebody else


@pytest.mark.clause("A-ME1")
def test_the_declined_get_somebody_else_in_one_act_that_shows_its_price(page_session: Session) -> None:
    _, _, no, draft = crossing(page_session)
    page = board_of(page_session, no, status="declined")

    page.button(key="rematch-all").click().run()
    ways = [box.value for box in page.subheader]
    told = [text for text in texts(page) if text.startswith("- Ama")]
    page.button(key="make-best").click().run()
    page.segmented_control[0].set_value("draft").run()

    page_session.refresh(draft)
    assert ways == ["Only this mentee: −100.0 points", "Move 1 other: +100.0 points"]
    assert told == [
        "- Ama: **Dee** (0.0) instead of Bo (100.0)",
        "- Ama: **Cai** (100.0) instead of Bo (100.0)\n- Ben: **Dee** (100.0) instead of Cai (0.0)",
    ]
    assert draft.status is ProposalStatus.WITHDRAWN
    assert sorted(line.split(" · ")[0] for line in lines(page)) == ["**Ama** with **Cai**", "**Ben** with **Dee**"]
    assert mails(page_session) == []


def test_a_colleague_who_was_quicker_is_not_overwritten(page_session: Session) -> None:
    cohort, actor, no, _ = crossing(page_session)
    page = board_of(page_session, no, status="declined")
    page.button(key="rematch-all").click().run()
    found = rematching.find(page_session, actor, [no.id], today=datetime.now(UTC).date())
    redrafting.redraft(page_session, actor, cohort.id, found.only)

    page.button(key="make-best").click().run()

    assert "nothing was saved" in page.error[0].value.replace("\\", "")
    assert [(one.mentee, one.mentor) for one in proposals.to_send(page_session, actor, cohort.id)] == [
        ("Ama", "Dee"),
        ("Ben", "Cai"),
    ]


def long_ago(session: Session, proposal: Proposal) -> None:
    """As if it had been sent three days earlier."""
    before = datetime.now(UTC) - timedelta(days=3)
    proposal.sent_at = before
    for message in session.exec(select(Message)):
        message.created_at = before
    session.commit()
