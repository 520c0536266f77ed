"""What a server really sends: every byte of every screen, link and file, searched for details that nobody may have yet.

What is not drawn can still be read by whoever opens the browser's tools, so the screens alone would prove nothing.
"""

import base64
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session, select

from models.enrolments import ConsentPurpose, Enrolment
from models.pairings import EndReason, Pairing
from models.people import Person
from models.schemes import Channel
from services import (
    consents,
    expectations,
    listing_choices,
    match_sharing,
    pairings,
    shortlist,
    topic_marks,
    ways_of_working,
)
from services.settings import settings
from services.topic_marks import Mark
from tests.browser.conftest import link_in
from tests.browser.introduced import AULP, UNNC, Half, coordinator_of, introduce, stranger
from tests.browser.planted import found_in
from tests.browser.protocol import Tab, ask
from tests.browser.serving import Serving, every_screen, leaks, say_yes, serve
from tests.factories import make_participant

BOTH_SCHEMES = pytest.mark.parametrize("scheme_key", [AULP, UNNC])
EMAIL_AND_WECHAT = (ConsentPurpose.SHARE_EMAIL, ConsentPurpose.SHARE_WECHAT)
PLAIN_ADDRESSES = ("/", "/healthz", "/readyz", "/forgot", "/_stcore/health", "/_stcore/host-config", "/answer/forged")


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    yield from serve(tmp_path_factory.mktemp("raw"))


def my_match(serving: Serving, half: Half) -> bytes:
    with Tab(serving.url, half.token, place=half.place) as tab:
        tab.open()
        return tab.open("my_match")


@pytest.mark.clause("U-1", "U-2")
@BOTH_SCHEMES
def test_before_a_yes_no_byte_of_any_screen_holds_the_other_sides_details(serving: Serving, scheme_key: str) -> None:
    introduced = introduce(serving.engine, scheme_key)

    to_mentee = every_screen(serving, introduced.mentee)
    to_mentor = every_screen(serving, introduced.mentor)

    shown = b"".join(to_mentee.values())
    assert {"home", "my_match", "meetings", "proposals", "mentors", "enrolment", "agreements", "training"} <= set(
        to_mentee
    )
    assert introduced.mentor.name.encode() in shown  # what may be known of the mentor is there
    assert leaks(to_mentee, introduced.mentor.planted) == {}
    assert leaks(to_mentor, introduced.mentee.planted) == {}


@pytest.mark.clause("U-1", "U-2")
@BOTH_SCHEMES
def test_the_email_its_link_and_every_plain_address_hold_no_details_either(serving: Serving, scheme_key: str) -> None:
    introduced = introduce(serving.engine, scheme_key)
    asked = introduced.mentor if scheme_key == UNNC else introduced.mentee
    other = introduced.mentee if scheme_key == UNNC else introduced.mentor

    letter = serving.letter_to(asked)
    path = link_in(letter).removeprefix(serving.url)
    pages = {address: ask(serving.url, address, token=asked.token) for address in (path, f"{path}?choice=no")}
    plain = {address: ask(serving.url, address)[1] for address in (*PLAIN_ADDRESSES, *static_files(serving))}

    assert path.startswith("/answer/")
    assert {status for status, _ in pages.values()} == {200}
    assert other.name.encode() in pages[path][1]
    assert leaks({"letter": letter.encode()} | {name: raw for name, (_, raw) in pages.items()}, other.planted) == {}
    assert leaks(plain, introduced.mentor.planted | introduced.mentee.planted) == {}


def static_files(serving: Serving) -> list[str]:
    """What the front page loads."""
    found = re.findall(rb'(?:src|href)="\./([^"]+)"', ask(serving.url, "/")[1])
    assert found
    return [f"/{path.decode()}" for path in found]


@pytest.mark.clause("U-1")
def test_the_directory_sends_four_facts_of_a_mentor_and_finds_nobody_by_another(serving: Serving) -> None:
    mentor, mentee = (introduced := introduce(serving.engine, UNNC)).mentor, introduced.mentee

    with Tab(serving.url, mentee.token, place=mentee.place) as tab:
        tab.open()
        listed = tab.open("mentors")
        searches = {}
        for kind, words in mentor.planted.items():
            tab.set("Search", words)
            searches[kind] = b"No mentor is listed with these words" in tab.rerun()
        everything = tab.received

    facts = (mentor.name, "Counsel", "energy", "Ten years of grid projects")
    assert [fact for fact in facts if fact.encode() not in listed] == []
    assert searches == dict.fromkeys(mentor.planted, True)
    assert found_in(everything, mentor.planted) == frozenset()


