"""How the tests of the second factor are asked for codes and give them."""

from datetime import UTC, datetime, timedelta

import pyotp
import time_machine
from sqlmodel import Session, col, select

from models.audit import AuditEntry
from models.people import Account
from services import second_factor
from tests.factories import (
    make_account,
    make_cohort,
    make_coordinator,
)

KEY = "some invented bytes that are good for a test"
HERE = "192.0.2.1"
# In the middle of a step, so that half a minute more or less is always the next step or the one before.
NOON = datetime(2026, 11, 22, 12, 0, 15, tzinfo=UTC)


def make_staff(session: Session) -> Account:
    return make_account(session, make_coordinator(session, make_cohort(session)))


def asked(session: Session, account: Account) -> str:
    """The token of a page that asks this account for a code."""
    return second_factor.ask(session, account.id).removeprefix("/second-factor/")


def code_of(secret: str | None, moment: datetime = NOON) -> str:
    assert secret is not None
    return pyotp.TOTP(secret).at(moment)


def prove(session: Session, token: str, code: str, address: str | None = HERE) -> str:
    return second_factor.prove(session, token, code, network_address=address)


def set_up(session: Session, account: Account, moment: datetime = NOON - timedelta(hours=1)) -> str:
    """Give the account an authenticator app; its secret."""
    with time_machine.travel(moment, tick=False):
        token = asked(session, account)
        secret = second_factor.asked(session, token).secret
        prove(session, token, code_of(secret, moment))
    assert secret is not None
    return secret


def actions(session: Session) -> list[str]:
    return list(session.exec(select(AuditEntry.action).order_by(col(AuditEntry.sequence))))
