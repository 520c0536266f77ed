"""Turns a template of services/emails and facts into a subject, a text part and an HTML part.

Facts are data: they are never read as a template, and stand in both parts character by character.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from services import rights, times
from services.errors import Invalid

FOLDER = Path(__file__).parent / "emails"
SUBJECT = "Subject: "


@dataclass(frozen=True)
class Letter:
    """What a mail says. `html` carries the same sentences as `text`."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class Kind:
    """A template in a coordinator's words, with invented facts to look at it."""

    title: str
    example: Mapping[str, object] = field(default_factory=dict)


_DUE = date(2027, 3, 28)

KINDS: dict[str, Kind] = {
    "invitation": Kind("Invitation to open an account", {"status": "draft"}),
    "password_reset": Kind("Link to choose a new password"),
    "enrolment_returned": Kind("Enrolment returned with a question", {"note": "Which sector do you work in now?"}),
    "enrolment_approved": Kind("Enrolment approved"),
    "enrolment_declined": Kind("Enrolment declined"),
    "enrolment_corrected": Kind("Answers corrected by an import", {"questions": ["Your role", "Your sector"]}),
    "nudge": Kind("Reminder of what is missing", {"missing": ["The code of conduct: read and sign it"]}),
    "place_offered": Kind("Invitation to somebody with an account", {"side": "mentee"}),
    "proposal_to_mentee": Kind(
        "Proposal, to the mentee",
        {
            "mentor_name": "Marguerite Okafor",
            "mentor_role": "Head of research policy",
            "mentor_sector": "Higher education",
            "mentor_summary": "Fifteen years in universities, first in laboratories, then in their offices.",
            "reasons": ["You both work in higher education", "Both of you can meet by video"],
            "expires_on": _DUE,
        },
    ),
    "proposal_to_mentor": Kind(
        "Proposal, to the mentor",
        {
            "mentee_name": "Li Wei",
            "mentee_summary": "Second-year student of environmental science.",
            "goals": "To understand how people enter the energy sector.",
            "expires_on": _DUE,
        },
    ),
    "proposal_reminder": Kind("Reminder of a proposal", {"expires_on": _DUE}),
    "proposal_accepted_mentee": Kind("Match made, to the mentee", {"mentor_name": "Marguerite Okafor"}),
    "proposal_accepted_mentor": Kind("Match made, to the mentor", {"mentee_name": "Li Wei"}),
    "proposal_declined_coordinator": Kind("Proposal declined, to the coordinator"),
    "proposal_expired": Kind("Proposal that ran out"),
    "proposal_not_available": Kind("Proposal that came to nothing, to a mentee who said yes"),
    "answer_disputed": Kind("Written-down answer taken back, to the coordinator"),
    "answer_recorded": Kind("Answer written down from an email", {"answer": "yes", "received_on": date(2027, 3, 14)}),
    "sign_documents": Kind("Documents to sign", {"documents": ["Code of conduct"], "is_a_gate": True}),
    "sign_again": Kind("New version to sign", {"document": "Code of conduct", "blocked_from": _DUE, "is_a_gate": True}),
    "document_to_check": Kind("New version to be checked by a second coordinator", {"document": "Code of conduct"}),
    "signed_copy": Kind("Signed copy, as PDF", {"document": "Code of conduct", "edition": 2}),
    "feedback_due": Kind("Feedback asked for", {"due_on": _DUE}),
    "training_asked": Kind(
        "Training to do",
        {"module": "Keeping confidence in a chat", "minutes": 15, "due_on": _DUE, "is_a_gate": True},
    ),
    "training_soon": Kind(
        "Training whose day is near",
        {"module": "Keeping confidence in a chat", "minutes": 15, "due_on": _DUE, "is_a_gate": True},
    ),
    "training_due": Kind(
        "Training that is overdue",
        {"modules": [{"title": "Keeping confidence in a chat", "due_on": _DUE}], "is_a_gate": True},
    ),
    "resource_digest": Kind(
        "What is new in the library",
        {"resources": [{"title": "Goals with a date", "summary": "An exercise of fifteen minutes."}], "more": 0},
    ),
    "pairing_ended": Kind("Mentoring ended, to the other side", {"other_name": "Li Wei"}),
    "pairing_ended_in_pause": Kind("Match ended during a break, to whoever is away", {"other_name": "Li Wei"}),
    "pair_paused": Kind("The other side takes a break", {"other_name": "Marguerite Okafor", "back_on": _DUE}),
    "pair_resumed": Kind("The other side is back", {"other_name": "Marguerite Okafor"}),
    "ways_proposed": Kind("Ways of working to agree to", {"other_name": "Marguerite Okafor", "is_change": False}),
    "pause_begun": Kind("Break confirmed", {"back_on": _DUE}),
    "pause_begun_for": Kind("Break that a coordinator began", {"back_on": _DUE}),
    "pause_ended_for": Kind("End of a break that a coordinator began"),
    "pause_return_asked": Kind("Are you back?", {"back_on": _DUE}),
    "proposal_taken_back": Kind("Proposal no longer available, to whoever was asked"),
    "withdrawal_confirmed": Kind("Leaving confirmed"),
    "address_confirm": Kind("Corrected address, to be confirmed from its mailbox"),
    "address_changing": Kind(
        "Corrected address, to the one that was used until now", {"is_known_owner": True, "asks_password": True}
    ),
    "role_given": Kind("Further role, to somebody with an account", {"role": "scheme manager"}),
    "role_ended": Kind("Role that has ended", {"role": "scheme manager"}),
    "role_changed": Kind(
        "Changed role, to the others who run the scheme",
        {"whom": "Hugh Merriweather", "role": "scheme manager", "is_given": True},
    ),
}


