"""The rows that a template stands for, ready to be added. Nothing here knows the database.

What has no column of its own lies in `Scheme.other_settings`, as plain JSON: `feedback` (questions by side),
`feedback_forms` (title, introduction and minutes by side), `modules` (roles, summary and clause by module key),
`offered_documents` (texts that nobody is asked to sign yet), and the template's settings `summary`, `role_line`,
`directory`, `exceptions`, `shown_before_match`, `conflicts`, `first_contact_days`, `ways_due_days`, `retention`,
`targets`, `equality` (the keys of its equality questions) and `criterion_sentences` (the scheme's own words for a
matching criterion, by its key).
"""

import json
from dataclasses import asdict
from typing import Any
from uuid import UUID

from models.agreements import DocumentKind, TrainingModule
from models.columns import utc_now
from models.schemes import AnsweredBy, FormField, Scheme, Style
from services.schemes.shapes import SchemeTemplate, TemplateField, TemplateModule

_KINDS = frozenset(kind.value for kind in DocumentKind)


def is_published(template: SchemeTemplate, kind: str) -> bool:
    """Whether a scheme starts with a kind of document in force; what the template only offers waits for a decision."""
    return kind in _KINDS and kind not in template.signature.offered


def scheme(template: SchemeTemplate, name: str) -> Scheme:
    """The scheme itself."""
    rhythm, proposals = template.rhythm, template.proposals
    return Scheme(
        key=template.key,
        name=name,
        style=Style(template.style),
        answered_by=AnsweredBy(template.answered_by),
        time_zone=template.time_zone,
        language=template.languages[0],
        data_region=template.data_region,
        channels=list(template.channels),
        mentor_gates=list(template.gates.mentor),
        mentee_gates=list(template.gates.mentee),
        criterion_weights=asdict(template.criteria),
        default_interval_days=rhythm.default_interval_days,
        quiet_factor=rhythm.quiet_factor,
        silent_factor=rhythm.silent_factor,
        meeting_minutes=rhythm.minutes,
        months=rhythm.months,
        proposal_expiry_days=proposals.expiry_days,
        reminder_days=list(proposals.reminder_days),
        signature_grace_days=template.signature.grace_days,
        other_settings=_other_settings(template),
    )


def _other_settings(template: SchemeTemplate) -> dict[str, Any]:
    settings = {
        "summary": template.summary,
        "role_line": template.role_line,
        "directory": template.directory,
        "exceptions": template.exceptions,
        "equality": template.equality,
        "shown_before_match": asdict(template.shown_before_match),
        "conflicts": asdict(template.conflicts),
        "first_contact_days": template.rhythm.first_contact_days,
        "ways_due_days": template.rhythm.ways_due_days,
        "retention": asdict(template.retention),
        "criterion_sentences": dict(template.criterion_sentences),
        "targets": asdict(template.targets),
        "feedback": {form.role: [asdict(question) for question in form.questions] for form in template.forms},
        "feedback_forms": {
            form.role: {"title": form.title, "introduction": form.introduction, "minutes": form.minutes}
            for form in template.forms
        },
        "modules": {
            module.key: {"roles": module.roles, "summary": module.summary, "clause": module.clause}
            for module in template.modules
        },
        "offered_documents": [
            {"kind": document.kind, "language": document.language, "title": document.title, "text": document.text}
            for document in template.documents
            if not is_published(template, document.kind)
        ],
    }
    # Once through JSON, so that the row reads the same before and after it was stored.
    plain: dict[str, Any] = json.loads(json.dumps(settings))
    return plain


def signers(template: SchemeTemplate, kind: str) -> list[str]:
    """The sides that sign a kind of document."""
    by_side = {"mentor": template.signature.mentor, "mentee": template.signature.mentee}
    return [side for side, kinds in by_side.items() if kind in kinds]


def form_field(scheme_id: UUID, position: int, field: TemplateField) -> FormField:
    """One question; services/schemes/wording.py reads its words back."""
    first = field.roles[0]
    labels: dict[str, str] = {role: field.label.for_role(role) for role in field.roles}
    # The columns hold the first role's words; the other role's stand beside its label where they differ.
    for name, wording in (("help", field.help), ("audience", field.audience)):
        for role in field.roles[1:]:
            if wording.for_role(role) != wording.for_role(first):
                labels[f"{name}:{role}"] = wording.for_role(role)
    labels |= {f"option:{option.code}": option.label for option in field.options}
    rules: dict[str, str] = {role: rule for role in field.roles if (rule := field.match.for_role(role))}
    labels |= {f"match:{role}": field.match_label.for_role(role) for role in field.roles if role in rules}
    return FormField(
        scheme_id=scheme_id,
        key=field.key,
        roles=list(field.roles),
        step=field.step,
        position=position,
        kind=field.kind,
        labels=labels,
        help=field.help.for_role(first),
        audience=field.audience.for_role(first),
        required=field.required,
        clause=field.clause,
        options=[option.code for option in field.options],
        longest=field.longest or 2000,
        listing=field.listing,
        for_match=rules or None,
    )


def training_module(scheme_id: UUID, module: TemplateModule) -> TrainingModule:
    """A module in the scheme's first language. Nought months of validity means that it does not run out."""
    return TrainingModule(
        scheme_id=scheme_id,
        key=module.key,
        edition=1,
        title=module.title,
        summary=module.summary,
        offered_to=list(module.roles),
        published_at=utc_now(),
        text=module.content[0].text,
        minutes=module.minutes,
        questions=[json.loads(json.dumps(asdict(question))) for question in module.questions],
        pass_mark=module.pass_mark,
        valid_months=module.expires_after_months or 0,
        required_for=list(module.roles) if module.required else [],
    )