@pytest.mark.clause("U-1", "U-2")
def test_a_withdrawn_consent_takes_every_listed_fact_out_of_all_lists_of_an_open_tab(serving: Serving) -> None:
    mentor, mentee = (introduced := introduce(serving.engine, UNNC)).mentor, introduced.mentee
    facts, more = tell(serving, mentor)
    with Session(serving.engine) as session:
        reader = make_participant(session, session.get_one(Enrolment, mentee.enrolment_id))
        session.rollback()
        shortlist.keep(session, reader, mentor.enrolment_id, today=datetime.now(UTC).date())

    with Tab(serving.url, mentee.token, place=mentee.place) as tab:
        tab.open()
        before = every_list(tab)
        with Session(serving.engine) as session:
            actor = make_participant(session, session.get_one(Enrolment, mentor.enrolment_id))
            session.rollback()
            consents.withdraw(session, actor, ConsentPurpose.DIRECTORY)
        after = every_list(tab)

    assert {name: found_in(raw, facts | more | mentor.planted) for name, raw in before.items()} == dict.fromkeys(
        ("everybody", "kept", "wishes", "found"), frozenset(facts)
    )
    assert {name: found_in(raw, facts | more | mentor.planted) for name, raw in after.items()} == dict.fromkeys(
        ("everybody", "kept", "wishes", "found"), frozenset()
    )


@pytest.mark.clause("U-1")
def test_an_answer_is_in_the_bytes_of_the_directory_only_while_its_own_switch_is_on(serving: Serving) -> None:
    mentor, mentee = (introduced := introduce(serving.engine, UNNC)).mentor, introduced.mentee
    facts, more = tell(serving, mentor)
    known, found = facts | more | mentor.planted, []

    with Tab(serving.url, mentee.token, place=mentee.place) as tab:
        tab.open()
        found.append(every_list(tab))
        for act in (listing_choices.show, listing_choices.hide):
            with Session(serving.engine) as session:
                actor = make_participant(session, session.get_one(Enrolment, mentor.enrolment_id))
                session.rollback()
                act(session, actor, "organisation")
            found.append(every_list(tab))

    four = frozenset(facts)
    assert [found_in(b"".join(raw.values()), known) for raw in found] == [four, four | {"organisation"}, four]


def tell(serving: Serving, half: Half) -> tuple[dict[str, str], dict[str, str]]:
    """Gives a mentor four facts that nobody else has, and more that the directory must not send."""
    codes = iter(uuid4().hex[:12] for _ in range(6))
    facts = {name: f"{name} {next(codes)}" for name in ("summary", "role_title", "sector")}
    more = {name: f"{name} {next(codes)}" for name in ("goals", "called", "pronouns")}
    with Session(serving.engine) as session:
        enrolment = session.get_one(Enrolment, half.enrolment_id)
        person = session.get_one(Person, half.person_id)
        for name, text in (facts | more).items():
            setattr(enrolment if name in Enrolment.model_fields else person, name, text)
        session.commit()
    return facts | {"name": half.name}, more


def every_list(tab: Tab) -> dict[str, bytes]:
    """The bytes of the directory: of everybody, of those kept, of the wishes, and of a search for the mentor's role."""
    found = {"everybody": tab.open("mentors")}
    for place, name in ((1, "kept"), (2, "wishes")):
        found[name] = tab.choose("Which mentors", place)
    tab.choose("Which mentors", 0)
    # Where nobody is listed there is nobody to search among.
    if any(widget.label == "Search" for widget in tab.widgets.values()):
        tab.set("Search", "role title")
    return found | {"found": tab.rerun()}


@pytest.mark.clause("U-2")
@BOTH_SCHEMES
def test_after_the_yes_the_match_holds_exactly_what_consent_opens(serving: Serving, scheme_key: str) -> None:
    introduced = introduce(serving.engine, scheme_key, consents=EMAIL_AND_WECHAT)
    before = my_match(serving, introduced.mentee)

    say_yes(serving, introduced)
    of_mentor = every_screen(serving, introduced.mentee)
    of_mentee = every_screen(serving, introduced.mentor)

    assert found_in(before, introduced.mentor.planted) == frozenset()
    assert leaks(of_mentor, introduced.mentor.contacts) == {"my_match": ["email", "wechat"]}
    assert leaks(of_mentee, introduced.mentee.contacts) == {"my_match": ["email"]}