def title_of(template: str) -> str:
    """The template in words; one that no longer exists keeps its name."""
    kind = KINDS.get(template)
    return kind.title if kind else template.replace("_", " ").capitalize()


def write(template: str, facts: Mapping[str, object], *, link: str, zone: str) -> Letter:
    """The letter, with `link` where the template has its one link, and moments in the reader's time zone.

    Raises Invalid when a fact would break the subject's line. A missing fact raises: it is a mistake of ours.
    """
    subject_of, text_of = _compiled(template)
    known = {**facts, "link": link, "day": _Day(zone), "rights_address": rights.address_for(str(facts["scheme_name"]))}
    subject = subject_of.render(known)
    if subject.splitlines() != [subject]:
        raise Invalid("The subject of an email must be one line.", remedy="Take line breaks out of names and titles.")
    text = "\n".join(text_of.render(known).strip().splitlines()) + "\n"
    html = _environment(escape=True).get_template("base.html.j2")
    return Letter(subject, text, html.render(subject=subject, paragraphs=_paragraphs(text, link)) + "\n")


@dataclass(frozen=True)
class _Paragraph:
    """Lines of text, or the label of the link and where it leads."""

    lines: tuple[str, ...]
    link: str | None = None


def _paragraphs(text: str, link: str) -> list[_Paragraph]:
    """The text's paragraphs. The link has a line of its own, under the line that says what it is for."""
    return [_paragraph(block.splitlines(), link) for block in text.split("\n\n") if block.strip()]


def _paragraph(lines: list[str], link: str) -> _Paragraph:
    if lines[-1] == link and len(lines) > 1:
        return _Paragraph((" ".join(lines[:-1]).rstrip(":"),), link)
    return _Paragraph(tuple(lines))


@dataclass(frozen=True)
class _Day:
    """`day(…)` in a template: a date in words, a moment as the day it falls on for the reader."""

    zone: str

    def __call__(self, value: date | datetime) -> str:
        day = times.day_in(value, self.zone) if isinstance(value, datetime) else value
        return f"{times.day_in_words(day, weekday=True)} {day.year}"


@cache
def _compiled(template: str) -> tuple[Template, Template]:
    """The template's first line, which is its subject, and the rest: neither reaches into the other."""
    if template not in KINDS:
        raise KeyError(template)
    first, _, rest = (FOLDER / f"{template}.txt").read_text(encoding="utf-8").partition("\n")
    environment = _environment(escape=False)
    return environment.from_string(first.removeprefix(SUBJECT)), environment.from_string(rest)


@cache
def _environment(*, escape: bool) -> Any:
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(FOLDER),
        undefined=StrictUndefined,
        autoescape=escape,
        trim_blocks=True,
        lstrip_blocks=True,
    )
