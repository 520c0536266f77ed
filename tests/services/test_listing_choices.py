"""What a mentor shows in the directory beside the four facts, one switch for each."""

from dataclasses import asdict
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func
from sqlmodel import Session, col, select

from models.audit import AuditEntry
from models.enrolments import Consent, ConsentPurpose, ConsentText, DirectoryChoice, Enrolment, EnrolmentStatus, Side
from models.schemes import Cohort, FormField, Scheme
from services import consents, departures, directory, form_editing, listing_choices
from services.access import DESK, Actor
from services.errors import Conflict, Invalid, NotAllowed
from services.form_editing import Wording
from services.listing_choices import AUDIENCE, HELP
from services.schemes import starting
from tests.factories import make_actor, make_consent, make_coordinator, make_enrolment, make_participant, make_person
from tests.services.counting import queries_of

TODAY = date(2026, 11, 20)
OFFERED = {
    "organisation": "Where I work",
    "support": "What I am glad to give",
    "languages": "Languages I could talk in",
}
SHOWN = (
    ("Where I work", "Grid & Sons"),
    ("What I am glad to give", "Practice interviews, A slow pace"),
    ("Languages I could talk in", "English, Chinese (Mandarin)"),
)


def a_cohort(session: Session, template: str = "unnc_alumni") -> Cohort:
    first = starting.start(
        session, DESK, template, cohort_name="2026", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
    )
    session.get_one(Scheme, first.scheme_id).mentor_gates = []
    return first


def a_mentor(session: Session, cohort: Cohort, name: str = "Bo Lindqvist", **facts: Any) -> Enrolment:
    answers = {"support": ["practice_interviews", "a_slow_pace"], "situation": ["looking_abroad"]}
    told: dict[str, Any] = {"organisation": "Grid & Sons", "languages": ["en", "zh"], "answers": answers}
    person = make_person(session, name)
    mentor = make_enrolment(session, cohort, Side.MENTOR, person=person, **(told | facts))
    for purpose in (ConsentPurpose.DIRECTORY, ConsentPurpose.SHARE_EMAIL):
        make_consent(session, mentor, purpose)
    return mentor


def a_reader(session: Session, cohort: Cohort) -> Actor:
    return make_participant(session, make_enrolment(session, cohort, name="Ama Boateng"))


def also(session: Session, reader: Actor) -> dict[str, tuple[tuple[str, str], ...]]:
    return {each.full_name: each.also for each in directory.listed(session, reader, today=TODAY).mentors}


def field_of(session: Session, cohort: Cohort, key: str) -> FormField:
    return session.exec(select(FormField).where(FormField.scheme_id == cohort.scheme_id, FormField.key == key)).one()


@pytest.mark.clause("U-1")
def test_nothing_but_the_four_facts_is_shown_until_a_switch_is_on(session: Session) -> None:
    cohort = a_cohort(session)
    mentor = a_mentor(session, cohort)
    reader = a_reader(session, cohort)
    actor = make_participant(session, mentor)
    session.commit()
    before = directory.listed(session, reader, today=TODAY).mentors[0]

    for key in OFFERED:
        listing_choices.show(session, actor, key)
    now = directory.listed(session, reader, today=TODAY).mentors[0]

    assert (before.also, now.also) == ((), SHOWN)
    assert asdict(now) | {"also": ()} == asdict(before)


@pytest.mark.clause("U-1")
def test_each_switch_shows_one_answer_of_one_mentor_and_takes_it_back_at_once(session: Session) -> None:
    cohort = a_cohort(session)
    mentors = [a_mentor(session, cohort, name) for name in ("Bo", "Chen")]
    reader = a_reader(session, cohort)
    bo, chen = (make_participant(session, each) for each in mentors)
    session.commit()
    seen = []

    for act, actor, key in (
        (listing_choices.show, bo, "support"),
        (listing_choices.show, chen, "languages"),
        (listing_choices.hide, bo, "support"),
        (listing_choices.hide, bo, "support"),
    ):
        act(session, actor, key)
        seen.append(also(session, reader))

    assert seen == [
        {"Bo": SHOWN[1:2], "Chen": ()},
        {"Bo": SHOWN[1:2], "Chen": SHOWN[2:]},
        {"Bo": (), "Chen": SHOWN[2:]},
        {"Bo": (), "Chen": SHOWN[2:]},
    ]


