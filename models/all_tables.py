"""Every table of the application, for migrations and for tests that build a schema."""

from models import (
    agreements,
    audit,
    enrolments,
    equality,
    feedback,
    invitations,
    matching,
    meetings,
    messages,
    pairings,
    pauses,
    people,
    resources,
    schemes,
    search,
    signed_copies,
)
from models.columns import metadata

__all__ = [
    "agreements",
    "audit",
    "enrolments",
    "equality",
    "feedback",
    "invitations",
    "matching",
    "meetings",
    "messages",
    "metadata",
    "pairings",
    "pauses",
    "people",
    "resources",
    "schemes",
    "search",
    "signed_copies",
]
