"""Each scheme's notice of rights and of how to complain, for everybody: signed in or not (A-MR7)."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from models.agreements import DocumentKind, SchemeDocument
from models.schemes import Cohort, Scheme
from services import signatures
from services.settings import settings

TITLE = "Your rights, and how to complain"
LABEL = "Your rights and how to complain"
PATH = "/rights"
# Where a scheme's settings keep the address for complaints about a coordinator.
COMPLAINTS = "complaints_address"
_NOT_A_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Notice:
    """One scheme's notice in force: `text` is Markdown, None where the scheme has published none.

    `contact` is the address of the scheme's office, `complaints` the one for complaints about a coordinator, as far as
    there are any. Both are what the scheme entered: nobody who has a role is named. In a demonstration nobody is real.
    """

    scheme: str
    slug: str
    contact: str | None
    text: str | None
    is_demonstration: bool = False
    complaints: str | None = None


def notices(session: Session, *, slug: str = "", scheme_ids: Collection[UUID] = ()) -> tuple[Notice, ...]:
    """The notices asked for by a scheme's slug, else of these schemes, else of all; by name. One query.

    It asks nobody who they are: what a scheme says here, it says to everybody. An unknown slug gets all, and all are
    those that work with real people, as long as there is one.
    """
    rows = session.exec(_all()).all()
    found = [(row.id, _notice(row)) for row in rows]
    named = [notice for _id, notice in found if slug and notice.slug == slug]
    theirs = [notice for scheme_id, notice in found if scheme_id in scheme_ids]
    everybodys = [notice for _id, notice in found if not notice.is_demonstration]
    return tuple(named or theirs or everybodys or [notice for _id, notice in found])


def _notice(row: Any) -> Notice:
    complaints = row.other_settings.get(COMPLAINTS)
    return Notice(row.name, slug_of(row.name), row.reply_address, row.text, not row.is_real, complaints)


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
    cohorts = select(col(Cohort.id)).where(col(Cohort.scheme_id) == col(Scheme.id)).correlate(Scheme)
    real = cohorts.where(~col(Cohort.is_demonstration)).exists()
    # A scheme that has no cohort yet is on its way to real people.
    is_real = or_(real, ~cohorts.exists()).label("is_real")
    facts = (col(Scheme.id), col(Scheme.name), col(Scheme.reply_address), col(Scheme.other_settings))
    columns = (*facts, col(SchemeDocument.text), is_real)
    return (
        select_columns(*columns)
        .select_from(Scheme)
        .outerjoin(SchemeDocument, notice)
        .order_by(col(Scheme.name), col(Scheme.id))
    )