@pytest.mark.clause("U-1")
def test_no_answer_leaves_the_database_that_is_not_switched_on(session: Session) -> None:
    cohort = a_cohort(session)
    mentor = a_mentor(session, cohort)
    reader = a_reader(session, cohort)
    actor = make_participant(session, mentor)
    session.commit()
    listing_choices.show(session, actor, "languages")
    asked = {"ids": [mentor.id]}

    rows = session.exec(listing_choices._answers(tuple(sorted(OFFERED))), params=asked).all()
    with queries_of(session) as statements:
        found = also(session, reader)

    assert [(row[0], row[1]) for row in rows] == [(mentor.id, "languages")]
    assert (found, len(statements)) == ({"Bo Lindqvist": SHOWN[2:]}, 7)


@pytest.mark.clause("U-1")
def test_leaving_the_directory_takes_every_choice_back(session: Session) -> None:
    cohort = a_cohort(session)
    mentor = a_mentor(session, cohort)
    reader = a_reader(session, cohort)
    actor = make_participant(session, mentor)
    session.commit()
    for key in OFFERED:
        listing_choices.show(session, actor, key)

    consents.withdraw(session, actor, ConsentPurpose.DIRECTORY)
    gone, switches = also(session, reader), listing_choices.mine(session, actor)
    consents.give(session, actor, ConsentPurpose.DIRECTORY)

    assert (gone, switches, also(session, reader)) == ({}, (), {"Bo Lindqvist": ()})
    assert [choice.is_on for choice in listing_choices.mine(session, actor)] == [False, False, False]


def test_a_mentor_who_comes_back_chooses_anew(session: Session) -> None:
    cohort = a_cohort(session)
    mentor = a_mentor(session, cohort)
    actor = make_participant(session, mentor)
    session.commit()
    listing_choices.show(session, actor, "support")

    departures.reopen(session, mentor)

    open_ones = (DirectoryChoice, Consent)
    left = [session.exec(select(kind).where(col(kind.withdrawn_at).is_(None))).all() for kind in open_ones]
    assert left == [[], []]


def test_the_switches_are_a_listed_mentors_only_and_say_what_they_would_show(session: Session) -> None:
    cohort = a_cohort(session)
    listed = a_mentor(session, cohort, languages=[])
    private, mentee = make_enrolment(session, cohort, Side.MENTOR), make_enrolment(session, cohort)
    session.commit()

    found = [listing_choices.mine(session, make_participant(session, each)) for each in (listed, private, mentee)]

    answers = ("Grid & Sons", "Practice interviews, A slow pace", "")
    assert [(each.key, each.label, each.answer, each.is_on) for each in found[0]] == [
        (key, f"Also show: {label}", answer, False)
        for (key, label), answer in zip(OFFERED.items(), answers, strict=True)
    ]
    assert found[1:] == [(), ()]


@pytest.mark.parametrize("key", ["situation", "telephone", "email", "years_of_experience", "nothing"])
def test_what_the_scheme_does_not_offer_cannot_be_shown(session: Session, key: str) -> None:
    cohort = a_cohort(session)
    actor = make_participant(session, a_mentor(session, cohort))
    session.commit()

    with pytest.raises(Invalid):
        listing_choices.show(session, actor, key)

    assert session.exec(select(DirectoryChoice)).all() == []


def test_whoever_is_not_listed_or_has_left_shows_nothing_and_others_cannot_choose_for_a_mentor(
    session: Session,
) -> None:
    cohort = a_cohort(session)
    private = make_participant(session, make_enrolment(session, cohort, Side.MENTOR))
    gone = make_participant(session, a_mentor(session, cohort, status=EnrolmentStatus.WITHDRAWN))
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    session.commit()

    for actor, refusal in ((private, Conflict), (gone, Conflict), (coordinator, NotAllowed)):
        with pytest.raises(refusal):
            listing_choices.show(session, actor, "support")
    with pytest.raises(NotAllowed):
        listing_choices.hide(session, coordinator, "support")

    assert session.exec(select(DirectoryChoice)).all() == []