@pytest.mark.clause("U-2")
def test_a_consent_taken_back_is_gone_at_the_next_rerun_of_an_open_tab(serving: Serving) -> None:
    introduced = introduce(serving.engine, UNNC)
    say_yes(serving, introduced)
    mentor, mentee = introduced.mentor, introduced.mentee

    with Tab(serving.url, mentee.token, place=mentee.place) as tab:
        tab.open()
        before = tab.open("my_match")
        with Session(serving.engine) as session:
            actor = make_participant(session, session.get_one(Enrolment, mentor.enrolment_id))
            session.rollback()
            consents.withdraw(session, actor, ConsentPurpose.SHARE_TELEPHONE)
        after = tab.rerun()

    assert found_in(before, mentor.contacts) == {"email", "telephone", "wechat"}
    assert found_in(after, mentor.contacts) == {"email", "wechat"}


@pytest.mark.clause("U-2", "A-SH5")
@BOTH_SCHEMES
def test_the_end_of_a_match_closes_every_detail_at_the_next_rerun(serving: Serving, scheme_key: str) -> None:
    introduced = introduce(serving.engine, scheme_key)
    say_yes(serving, introduced)
    mentor, mentee = introduced.mentor, introduced.mentee

    with Tab(serving.url, mentee.token, place=mentee.place) as tab:
        tab.open()
        before = tab.open("my_match")
        end(serving, mentor.enrolment_id)
        after = tab.rerun()
    to_mentee, to_mentor = every_screen(serving, mentee), every_screen(serving, mentor)

    assert found_in(before, mentor.planted) == {"email", "telephone", "wechat", "organisation"}
    assert found_in(after, mentor.planted) == frozenset()
    assert leaks(to_mentee, mentor.planted) == {}
    assert leaks(to_mentor, mentee.planted) == {}


@pytest.mark.clause("U-C4.2", "U-C4.3", "A-SH3")
@BOTH_SCHEMES
def test_an_answer_is_in_the_bytes_of_a_match_only_while_it_is_open_and_its_own_switch_is_on(
    serving: Serving, scheme_key: str
) -> None:
    introduced = introduce(serving.engine, scheme_key)
    mentor, mentee = introduced.mentor, introduced.mentee
    with Session(serving.engine) as session:
        actor = make_participant(session, session.get_one(Enrolment, mentee.enrolment_id))
        session.rollback()
        match_sharing.share(session, actor, "background")
    found = [found_in(b"".join(every_screen(serving, mentor).values()), mentee.planted)]
    say_yes(serving, introduced)

    with Tab(serving.url, mentor.token, place=mentor.place) as tab:
        tab.open()
        found.append(found_in(tab.open("my_match"), mentee.planted))
        with Session(serving.engine) as session:
            match_sharing.keep_back(session, actor, "background")
        found.append(found_in(tab.rerun(), mentee.planted))
        with Session(serving.engine) as session:
            match_sharing.share(session, actor, "background")
        found.append(found_in(tab.rerun(), mentee.planted))
        end(serving, mentor.enrolment_id)
        found.append(found_in(tab.rerun(), mentee.planted))
    found.append(found_in(b"".join(every_screen(serving, mentor).values()), mentee.planted))

    # Students are not asked where they work. What helps them to meet is shared by nobody here.
    open_ones = frozenset({"email"} if scheme_key == UNNC else {"email", "organisation"})
    shared = open_ones | {"background"}
    assert found == [frozenset(), shared, open_ones, shared, frozenset(), frozenset()]


def end(serving: Serving, enrolment_id: UUID) -> None:
    with Session(serving.engine) as session:
        actor = make_participant(session, session.get_one(Enrolment, enrolment_id))
        pairing_id = session.exec(select(Pairing.id).where(Pairing.mentor_id == enrolment_id)).one()
        session.rollback()
        pairings.end(session, actor, pairing_id, reason=EndReason.PERSONAL)


@pytest.mark.clause("U-2")
def test_whoever_is_no_half_of_the_pair_gets_none_of_it_from_any_address(serving: Serving) -> None:
    introduced, elsewhere = introduce(serving.engine, UNNC), introduce(serving.engine, UNNC)
    say_yes(serving, introduced)
    planted = introduced.mentor.planted | {f"mentee's {k}": v for k, v in introduced.mentee.planted.items()}
    place, addresses = introduced.mentee.place, every_screen(serving, introduced.mentee)

    sent = {}
    for who, token in (
        ("anonymous", None),
        ("without a place", stranger(serving.engine)),
        ("other scheme", elsewhere.mentee.token),
    ):
        with Tab(serving.url, token, place=place) as tab:
            tab.open()
            for address in addresses:
                if address.isidentifier():
                    tab.open(address)
            sent[who] = tab.received

    assert leaks(addresses, introduced.mentor.planted) == {"my_match": ["email", "organisation", "telephone", "wechat"]}
    assert all(len(raw) > 1000 for raw in sent.values())
    assert leaks(sent, planted) == {}


