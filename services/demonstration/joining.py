"""How people come to take part: invited, form filled, decided, signed, trained, wishes ranked."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session, select

from models.agreements import TrainingModule
from models.columns import utc_now
from models.enrolments import Enrolment, Side
from models.people import Account
from services import (
    agreements,
    conflicts,
    consents,
    directory,
    enrolments,
    equality,
    listing_choices,
    match_sharing,
    training,
    wishes,
)
from services.access import Acting, Actor
from services.demonstration import invented
from services.demonstration.invented import Invented
from services.demonstration.stage import Member, Stage, today
from services.schemes.sectors import sectors
from services.training import TrainingState

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True)
class Fate:
    """What is special about somebody's way in. `joins_on` is the day of the story on which they are invited."""

    joins_on: float
    stays_a_draft: bool = False
    is_decided: bool = True
    is_returned: str = ""
    answers_the_question: bool = True
    is_declined: bool = False
    leaves_again: str = ""
    signs: bool = True
    trains: bool = True


RETURNED_FOR = "Could you say a little more about what you hope for? Two or three sentences are plenty."
# Counted from the end of each list, so that the first people of a list are always there from the beginning.
SPECIAL: dict[tuple[str, Side], tuple[Fate, ...]] = {
    ("aulp", Side.MENTOR): (
        Fate(352, stays_a_draft=True),
        Fate(360.5, is_decided=False),
        Fate(150, leaves_again="pause"),
        Fate(300, signs=False),
    ),
    ("aulp", Side.MENTEE): (
        Fate(355, stays_a_draft=True),
        Fate(361, is_decided=False),
        Fate(359, is_decided=False),
        Fate(353, is_returned=RETURNED_FOR, answers_the_question=False),
        Fate(6, leaves_again="withdraw"),
    ),
    ("unnc_alumni", Side.MENTOR): (
        Fate(350, stays_a_draft=True),
        Fate(360, is_decided=False),
        Fate(361, is_decided=False),
        Fate(351, is_returned="Which sector do you work in these days?", answers_the_question=False),
        Fate(160, leaves_again="pause"),
        Fate(280, trains=False),
        Fate(285, signs=False),
    ),
    ("unnc_alumni", Side.MENTEE): (
        Fate(354, stays_a_draft=True),
        Fate(357, stays_a_draft=True),
        Fate(359, is_decided=False),
        Fate(360.6, is_decided=False),
        Fate(361.2, is_decided=False),
        Fate(352, is_returned=RETURNED_FOR, answers_the_question=False),
        Fate(20, is_returned=RETURNED_FOR),
        Fate(60, is_declined=True),
        Fate(6, leaves_again="withdraw"),
    ),
}
# (share of the rest, first day, last day): most come at the beginning, the others before a later matching.
ARRIVALS = ((0.52, 1, 16), (0.24, 112, 134), (0.12, 272, 292), (0.12, 330, 350))


def plan(stage: Stage) -> None:
    """Puts everybody's way in on the agenda."""
    for side in Side:
        people = invented.people(stage.key, side)
        for known, fate in zip(people, _fates(stage, side, len(people)), strict=True):
            stage.story.at(stage.office_hours(fate.joins_on), _invite, stage, known, fate)


def _fates(stage: Stage, side: Side, people: int) -> list[Fate]:
    special = SPECIAL[stage.key, side]
    usual = people - len(special)
    return [_usual(stage, number / usual) for number in range(usual)] + list(reversed(special))


def _usual(stage: Stage, position: float) -> Fate:
    for share, first, last in ARRIVALS:
        if position < share:
            return Fate(stage.dice.uniform(first, last))
        position -= share
    return Fate(float(ARRIVALS[-1][2]))


def _invite(session: Session, stage: Stage, known: Invented, fate: Fate) -> None:
    done = enrolments.invite(
        session, stage.coordinator, stage.cohort_id, side=known.side, full_name=known.full_name, email=known.email
    )
    member = Member(known, _actor(session, stage, known, done.enrolment_id), done.enrolment_id)
    stage.members[done.enrolment_id] = member
    filled = stage.soon(utc_now(), least=0.1, most=2)
    stage.story.at(filled, _fill, stage, member, fate)


def _actor(session: Session, stage: Stage, known: Invented, enrolment_id: UUID) -> Actor:
    """The person in this place, as they will be once signed in."""
    statement = (
        select(Enrolment.person_id, Account.id)
        .join(Account, Account.person_id == Enrolment.person_id)  # type: ignore[arg-type]  # a column, not a bool
        .where(Enrolment.id == enrolment_id)
    )
    person_id, account_id = session.exec(statement).one()
    place = stage.place(Acting(known.side.value), enrolment_id)
    return Actor(person_id, known.full_name, place, (place,), account_id, time_zone=known.zone)


def _fill(session: Session, stage: Stage, member: Member, fate: Fate) -> None:
    answers = dict(member.known.answers)
    if fate.stays_a_draft:
        enrolments.save_draft(session, member.actor, dict(list(answers.items())[:4]))
        return
    enrolments.save_draft(session, member.actor, answers)
    conflicts.declare_by_words(session, member.actor, _not_with(stage, member))
    agree(session, member)
    stage.story.at(utc_now() + 12 * MINUTE, _send_form, stage, member, fate)