@pytest.mark.clause("U-1")
def test_each_choice_stays_as_evidence_in_the_words_of_its_day(session: Session) -> None:
    cohort = a_cohort(session)
    actor = make_participant(session, a_mentor(session, cohort))
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    session.commit()
    for act in (listing_choices.show, listing_choices.show, listing_choices.hide):
        act(session, actor, "support")
    field = field_of(session, cohort, "support")

    listing_choices.offer(session, coordinator, field.id, version=field.version, words="What I give")
    listing_choices.show(session, actor, "support")

    newest, first = listing_choices.history(session, actor)
    assert (first.label, first.text, first.is_worded_so) == (
        "Also show: What I am glad to give",
        "\n".join(("Also show: What I am glad to give", HELP, AUDIENCE)),
        False,
    )
    assert (newest.label, newest.is_worded_so) == ("Also show: What I give", True)
    assert (first.withdrawn_at is None, newest.withdrawn_at is None) == (False, True)
    # One set of words for the old and one for the new, and the journal has the question's name, never the answer.
    assert session.exec(select(func.count()).select_from(ConsentText)).one() == 2
    in_order = select(AuditEntry).where(col(AuditEntry.action).like("directory.%")).order_by(col(AuditEntry.sequence))
    noted = session.exec(in_order).all()
    assert [(entry.action, entry.details["question"]) for entry in noted] == [
        ("directory.shown", "support"),
        ("directory.hidden", "support"),
        ("directory.shown", "support"),
    ]


@pytest.mark.clause("U-1")
def test_what_the_coordinator_no_longer_offers_is_gone_at_once_and_stays_off(session: Session) -> None:
    cohort = a_cohort(session)
    actor, reader = make_participant(session, a_mentor(session, cohort)), a_reader(session, cohort)
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    session.commit()
    listing_choices.show(session, actor, "support")
    field = field_of(session, cohort, "support")

    listing_choices.offer(session, coordinator, field.id, version=field.version, words="")
    gone = also(session, reader)
    session.refresh(field)
    listing_choices.offer(session, coordinator, field.id, version=field.version, words="Show it again")

    assert (gone, also(session, reader)) == ({"Bo Lindqvist": ()}, {"Bo Lindqvist": ()})


def test_a_coordinator_offers_a_question_of_their_own(session: Session) -> None:
    cohort = a_cohort(session)
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    session.commit()
    words = Wording("Languages of your childhood", "", "The coordinator.")
    asked = {"kind": "short_text", "step": 1, "sides": [Side.MENTOR], "words": words}
    added = form_editing.add(session, coordinator, cohort.scheme_id, **asked)  # type: ignore[arg-type]
    mentor = a_mentor(session, cohort, answers={added.key: "Twi “and” Ga"})
    actor, reader = make_participant(session, mentor), a_reader(session, cohort)
    session.commit()

    listing_choices.offer(session, coordinator, added.id, version=added.version, words="Languages of my childhood")
    listing_choices.show(session, actor, added.key)

    assert also(session, reader) == {"Bo Lindqvist": (("Languages of my childhood", "Twi “and” Ga"),)}


@pytest.mark.parametrize("key", ["email", "telephone", "wechat_id", "sector", "share_email", "capacity", "goals"])
def test_how_to_reach_somebody_can_never_be_offered(session: Session, key: str) -> None:
    cohort = a_cohort(session)
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    field = field_of(session, cohort, key)
    session.commit()

    with pytest.raises(Invalid):
        listing_choices.offer(session, coordinator, field.id, version=field.version, words="Show it")

    assert field_of(session, cohort, key).listing is None


def test_only_who_runs_the_scheme_offers_a_question_and_only_as_they_saw_it(session: Session) -> None:
    cohort, other = a_cohort(session), a_cohort(session, "aulp")
    stranger = make_actor(make_coordinator(session, other), other)
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    field = field_of(session, cohort, "situation")
    session.commit()

    with pytest.raises(NotAllowed):
        listing_choices.offer(session, stranger, field.id, version=field.version, words="Show it")
    with pytest.raises(Conflict):
        listing_choices.offer(session, coordinator, field.id, version=field.version + 1, words="Show it")
