"""The shapes of a scheme template: frozen, checked as they are read, and free of personal data.

These are pydantic dataclasses: a file that says too much, too little or the wrong kind of thing is refused
with the place where it says so.
"""

from collections.abc import Mapping
from dataclasses import field as dataclass_field
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PositiveInt, model_validator
from pydantic.dataclasses import dataclass

from services.schemes.documents import TemplateDocument
from services.schemes.rules import STRICT, Role, SchemeSettings, Text

FieldKind = Literal[
    "short_text",
    "long_text",
    "choice",
    "choices",
    "sector",
    "languages",
    "time_zone",
    "email",
    "telephone",
    "wechat_id",
    "whole_number",
    "capacity",
    "availability",
    "consent",
]
# How to reach somebody, and what is a setting rather than an answer, is never shown in the directory.
NEVER_LISTED = frozenset({"email", "telephone", "wechat_id", "capacity", "consent", "sector"})
# Neither is it shown to a match by its question; the contact details have consents of their own.
NEVER_MATCHED = NEVER_LISTED - {"sector"}
QuestionKind = Literal["scale_1_5", "text", "yes_no", "nps"]
RoundPoint = Literal["start", "middle", "end"]
MatchRule = Literal["always", "choice"]

# The steps of the enrolment form, in order; a review follows them.
STEPS: Mapping[int, str] = MappingProxyType({1: "who", 2: "offer", 3: "reach", 4: "conflicts", 5: "consents"})


def _both_roles(value: Any) -> Any:
    """One sentence for everybody may be written as a plain string."""
    return {"mentor": value, "mentee": value} if isinstance(value, str) else value


def _option(value: Any) -> Any:
    """An option whose code is also its wording may be written as a plain string."""
    return {"code": value, "label": value} if isinstance(value, str) else value


@dataclass(frozen=True, config=STRICT)
class ByRole:
    """A wording that may differ between the two roles; None where the role is not asked."""

    mentor: Text | None = None
    mentee: Text | None = None

    def for_role(self, role: Role) -> str:
        """The wording for one role, empty if there is none."""
        return (self.mentor if role == "mentor" else self.mentee) or ""

    def for_both(self) -> str:
        """One wording for a place that has room for one only: both, each with its name, where they differ."""
        if self.mentor and self.mentee and self.mentor != self.mentee:
            return f"Mentors: {self.mentor} Mentees: {self.mentee}"
        return self.mentor or self.mentee or ""


Wording = Annotated[ByRole, BeforeValidator(_both_roles)]


@dataclass(frozen=True, config=STRICT)
class RuleByRole:
    """Whether the match of somebody of a role sees an answer; None: never."""

    mentor: MatchRule | None = None
    mentee: MatchRule | None = None

    def for_role(self, role: Role) -> MatchRule | None:
        """The rule for one role's answers."""
        return self.mentor if role == "mentor" else self.mentee


@dataclass(frozen=True, config=STRICT)
class TemplateOption:
    """One answer of a choice: the code is stored, the label is drawn."""

    code: Text
    label: Text


@dataclass(frozen=True, config=STRICT)
class TemplateField:
    """One question of the enrolment form. `longest` counts characters, or is the largest whole number.

    `listing` is under which words a mentor may show the answer in the directory, too. `match` says whether the other
    half of a pair sees the answer, always or by each person's choice, and `match_label` under which words.
    """

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    step: Annotated[int, Field(ge=1, le=5)]
    label: Wording
    kind: FieldKind
    audience: Wording
    help: Wording = ByRole()
    required: bool = False
    clause: str | None = None
    options: tuple[Annotated[TemplateOption, BeforeValidator(_option)], ...] = ()
    longest: PositiveInt | None = None
    listing: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    match: Annotated[RuleByRole, BeforeValidator(_both_roles)] = RuleByRole()
    match_label: Wording = ByRole()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for role in self.roles:
            if not self.label.for_role(role) or not self.audience.for_role(role):
                raise ValueError(f"{self.key}: label and audience are needed for the {role}")
        if (self.kind in {"choice", "choices"}) != bool(self.options):
            raise ValueError(f"{self.key}: options belong to choice and choices, and those need some")
        if (self.kind == "consent") != (self.step == 5):
            raise ValueError(f"{self.key}: consents, and only consents, are asked in step 5")
        if self.listing and ("mentor" not in self.roles or self.kind in NEVER_LISTED):
            raise ValueError(f"{self.key}: listing belongs to a mentor's answer that says nothing of how to reach them")
        if any(self.match.for_role(role) for role in self.roles) and self.kind in NEVER_MATCHED:
            raise ValueError(f"{self.key}: match belongs to an answer that says nothing of how to reach somebody")
        if any(self.match.for_role(role) and not self.match_label.for_role(role) for role in self.roles):
            raise ValueError(f"{self.key}: match_label is needed where the match may see the answer")
        return self


