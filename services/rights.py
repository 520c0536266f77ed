"""Each scheme's notice of rights and of how to complain, for everybody: signed in or not (A-MR7)."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import and_
from sqlmodel import Session, col, select

from models.agreements import DocumentKind, SchemeDocument
from models.schemes import Scheme
from services import signatures
from services.settings import settings

TITLE = "Your rights, and how to complain"
LABEL = "Your rights and how to complain"
PATH = "/rights"
_NOT_A_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Notice:
    """One scheme's notice in force: `text` is Markdown, None where the scheme has published none.

    `contact` is the address of the scheme's office, as far as it has one.
    """

    scheme: str
    slug: str
    contact: str | None
    text: str | None


def notices(session: Session, *, slug: str = "", scheme_ids: Collection[UUID] = ()) -> tuple[Notice, ...]:
    """The notices asked for by a scheme's slug, else of these schemes, else of all; by name. One query.

    It asks nobody who they are: what a scheme says here, it says to everybody. An unknown slug gets all.
    """
    rows = session.exec(_all()).all()
    found = [(scheme_id, Notice(name, slug_of(name), contact, text)) for scheme_id, name, contact, text in rows]
    named = [notice for _id, notice in found if slug and notice.slug == slug]
    theirs = [notice for scheme_id, notice in found if scheme_id in scheme_ids]
    return tuple(named or theirs or [notice for _id, notice in found])


def slug_of(name: str) -> str:
    """A scheme's name as it stands in an address; blank where none of its letters can."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return _NOT_A_WORD.sub("-", plain).strip("-")


def address_for(scheme: str) -> str:
    """Where a letter of this scheme leads."""
    slug = slug_of(scheme)
    return f"{settings().url.rstrip('/')}{PATH}{f'/{slug}' if slug else ''}"


def _all() -> Any:
    notice = and_(
        col(SchemeDocument.scheme_id) == col(Scheme.id),
        col(SchemeDocument.kind) == DocumentKind.RIGHTS,
        signatures.in_force(),
    )
    return (
        select(col(Scheme.id), col(Scheme.name), col(Scheme.reply_address), col(SchemeDocument.text))
        .select_from(Scheme)
        .outerjoin(SchemeDocument, notice)
        .order_by(col(Scheme.name), col(Scheme.id))
    )