def agree(session: Session, member: Member) -> None:
    """Switches on what this person agrees to: consents, more in the directory, more for a match; equality answers."""
    for purpose in member.known.consents:
        consents.give(session, member.actor, purpose)
    for key in member.known.listed:
        listing_choices.show(session, member.actor, key)
    for key in member.known.shared:
        match_sharing.share(session, member.actor, key)
    if member.known.equality:
        equality.give(session, member.actor, member.known.equality)


def _not_with(stage: Stage, member: Member) -> list[str]:
    """Now and then somebody names a person whom they know too well."""
    if member.known.number % 9 != 4:
        return []
    others = [each for each in stage.members.values() if each.side is not member.side]
    return [stage.dice.choice(others).known.email] if others else []


def _send_form(session: Session, stage: Stage, member: Member, fate: Fate) -> None:
    enrolments.submit(session, member.actor)
    if fate.is_decided:
        decided = stage.soon(utc_now(), least=0.8, most=3)
        stage.story.at(decided, _decide, stage, member, fate)
    # In AULP many mentees sign only once they have a mentor, which is early enough there.
    later = stage.key == "aulp" and member.side is Side.MENTEE and member.known.number % 2 == 1
    if fate.signs and not later:
        stage.story.at(utc_now() + 20 * MINUTE, sign, member)


def _decide(session: Session, stage: Stage, member: Member, fate: Fate) -> None:
    if fate.is_returned:
        enrolments.return_(session, stage.coordinator, member.enrolment_id, fate.is_returned)
        if fate.answers_the_question:
            again = Fate(fate.joins_on)
            stage.story.at(stage.soon(utc_now(), least=1, most=2), _send_form, stage, member, again)
        return
    if fate.is_declined:
        enrolments.decline(session, stage.coordinator, [member.enrolment_id])
        return
    enrolments.approve(session, stage.coordinator, [member.enrolment_id])
    _after_approval(stage, member, fate)


def _after_approval(stage: Stage, member: Member, fate: Fate) -> None:
    """What people do next: mentors learn, students look through the directory, some think again."""
    at = stage.soon(utc_now(), least=0.2, most=2)
    if fate.leaves_again:
        change = {"pause": enrolments.pause, "withdraw": enrolments.withdraw}[fate.leaves_again]
        stage.story.at(at, _change, member, change)
    if member.side is Side.MENTOR and fate.trains and (stage.key != "aulp" or member.known.number % 3):
        stage.story.at(at, take_checks, stage, member, passes=member.known.number % 6 != 3)
    if member.side is Side.MENTEE and stage.key != "aulp" and not fate.leaves_again:
        # Early ones wait until there is somebody to choose from.
        open_from = stage.day(19, 12 + stage.dice.random() * 9)
        looks = max(at, open_from + timedelta(days=stage.dice.randrange(7)))
        stage.story.at(looks, _wish, stage, member)


def _change(session: Session, member: Member, change: Any) -> None:
    change(session, member.actor)


def sign(session: Session, member: Member) -> None:
    """Reads and signs whatever the scheme asks of this person; nothing when it is all signed."""
    for document in agreements.to_sign(session, member.actor):
        text = agreements.read(session, member.actor, document.id)
        agreements.sign(
            session,
            member.actor,
            document.id,
            typed_name=member.known.full_name,
            sections=[section.key for section in text.sections],
            sha256=text.sha256,
        )
    member.has_signed = True


def take_checks(session: Session, stage: Stage, member: Member, *, passes: bool) -> None:
    """Takes the check of every module that is still to do; whoever fails tries again the next day."""
    day = today(stage, utc_now())
    for module in training.modules(session, member.actor, day):
        if module.state is TrainingState.PASSED:
            continue
        asked = session.get_one(TrainingModule, module.id).questions
        right = [training.right_options(question) for question in asked]
        wrong = [{(min(each) + 1) % len(module.questions[at].options)} for at, each in enumerate(right)]
        training.check(session, member.actor, module.id, right if passes else wrong, day)
    if not passes:
        stage.story.at(utc_now() + 22 * HOUR, take_checks, stage, member, passes=True)


def _wish(session: Session, stage: Stage, member: Member) -> None:
    """Ranks up to four mentors of the field, or of any field when there are few; one in five looks and leaves it."""
    if member.known.number % 5 == 4:
        return
    day = today(stage, utc_now())
    listed = directory.listed(session, member.actor, today=day).mentors
    mine = sectors()[member.known.answers["sector"]]
    near = [mentor for mentor in listed if mentor.sector == mine]
    far = sorted((mentor for mentor in listed if mentor.sector != mine), key=lambda mentor: mentor.full_name)
    chosen = [*near[:3], *stage.dice.sample(far, min(1, len(far)))]
    for mentor in chosen:
        wishes.add(session, member.actor, mentor.id, today=day)
