"""What needs a coordinator now, from a few counts."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ScalarSelect, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from models.agreements import DocumentDraft, DocumentKind
from models.audit import AuditEntry
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.matching import MatchingRun, Proposal, ProposalStatus
from models.messages import Message, MessageStatus
from models.pairings import Pairing, PairingStatus
from models.people import Person
from models.schemes import Cohort, Scheme
from services import access, away, kept_apart, readiness, rhythm, signatures, tasks, times, ways_figures
from services.access import Actor
from services.errors import NotAllowed
from services.pair_facts import AsOf
from services.signing import KINDS
from services.tasks import Task
from services.ways_figures import State


@dataclass(frozen=True)
class Now:
    """What is asked at every look. `edition` grows whenever something was written about the scheme."""

    called: str | None
    drafts: int
    failed: int
    takes_part: bool
    edition: int | None
    texts: int = 0
    text_kind: DocumentKind | None = None
    text_id: UUID | None = None
    is_demonstration: bool = False


@dataclass(frozen=True)
class Quietest:
    """How many pairs have gone quiet, and the one with the longest silence against what it agreed, in days."""

    pairs: int
    pairing_id: UUID
    days_since: int
    agreed_days: int


@dataclass(frozen=True)
class Counts:
    """What waits in one cohort. Without a person, so that a screen may keep it until the next edition."""

    enrolled: int
    waiting: int
    oldest: datetime | None
    ready: int
    unsigned: int
    quiet: Quietest | None
    due_back: int = 0
    unanswered: int = 0
    ways_late: int = 0
    to_look_at: int = 0
    first_to_look_at: UUID | None = None


Count = Callable[[], Counts]
Names = Mapping[UUID, tuple[str, str]]
# Where the ledger lists them, by the template that a scheme began with.
CONFLICT_CLAUSES = {"aulp": "A-SH2", "unnc_alumni": "U-C4.5"}
ANY_SCHEME = "B-5"
# Answers with what was counted before under the same key, or counts now.
Keep = Callable[[tuple[Hashable, ...], Count], Counts]


def count_now(_key: tuple[Hashable, ...], count: Count) -> Counts:
    """Keeps nothing."""
    return count()


def todo(session: Session, actor: Actor, today: date, keep: Keep = count_now) -> tuple[tuple[Task, ...], Now]:
    """The list, and what was asked for it. Six queries at any size, four while the counts are kept. NotAllowed."""
    if actor.place.cohort_id is None:
        raise NotAllowed("This scheme has no cohort yet.", remedy="Start one, then open this page again.")
    cohort = access.cohort_to_coordinate(session, actor, actor.place.cohort_id)
    scheme = session.get_one(Scheme, cohort.scheme_id)
    now = replace(_now(session, cohort, actor), is_demonstration=cohort.is_demonstration)
    # Whoever takes part is counted without themselves: their counts are their own.
    apart = actor.person_id if now.takes_part else None
    key = ("waiting", cohort.id, today, times.gate_day(), now.edition, apart)
    found = keep(key, lambda: _count(session, cohort, scheme, actor, today))
    names = _names(session, found)
    of_pairs = [*_to_look_at(found, scheme, names, today), *_quiet(found.quiet, names, today)]
    return tasks.in_order([*_tasks(found, now, scheme, today), *of_pairs]), now


def _tasks(found: Counts, now: Now, scheme: Scheme, today: date) -> list[Task]:
    waiting = [
        _begin() if not found.enrolled else None,
        _waiting(found, scheme, today) if found.waiting and found.oldest else None,
        _drafts(now, today) if now.drafts else None,
        _failed(now, today) if now.failed else None,
        _to_read(now) if now.text_kind else None,
        _ready(found, today) if found.ready else None,
        _unsigned(found) if found.unsigned else None,
        _unanswered(found, today) if found.unanswered else None,
        _due_back(found) if found.due_back else None,
        _ways_late(found, today) if found.ways_late else None,
    ]
    return [task for task in waiting if task is not None]


def _begin() -> Task:
    detail = "From the spreadsheet of any forms tool; or under Invitations, by email or a link"
    return Task(tasks.TODAY, "Bring your people in", detail, "Import a spreadsheet", "import_people")


def _waiting(found: Counts, scheme: Scheme, today: date) -> Task:
    sentence = f"{tasks.many(found.waiting, 'enrolment waits', 'enrolments wait')} for your decision"
    oldest = times.day_in(found.oldest, scheme.time_zone) if found.oldest else today
    since = f"{'Since' if found.waiting == 1 else 'The oldest since'} {tasks.day_words(oldest, today)}"
    button = "Review it" if found.waiting == 1 else "Review them"
    submitted = (("status", EnrolmentStatus.SUBMITTED.value),)
    return Task(tasks.TODAY, sentence, since, button, "enrolments", today, address=submitted)


def _drafts(found: Now, today: date) -> Task:
    sentence = tasks.many(found.drafts, "proposal is ready to send", "proposals are ready to send")
    detail = f"Nobody has heard of {'it' if found.drafts == 1 else 'them'} yet"
    to_send = (("step", "send"),)
    return Task(tasks.TODAY, sentence, detail, "Preview and send", "matching_review", today, address=to_send)


def _failed(found: Now, today: date) -> Task:
    sentence = tasks.many(found.failed, "email could not be delivered", "emails could not be delivered")
    one = found.failed == 1
    detail, button = ("It says why", "See it") if one else ("Each says why", "See them")
    return Task(tasks.TODAY, sentence, detail, button, "messages", today, address=(("state", "Failed"),))


def _to_read(found: Now) -> Task:
    """In production another coordinator's text is in force only once a second one has read it."""
    one = found.texts == 1 and found.text_kind is not None
    what = f"A new version of the {KINDS[found.text_kind]}" if one and found.text_kind else f"{found.texts} new texts"
    at = (("draft", str(found.text_id)),) if one else (("view", "texts"),)
    detail = "Another coordinator has finished it; you decide whether it goes out"
    button = "Read it" if one else "Read them"
    sentence = f"{what} {'waits' if one else 'wait'} for your reading"
    return Task(tasks.THIS_WEEK, sentence, detail, button, "agreements", address=at)


