"""Mail whose reason is gone before it left: the worker drops it and says why, and sends everything else."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from models.agreements import DocumentKind
from models.audit import AuditEntry
from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.matching import ProposalStatus
from models.messages import Message, MessageStatus
from models.pairings import EndReason, PairingStatus, WaysOfWorking
from models.people import AccountStatus, LinkPurpose, Person, RoleGrant
from models.schemes import Cohort, Scheme
from services import (
    document_drafts,
    letters,
    mail,
    messages,
    outdated_mail,
    pairings,
    proposal_answers,
    proposal_mail,
    ways_mail,
)
from services.access import DESK
from tests.factories import (
    make_account,
    make_actor,
    make_cohort,
    make_coordinator,
    make_enrolment,
    make_pairing,
    make_proposal,
    make_scheme,
)
from tests.mail_server import MailServer
from tests.services.mail_steps import later
from tests.services.proposal_steps import asked


def outcomes(session: Session, engine: Engine) -> dict[str, tuple[MessageStatus, str | None]]:
    """What became of each message, by template, after the worker's round."""
    session.commit()
    mail.deliver_due(engine, later())
    session.expire_all()
    return {each.template: (each.status, each.last_error) for each in session.exec(select(Message))}


def queue(session: Session, enrolment: Enrolment, template: str, **facts: Any) -> None:
    scheme_id = session.get_one(Cohort, enrolment.cohort_id).scheme_id
    messages.queue(
        session, person_id=enrolment.person_id, template=template, scheme_id=scheme_id, event=template, **facts
    )


SENT = (MessageStatus.SENT, None)
DROPPED = MessageStatus.CANCELLED


def test_a_question_that_was_answered_first_does_not_leave_and_what_follows_does(
    session: Session, engine: Engine, server: MailServer
) -> None:
    proposal, _, mentee, _ = asked(session)

    proposal_answers.accept(session, mentee, proposal.id)

    assert outcomes(session, engine) == {
        "proposal_to_mentee": (DROPPED, outdated_mail.ANSWERED),
        "proposal_accepted_mentee": SENT,
        "proposal_accepted_mentor": SENT,
    }
    entry = session.exec(select(AuditEntry).where(AuditEntry.action == "message.dropped")).one()
    assert entry.details == {"template": "proposal_to_mentee", "tries": 0}
    assert len(server.received) == 2


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        pytest.param({}, SENT, id="still waits"),
        pytest.param({"status": ProposalStatus.WITHDRAWN}, (DROPPED, outdated_mail.ANSWERED), id="taken back"),
        pytest.param({"waits_for": Side.MENTOR}, (DROPPED, outdated_mail.ANSWERED), id="said yes"),
        pytest.param({"expires_at": utc_now() - timedelta(days=1)}, (DROPPED, outdated_mail.ANSWERED), id="over"),
    ],
)
def test_a_reminder_leaves_only_while_its_reader_is_asked(
    session: Session, engine: Engine, server: MailServer, facts: dict[str, object], outcome: tuple[object, ...]
) -> None:
    proposal = make_proposal(session, make_cohort(session))
    proposal_mail.remind(session, proposal)
    for name, value in facts.items():
        setattr(proposal, name, value)

    assert outcomes(session, engine) == {"proposal_reminder": outcome}


@pytest.mark.parametrize(
    ("status", "outcome"), [(PairingStatus.RELEASED, SENT), (PairingStatus.ENDED, (DROPPED, outdated_mail.ENDED))]
)
def test_what_a_pair_was_to_agree_to_does_not_leave_once_it_has_ended(
    session: Session, engine: Engine, server: MailServer, status: PairingStatus, outcome: tuple[object, ...]
) -> None:
    cohort = make_cohort(session)
    pairing = make_pairing(session, cohort)
    edition = WaysOfWorking(
        pairing_id=pairing.id, edition=1, proposed_by=Side.MENTOR, interval_days=14, minutes=60, months=6
    )
    session.add(edition)
    ways_mail.tell_other_side(session, pairing, session.get_one(Scheme, cohort.scheme_id), edition, is_change=False)
    pairing.status, pairing.ended_at = status, utc_now() if status is PairingStatus.ENDED else None

    assert outcomes(session, engine) == {"ways_proposed": outcome}


def test_whoever_left_is_not_reminded_of_anything_unless_another_place_of_theirs_is_open(
    session: Session, engine: Engine, server: MailServer
) -> None:
    scheme = make_scheme(session)
    left = make_enrolment(session, make_cohort(session, scheme), status=EnrolmentStatus.WITHDRAWN)
    queue(session, left, "nudge", missing=["Your form"])
    queue(session, left, "withdrawal_confirmed")

    gone = outcomes(session, engine)
    make_enrolment(session, make_cohort(session, scheme), Side.MENTOR, person=session.get_one(Person, left.person_id))
    queue(session, left, "enrolment_approved")

    assert gone == {"nudge": (DROPPED, outdated_mail.LEFT), "withdrawal_confirmed": SENT}
    assert outcomes(session, engine)["enrolment_approved"] == SENT


