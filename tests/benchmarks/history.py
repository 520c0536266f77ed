"""What lies behind a benchmark's people: signatures, training, a run, proposals, pairs, meetings, answers, emails."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlmodel import Session, col, select

from models.agreements import SchemeDocument, Signature, TrainingCompletion, TrainingModule
from models.columns import utc_now
from models.enrolments import Conflict, Enrolment, EnrolmentStatus, Side, Wish
from models.feedback import FeedbackAnswer, FeedbackRound, RoundPoint
from models.matching import MatchingRun, Proposal, ProposalStatus, RunPair
from models.meetings import MeetingRecord
from models.messages import Message, MessageStatus
from models.pairings import Contact, EndReason, Pairing, PairingStatus, WaysOfWorking
from models.people import Account, AccountStatus
from models.schemes import Channel, Cohort, Scheme
from services.feedback_forms import NPS, SCALE, TEXT, YES_NO, questions_of
from tests.benchmarks.bulk import insert_rows, row


class Participant(NamedTuple):
    """One enrolment."""

    id: UUID
    person_id: UUID
    status: EnrolmentStatus


Rows = list[dict[str, Any]]
Pair = tuple[UUID, UUID]  # mentee's enrolment, mentor's enrolment
SAID = {SCALE: 4, NPS: 8, YES_NO: True, TEXT: "It helps to have somebody who asks."}


def live(
    session: Session,
    cohort: Cohort,
    mentors: Sequence[Participant],
    mentees: Sequence[Participant],
    chance: random.Random,
    *,
    coordinator_id: UUID,
) -> Pair:
    """Adds half a year; never commits. Answers a mentor and a mentee who work together."""
    _prepare(session, cohort, mentors, chance)
    _wish(session, mentors, mentees, chance)
    _write(session, cohort, [*mentors, *mentees], chance)
    approved = [[each.id for each in side if each.status is EnrolmentStatus.APPROVED] for side in (mentees, mentors)]
    places = approved[1] * 2
    known = len(approved[0]) * 3 // 4
    pairs = list(zip(approved[0][:known], places, strict=False))
    _run(session, cohort, list(zip(approved[0], places, strict=False)), coordinator_id, chance)
    _propose(session, cohort, list(zip(approved[0][known:], places[known:], strict=False)), chance)
    _pair(session, cohort, pairs, chance)
    _ask(session, cohort, pairs, chance)
    return pairs[0][1], pairs[0][0]


def _prepare(session: Session, cohort: Cohort, mentors: Sequence[Participant], chance: random.Random) -> None:
    """Four mentors in five have an account, signed everything and did the training; the first one always."""
    documents, modules = (_asked(session, cohort, table) for table in (SchemeDocument, TrainingModule))
    done = [mentor for number, mentor in enumerate(mentors) if not number or chance.random() >= 0.2]
    _have_done(session, done, documents, modules)


def catch_up(session: Session, cohort: Cohort, *, but: int) -> None:
    """Let everybody do what is asked, all but that many for each thing; never commits."""
    late = (
        select(Enrolment.id, Enrolment.person_id, Enrolment.status)
        .where(Enrolment.cohort_id == cohort.id, Enrolment.side == Side.MENTOR)
        .where(~select(Signature.id).where(Signature.enrolment_id == Enrolment.id).exists())
    )
    mentors = [Participant(each, person, EnrolmentStatus(status)) for each, person, status in session.exec(late)]
    documents, modules = (_asked(session, cohort, table) for table in (SchemeDocument, TrainingModule))
    _have_done(session, mentors[but:], documents, [])
    _have_done(session, mentors[:-but], [], modules)
    # Of the table: what listens to the class would look each of them up for the search, which does not read these.
    people: Any = Enrolment.__table__  # type: ignore[attr-defined]
    few = select(Enrolment.id).where(col(Enrolment.conflicts_declared_at).is_(None)).limit(but)
    blank = select(Enrolment.id).where(Enrolment.side == Side.MENTEE).limit(but)
    answered = {"conflicts_declared_at": utc_now()}, {"answers": {"year_of_study": "Second"}}
    for kept, facts in zip((few, blank), answered, strict=True):
        ids = session.exec(kept).all()
        session.connection().execute(people.update().where(people.c.id.not_in(ids)).values(facts))


def _have_done(session: Session, mentors: Sequence[Participant], documents: list[Any], modules: list[Any]) -> None:
    """They sign these and pass those; who signs has an account."""
    tables: dict[Any, Rows] = {Account: [], Signature: [], TrainingCompletion: []}
    for mentor in mentors:
        if documents:
            account = row(version=1, person_id=mentor.person_id, status=AccountStatus.ACTIVE)
            tables[Account].append(account)
            tables[Signature] += [_signature(mentor.id, account["id"], document) for document in documents]
        tables[TrainingCompletion] += [_completion(mentor.id, module) for module in modules]
    for table, rows in tables.items():
        insert_rows(session, table, rows)


def _asked(session: Session, cohort: Cohort, table: Any) -> list[Any]:
    """The texts that mentors sign, or the modules that they must do."""
    return [
        each
        for each in _of_scheme(session, table, cohort)
        if "mentor" in (each.signed_by if table is SchemeDocument else each.required_for)
    ]


def _of_scheme(session: Session, table: Any, cohort: Cohort) -> list[Any]:
    return list(session.exec(select(table).where(col(table.scheme_id) == cohort.scheme_id)))


def _signature(enrolment_id: UUID, account_id: UUID, document: SchemeDocument) -> dict[str, Any]:
    signed = row(enrolment_id=enrolment_id, document_id=document.id, account_id=account_id, side=Side.MENTOR)
    text = {"sha256": document.sha256, "edition": document.edition, "language": document.language}
    return signed | text | {"typed_name": "Marguerite Oyelaran"}


def _completion(enrolment_id: UUID, module: TrainingModule) -> dict[str, Any]:
    today = _today()
    passed = {"completed_on": today - timedelta(days=100), "expires_on": today + timedelta(days=265)}
    return row(enrolment_id=enrolment_id, module_id=module.id, correct_answers=module.pass_mark) | passed


def _wish(
    session: Session, mentors: Sequence[Participant], mentees: Sequence[Participant], chance: random.Random
) -> None:
    """Three wishes a mentee; one in a hundred names somebody whom they must not meet."""
    wishes = [
        row(mentee_id=mentee.id, mentor_id=mentor.id, rank=rank)
        for mentee in mentees
        for rank, mentor in enumerate(chance.sample(mentors, min(3, len(mentors))), start=1)
    ]
    insert_rows(session, Wish, wishes)
    barred = [
        row(declared_by_id=mentee.person_id, other_id=chance.choice(mentors).person_id) for mentee in mentees[::100]
    ]
    insert_rows(session, Conflict, barred)


def _write(session: Session, cohort: Cohort, people: Sequence[Participant], chance: random.Random) -> None:
    """Two emails to each; one in two hundred could not be delivered."""
    messages: Rows = []
    for person in people:
        for template, subject in (("invitation", "Welcome to the scheme"), ("enrolment_approved", "You are in")):
            status = MessageStatus.FAILED if chance.random() < 0.005 else MessageStatus.SENT
            sent_at = utc_now() - timedelta(days=chance.randrange(1, 150), seconds=chance.randrange(86_400))
            message = row(sent_at, version=1, scheme_id=cohort.scheme_id, person_id=person.person_id)
            message |= {"template": template, "subject": subject, "body_text": f"Dear all,\n\n{subject}.\n"}
            message |= {"dedupe_key": uuid4().hex, "status": status, "due_at": sent_at, "attempts": 1}
            messages.append(message | {"sent_at": sent_at if status is MessageStatus.SENT else None})
    insert_rows(session, Message, messages)


def _run(session: Session, cohort: Cohort, pairs: list[Pair], coordinator_id: UUID, chance: random.Random) -> None:
    """The newest run, with a line for every approved mentee and reasons for each."""
    run = row(utc_now() - timedelta(days=60), cohort_id=cohort.id, made_by_id=coordinator_id, inputs_sha256="0" * 64)
    run |= {"weights": {"sector": 8}, "seed": 0, "mentees": len(pairs), "places": len(pairs), "matched": len(pairs)}
    run |= {"certificate": {"proved": True, "left_out": ["12 mentors have not signed"]}, "text_method": "tf-idf"}
    insert_rows(session, MatchingRun, [run])
    parts = [
        {"criterion": name, "label": label, "points": 180, "sentence": sentence, "strong": True}
        for name, label, sentence in (
            ("sector", "Sector", "Both work in energy"),
            ("goals", "Goals", "The goals meet what the mentor has done"),
            ("languages", "Languages", "Both speak English"),
            ("channels", "Channels", "Both like email"),
        )
    ]
    lines = [
        row(run_id=run["id"], mentee_id=mentee, mentor_id=mentor, score=chance.uniform(0.4, 0.9), parts=parts)
        for mentee, mentor in pairs
    ]
    insert_rows(session, RunPair, lines)


def _propose(session: Session, cohort: Cohort, pairs: list[Pair], chance: random.Random) -> None:
    """Every second mentee without a mentor has had a proposal: half of them wait for an answer, half were told no."""
    proposals: Rows = []
    for mentee, mentor in pairs[::2]:
        sent_at = utc_now() - timedelta(days=chance.randrange(1, 12))
        proposal = _proposal(cohort, mentee, mentor, sent_at)
        if chance.random() < 0.5:
            proposal |= {"status": ProposalStatus.DECLINED, "answered_at": sent_at + timedelta(days=1)}
        else:
            proposal |= {"status": ProposalStatus.SENT, "answered_at": None}
        proposals.append(proposal)
    insert_rows(session, Proposal, proposals)


def _proposal(cohort: Cohort, mentee: UUID, mentor: UUID, sent_at: datetime) -> dict[str, Any]:
    proposal = row(sent_at, version=1, cohort_id=cohort.id, mentor_id=mentor, mentee_id=mentee, waits_for=Side.MENTOR)
    proposal |= {"score": 0.7, "reasons": ["Both work in energy"], "reminders_sent": 0}
    return proposal | {"sent_at": sent_at, "expires_at": sent_at + timedelta(days=14)}


def _pair(session: Session, cohort: Cohort, pairs: list[Pair], chance: random.Random) -> None:
    tables: dict[Any, Rows] = {Proposal: [], Pairing: [], WaysOfWorking: [], MeetingRecord: [], Contact: []}
    for number, (mentee, mentor) in enumerate(pairs):
        released = utc_now() - timedelta(days=chance.randrange(20, 140))
        proposal = _proposal(cohort, mentee, mentor, released)
        tables[Proposal].append(proposal | {"status": ProposalStatus.ACCEPTED, "answered_at": released})
        pairing = _pairing(proposal, released, has_ended=bool(number) and chance.random() < 0.1)
        tables[Pairing].append(pairing)
        if chance.random() < 0.7:
            tables[WaysOfWorking].append(_ways(pairing["id"], released, chance))
        if chance.random() < 0.95:
            tables[Contact].append(_contact(pairing["id"], released))
        for meeting in range(chance.randrange(0, 10)):
            held_at = released + timedelta(days=1 + meeting * 14)
            tables[MeetingRecord] += _records(pairing["id"], held_at, chance) if held_at < utc_now() else []
    for table, rows in tables.items():
        insert_rows(session, table, rows)


def _pairing(proposal: dict[str, Any], released: datetime, *, has_ended: bool) -> dict[str, Any]:
    both = {key: proposal[key] for key in ("cohort_id", "mentor_id", "mentee_id")}
    pairing = row(released, version=1, proposal_id=proposal["id"], released_at=released) | both
    if not has_ended:
        return pairing | {"status": PairingStatus.ACTIVE, "ended_at": None, "end_reason": None, "ended_by": None}
    end = {"ended_at": utc_now() - timedelta(days=5), "end_reason": EndReason.HELP_RECEIVED, "ended_by": Side.MENTEE}
    return pairing | {"status": PairingStatus.ENDED} | end


def _ways(pairing_id: UUID, released: datetime, chance: random.Random) -> dict[str, Any]:
    ways = row(released, version=1, pairing_id=pairing_id, edition=1, proposed_by=Side.MENTEE, minutes=45, months=6)
    confirmed = {"mentor_confirmed_at": released, "mentee_confirmed_at": released, "in_force_from": released.date()}
    return (
        ways
        | confirmed
        | {"interval_days": chance.choice((7, 14, 30)), "channels": ["email"], "covers": [], "words": ""}
    )


def _contact(pairing_id: UUID, at: datetime) -> dict[str, Any]:
    return row(at, pairing_id=pairing_id, noted_by=Side.MENTEE, channel=Channel.EMAIL, contact_on=at.date())


def _records(pairing_id: UUID, at: datetime, chance: random.Random) -> Rows:
    sides = [Side.MENTEE, Side.MENTOR] if chance.random() < 0.8 else [Side.MENTEE]
    held = {"pairing_id": pairing_id, "started_at": at, "happened": True, "time_zone": "Asia/Shanghai"}
    held |= {"duration_minutes": 45, "channel": Channel.WECHAT}
    return [row(at, version=1, side=side, operation_id=uuid4(), **held) for side in sides]


def _ask(session: Session, cohort: Cohort, pairs: list[Pair], chance: random.Random) -> None:
    """One round of feedback, which half have answered."""
    scheme, today = session.get_one(Scheme, cohort.scheme_id), _today()
    forms = scheme.other_settings["feedback"] | {"titles": scheme.other_settings.get("feedback_forms", {})}
    asked = row(version=1, cohort_id=cohort.id, point=RoundPoint.MIDDLE, forms=forms)
    asked |= {"opens_on": today - timedelta(days=30), "due_on": today + timedelta(days=3)}
    insert_rows(session, FeedbackRound, [asked])
    answers: Rows = []
    for enrolment_id, side in _sides(pairs):
        is_in = chance.random() < 0.5
        said = {each.key: SAID[each.kind] for each in questions_of(forms, side)} if is_in else {}
        answer = row(version=1, round_id=asked["id"], enrolment_id=enrolment_id, side=side, answers=said)
        answers.append(answer | {"rating": 4 if is_in else None, "submitted_at": utc_now() if is_in else None})
    insert_rows(session, FeedbackAnswer, answers)


def _sides(pairs: list[Pair]) -> Iterator[tuple[UUID, Side]]:
    yield from ((mentee, Side.MENTEE) for mentee, _ in pairs)
    yield from ((mentor, Side.MENTOR) for mentor in dict.fromkeys(mentor for _, mentor in pairs))


def _today() -> date:
    return datetime.now(UTC).date()