def _ready(found: Counts, today: date) -> Task:
    sentence = tasks.many(found.ready, "mentee is ready to be matched", "mentees are ready to be matched")
    detail = "They were approved, or free again, after the last matching run"
    return tasks.due(today + timedelta(days=6), today, sentence, detail, "Find mentors", "matching_review")


def _unsigned(found: Counts) -> Task:
    sentence = tasks.many(found.unsigned, "approved person has not signed", "approved people have not signed")
    return Task(tasks.WHEN_YOU_CAN, sentence, "Until they do, they cannot begin with a match", "See who", "agreements")


def _unanswered(found: Counts, today: date) -> Task:
    sentence = tasks.many(found.unanswered, "person has not said", "people have not said") + " whether they are back"
    detail = "They were asked three times; a word from you may help"
    return Task(tasks.TODAY, sentence, detail, "See who", "enrolments", today, address=(("status", "paused"),))


def _due_back(found: Counts) -> Task:
    sentence = tasks.many(found.due_back, "person is due back", "people are due back") + " this week"
    detail = "We ask them on the day; nothing happens before they say yes"
    return Task(tasks.WHEN_YOU_CAN, sentence, detail, "See who", "enrolments", address=(("status", "paused"),))


def _ways_late(found: Counts, today: date) -> Task:
    sentence = tasks.many(found.ways_late, "pair is", "pairs are") + " late with their ways of working"
    detail = "They have met and not agreed yet; a word from you may help"
    button = "See the pair" if found.ways_late == 1 else "See them"
    soon = tasks.due(today + timedelta(days=2), today, sentence, detail, button, "ways")
    return replace(soon, address=(("state", State.LATE.value),))


