"""What a scheme decides in numbers, names and lists: the shapes of `scheme.toml`, checked as they are read."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, ConfigDict, Field, PositiveInt, model_validator
from pydantic.dataclasses import dataclass

from services.schemes import equality as equality_questions

Role = Literal["mentor", "mentee"]
Style = Literal["facilitative", "career_guiding"]
AnsweredBy = Literal["mentee", "mentor_after_wish"]
Channel = Literal["email", "telephone", "wechat", "video", "in_person"]
Gate = Literal["signature", "conflicts", "training"]

STRICT = ConfigDict(extra="forbid")
Text = Annotated[str, Field(min_length=1)]


def _known_zone(name: str) -> str:
    """Raises ValueError for a name that is in no time-zone database (ZoneInfo's own errors are of several kinds)."""
    if name not in available_timezones():
        raise ValueError(f"there is no time zone '{name}'")
    return name


@dataclass(frozen=True, config=STRICT)
class Gates:
    """What a person must have done before they can be in a match, by role."""

    mentor: tuple[Gate, ...]
    mentee: tuple[Gate, ...]

    def for_role(self, role: Role) -> tuple[Gate, ...]:
        return self.mentor if role == "mentor" else self.mentee


@dataclass(frozen=True, config=STRICT)
class FieldLists:
    """Field keys by the role that they describe: what the other side sees before a match."""

    mentor: tuple[str, ...]
    mentee: tuple[str, ...]


@dataclass(frozen=True, config=STRICT)
class Conflicts:
    """The private question about relationships that get in the way. Only yes or no is ever kept."""

    enrolment_question: Text
    pair_question: Text
    examples: Text
    audience: Text
    clause: str | None = None


@dataclass(frozen=True, config=STRICT)
class Rhythm:
    """How often a pair meets unless it agrees otherwise. The factors multiply the agreed interval.

    With `ways_due_days`, ways of working are due so many days after a pair's first meeting.
    """

    default_interval_days: PositiveInt
    quiet_factor: Annotated[float, Field(gt=1)]
    silent_factor: Annotated[float, Field(gt=1)]
    minutes: PositiveInt
    months: PositiveInt
    first_contact_days: PositiveInt
    ways_due_days: PositiveInt | None = None

    @model_validator(mode="after")
    def _silence_follows_quiet(self) -> Self:
        if self.silent_factor <= self.quiet_factor:
            raise ValueError("silent_factor: must be above quiet_factor")
        return self


@dataclass(frozen=True, config=STRICT)
class ProposalRules:
    """When a proposal lapses, and on which days after sending a reminder goes out."""

    expiry_days: PositiveInt
    reminder_days: tuple[PositiveInt, ...]

    @model_validator(mode="after")
    def _reminded_before_expiry(self) -> Self:
        if list(self.reminder_days) != sorted(set(self.reminder_days)) or self.expiry_days <= max(self.reminder_days):
            raise ValueError("reminder_days: rising, and before expiry_days")
        return self


@dataclass(frozen=True, config=STRICT)
class SignatureRules:
    """Which documents each role signs, which are on offer but off, and the days of grace for a new version."""

    grace_days: PositiveInt
    mentor: tuple[str, ...]
    mentee: tuple[str, ...]
    offered: tuple[str, ...] = ()

    def for_role(self, role: Role) -> tuple[str, ...]:
        """Kinds of document that the role must sign."""
        return self.mentor if role == "mentor" else self.mentee


@dataclass(frozen=True, config=STRICT)
class Retention:
    """Months that each kind of record is kept after it stopped being needed."""

    unplaced_enrolments: PositiveInt
    ended_pairings: PositiveInt
    private_notes: PositiveInt
    concerns: PositiveInt
    message_bodies: PositiveInt
    signatures: PositiveInt


_Weight = Annotated[int, Field(ge=0, le=10)]


@dataclass(frozen=True, config=STRICT)
class CriterionWeights:
    """How much each matching criterion counts, from 0 (not at all) to 10; the keys of services/matching/criteria.py."""

    sector: _Weight
    role: _Weight
    goals: _Weight
    languages: _Weight
    channels: _Weight
    time_zone: _Weight
    experience: _Weight
    needs: _Weight
    wish: _Weight
    mentor_wish: _Weight
    waiting: _Weight
    load: _Weight


def _of_criteria(sentences: Mapping[str, str]) -> Mapping[str, str]:
    """Raises ValueError for a sentence about something that is no criterion."""
    for key in sentences.keys() - CriterionWeights.__dataclass_fields__.keys():
        raise ValueError(f"there is no criterion '{key}'")
    return sentences


@dataclass(frozen=True, config=STRICT)
class Targets:
    """The scheme's own aims: shares from 0 to 1, times in the unit of the name."""

    match_rate: float
    proposal_acceptance: float
    proposal_answer_hours: int
    first_contact_in_time: float
    first_meeting_in_30_days: float
    in_rhythm: float
    records_by_both: float
    feedback_response: float
    concern_acknowledged_working_days: int


@dataclass(frozen=True, config=STRICT)
class SchemeSettings:
    """What `scheme.toml` says. `shown_before_match` is all that the other side sees until both have said yes.

    `equality` names the equality questions that it asks, none of which anybody has to answer, and `equality_never`
    those that no coordinator can switch on.
    """

    key: Text
    name: Text
    style: Style
    summary: Text
    role_line: Text
    time_zone: Annotated[str, AfterValidator(_known_zone)]
    languages: Annotated[tuple[Text, ...], Field(min_length=1)]
    data_region: Text
    answered_by: AnsweredBy
    directory: bool
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]
    exceptions: tuple[str, ...]
    equality: Annotated[tuple[str, ...], AfterValidator(equality_questions.known)]
    equality_never: Annotated[tuple[str, ...], AfterValidator(equality_questions.known)]
    gates: Gates
    shown_before_match: FieldLists
    conflicts: Conflicts
    rhythm: Rhythm
    proposals: ProposalRules
    signature: SignatureRules
    retention: Retention
    criteria: CriterionWeights
    criterion_sentences: Annotated[Mapping[str, Text], AfterValidator(_of_criteria)]
    targets: Targets
