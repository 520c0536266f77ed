"""Reads the scheme templates that lie beside this file: one folder for each, data only.

    template = templates.load("aulp")
    template.document("code").clauses

A third scheme is one more folder. What a scheme says after it was set up stands in its rows, not here.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import fields as dataclass_fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from services.schemes import documents
from services.schemes.documents import TemplateClause, TemplateDocument, TemplateSection
from services.schemes.rules import SchemeSettings
from services.schemes.sectors import sector_for, sectors
from services.schemes.shapes import (
    STEPS,
    CheckQuestion,
    ModuleSettings,
    ResourceFacts,
    SchemeTemplate,
    TemplateField,
    TemplateForm,
    TemplateModule,
    TemplateOption,
    TemplateQuestion,
)

__all__ = [
    "STEPS",
    "CheckQuestion",
    "SchemeTemplate",
    "TemplateClause",
    "TemplateDocument",
    "TemplateError",
    "TemplateField",
    "TemplateForm",
    "TemplateModule",
    "TemplateOption",
    "TemplateQuestion",
    "TemplateSection",
    "keys",
    "load",
    "sector_for",
    "sectors",
]

_HERE = Path(__file__).parent
_SIGNED = ("agreement", "code", "mentee_agreement")
_EXPLAINED = ("role_statement", "first_meeting_guide", "rights", "privacy")

_Shape = TypeVar("_Shape")


class TemplateError(ValueError):
    """A template cannot be used. The message names the file and the key."""


@cache
def keys() -> tuple[str, ...]:
    """The templates there are: schemes by name, the blank one last."""
    found = (path.parent.name for path in _HERE.glob("*/scheme.toml"))
    return tuple(sorted(found, key=lambda key: (key == "blank", key)))


@cache
def load(key: str) -> SchemeTemplate:
    """One template, whole and checked. Raises TemplateError for an unknown key or a faulty file."""
    if key not in keys():
        raise TemplateError(f"There is no scheme template '{key}'. There are: {', '.join(keys())}.")
    return read(_HERE / key)


def read(folder: Path) -> SchemeTemplate:
    """A template from any folder, named like its key. Raises TemplateError."""
    settings = _shaped(folder / "scheme.toml", SchemeSettings)
    template = SchemeTemplate(
        **{field.name: getattr(settings, field.name) for field in dataclass_fields(SchemeSettings)},
        fields=tuple(_shaped(folder / "fields.toml", dict[str, tuple[TemplateField, ...]])["fields"]),
        documents=tuple(_documents(folder, settings.languages)),
        modules=tuple(_modules(folder / "training", settings.languages)),
        forms=tuple(_shaped(path, TemplateForm) for path in sorted((folder / "feedback").glob("*.toml"))),
        resources=tuple(_pages(folder / "resources", "*", settings.languages, kind="resource")),
        resource_facts=_resource_facts(folder / "resources" / "about.toml"),
    )
    for file, complaint in _complaints(template, folder.name):
        raise TemplateError(f"{folder.name}/{file}: {complaint}")
    return template


def _resource_facts(path: Path) -> dict[str, ResourceFacts]:
    """By the page's key; a page without any is for both sides."""
    return _shaped(path, dict[str, ResourceFacts]) if path.exists() else {}


def _documents(folder: Path, languages: tuple[str, ...]) -> Iterator[TemplateDocument]:
    for kind in (*_SIGNED, *_EXPLAINED):
        yield from _pages(folder, kind.replace("_", "-"), languages, kind=kind)


def _modules(folder: Path, languages: tuple[str, ...]) -> Iterator[TemplateModule]:
    for path in sorted(folder.glob("*.toml")):
        module = _shaped(path, ModuleSettings)
        content = tuple(_pages(folder, path.stem, languages, kind="training"))
        if not content:
            raise TemplateError(f"{_named(path)}: there is nothing to read beside it ({path.stem}.{languages[0]}.md)")
        said = {field.name: getattr(module, field.name) for field in dataclass_fields(ModuleSettings)}
        yield TemplateModule(**said, content=content)


