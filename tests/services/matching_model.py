"""Who may be matched or listed, said once more and without a line of the program: what histories are held against."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from models.enrolments import ConsentPurpose
from services.access import Actor

BEGINS = datetime(2026, 9, 7, 4, tzinfo=UTC)
GRACE_DAYS = EXPIRY_DAYS = 14
TRAINED_DAYS = 30
NEVER = datetime.max.replace(tzinfo=UTC)
DIRECTORY, EMAIL = ConsentPurpose.DIRECTORY, ConsentPurpose.SHARE_EMAIL

Pair = tuple[UUID, UUID]  # mentor's enrolment, mentee's enrolment


@dataclass(eq=False)
class Someone:
    """What the model knows of one person."""

    enrolment_id: UUID
    person_id: UUID
    actor: Actor
    is_mentor: bool
    status: str
    signed: int = 0
    trained_until: date = date.min
    declared: bool = False
    consents: set[ConsentPurpose] = field(default_factory=set)
    capacity: int = 1


@dataclass(eq=False)
class Asked:
    """A proposal that somebody still has to send or to answer."""

    id: UUID
    mentor: Someone
    mentee: Someone
    is_sent: bool = False
    waits_for_mentor: bool = False
    expires_at: datetime = NEVER

    def concerns(self, who: Someone) -> bool:
        return who in (self.mentor, self.mentee)


@dataclass
class Model:
    """A cohort, in sets."""

    now: datetime = BEGINS
    edition: int = 1
    published_at: datetime = BEGINS - timedelta(days=60)
    people: list[Someone] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    pairs: list[tuple[Someone, Someone]] = field(default_factory=list)
    conflicts: set[Pair] = field(default_factory=set)
    never_again: set[Pair] = field(default_factory=set)

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def mentors(self) -> list[Someone]:
        return [each for each in self.people if each.is_mentor]

    @property
    def mentees(self) -> list[Someone]:
        return [each for each in self.people if not each.is_mentor]

    def is_ready(self, who: Someone) -> bool:
        """Approved and neither away nor gone; of a mentor also signed, trained, declared and to be reached."""
        if who.status != "approved" or not who.is_mentor:
            return who.status == "approved"
        in_grace = who.signed > 0 and self.today < (self.published_at + timedelta(days=GRACE_DAYS)).date()
        is_signed = who.signed == self.edition or in_grace
        return is_signed and who.trained_until >= self.today and who.declared and EMAIL in who.consents

    def is_paired(self, who: Someone) -> bool:
        return any(who in pair for pair in self.pairs)

    def listed(self, mentee: Someone) -> set[UUID] | None:
        """The directory of this mentee; None when it is closed to them."""
        if mentee.status != "approved" or self.is_paired(mentee):
            return None
        return {
            each.enrolment_id
            for each in self.mentors
            if self.is_ready(each)
            and DIRECTORY in each.consents
            and each.capacity > sum(each in pair for pair in self.pairs)
            and self.may_meet(each, mentee)
        }

    def free_places(self, mentor: Someone, *, beside: Asked | None = None) -> int:
        """What a run may fill; an open proposal holds its place."""
        held = sum(mentor in pair for pair in self.pairs)
        held += sum(each.mentor is mentor for each in self.asked if each is not beside)
        return max(0, mentor.capacity - held) if self.is_ready(mentor) else 0

    def is_looking(self, mentee: Someone, *, beside: Asked | None = None) -> bool:
        waits = any(each.mentee is mentee for each in self.asked if each is not beside)
        return self.is_ready(mentee) and not self.is_paired(mentee) and not waits

    def may_meet(self, mentor: Someone, mentee: Someone) -> bool:
        return (mentor.enrolment_id, mentee.enrolment_id) not in self.conflicts | self.never_again

    def may_be_paired(self, mentor: Someone, mentee: Someone, *, beside: Asked | None = None) -> bool:
        looks = self.is_looking(mentee, beside=beside)
        return looks and self.free_places(mentor, beside=beside) > 0 and self.may_meet(mentor, mentee)

    def meet(self, asked: Asked) -> None:
        """The last yes: a pair now, and never proposed again later."""
        self.asked.remove(asked)
        self.pairs.append((asked.mentor, asked.mentee))
        self.bar(asked)

    def bar(self, asked: Asked) -> None:
        self.never_again.add((asked.mentor.enrolment_id, asked.mentee.enrolment_id))

    def take_back(self, who: Someone) -> None:
        """Open proposals of somebody who steps back are gone."""
        self.asked = [each for each in self.asked if not each.concerns(who)]
