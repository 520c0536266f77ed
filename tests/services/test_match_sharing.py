"""What the two of a pair read of one another's forms: while it is open, by the form's rules and each one's choice."""

from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import Session, col, select

from models.audit import AuditEntry
from models.columns import utc_now
from models.enrolments import ConsentText, Enrolment, EnrolmentStatus, SharedAnswer, Side
from models.pairings import EndReason, Pairing, PairingStatus
from models.people import Person
from models.schemes import Cohort, FormField
from services import consents, departures, enrolment_form, enrolments, match_sharing, pairings
from services.access import Actor
from services.enrolment_form import ALWAYS, CHOICE
from services.errors import Conflict, Invalid, NotAllowed
from services.match_sharing import HELP
from services.schemes import templates
from tests.factories import (
    make_actor,
    make_coordinator,
    make_enrolment,
    make_pairing,
    make_participant,
    make_person,
)
from tests.services.counting import queries_of
from tests.services.pairs import start_unnc

NEEDS = "Written notes, and a slow pace."
BACKGROUND = "First of my family at a university."
OF_MENTEE = (
    ("called", "To be called", "Lena"),
    ("pronouns", "Pronouns", "she/her"),
    ("year_of_study", "Year of study", "Year 3"),
    ("level", "Where they are now", "trainee"),
    ("role_title", "Aims for", "Data analyst"),
    ("sector", "Interested in", "Energy"),
    ("languages", "Languages", "English, Chinese (Mandarin)"),
    ("time_zone", "Time zone", "Asia/Shanghai"),
    ("channels", "Glad to be in touch by", "Email, WeChat"),
    ("availability", "Can usually talk", "Weekday evenings"),
)
OF_MENTOR = (
    ("organisation", "Works at", "Grid & Sons"),
    ("years_of_experience", "Years of experience", "12"),
    ("languages", "Languages", "English"),
    ("time_zone", "Time zone", "Europe/London"),
    ("channels", "Glad to be in touch by", "Email"),
)


def a_mentee(session: Session, cohort: Cohort) -> Enrolment:
    person = make_person(
        session, "Helena Fischer", called="Lena", pronouns="she/her", time_zone="Asia/Shanghai", telephone="+44 20 1"
    )
    answers = {
        "year_of_study": "Year 3",
        "level": "trainee",
        "needs": NEEDS,
        "background": BACKGROUND,
        "support": ["a_slow_pace"],
        "situation": ["looking_abroad"],
        "availability": ["weekday_evening"],
    }
    told: dict[str, Any] = {"role_title": "Data analyst", "sector": "D", "languages": ["en", "zh"]}
    return make_enrolment(
        session, cohort, person=person, channels=["email", "wechat"], answers=answers, goals="To choose.", **told
    )


def a_mentor(session: Session, cohort: Cohort, name: str = "Bo Lindqvist") -> Enrolment:
    person = make_person(session, name, time_zone="Europe/London", sort_name="Aa")
    return make_enrolment(
        session,
        cohort,
        Side.MENTOR,
        person=person,
        organisation="Grid & Sons",
        years_of_experience=12,
        capacity=3,
        answers={"support": ["practice_interviews"], "situation": ["first_years"]},
    )


def a_pair(session: Session, **facts: Any) -> tuple[Pairing, Actor, Actor]:
    """(pairing, mentor, mentee) of the alumni scheme."""
    cohort = start_unnc(session)
    mentor, mentee = a_mentor(session, cohort), a_mentee(session, cohort)
    pairing = make_pairing(session, cohort, mentor=mentor, mentee=mentee, **facts)
    actors = make_participant(session, mentor), make_participant(session, mentee)
    session.commit()
    return pairing, *actors


def seen(session: Session, reader: Actor, pairing: Pairing) -> tuple[tuple[str, str, str], ...]:
    facts = match_sharing.of_other(session, reader, pairing.id)
    return tuple((fact.key, fact.label, fact.answer) for fact in facts)


def field_of(session: Session, pairing: Pairing, key: str) -> FormField:
    cohort = session.get_one(Cohort, pairing.cohort_id)
    return session.exec(select(FormField).where(FormField.scheme_id == cohort.scheme_id, FormField.key == key)).one()


def coordinator_of(session: Session, pairing: Pairing) -> Actor:
    cohort = session.get_one(Cohort, pairing.cohort_id)
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    session.commit()
    return coordinator


@pytest.mark.clause("U-C4.2", "U-C6.2")
def test_each_half_of_an_open_pair_reads_what_the_form_says_a_match_sees_and_nothing_else(session: Session) -> None:
    pairing, mentor, mentee = a_pair(session)

    found = seen(session, mentor, pairing), seen(session, mentee, pairing)

    assert found == (OF_MENTEE, OF_MENTOR)