def _to_look_at(found: Counts, scheme: Scheme, names: Names, today: date) -> list[Task]:
    """A conflict that was declared after two people had begun opens a review (A-SH2, U-C4.5).

    That there is one is all a coordinator reads (SECURITY b2): never which of the two said so, nor when.
    """
    first = found.first_to_look_at
    if first is None or first not in names:
        return []
    mentee, mentor = names[first]
    more = f", and {found.to_look_at - 1} more" if found.to_look_at > 1 else ""
    sentence = tasks.many(found.to_look_at, "pair needs", "pairs need") + " another look"
    why = "must not be paired, it was said in private"
    button = "See the pair" if found.to_look_at == 1 else "See them"
    soon = tasks.due(
        today + timedelta(days=1), today, sentence, f"{mentee} and {mentor}{more}: {why}", button, "ledger"
    )
    return [replace(soon, address=(("clause", CONFLICT_CLAUSES.get(scheme.key, ANY_SCHEME)),), has_second_look=True)]


def _quiet(found: Quietest | None, names: Names, today: date) -> list[Task]:
    if found is None or found.pairing_id not in names:
        return []
    mentee, mentor = names[found.pairing_id]
    agreed = f"{found.days_since} days since any contact, agreed every {found.agreed_days} days"
    sentence = tasks.many(found.pairs, "pair has gone quiet", "pairs have gone quiet")
    button = "See the pair" if found.pairs == 1 else "See them"
    detail = f"{mentee} and {mentor}: {agreed}"
    soon = tasks.due(today + timedelta(days=2), today, sentence, detail, button, "participation")
    return [replace(soon, address=(("who", "true"),))]


def _names(session: Session, found: Counts) -> Names:
    """The mentee's and the mentor's of the pairs that are named, read at every look: names are kept nowhere."""
    ids = {found.quiet.pairing_id if found.quiet else None, found.first_to_look_at} - {None}
    if not ids:
        return {}
    rows = session.exec(_both_names(), params={"pairing_ids": list(ids)})
    return {pairing_id: (mentee, mentor) for pairing_id, mentee, mentor in rows}


@cache  # asked whenever a coordinator opens Home: building it costs more than asking
def _both_names() -> Any:
    mentee, mentor = aliased(Enrolment), aliased(Enrolment)
    mentees_self, mentors_self = aliased(Person), aliased(Person)
    return (
        select(col(Pairing.id), col(mentees_self.full_name), col(mentors_self.full_name))
        .select_from(Pairing)
        .join(mentee, col(mentee.id) == col(Pairing.mentee_id))
        .join(mentees_self, col(mentees_self.id) == col(mentee.person_id))
        .join(mentor, col(mentor.id) == col(Pairing.mentor_id))
        .join(mentors_self, col(mentors_self.id) == col(mentor.person_id))
        .where(col(Pairing.id).in_(bindparam("pairing_ids", expanding=True)))
    )


def _now(session: Session, cohort: Cohort, actor: Actor) -> Now:
    given = {"cohort_id": cohort.id, "scheme_id": cohort.scheme_id, "person_id": actor.person_id}
    return Now(*session.exec(_asked_at_every_look(), params=given).one())


@cache
def _asked_at_every_look() -> Any:
    person_id: Any = bindparam("person_id")
    cohort_id: Any = bindparam("cohort_id")
    scheme_id: Any = bindparam("scheme_id")
    own = and_(col(Enrolment.cohort_id) == cohort_id, col(Enrolment.person_id) == person_id)
    draft = and_(col(Proposal.cohort_id) == cohort_id, col(Proposal.status) == ProposalStatus.DRAFT)
    failed = and_(col(Message.scheme_id) == scheme_id, col(Message.status) == MessageStatus.FAILED)
    to_read = and_(
        col(DocumentDraft.scheme_id) == scheme_id,
        col(DocumentDraft.handed_over_at).is_not(None),
        col(DocumentDraft.changed_by_id) != person_id,
    )
    oldest = (col(DocumentDraft.handed_over_at), col(DocumentDraft.id))
    parts = (
        select(col(Person.called)).where(col(Person.id) == person_id),
        select(func.count(col(Proposal.id))).where(draft),
        select(func.count(col(Message.id))).where(failed),
        select(exists().where(own)),
        select(func.max(AuditEntry.sequence)).where(col(AuditEntry.scheme_id) == scheme_id),
        select(func.count(col(DocumentDraft.id))).where(to_read),
        select(col(DocumentDraft.kind)).where(to_read).order_by(*oldest).limit(1),
        select(col(DocumentDraft.id)).where(to_read).order_by(*oldest).limit(1),
    )
    return select(*(part.scalar_subquery() for part in parts))