@dataclass(frozen=True, config=STRICT)
class TemplateQuestion:
    """One question of a feedback form, asked at the named points of a cohort."""

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    text: Text
    kind: QuestionKind
    required: bool = False
    clause: str | None = None
    points: tuple[RoundPoint, ...] = ("start", "middle", "end")


@dataclass(frozen=True, config=STRICT)
class TemplateForm:
    """A feedback form for one role, to be done in about a minute."""

    role: Role
    title: Text
    introduction: str
    minutes: PositiveInt
    questions: Annotated[tuple[TemplateQuestion, ...], Field(min_length=1)]

    def asked_at(self, point: RoundPoint) -> tuple[TemplateQuestion, ...]:
        """The questions of one round, in order."""
        return tuple(question for question in self.questions if point in question.points)


@dataclass(frozen=True, config=STRICT)
class CheckQuestion:
    """One question of a training check; `answer` is the index of the right option, or a list where several are."""

    question: Text
    options: Annotated[tuple[Text, ...], Field(min_length=2)]
    answer: Annotated[int, Field(ge=0)] | Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)]
    explanation: Text

    @model_validator(mode="after")
    def _answerable(self) -> Self:
        if max([self.answer] if isinstance(self.answer, int) else self.answer) >= len(self.options):
            raise ValueError("answer: there is no such option")
        return self


@dataclass(frozen=True, config=STRICT)
class ModuleSettings:
    """What a training module's TOML file says."""

    key: Text
    title: Text
    summary: Text
    edition: PositiveInt
    minutes: PositiveInt
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    required: bool
    pass_mark: PositiveInt
    expires_after_months: PositiveInt
    questions: Annotated[tuple[CheckQuestion, ...], Field(min_length=1)]
    clause: str | None = None

    @model_validator(mode="after")
    def _passable(self) -> Self:
        if self.pass_mark > len(self.questions):
            raise ValueError("pass_mark: higher than the number of questions")
        return self


@dataclass(frozen=True, config=STRICT)
class TemplateModule(ModuleSettings):
    """A training module: what to read, one per language, and a short check."""

    content: tuple[TemplateDocument, ...] = ()

    def text_in(self, language: str = "en") -> str:
        """What to read, in that language, else in the scheme's first."""
        texts = {document.language: document.text for document in self.content}
        return texts.get(language, self.content[0].text)


@dataclass(frozen=True, config=STRICT)
class ResourceFacts:
    """For whom a page of the library is, and what it is in a line."""

    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    summary: str = ""


@dataclass(frozen=True, config=STRICT)
class SchemeTemplate(SchemeSettings):
    """Everything that a new scheme starts from."""

    fields: tuple[TemplateField, ...]
    documents: tuple[TemplateDocument, ...]
    modules: tuple[TemplateModule, ...]
    forms: tuple[TemplateForm, ...]
    resources: tuple[TemplateDocument, ...]
    resource_facts: dict[str, ResourceFacts] = dataclass_field(default_factory=dict)

    def fields_for(self, role: Role) -> tuple[TemplateField, ...]:
        """The role's questions in the order of the form."""
        return tuple(sorted((field for field in self.fields if role in field.roles), key=lambda field: field.step))

    def document(self, kind: str, language: str = "en") -> TemplateDocument | None:
        """The document in that language, else in the scheme's first language, else None."""
        found = {document.language: document for document in self.documents if document.kind == kind}
        return found.get(language) or found.get(self.languages[0])

    def to_sign(self, role: Role, language: str = "en") -> tuple[TemplateDocument, ...]:
        """The documents that the role signs, in order."""
        found = (self.document(kind, language) for kind in self.signature.for_role(role))
        return tuple(document for document in found if document is not None)

    def form(self, role: Role) -> TemplateForm:
        """The role's feedback form; every template has one for each role."""
        return next(form for form in self.forms if form.role == role)
