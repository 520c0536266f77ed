"""The first start: a code printed in the terminal lets one person in, who becomes administrator and coordinator.

The code proves that whoever fills in the page also runs the server. It is stored as a hash, works once, and gives up
after ten wrong tries; the next start of the server prints a fresh one for as long as nobody has an account.
"""

import hmac
import secrets
import unicodedata
from collections.abc import Sequence
from datetime import date
from importlib import import_module
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from models.audit import Installation
from models.columns import utc_now
from models.people import Account, AccountStatus, Role, RoleGrant, SignInAttempt
from services import audit, cleaning, passwords, people, second_factor, sessions
from services.access import DESK, Acting, Actor, Place
from services.cleaning import Email
from services.errors import Conflict, Invalid, NotAllowed, Refusal
from services.links import hashed
from services.schemes import starting
from services.units import writes

MOST_TRIES = 10
# Without letters and digits that look alike: the code is read off one screen and typed into another.
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_GROUPS, _GROUP = 3, 4


def is_needed(session: Session) -> bool:
    """Whether nobody has an account yet. One query."""
    return session.exec(select(Account.id).limit(1)).first() is None


@writes
def announce(session: Session) -> str | None:
    """A fresh code for the terminal, in place of any before; None when somebody has an account."""
    if not is_needed(session):
        return None
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
    code = "-".join(groups)
    _held(session).set_up_code_sha256 = hashed(_normal(code))
    session.commit()
    return code


def begin(
    session: Session,
    *,
    code: str,
    full_name: str,
    email: str,
    password: str,
    template_keys: Sequence[str],
    cohort_name: str,
    starts_on: date,
    ends_on: date,
    scheme_name: str | None = None,
    time_zone: str | None = None,
    network_address: str | None = None,
) -> str:
    """Make the first person and their schemes, each with a first cohort, all or nothing; gives where to go to sign in.

    Answers to the schemes' emails go to this person until somebody enters an office's address. `scheme_name` is of the
    scheme that starts from the plain template.

    Raises NotAllowed (wrong code), Invalid (something entered) and Conflict (the desk is set up already).
    """
    admit(session, code, network_address)
    name, address = cleaning.name(full_name, field="Your name"), cleaning.email(email)
    passwords.refuse_weak(password, [name, address.typed.partition("@")[0]])
    password_hash = passwords.hashed(password)  # before the database is held: it takes a fifth of a second
    return _begin(
        session,
        code=code,
        name=name,
        email=address,
        password_hash=password_hash,
        template_keys=template_keys,
        scheme_name=scheme_name,
        cohort=(cohort_name, starts_on, ends_on),
        time_zone=_known_zone(time_zone),
        network_address=network_address,
    )


def begin_demonstration(session: Session, *, code: str, network_address: str | None = None) -> list[Any]:
    """Load the demonstration; gives its accounts (role, name, email, password), all invented. Raises as `begin`."""
    admit(session, code, network_address)
    # Only whoever wants the demonstration pays for loading it.
    accounts: list[Any] = list(import_module("services.demonstration").load(session))
    _use_up(session)
    return accounts


@writes
def admit(session: Session, code: str, network_address: str | None) -> None:
    """Count a wrong code, and let a right one pass. Raises NotAllowed, and Conflict when the desk is set up."""
    installation = _held(session)
    try:
        _refuse_unless_right(session, installation, code)
    except NotAllowed:
        if installation.set_up_code_sha256 is not None:
            _count_wrong_try(session, installation, network_address)
            session.commit()
        raise
    session.rollback()  # nothing changed, and nobody shall wait for the lock


@writes
def _begin(
    session: Session,
    *,
    code: str,
    name: str,
    email: Email,
    password_hash: str,
    template_keys: Sequence[str],
    scheme_name: str | None,
    cohort: tuple[str, date, date],
    time_zone: str | None,
    network_address: str | None,
) -> str:
    installation = _held(session)
    # Once more: of two people who hold the right code, the first to get here is the only one.
    _refuse_unless_right(session, installation, code)
    person = people.add(session, DESK, full_name=name, email=email.typed, email_key=email.key, time_zone=time_zone)
    session.flush()  # the person's row first: without a relationship nothing else orders the two
    account = Account(person_id=person.id, status=AccountStatus.ACTIVE, password_hash=password_hash)
    session.add_all([account, RoleGrant(person_id=person.id, role=Role.ADMINISTRATOR)])
    actor = Actor(person.id, name, Place(Acting.ADMINISTRATOR), account_id=account.id, network_address=network_address)
    for key in _chosen(template_keys):
        own = scheme_name if key == starting.NAMELESS else None
        scheme = starting.add_scheme(session, actor, key, name=own, reply_address=email.typed)
        starting.add_run(session, actor, scheme, *cohort)
    installation.set_up_code_sha256, installation.set_up_at = None, utc_now()
    audit.record(session, actor, "desk.set_up", account.id)
    session.flush()
    # Its commit is the unit's only one: account, schemes and the signed-in browser come to be together.
    if second_factor.is_due(session, account.id):
        return second_factor.ask(session, account.id)
    return sessions.address_with_ticket(session, account.id, network_address=network_address)


@writes
def _use_up(session: Session) -> None:
    installation = _held(session)
    installation.set_up_code_sha256, installation.set_up_at = None, utc_now()
    audit.record(session, DESK, "desk.set_up", demonstration=True)
    session.commit()


def _chosen(template_keys: Sequence[str]) -> list[str]:
    """Each template once. Raises Invalid."""
    chosen = list(dict.fromkeys(template_keys))
    if not chosen:
        raise Invalid("No scheme is chosen.", remedy="Choose at least one to begin with.")
    return chosen


def _refuse_unless_right(session: Session, installation: Installation, code: str) -> None:
    if not is_needed(session):
        raise Conflict("This desk is set up already.", remedy="Sign in, or ask a coordinator to invite you.")
    if installation.set_up_code_sha256 is None:
        raise NotAllowed(
            "There is no code to set up this desk with.", remedy="Restart the server: it prints a new one."
        )
    if not hmac.compare_digest(hashed(_normal(code)), installation.set_up_code_sha256):
        raise NotAllowed("This is not the code.", remedy="Copy it from the terminal in which the server started.")


def _count_wrong_try(session: Session, installation: Installation, network_address: str | None) -> None:
    """Tries are counted against this very code, so that a new one starts afresh."""
    counted_as = hashed(f"set up {installation.set_up_code_sha256}")
    session.add(SignInAttempt(name_hash=counted_as, address_hash=hashed(network_address or "")))
    session.flush()
    tries = select(func.count()).select_from(SignInAttempt).where(col(SignInAttempt.name_hash) == counted_as)
    if session.exec(tries).one() >= MOST_TRIES:
        installation.set_up_code_sha256 = None


def _held(session: Session) -> Installation:
    """The desk's own row, locked until the commit, as it stands now."""
    statement = select(Installation).where(Installation.id == 1).with_for_update()
    return session.exec(statement.execution_options(populate_existing=True)).one()


def _normal(code: str) -> str:
    """Capitals, without hyphens and blanks."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", code).upper() if letter.isalnum())


def _known_zone(name: str | None) -> str | None:
    """The browser's time zone, if it is one we know: nobody typed it, so nobody is told."""
    try:
        return cleaning.time_zone(name) if name else None
    except Refusal:
        return None