def test_what_the_form_tells_beside_a_question_is_what_its_rule_does(session: Session) -> None:
    _, mentor, mentee = a_pair(session)

    told = {
        question.key: question.audience
        for actor in (mentor, mentee)
        for step in enrolments.form(session, actor).steps
        for question in step.questions
        if question.key in {"needs", "languages", "capacity", "situation"}
    }

    assert told == {
        "needs": "The coordinator. Your mentor sees it only while you are matched, "
        "and only if you switch that on under Consents.",
        "languages": "The coordinator. Your mentor sees it too while you are matched.",
        "capacity": "The coordinator only.",
        "situation": "The coordinator, to find a good match.",
    }


@pytest.mark.parametrize("key", templates.keys())
def test_no_sentence_of_a_shipped_form_promises_a_match_what_no_rule_gives(key: str) -> None:
    by_consent = {"email", "telephone", "wechat_id"}

    promised = [
        (field.key, role)
        for field in templates.load(key).fields
        for role in field.roles
        if field.kind != "consent" and field.key not in by_consent | {"full_name"}
        for said in [field.audience.for_role(role)]
        if "match once" in said or "once you" in said or "share it" in said
    ]

    assert promised == []


@pytest.mark.clause("U-C4.2", "U-C4.3", "A-SH3")
def test_what_is_shared_by_choice_is_seen_from_the_switch_on_until_the_switch_off(session: Session) -> None:
    pairing, mentor, mentee = a_pair(session)
    found = []

    for act, key in (
        (match_sharing.share, "needs"),
        (match_sharing.share, "background"),
        (match_sharing.share, "background"),
        (match_sharing.keep_back, "needs"),
        (match_sharing.keep_back, "background"),
        (match_sharing.keep_back, "background"),
    ):
        act(session, mentee, key)
        facts = match_sharing.of_other(session, mentor, pairing.id)
        found.append([(fact.label, fact.answer) for fact in facts if fact.by_choice])

    needs, background = ("What helps them", NEEDS), ("Background", BACKGROUND)
    assert found == [[needs], [needs, background], [needs, background], [background], [], []]


@pytest.mark.clause("A-SH3")
def test_a_choice_is_of_one_person_and_one_question(session: Session) -> None:
    pairing, mentor, mentee = a_pair(session)

    match_sharing.share(session, mentor, "support")

    assert seen(session, mentee, pairing) == (
        *OF_MENTOR[:2],
        ("support", "Glad to give", "Practice interviews"),
        *OF_MENTOR[2:],
    )
    assert seen(session, mentor, pairing) == OF_MENTEE


@pytest.mark.clause("U-2", "A-SH3", "A-SH5")
def test_nothing_is_seen_before_a_pair_after_its_end_or_by_anybody_else(session: Session) -> None:
    pairing, mentor, mentee = a_pair(session)
    match_sharing.share(session, mentee, "needs")
    cohort = session.get_one(Cohort, pairing.cohort_id)
    others = [a_mentor(session, cohort, "Chen"), make_enrolment(session, cohort, name="Dana Idris")]
    session.commit()

    strangers = [
        match_sharing.of_other(session, other, pairing.id)
        for other in (make_participant(session, each) for each in others)
    ]
    pairings.end(session, mentee, pairing.id, reason=EndReason.PERSONAL)
    after = [match_sharing.of_other(session, half, pairing.id) for half in (mentor, mentee)]
    with pytest.raises(NotAllowed):
        match_sharing.of_other(session, coordinator_of(session, pairing), pairing.id)

    assert strangers == [(), ()]
    assert after == [(), ()]


@pytest.mark.clause("U-2")
def test_a_place_that_somebody_only_claims_opens_nothing(session: Session) -> None:
    pairing, mentor, mentee = a_pair(session)
    match_sharing.share(session, mentee, "needs")
    stranger = make_person(session, "Dana Idris")
    session.commit()

    assert seen(session, replace(mentor, person_id=stranger.id), pairing) == ()


def test_a_pair_on_a_break_still_reads_it(session: Session) -> None:
    pairing, mentor, _ = a_pair(session, status=PairingStatus.PAUSED)

    assert seen(session, mentor, pairing) == OF_MENTEE