def _pages(folder: Path, stem: str, languages: tuple[str, ...], *, kind: str) -> Iterator[TemplateDocument]:
    """The Markdown files `<stem>.<language>.md`, by name, then in the order of the languages."""
    for language in languages:
        for path in sorted(folder.glob(f"{stem}.{language}.md")):
            key = path.name.removesuffix(f".{language}.md")
            try:
                yield documents.parse(path.read_text(encoding="utf-8"), kind=kind, language=language, key=key)
            except ValueError as fault:
                raise TemplateError(f"{_named(path)}: {fault}") from fault


def _shaped(path: Path, shape: type[_Shape]) -> _Shape:
    """A TOML file as the shape says. Raises TemplateError naming the file and each faulty key."""
    try:
        return TypeAdapter(shape).validate_python(_toml(path))
    except ValidationError as fault:
        raise TemplateError(f"{_named(path)}: {'; '.join(map(_said, fault.errors()))}") from fault


def _said(error: ErrorDetails) -> str:
    """The key (`fields.3.kind`) and what is wrong with it; our own checks name the key themselves."""
    where = ".".join(map(str, error["loc"]))
    said = error["msg"].removeprefix("Value error, ")
    return f"{where}: {said}" if where else said


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise TemplateError(f"{_named(path)}: cannot be read ({fault})") from fault


def _named(path: Path) -> str:
    """Folder and file: enough to find it, and nothing about the machine."""
    return f"{path.parent.name}/{path.name}"


def _complaints(template: SchemeTemplate, folder: str) -> Iterator[tuple[str, str]]:
    """What no single file can see: keys that must meet across files."""
    if template.key != folder:
        yield "scheme.toml", f"key: is '{template.key}', the folder is '{folder}'"
    yield from _field_complaints(template)
    yield from _document_complaints(template)
    pages = {page.key for page in template.resources}
    yield from (
        ("resources/about.toml", f"{key}: there is no such page") for key in template.resource_facts.keys() - pages
    )
    if sorted(form.role for form in template.forms) != ["mentee", "mentor"]:
        yield "feedback", "role: needs one form for the mentor and one for the mentee"
    for role in ("mentor", "mentee"):
        trained = any(module.required and role in module.roles for module in template.modules)
        if "training" in template.gates.for_role(role) and not trained:
            yield "scheme.toml", f"gates.{role}: training is asked for, but no module is required of the {role}"


def _field_complaints(template: SchemeTemplate) -> Iterator[tuple[str, str]]:
    seen = [field.key for field in template.fields]
    for key in sorted({key for key in seen if seen.count(key) > 1}):
        yield "fields.toml", f"{key}: stands there twice"
    for field in template.fields:
        if field.key == "channels" and tuple(option.code for option in field.options) != template.channels:
            yield "fields.toml", "channels: the options are not the scheme's channels"
    for role in ("mentor", "mentee"):
        for key in getattr(template.shown_before_match, role):
            if key not in {field.key for field in template.fields_for(role)}:
                yield "scheme.toml", f"shown_before_match.{role}: '{key}' is no field of the {role}"


def _document_complaints(template: SchemeTemplate) -> Iterator[tuple[str, str]]:
    kinds = {document.kind for document in template.documents}
    signed = {*template.signature.mentor, *template.signature.mentee, *template.signature.offered}
    for kind in sorted(signed.union(_EXPLAINED) - kinds):
        yield f"{kind.replace('_', '-')}.{template.languages[0]}.md", "is missing"
    ids = {clause.id for document in template.documents for clause in document.clauses}
    for where, clause in _clauses_named(template):
        if clause not in ids:
            yield where, f"clause: no document has a clause '{clause}'"


def _clauses_named(template: SchemeTemplate) -> Iterator[tuple[str, str]]:
    named: list[tuple[str, str | None]] = [("scheme.toml", template.conflicts.clause)]
    named += [("scheme.toml", clause) for clause in template.exceptions]
    named += [("fields.toml", field.clause) for field in template.fields]
    named += [(f"training/{module.key}.toml", module.clause) for module in template.modules]
    named += [(f"feedback/{form.role}.toml", ask.clause) for form in template.forms for ask in form.questions]
    yield from ((where, clause) for where, clause in named if clause is not None)
