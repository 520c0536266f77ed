"""What is learned during the year: a further module with a due date, and a library that people look into."""

import tomllib
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, or_, select

from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.pairings import Pairing, PairingStatus
from services import resource_authoring, resources, training_authoring
from services.demonstration.joining import take_checks
from services.demonstration.stage import Member, Stage, today
from services.resource_authoring import Content as Page
from services.training_content import AskedQuestion, Content

PUBLISHED, DUE = 300, 357
# From when on people look into the library, and until when: the newest page is new to whoever looks around.
FIRST_LOOK, LAST_LOOK = 30, 338


def plan(stage: Stage) -> None:
    """Puts the coordinator's writing and everybody's reading on the agenda."""
    written = _written().get(stage.key, {})
    if module := written.get("module"):
        stage.story.at(stage.office_hours(PUBLISHED), _publish_module, stage, module)
    for page in written.get("resources", []):
        stage.story.at(stage.office_hours(page["day"]), _publish_page, stage, page)
    for day in range(FIRST_LOOK, LAST_LOOK, 22):
        stage.story.at(stage.day(day, 20), _look_around, stage)


@cache
def _written() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "learning.toml").read_text(encoding="utf-8"))


def _publish_module(session: Session, stage: Stage, module: dict[str, Any]) -> None:
    """A further module of the mentors: most do it before its day, and nobody is held back until then."""
    asked = tuple(
        AskedQuestion(each["question"], tuple(each["options"]), tuple(each["right"]), each["explanation"])
        for each in module["questions"]
    )
    content = Content(
        title=module["title"],
        summary=module["summary"],
        text=module["text"].strip(),
        minutes=module["minutes"],
        offered_to=(Side.MENTOR.value,),
        pass_mark=module["pass_mark"],
        due_on=today(stage, stage.day(DUE, 12)),
        questions=asked,
    )
    draft = training_authoring.begin(session, stage.coordinator, stage.scheme_id, title=content.title)
    training_authoring.save(session, stage.coordinator, draft.id, content)
    day = today(stage, utc_now())
    training_authoring.publish(session, stage.coordinator, draft.id, ask_again=False, today=day)
    for member in _in_order(stage, Side.MENTOR):
        at = utc_now() + timedelta(days=stage.dice.uniform(1, DUE - PUBLISHED - 2))
        stage.story.at(at, _take, stage, member)
        stage.story.at(stage.day(DUE - 1, 18), _take, stage, member, last_call=True)


def _take(session: Session, stage: Stage, member: Member, *, last_call: bool = False) -> None:
    """Some who have nobody to mentor leave it lying; whoever has found somebody meanwhile does it on the last day."""
    if not _takes_part(session, member):
        return
    if _has_a_pair(session, member) or (member.known.number % 2 and not last_call):
        take_checks(session, stage, member, passes=True)


def _publish_page(session: Session, stage: Stage, page: dict[str, Any]) -> None:
    content = Page(page["title"], page["summary"], tuple(page["sides"]), text=page["text"].strip())
    added = resource_authoring.add(session, stage.coordinator, stage.scheme_id, content)
    resource_authoring.publish(session, stage.coordinator, added.id)


def _look_around(session: Session, stage: Stage) -> None:
    """Now and then somebody looks into the library and reads something; a few want to hear by email."""
    for side in Side:
        for member in _in_order(stage, side):
            if stage.dice.random() < 0.15 and _takes_part(session, member):
                _read(session, stage, member)


def _read(session: Session, stage: Stage, member: Member) -> None:
    resources.visit(session, member.actor)
    for item in resources.library(session, member.actor).items:
        if not item.is_read and stage.dice.random() < 0.5:
            resources.mark_read(session, member.actor, item.id)
    if member.known.number % 6 == 1:
        resources.set_digest(session, member.actor, wanted=True)


def _in_order(stage: Stage, side: Side) -> list[Member]:
    """By number and not by id: ids differ from one demonstration to the next."""
    mine = (member for member in stage.members.values() if member.side is side)
    return sorted(mine, key=lambda member: member.known.number)


def _takes_part(session: Session, member: Member) -> bool:
    status = session.get_one(Enrolment, member.enrolment_id).status
    return status in {EnrolmentStatus.APPROVED, EnrolmentStatus.PAUSED}


def _has_a_pair(session: Session, member: Member) -> bool:
    mine = or_(col(Pairing.mentor_id) == member.enrolment_id, col(Pairing.mentee_id) == member.enrolment_id)
    found: UUID | None = session.exec(
        select(Pairing.id).where(mine, Pairing.status != PairingStatus.ENDED).limit(1)
    ).first()
    return found is not None