def _count(session: Session, cohort: Cohort, scheme: Scheme, actor: Actor, today: date) -> Counts:
    """Two queries."""
    statement: Any = select(*_counted(cohort, scheme, actor, today))
    enrolled, waiting, oldest, ready, unsigned, *others = session.exec(statement).one()
    quiet = _quietest(session, cohort, scheme, actor, today)
    return Counts(enrolled, waiting, oldest, ready, unsigned, quiet, *others)


def _quietest(session: Session, cohort: Cohort, scheme: Scheme, actor: Actor, today: date) -> Quietest | None:
    quiet = rhythm.quiet_rows(cohort.id, scheme, AsOf(today, scheme.time_zone), actor)
    longest = (quiet.c.days_since * 1.0 / quiet.c.interval).desc()
    columns = (func.count().over(), quiet.c.id, quiet.c.days_since, quiet.c.interval)
    statement: Any = select(*columns).order_by(longest, quiet.c.id).limit(1)
    row = session.exec(statement).one_or_none()
    return None if row is None else Quietest(*row)


def _counted(cohort: Cohort, scheme: Scheme, actor: Actor, today: date) -> tuple[ScalarSelect[Any], ...]:
    in_cohort = col(Enrolment.cohort_id) == cohort.id
    waits = and_(
        in_cohort,
        col(Enrolment.status) == EnrolmentStatus.SUBMITTED,
        # Nobody decides about their own enrolment.
        col(Enrolment.person_id) != actor.person_id,
    )
    approved = and_(in_cohort, col(Enrolment.status) == EnrolmentStatus.APPROVED)
    lacking = col(Enrolment.id).in_(signatures.unsigned_enrolments(cohort.id, times.gate_day()))
    to_look_at = kept_apart.open_pairs(cohort.id, actor.person_id).subquery("to_look_at")
    parts = (
        # Only whether there is anybody yet.
        select(func.count()).select_from(select(col(Enrolment.id)).where(in_cohort).limit(1).subquery()),
        select(func.count(col(Enrolment.id))).where(waits),
        select(func.min(Enrolment.submitted_at)).where(waits),
        _ready_without_a_run(cohort, scheme, today),
        select(func.count(col(Enrolment.id))).where(approved, lacking),
        away.due_back(cohort.id, today),
        away.unanswered(cohort.id, today),
        ways_figures.late(cohort.id, scheme, actor, today),
        select(func.count()).select_from(to_look_at),
        select(to_look_at.c.id).order_by(to_look_at.c.id).limit(1),
    )
    return tuple(part.scalar_subquery() for part in parts)


def _ready_without_a_run(cohort: Cohort, scheme: Scheme, today: date) -> Any:
    """Mentees whom the newest run could not know, and who have neither a pair nor an open proposal."""
    newest = select(func.max(MatchingRun.created_at)).where(col(MatchingRun.cohort_id) == cohort.id).scalar_subquery()
    paired = exists().where(col(Pairing.mentee_id) == Enrolment.id, col(Pairing.status) != PairingStatus.ENDED)
    parted = exists().where(col(Pairing.mentee_id) == Enrolment.id, col(Pairing.ended_at) > newest)
    asked = exists().where(
        col(Proposal.mentee_id) == Enrolment.id,
        col(Proposal.status).in_([ProposalStatus.DRAFT, ProposalStatus.SENT]),
    )
    return (
        select(func.count(col(Enrolment.id)))
        .join(Person, col(Person.id) == col(Enrolment.person_id))
        .where(
            col(Enrolment.cohort_id) == cohort.id,
            col(Enrolment.side) == Side.MENTEE,
            col(Enrolment.status) == EnrolmentStatus.APPROVED,
            readiness.gates_hold(scheme, cohort.id, Side.MENTEE, times.gate_day()),
            ~paired,
            ~asked,
            # Whoever lost a mentor since is as new to a run as whoever was approved since (U-C5.2).
            or_(newest.is_(None), col(Enrolment.decided_at) > newest, parted),
        )
    )
