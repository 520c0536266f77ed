"""What becomes of a pair: first contact, ways of working, meetings as each side noted them, silence, an end."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import pairwise
from uuid import UUID

from sqlmodel import Session

from models.columns import utc_now
from models.enrolments import Side
from models.pairings import EndReason
from models.schemes import Channel
from services import contacts, enrolments, expectations, meetings, pairings, times, ways_of_working
from services.demonstration import joining
from services.demonstration.stage import Member, Stage
from services.usual_times import Usual

DAY = timedelta(days=1)
# By turns, so that every cohort has some of each whatever the dice say.
TEMPERS = ("lively", "steady", "quiet", "steady", "ended", "steady", "silent", "steady", "one-sided", "steady")
ENDINGS = (EndReason.HELP_RECEIVED, EndReason.REFERRED_ELSEWHERE, EndReason.PERSONAL, EndReason.NO_LONGER_HELPS)
# How many agreed intervals the last sign of life lies back.
SINCE = {"quiet": (1.6, 1.85), "silent": (2.3, 3.4)}
SECTIONS = (
    {
        "role": "The mentee brings the questions; the mentor asks more of them.",
        "confidentiality": "What we say stays between us.",
        "boundaries": "No calls after nine in the evening. Salary is fine to talk about, family is not.",
        "needs": "We both come prepared, and we say so when we could not.",
        "ending": "After six months we look back together and decide.",
    },
    {
        "role": "我们一起思考，决定由学员自己做。",
        "confidentiality": "谈话内容只限我们两人之间。",
        "boundaries": "Either of us may move a meeting once, with a day's notice.",
        "culture": "我们用中文谈，文件用英文写。",
    },
    {"confidentiality": "Nothing leaves this conversation without a yes from both of us."},
)

# What a mentee and a mentor expect, each alone; they differ in how soon a message is answered.
EXPECTED = {"lead": "mentee", "stuck": "asks", "frank": "plainly", "between": "word", "reply": "days"}
HOPES = {
    Side.MENTEE: {"reply": "day", "hope": "I dare to ask for what I want."},
    Side.MENTOR: {"hope": "I learn as much as they do."},
}
SEVEN_IN_THE_EVENING = time(19)


@dataclass(frozen=True)
class Pair:
    """A pair and how it goes. `interval_days` is what they agree; without an agreement, what the scheme suggests."""

    stage: Stage
    id: UUID
    number: int
    mentor: Member
    mentee: Member
    temper: str
    agrees: bool
    interval_days: int
    channel: Channel
    begun_at: datetime

    def on(self, side: Side) -> Member:
        return self.mentor if side is Side.MENTOR else self.mentee


def begin(stage: Stage, pairing_id: UUID, mentor: Member, mentee: Member) -> None:
    """Puts the life of a pair that was released just now on the agenda."""
    number, stage.pairs = stage.pairs, stage.pairs + 1
    agrees = number % 9 != 7
    # As people say it: what the scheme suggests, or a whole number of weeks.
    least = stage.interval_days // 7
    choices = (stage.interval_days, *((least + more) * 7 for more in (1, 2, 1)))
    pair = Pair(
        stage=stage,
        id=pairing_id,
        number=number,
        mentor=mentor,
        mentee=mentee,
        temper=_temper(stage, number),
        agrees=agrees,
        interval_days=choices[number % len(choices)] if agrees else stage.interval_days,
        channel=_channel(stage, mentor, mentee),
        begun_at=utc_now(),
    )
    first_contact = utc_now() + stage.dice.uniform(0.5, 11 if number % 8 == 5 else 5.5) * DAY
    stage.story.at(first_contact, _touch, pair, Side.MENTEE)
    if agrees:
        stage.story.at(first_contact + 2 * DAY, _propose_ways, pair)
    if not mentee.has_signed:
        stage.story.at(utc_now() + DAY / 3, joining.sign, mentee)
    _plan_meetings(pair, _last_meeting(pair))


def _temper(stage: Stage, number: int) -> str:
    """A young pair has had no time to go quiet yet, or to end."""
    temper = TEMPERS[number % len(TEMPERS)]
    is_young = stage.story.now - utc_now() < 5 * stage.interval_days * DAY
    return "steady" if is_young and temper in {"quiet", "silent", "ended"} else temper


def _channel(stage: Stage, mentor: Member, mentee: Member) -> Channel:
    """What both like, the most personal first; else an email."""
    both = set(mentor.known.answers["channels"]) & set(mentee.known.answers["channels"])
    order = ("wechat", "video", "telephone", "in_person", "email")
    return Channel(next((name for name in order if name in both and name in stage.channels), "email"))


def _last_meeting(pair: Pair) -> datetime:
    """When the two met last, seen from today: what makes a pair quiet or silent is only that this was long ago."""
    dice, now = pair.stage.dice, pair.stage.story.now
    if pair.temper == "ended":
        return pair.begun_at + dice.uniform(70, 150) * DAY
    least, most = SINCE.get(pair.temper, (0.2, 0.8))
    return now - max(3.0, dice.uniform(least, most) * pair.interval_days) * DAY


def _plan_meetings(pair: Pair, last: datetime) -> None:
    """Meetings, from the last backwards at about what was agreed, the first about two weeks after the beginning."""
    dice, moments, moment = pair.stage.dice, [], last
    while moment > pair.begun_at + dice.uniform(9, 16) * DAY:
        moments.append(_in_the_evening(pair, moment))
        moment -= pair.interval_days * dice.uniform(0.85, 1.15) * DAY
    moments.reverse()
    for started_at in moments:
        _plan_records(pair, started_at, is_last=started_at is moments[-1])
    for before, after in pairwise(moments):
        if dice.random() < (0.6 if pair.temper == "lively" else 0.2):
            side = dice.choice(list(Side))
            pair.stage.story.at(before + (after - before) / 2, _touch, pair, side)
    if pair.temper == "ended":
        side = dice.choice(list(Side))
        pair.stage.story.at(last + 5 * DAY, _end, pair, side)


def _in_the_evening(pair: Pair, moment: datetime) -> datetime:
    """The same day at an hour that suits the mentee."""
    local = times.local_time(moment, pair.mentee.known.zone)
    quarter = pair.stage.dice.choice((0, 0, 15, 30))
    return local.replace(hour=pair.stage.dice.randrange(16, 21), minute=quarter, second=0, microsecond=0)


def _plan_records(pair: Pair, started_at: datetime, *, is_last: bool) -> None:
    """What each side notes of one meeting: mostly the same, sometimes not, sometimes nothing."""
    dice = pair.stage.dice
    kind = dice.choices(("both", "differ", "called off", "mentor", "mentee"), (74, 8, 4, 7, 7))[0]
    if pair.temper == "one-sided" and not is_last:
        kind = dice.choice(("mentee", "mentee", "both"))
    if is_last and kind == "called off":
        kind = "both"
    minutes = dice.choice((30, 45, 45, 60))
    for side in Side:
        if kind in {Side.MENTOR.value, Side.MENTEE.value} and kind != side.value:
            continue
        apart = timedelta(hours=2) if kind == "differ" and side is Side.MENTOR else timedelta()
        noted = started_at + timedelta(minutes=minutes) + dice.uniform(0.02, 1.8) * DAY
        on_time = dice.choices((True, False, None), (8, 1, 2))[0]
        happened = kind != "called off"
        operation_id = UUID(int=dice.getrandbits(128), version=4)
        pair.stage.story.at(
            noted,
            _note_meeting,
            pair,
            side,
            started_at - apart,
            minutes,
            on_time,
            happened,
            operation_id,
        )


def _note_meeting(
    session: Session,
    pair: Pair,
    side: Side,
    started_at: datetime,
    minutes: int,
    on_time: bool | None,
    happened: bool,
    operation_id: UUID,
) -> None:
    member = pair.on(side)
    meetings.log(
        session,
        member.actor,
        pair.id,
        started_at=started_at,
        time_zone=member.known.zone,
        duration_minutes=minutes,
        channel=pair.channel,
        happened=happened,
        began_on_time=on_time,
        operation_id=operation_id,
    )


def _touch(session: Session, pair: Pair, side: Side) -> None:
    """One of them notes that they were in touch today."""
    member = pair.on(side)
    day = member.today(utc_now())
    channel = pair.channel if pair.channel is not Channel.IN_PERSON else Channel.EMAIL
    contacts.note(session, member.actor, pair.id, channel=channel, contact_on=day, today=day)


def _propose_ways(session: Session, pair: Pair) -> None:
    proposed = ways_of_working.propose(
        session,
        pair.mentee.actor,
        pair.id,
        interval_days=pair.interval_days,
        minutes=45,
        months=(6, 6, 9)[pair.number % 3],
        channels=list(dict.fromkeys((pair.channel, Channel.EMAIL))),
        sections=SECTIONS[pair.number % len(SECTIONS)],
        usual=Usual(pair.number % 5, SEVEN_IN_THE_EVENING, pair.mentee.known.zone),
    )
    _expect(session, pair, Side.MENTEE)
    confirmed = pair.stage.soon(utc_now(), least=0.3, most=4)
    pair.stage.story.at(confirmed, _confirm_ways, pair, proposed.number)


def _confirm_ways(session: Session, pair: Pair, edition: int) -> None:
    mentor = pair.mentor
    ways_of_working.confirm(session, mentor.actor, pair.id, edition, today=mentor.today(utc_now()))
    _expect(session, pair, Side.MENTOR)


def _expect(session: Session, pair: Pair, side: Side) -> None:
    """Two pairs of three write down what they expect, each of the two alone."""
    if pair.number % 3 != 2:
        expectations.write(session, pair.on(side).actor, pair.id, EXPECTED | HOPES[side], done=True)


def _end(session: Session, pair: Pair, side: Side) -> None:
    """It ends; a mentee who has what they came for leaves the cohort, and the others wait for somebody else."""
    reason = ENDINGS[pair.number // len(TEMPERS) % len(ENDINGS)]
    pairings.end(session, pair.on(side).actor, pair.id, reason=reason)
    if reason is EndReason.HELP_RECEIVED:
        enrolments.withdraw(session, pair.mentee.actor)
