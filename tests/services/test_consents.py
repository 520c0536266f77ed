"""What a person agreed to share."""

from datetime import date

import pytest
from sqlmodel import Session, col, select

from models.enrolments import Consent, ConsentPurpose, ConsentText, Enrolment, EnrolmentStatus, Side
from models.people import Person
from models.schemes import Channel, Cohort
from services import consents, form_editing
from services.access import DESK
from services.errors import Conflict, Invalid, NotAllowed
from services.form_editing import Wording
from services.schemes import starting
from tests.factories import make_actor, make_consent, make_coordinator, make_enrolment, make_participant, make_person


def a_cohort(session: Session, template: str = "unnc_alumni") -> Cohort:
    return starting.start(
        session, DESK, template, cohort_name="2026", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
    )


@pytest.mark.clause("U-2", "A-ME1")
def test_nothing_is_shared_until_it_is_switched_on(session: Session) -> None:
    person = make_person(session, telephone="+44 20 7946 0123", wechat_id="wx_bo_123")
    enrolment = make_enrolment(session, a_cohort(session), Side.MENTOR, person=person)

    assert consents.given(session, enrolment.id) == frozenset()
    assert consents.open_channels(session, enrolment.id) == ()


@pytest.mark.clause("U-2", "U-C2.4")
def test_each_switch_opens_one_channel_and_closes_it_at_once(session: Session) -> None:
    person = make_person(session, telephone="+44 20 7946 0123", wechat_id="wx_bo_123")
    enrolment = make_enrolment(session, a_cohort(session), Side.MENTOR, person=person)
    actor = make_participant(session, enrolment)
    session.commit()

    opened = []
    for purpose in (ConsentPurpose.SHARE_WECHAT, ConsentPurpose.SHARE_EMAIL, ConsentPurpose.SHARE_TELEPHONE):
        consents.give(session, actor, purpose)
        opened.append(consents.open_channels(session, enrolment.id))
    consents.withdraw(session, actor, ConsentPurpose.SHARE_EMAIL)

    assert opened == [
        (Channel.WECHAT,),
        (Channel.EMAIL, Channel.WECHAT),
        (Channel.EMAIL, Channel.TELEPHONE, Channel.WECHAT),
    ]
    assert consents.open_channels(session, enrolment.id) == (Channel.TELEPHONE, Channel.WECHAT)


def test_consent_without_a_number_opens_nothing(session: Session) -> None:
    enrolment = make_enrolment(session, a_cohort(session), Side.MENTOR)
    for purpose in (ConsentPurpose.SHARE_TELEPHONE, ConsentPurpose.SHARE_WECHAT, ConsentPurpose.DIRECTORY):
        make_consent(session, enrolment, purpose)

    assert consents.open_channels(session, enrolment.id) == ()
    assert reachable(session, enrolment) is False


@pytest.mark.parametrize(
    ("purpose", "facts"),
    [
        (ConsentPurpose.SHARE_EMAIL, {}),
        (ConsentPurpose.SHARE_TELEPHONE, {"telephone": "+44 20 7946 0123"}),
        (ConsentPurpose.SHARE_WECHAT, {"wechat_id": "wx_bo_123"}),
    ],
)
def test_the_condition_for_queries_agrees_with_the_list_of_channels(
    session: Session, purpose: ConsentPurpose, facts: dict[str, str]
) -> None:
    enrolment = make_enrolment(session, a_cohort(session), Side.MENTOR, person=make_person(session, **facts))
    before = reachable(session, enrolment)

    make_consent(session, enrolment, purpose)

    assert (before, reachable(session, enrolment)) == (False, True)
    assert len(consents.open_channels(session, enrolment.id)) == 1


