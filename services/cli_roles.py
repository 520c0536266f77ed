"""`mentoring role`: whoever runs the server gives the first roles, and helps where nobody else can (SECURITY b3)."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from sqlmodel import Session

from models.people import Role
from services import cleaning, messages, role_list, roles, storage
from services.access import DESK
from services.errors import Refusal
from services.role_list import Holder

app = typer.Typer(help="Say who coordinates a scheme, who sees its figures, who administers.", no_args_is_help=True)


class Word(StrEnum):
    """The roles, as they are typed."""

    COORDINATOR = "coordinator"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"


RoleArgument = Annotated[Word, typer.Argument(help="Which role.")]
Email = Annotated[str, typer.Argument(help="The address that they sign in with.")]
SchemeOption = Annotated[str, typer.Option("--scheme", help="The scheme's name; may be left out where there is one.")]


@app.command()
def give(
    role: RoleArgument,
    email: Email,
    scheme: SchemeOption = "",
    name: Annotated[str, typer.Option(help="The full name, of somebody whom the desk does not know yet.")] = "",
) -> None:
    """Give a role. Somebody new gets an invitation by email."""
    with Session(storage.engine()) as session:
        try:
            scheme_id = _scheme(session, role, scheme)
            given = roles.give(session, DESK, scheme_id, role=Role(role), email=email, full_name=name)
        except Refusal as refusal:
            _stop(str(refusal))
            return
    _say(f"{given.name} is {roles.WORDS[Role(role)]} now.")
    if given.is_written_to and not messages.mail_is_set_up():
        _say("No mail server is set (SMTP_HOST), so no email leaves now.")


@app.command()
def take(role: RoleArgument, email: Email, scheme: SchemeOption = "") -> None:
    """Take a role back. The person is signed out everywhere."""
    with Session(storage.engine()) as session:
        try:
            scheme_id = _scheme(session, role, scheme)
            holder = _holder(session, scheme_id, Role(role), email)
            taken = roles.take(session, DESK, holder.grant_id)
        except Refusal as refusal:
            _stop(str(refusal))
            return
    _say(f"{taken.name} is no longer {roles.WORDS[Role(role)]}.")


@app.command(name="list")
def list_() -> None:
    """Print who has which role."""
    with storage.reading() as session:
        found = [("The whole desk", role_list.holders(session, DESK, None))]
        found += [
            (name, role_list.holders(session, DESK, key)) for key, name in role_list.schemes(session, DESK).items()
        ]
    for where, holders in found:
        _say(where)
        for holder in holders:
            _say(f"  {roles.WORDS[holder.role]}: {holder.name}, {holder.email}")
        if not holders:
            _say("  nobody")


def _scheme(session: Session, role: Word, typed: str) -> UUID | None:
    """The scheme that was named, or the only one there is. Ends with 1 when that is not clear."""
    if role is Word.ADMINISTRATOR:
        return None
    known = role_list.schemes(session, DESK)
    sought = cleaning.compare_key(typed.strip())
    wanted = [key for key, name in known.items() if not sought or cleaning.compare_key(name) == sought]
    if len(wanted) != 1:
        names = ", ".join(f'"{name}"' for name in sorted(known.values())) or "none yet"
        _stop(f"Say which scheme, with --scheme. There is: {names}.")
    return wanted[0]


def _holder(session: Session, scheme_id: UUID | None, role: Role, email: str) -> Holder:
    """Who is meant; an address is typed in any case."""
    holders = role_list.holders(session, DESK, scheme_id, search=email)
    found = [each for each in holders if each.role is role and each.email.casefold() == email.strip().casefold()]
    if not found:
        _stop(f"Nobody with this address is {roles.WORDS[role]} there. See 'mentoring role list'.")
    return found[0]


def _say(sentence: str) -> None:
    Console(highlight=False, markup=False).print(sentence, soft_wrap=True)


def _stop(sentence: str) -> None:
    Console(stderr=True, highlight=False, markup=False).print(sentence, soft_wrap=True)
    raise typer.Exit(1)