def test_no_answer_leaves_the_database_that_may_not_be_read(session: Session) -> None:
    pairing, mentor, mentee = a_pair(session)
    asked = (("background", CHOICE), ("needs", CHOICE), ("year_of_study", ALWAYS))
    given: dict[str, Any] = {"pairing_id": pairing.id, "enrolment_id": mentor.place.enrolment_id}
    given["person_id"] = mentor.person_id
    match_sharing.share(session, mentee, "background")

    row = session.exec(match_sharing._answers(Side.MENTOR, asked), params=given).one()
    with queries_of(session) as statements:
        match_sharing.of_other(session, mentor, given["pairing_id"])

    assert tuple(row) == (f'"{BACKGROUND}"', None, '"Year 3"')
    assert len(statements) == 2


@pytest.mark.clause("U-C5.3", "A-SH5")
def test_leaving_takes_every_choice_back_and_coming_again_brings_none(session: Session) -> None:
    _, _, mentee = a_pair(session)
    match_sharing.share(session, mentee, "needs")
    enrolment_id = mentee.place.enrolment_id
    assert enrolment_id is not None

    departures.withdraw(session, mentee)
    left = [choice.withdrawn_at is None for choice in session.exec(select(SharedAnswer))]
    departures.enrol_again(session, mentee, enrolment_id)
    again = match_sharing.mine(session, mentee, questions_of(session, mentee))

    assert left == [False]
    assert [choice.is_on for choice in again] == [False, False, False]


def questions_of(session: Session, actor: Actor) -> list[enrolment_form.Question]:
    return [question for step in enrolments.form(session, actor).steps for question in step.questions]


@pytest.mark.parametrize("key", ["languages", "summary", "situation", "share_email", "no_such"])
def test_only_what_the_form_leaves_to_a_choice_can_be_switched_on(session: Session, key: str) -> None:
    _, _, mentee = a_pair(session)

    with pytest.raises(Invalid):
        match_sharing.share(session, mentee, key)

    assert session.exec(select(SharedAnswer)).all() == []


@pytest.mark.parametrize("status", [EnrolmentStatus.DECLINED, EnrolmentStatus.WITHDRAWN])
def test_whoever_takes_part_no_longer_can_take_back_but_not_share(session: Session, status: EnrolmentStatus) -> None:
    _, _, mentee = a_pair(session)
    match_sharing.share(session, mentee, "needs")
    session.get_one(Enrolment, mentee.place.enrolment_id).status = status
    session.commit()

    with pytest.raises(Conflict):
        match_sharing.share(session, mentee, "background")
    match_sharing.keep_back(session, mentee, "needs")

    assert [choice.withdrawn_at is None for choice in session.exec(select(SharedAnswer))] == [False]


@pytest.mark.clause("A-SH3")
def test_the_words_of_each_choice_are_kept_and_the_journal_says_when_and_never_what(session: Session) -> None:
    _, _, mentee = a_pair(session)

    for act in (match_sharing.share, match_sharing.keep_back):
        act(session, mentee, "needs")
    agreed = match_sharing.history(session, mentee)

    label = "Share with my mentor: What would help you to get the most out of it"
    words = f"{label}\n{HELP}\nYour mentor, while you are matched. The coordinator reads it anyway."
    assert [(each.label, each.text, each.is_worded_so, each.withdrawn_at is None) for each in agreed] == [
        (label, words, True, False)
    ]
    assert session.exec(select(ConsentText.text)).all() == [words]
    of_answers = select(AuditEntry).where(col(AuditEntry.action).startswith("answer."))
    said = session.exec(of_answers.order_by(col(AuditEntry.sequence))).all()
    assert [(entry.action, set(entry.details) - {"wording_sha256"}) for entry in said] == [
        ("answer.shared", {"question"}),
        ("answer.kept_back", {"question"}),
    ]
    assert NEEDS not in str([entry.details for entry in said])


def test_words_that_somebody_agreed_to_stay_until_nobody_refers_to_them(session: Session) -> None:
    _, _, mentee = a_pair(session)
    match_sharing.share(session, mentee, "needs")

    consents.forget_unused_words(session)

    assert len(session.exec(select(ConsentText)).all()) == 1


def test_a_retired_question_is_shown_no_longer(session: Session) -> None:
    pairing, mentor, _ = a_pair(session)
    field_of(session, pairing, "year_of_study").retired_at = utc_now()
    session.commit()

    assert seen(session, mentor, pairing) == tuple(fact for fact in OF_MENTEE if fact[0] != "year_of_study")


def test_a_blank_answer_is_left_out(session: Session) -> None:
    pairing, mentor, mentee = a_pair(session)
    person = session.get_one(Person, mentee.person_id)
    person.called = person.pronouns = None
    session.commit()

    assert seen(session, mentor, pairing) == OF_MENTEE[2:]
