"""Mail whose reason is gone before it left: the worker drops it and says why, and sends everything else."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from models.audit import AuditEntry
from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.matching import ProposalStatus
from models.messages import Message, MessageStatus
from models.pairings import PairingStatus, WaysOfWorking
from models.people import Person
from models.schemes import Cohort, Scheme
from services import letters, mail, messages, outdated_mail, proposal_answers, proposal_mail, ways_mail
from tests.factories import make_cohort, make_enrolment, make_pairing, make_proposal, make_scheme
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
    queue(session, left, "sign_documents", documents=["Code"], is_a_gate=True)

    assert gone == {"nudge": (DROPPED, outdated_mail.LEFT), "withdrawal_confirmed": SENT}
    assert outcomes(session, engine)["sign_documents"] == SENT


def test_templates_that_can_become_outdated_exist() -> None:
    assert set(letters.KINDS) >= outdated_mail.QUESTIONS | outdated_mail.OF_TAKING_PART
