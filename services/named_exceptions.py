"""The clauses that a scheme names as exceptions from confidence (U-8a to U-8c): a text never loses one by mistake.

Which they are is a setting of the scheme; what they say stands in its texts. Pairs are promised both together.
"""

from collections.abc import Collection
from typing import Any

from sqlmodel import Session, col, select

from models.agreements import Clause, DocumentKind, SchemeDocument
from models.schemes import Scheme
from services import signatures
from services.errors import Conflict
from services.schemes.documents import TemplateDocument

_KEY = "exceptions"


def named(scheme: Scheme) -> tuple[str, ...]:
    """The IDs of the clauses, as the scheme's settings have them."""
    return tuple(scheme.other_settings.get(_KEY, ()))


def would_go(session: Session, scheme: Scheme, document: TemplateDocument) -> tuple[str, ...]:
    """The exceptions whose words are in force now and no longer would be, once this text is. One query at most."""
    keys = named(scheme)
    if not keys or document.language != scheme.language:
        return ()
    statement: Any = (
        select(Clause.key, SchemeDocument.kind)
        .join(SchemeDocument, col(SchemeDocument.id) == col(Clause.document_id))
        .join(Scheme, col(Scheme.id) == col(SchemeDocument.scheme_id))
        .where(col(SchemeDocument.scheme_id) == scheme.id, signatures.in_force(), col(Clause.key).in_(keys))
    )
    stands = {(key, DocumentKind(kind)) for key, kind in session.exec(statement)}
    kept = {key for key, kind in stands if kind.value != document.kind} | {clause.id for clause in document.clauses}
    before = {key for key, _kind in stands}
    return tuple(key for key in keys if key in before - kept)


def refuse_or_end(session: Session, scheme: Scheme, document: TemplateDocument, ended: Collection[str]) -> list[str]:
    """Takes the exceptions in `ended` out of the settings, as far as this text takes their words away; those it took.

    Never commits. Raises Conflict for one whose words would go and which is not among them.
    """
    gone = would_go(session, scheme, document)
    if unsaid := [key for key in gone if key not in ended]:
        raise Conflict(
            f"This text has no clause {' and no clause '.join(unsaid)} any more, which pairs know as an exception from "
            "confidence.",
            remedy="Give its clause the same ID, or confirm that this exception ends.",
        )
    if gone:
        rest = [key for key in named(scheme) if key not in gone]
        # A new dictionary, because a change inside a JSON column goes unnoticed.
        scheme.other_settings = {**scheme.other_settings, _KEY: rest}
    return list(gone)