def test_of_a_match_that_ended_before_anybody_was_told_only_the_end_is_told(
    session: Session, engine: Engine, server: MailServer
) -> None:
    cohort = make_cohort(session)
    proposal = make_proposal(session, cohort, status=ProposalStatus.ACCEPTED)
    pairing = pairings.release(session, DESK, proposal)

    pairings.conclude(session, DESK, pairing, Side.MENTEE, reason=EndReason.PERSONAL)

    outcome = (DROPPED, outdated_mail.ENDED)
    assert outcomes(session, engine) == {
        "proposal_accepted_mentee": outcome,
        "proposal_accepted_mentor": outcome,
        "pairing_ended": SENT,
    }
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("template", "status", "outcome"),
    [
        ("pause_return_asked", EnrolmentStatus.PAUSED, SENT),
        ("pause_return_asked", EnrolmentStatus.APPROVED, (DROPPED, outdated_mail.BACK)),
        ("pause_return_asked", EnrolmentStatus.WITHDRAWN, (DROPPED, outdated_mail.LEFT)),
        ("withdrawal_confirmed", EnrolmentStatus.WITHDRAWN, SENT),
        ("withdrawal_confirmed", EnrolmentStatus.APPROVED, (DROPPED, outdated_mail.BACK)),
    ],
)
def test_whoever_is_back_is_not_asked_whether_they_are_nor_told_that_they_left(
    session: Session,
    engine: Engine,
    server: MailServer,
    template: str,
    status: EnrolmentStatus,
    outcome: tuple[object, ...],
) -> None:
    enrolment = make_enrolment(session, make_cohort(session), status=status)
    queue(session, enrolment, template, link_subject_id=enrolment.id, back_on=utc_now().date())

    assert outcomes(session, engine) == {template: outcome}


def test_what_is_for_a_coordinator_does_not_leave_once_the_role_or_the_draft_is_gone(
    session: Session, engine: Engine, server: MailServer
) -> None:
    cohort = make_cohort(session)
    was, still = make_coordinator(session, cohort), make_coordinator(session, cohort, "Rui Reader")
    draft_id = document_drafts.begin(session, make_actor(was, cohort), cohort.scheme_id, kind=DocumentKind.CODE)
    write = partial(messages.queue, session, scheme_id=cohort.scheme_id, event="once")
    for person_id in (was.id, still.id):
        write(person_id=person_id, template="answer_disputed")
    write(person_id=still.id, template="document_to_check", document="Code", link_subject_id=draft_id)
    write(person_id=was.id, template="role_given", role="coordinator", link_subject_id=uuid4())
    session.delete(session.exec(select(RoleGrant).where(RoleGrant.person_id == was.id)).one())

    outcomes(session, engine)

    found = {(each.template, each.person_id): each.last_error for each in session.exec(select(Message))}
    assert found == {
        ("answer_disputed", was.id): outdated_mail.NO_ROLE,
        ("answer_disputed", still.id): None,
        ("document_to_check", still.id): outdated_mail.CHECKED,
        ("role_given", was.id): outdated_mail.NO_ROLE,
    }


@pytest.mark.parametrize(
    ("status", "outcome"), [(AccountStatus.ACTIVE, SENT), (AccountStatus.LOCKED, (DROPPED, outdated_mail.CLOSED))]
)
def test_a_link_to_sign_in_does_not_leave_for_a_closed_account(
    session: Session, engine: Engine, server: MailServer, status: AccountStatus, outcome: tuple[object, ...]
) -> None:
    enrolment = make_enrolment(session, make_cohort(session))
    make_account(session, session.get_one(Person, enrolment.person_id), status=status)
    queue(session, enrolment, "password_reset", link_purpose=LinkPurpose.PASSWORD_RESET, link_hours=1)

    assert outcomes(session, engine) == {"password_reset": outcome}


# Of what was done to somebody or theirs they hear, whatever has happened since.
ALWAYS = {
    "enrolment_declined",
    "place_offered",
    "answer_recorded",
    "signed_copy",
    "pairing_ended",
    "pairing_ended_in_pause",
    "address_confirm",
    "address_changing",
    "role_ended",
    "role_changed",
}


def test_of_every_template_it_is_decided_whether_it_can_become_outdated() -> None:
    can = outdated_mail.QUESTIONS | outdated_mail.OF_TAKING_PART | outdated_mail.FOR_COORDINATORS
    can |= outdated_mail.TO_SIGN_IN | {"role_given", "withdrawal_confirmed"}

    assert set(letters.KINDS) == can | ALWAYS
    assert can & ALWAYS == set()
