"""Each scheme's notice of rights and of how to complain, for everybody: signed in or not (A-MR7)."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_
from sqlalchemy import select as select_columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.agreements import DocumentKind, SchemeDocument
from models.schemes import Cohort, Scheme
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
    `languages` are those that the text in force can be read in, the scheme's own first.
    """

    scheme: str
    slug: str
    contact: str | None
    text: str | None
    is_demonstration: bool = False
    complaints: str | None = None
    language: str = "en"
    languages: tuple[str, ...] = ()


def notices(
    session: Session, *, slug: str = "", scheme_ids: Collection[UUID] = (), spoken: Sequence[str] = ()
) -> tuple[Notice, ...]:
    """The notices asked for by a scheme's slug, else of these schemes, else of all; by name. One query.

    It asks nobody who they are: what a scheme says here, it says to everybody. An unknown slug gets all, and all are
    those that work with real people, as long as there is one. Each is in the first of the languages `spoken` that it
    has, else in its scheme's own.
    """
    found = [
        (scheme_id, _notice(list(rows), spoken))
        for scheme_id, rows in groupby(session.exec(_all()), lambda row: row.id)
    ]
    named = [notice for _id, notice in found if slug and notice.slug == slug]
    theirs = [notice for scheme_id, notice in found if scheme_id in scheme_ids]
    everybodys = [notice for _id, notice in found if not notice.is_demonstration]
    return tuple(named or theirs or everybodys or [notice for _id, notice in found])


def _notice(rows: Sequence[Any], spoken: Sequence[str]) -> Notice:
    """One scheme's, of which each row has the text in one language; one row without a text where there is none."""
    row = rows[0]
    texts = {each.language: each.text for each in rows if each.text is not None}
    complaints = row.other_settings.get(COMPLAINTS)
    own = row.own_language
    chosen = next((language for language in spoken if language in texts), own)
    known = tuple(sorted(texts, key=lambda language: (language != own, language)))
    facts = (row.name, slug_of(row.name), row.reply_address, texts.get(chosen), not row.is_real, complaints)
    return Notice(*facts, chosen, known)


def slug_of(name: str) -> str:
    """A scheme's name as it stands in an address; blank where none of its letters can."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return _NOT_A_WORD.sub("-", plain).strip("-")


def address_for(scheme: str) -> str:
    """Where a letter of this scheme leads."""
    slug = slug_of(scheme)
    return f"{settings().url.rstrip('/')}{PATH}{f'/{slug}' if slug else ''}"


def _all() -> Any:
    newest = aliased(SchemeDocument)
    in_force = (
        select(func.max(col(newest.edition)))
        .where(
            col(newest.scheme_id) == col(Scheme.id),
            col(newest.kind) == DocumentKind.RIGHTS,
            col(newest.language) == col(Scheme.language),
        )
        .correlate(Scheme)
        .scalar_subquery()
    )
    # In every language: a translation has the edition of the text that it translates.
    notice = and_(
        col(SchemeDocument.scheme_id) == col(Scheme.id),
        col(SchemeDocument.kind) == DocumentKind.RIGHTS,
        col(SchemeDocument.edition) == in_force,
    )
    cohorts = select(col(Cohort.id)).where(col(Cohort.scheme_id) == col(Scheme.id)).correlate(Scheme)
    real = cohorts.where(~col(Cohort.is_demonstration)).exists()
    # A scheme that has no cohort yet is on its way to real people.
    is_real = or_(real, ~cohorts.exists()).label("is_real")
    facts = (col(Scheme.id), col(Scheme.name), col(Scheme.reply_address), col(Scheme.other_settings))
    own: Any = col(Scheme.language).label("own_language")
    columns: tuple[Any, ...] = (*facts, col(SchemeDocument.text), col(SchemeDocument.language), own, is_real)
    return (
        select_columns(*columns)
        .select_from(Scheme)
        .outerjoin(SchemeDocument, notice)
        .order_by(col(Scheme.name), col(Scheme.id), col(SchemeDocument.language))
    )
