"""What stands on the paper of a signature, as data for services/pdf_templates/signed_copy.typ."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from models.agreements import SchemeDocument, Signature
from models.signed_copies import SignedCopy
from services import languages, markdown_text, pdf, texts, times
from services.schemes.documents import TemplateClause
from services.texts import ReadSection
from services.training_certificates import spaced

_LABELS = {
    "page": "Page",
    "of": "of",
    "signed_by": "Signed by",
    "on": "on",
    "evidence": "The signature",
    "fingerprint": "Fingerprint of the text (SHA-256)",
    "attachment": "The exact text that was signed",
}
NAME = "Name as typed"
_BOXES_IN_NAME = (
    "A box in the name stands for a letter that no font of this paper has. The numbers above are all its letters, in "
    "Unicode."
)
_BOXES_IN_TEXT = (
    "A box in the text stands for a sign that no font of this paper has. The exact text is attached to this file."
)


def of(copy: SignedCopy, signature: Signature, document: SchemeDocument) -> dict[str, object]:
    """The facts. Of the same rows they are always the same."""
    text = texts.parsed(document)
    code, at = spaced(copy.code), signature.created_at.astimezone(UTC)
    return {
        "date": at.date().isoformat(),
        "lang": document.language[:2],
        "title": document.title,
        "scheme": copy.scheme_name,
        "labels": _LABELS,
        "code": code,
        "code_line": f"Code {code}",
        "edition_line": f"Version {document.edition}, in force since {_day(document.published_at)}",
        "name": signature.typed_name,
        "day_line": _day(at, copy.time_zone),
        "text": document.text,
        "opening": markdown_text.as_data(texts.without_title(text.opening)),
        "sections": [_section(section) for section in texts.sections(text)],
        "evidence": _evidence(copy, signature, document, at),
        "fingerprint": signature.sha256,
        "qr": pdf.qr_code(f"{copy.address}?code={code}"),
        "qr_alt": f"QR code of {copy.address}?code={code}",
        "how_to_verify": (
            f"To verify this paper, open {copy.address} and give the file itself, or the code and the name as they "
            "stand here. The exact text is attached to the file: its SHA-256 is the fingerprint above."
        ),
    }


def name_alone(facts: dict[str, object]) -> dict[str, object]:
    """The same paper with nothing of the scheme's own words on it."""
    return {**facts, "title": "–", "scheme": "–", "opening": [], "sections": [], "evidence": _lines(facts)[:1]}


def nameless(facts: dict[str, object]) -> dict[str, object]:
    """The same paper without the name."""
    return {**facts, "name": "–", "evidence": _lines(facts)[1:]}


def spelled(facts: dict[str, object], *, name: bool = True, text: bool = False) -> dict[str, object]:
    """The same, saying what its boxes stand for: letters of the name, by their numbers in Unicode, or of the text."""
    lines = _lines(facts)
    letters = " ".join(f"U+{ord(letter):04X}" for letter in str(facts["name"]))
    if name:
        lines[1:1] = [["Its letters", letters], ["", _BOXES_IN_NAME]]
    if text:
        lines.append(["", _BOXES_IN_TEXT])
    return {**facts, "evidence": lines}


def _lines(facts: dict[str, object]) -> list[list[str]]:
    evidence = facts["evidence"]
    return list(evidence) if isinstance(evidence, list) else []


def _section(section: ReadSection) -> dict[str, object]:
    return {
        "title": section.title,
        "introduction": markdown_text.as_data(section.introduction),
        "clauses": [_clause(clause) for clause in section.clauses],
    }


def _clause(clause: TemplateClause) -> dict[str, object]:
    return {"id": clause.id, "heading": clause.heading, "parts": markdown_text.as_data(clause.text)}


def _evidence(copy: SignedCopy, signature: Signature, document: SchemeDocument, at: datetime) -> list[list[str]]:
    """Lines of what is said and what it is."""
    language = languages.names([signature.language])
    lines = [[NAME, signature.typed_name], ["Time", f"{_day(at)}, {at:%H:%M:%S} UTC"]]
    if copy.time_zone != "UTC":
        there = at.astimezone(ZoneInfo(copy.time_zone))
        lines.append(["Local time", f"{_day(at, copy.time_zone)}, {there:%H:%M:%S} in {times.town_in(copy.time_zone)}"])
    return [
        *lines,
        ["Signed as", signature.side.value],
        ["Text", f"{document.title}, version {signature.edition}, in {language}"],
        ["Network address", signature.network_address or "none: at the machine that the desk runs on"],
    ]


def _day(moment: datetime, zone: str = "UTC") -> str:
    day = times.day_in(moment, zone)
    return f"{times.day_in_words(day)} {day.year}"