@pytest.mark.clause("U-8", "A-MR3", "U-C6.4")
def test_the_words_of_a_pair_reach_the_pair_alone_and_the_others_expectations_only_when_both_are_done(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is written here is sealed with the key of the server that opens it.
    monkeypatch.setenv("MENTORING_HOME", str(Path(serving.engine.url.database or "").parent / "home"))
    settings.cache_clear()
    introduced = introduce(serving.engine, UNNC)
    say_yes(serving, introduced)
    mentor, mentee = introduced.mentor, introduced.mentee
    words = {name: f"{name} {uuid4().hex[:12]}" for name in ("expectation", "boundary", "subject")}
    choices = {question.key: next(iter(question.options)) for question in expectations.QUESTIONS if question.options}
    with Session(serving.engine) as session:
        pairing_id = session.exec(select(Pairing.id).where(Pairing.mentor_id == mentor.enrolment_id)).one()
        halves = [make_participant(session, session.get_one(Enrolment, half.enrolment_id)) for half in (mentor, mentee)]
        session.rollback()
        answers = choices | {"hope": words["expectation"]}
        expectations.write(session, halves[0], pairing_id, answers, done=True)
        topic_marks.mark(session, halves[1], pairing_id, Mark.OFF_LIMITS, [words["subject"]])
        facts: dict[str, Any] = {"interval_days": 14, "minutes": 30, "months": 6, "channels": [Channel.EMAIL]}
        ways_of_working.propose(session, halves[0], pairing_id, sections={"boundaries": words["boundary"]}, **facts)
    token, place = coordinator_of(serving.engine, introduced)

    before = every_step_of_ways(serving, mentee)
    with Tab(serving.url, token, place=place) as tab:
        tab.open()
        for screen in tab.screens:
            tab.open(screen.address)
        to_coordinator = tab.received
    with Session(serving.engine) as session:
        actor = make_participant(session, session.get_one(Enrolment, mentee.enrolment_id))
        session.rollback()
        expectations.write(session, actor, pairing_id, choices, done=True)
    after = every_step_of_ways(serving, mentee)

    assert b"never what they wrote" in to_coordinator
    assert found_in(to_coordinator, words) == frozenset()
    assert found_in(before, words) == {"boundary", "subject"}
    assert found_in(after, words) == {"boundary", "subject", "expectation"}


def every_step_of_ways(serving: Serving, half: Half) -> bytes:
    """All bytes of the guide, step by step."""
    with Tab(serving.url, half.token, place=half.place) as tab:
        tab.open()
        tab.open("ways")
        steps = range(len(tab.find("Step").element.options))
        return b"".join(tab.choose("Step", step) for step in steps)


SECRET = {"email": "quill.feather@hidden.example.org", "telephone": "+44 20 7946 0731"}


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"quill.feather@hidden.example.org", {"email"}),
        (b"QUILL.Feather@Hidden.example.org", {"email"}),
        (rb"quill\.feather\@hidden\.example\.org", {"email"}),
        (b"mailto:quill.feather%40hidden.example.org", {"email"}),
        (b"quill.feather&#64;hidden.example.org", {"email"}),
        ("quill.feather@hidden.example.org".encode("utf-16-le"), {"email"}),
        (base64.b64encode(b"x quill.feather@hidden.example.org"), {"email"}),
        (base64.urlsafe_b64encode(b"yy quill.feather@hidden.example.org."), {"email"}),
        (base64.b64encode(b"Quill.Feather@hidden.example.org".lower()), {"email"}),
        (b"quill.feather@hidden.example.org".hex().encode(), {"email"}),
        (b"tel:+442079460731", {"telephone"}),
        (b"(020) 7946-0731", {"telephone"}),
        (rb"\+44 20 7946 0731", {"telephone"}),
        (b"feather@hidden and 7946", set()),
    ],
)
def test_the_search_itself_sees_through_spellings_and_encodings(raw: bytes, found: set[str]) -> None:
    assert found_in(b"before " + raw + b" after", SECRET) == found