def test_what_was_agreed_to_stays_as_evidence_with_its_wording(session: Session) -> None:
    enrolment = make_enrolment(session, a_cohort(session), Side.MENTOR)
    actor = make_participant(session, enrolment)
    session.commit()

    for change in (consents.give, consents.give, consents.withdraw, consents.withdraw, consents.give):
        change(session, actor, ConsentPurpose.SHARE_EMAIL)

    rows = session.exec(select(Consent).order_by(col(Consent.created_at))).all()
    assert [row.withdrawn_at is None for row in rows] == [False, True]
    assert rows[0].wording_sha256 == rows[1].wording_sha256 != "0" * 64


def test_a_switch_that_the_form_does_not_have_cannot_be_moved(session: Session) -> None:
    mentor = make_enrolment(session, a_cohort(session, "aulp"), Side.MENTOR)
    mentee = make_enrolment(session, a_cohort(session), Side.MENTEE)
    session.commit()

    for enrolment in (mentor, mentee):
        with pytest.raises(Invalid):
            consents.give(session, make_participant(session, enrolment), ConsentPurpose.DIRECTORY)

    assert session.exec(select(Consent)).all() == []


def test_a_closed_enrolment_gives_nothing_more_but_can_still_withdraw(session: Session) -> None:
    enrolment = make_enrolment(session, a_cohort(session), Side.MENTOR, status=EnrolmentStatus.WITHDRAWN)
    make_consent(session, enrolment, ConsentPurpose.SHARE_EMAIL)
    actor = make_participant(session, enrolment)
    session.commit()

    with pytest.raises(Conflict):
        consents.give(session, actor, ConsentPurpose.SHARE_TELEPHONE)
    left = consents.withdraw(session, actor, ConsentPurpose.SHARE_EMAIL)

    assert left == frozenset()


def test_a_coordinator_cannot_consent_for_anybody(session: Session) -> None:
    cohort = a_cohort(session)
    actor = make_actor(make_coordinator(session, cohort), cohort)
    session.commit()

    for change in (consents.give, consents.withdraw):
        with pytest.raises(NotAllowed):
            change(session, actor, ConsentPurpose.SHARE_EMAIL)


@pytest.mark.clause("U-1", "U-2")
def test_the_history_keeps_the_words_of_the_day_after_a_coordinator_changed_them(session: Session) -> None:
    cohort = a_cohort(session)
    actor = make_participant(session, make_enrolment(session, cohort, Side.MENTOR))
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    session.commit()
    consents.give(session, actor, ConsentPurpose.SHARE_EMAIL)
    old = next(f for f in form_editing.fields(session, coordinator, cohort.scheme_id) if f.key == "share_email")
    new_words = dict.fromkeys(old.sides, Wording("May we pass on your address?", "", "Your match."))

    form_editing.reword(session, coordinator, old.id, version=old.version, words=new_words, required=False)
    consents.withdraw(session, actor, ConsentPurpose.SHARE_EMAIL)
    consents.give(session, actor, ConsentPurpose.SHARE_EMAIL)

    newest, first = consents.history(session, actor)
    said = "\n".join((old.labels[Side.MENTOR], old.helps[Side.MENTOR], old.audiences[Side.MENTOR]))
    assert (first.text, first.language, first.is_worded_so) == (said, "en", False)
    assert (newest.text, newest.is_worded_so) == ("May we pass on your address?\n\nYour match.", True)
    assert (first.withdrawn_at is None, newest.withdrawn_at is None) == (False, True)


def test_words_that_many_agree_to_are_kept_once(session: Session) -> None:
    cohort = a_cohort(session)
    mentors = [make_enrolment(session, cohort, Side.MENTOR) for _ in range(3)]
    session.commit()

    for mentor in mentors:
        consents.give(session, make_participant(session, mentor), ConsentPurpose.SHARE_EMAIL)

    assert len(session.exec(select(ConsentText)).all()) == 1


def reachable(session: Session, enrolment: Enrolment) -> bool:
    statement = (
        select(Enrolment.id)
        .join(Person, col(Person.id) == Enrolment.person_id)
        .where(Enrolment.id == enrolment.id, consents.reachable())
    )
    return session.exec(statement).first() is not None
