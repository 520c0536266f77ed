"""What needs a mentor or a mentee now, in the place they act in."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from models.enrolments import EnrolmentStatus, Side
from services import home_waiting, my_matches, tasks, times
from services.access import Actor
from services.home_waiting import Own, PairState
from services.my_matches import MyMatch
from services.tasks import Task


def todo(session: Session, actor: Actor, today: date) -> tuple[tuple[Task, ...], tuple[MyMatch, ...], Own]:
    """The list, the matches without contact details, and what it was made from. Three queries. Raises NotAllowed."""
    side, own = home_waiting.own(session, actor, today)
    place: Any = actor.place.enrolment_id
    matches = my_matches.without_contacts(session, place, side, actor.time_zone)
    # Whoever is away has nothing to do in their pairs either.
    at_work = [match for match in matches if match.is_open and own.status is not EnrolmentStatus.PAUSED]
    states = home_waiting.states(session, place, side) if at_work else {}
    of_pairs = [task for match in at_work for task in _of_pair(match, states[match.pairing_id], own, today)]
    return tasks.in_order([*_of_enrolment(side, own, today), *of_pairs]), matches, own


def _of_enrolment(side: Side, own: Own, today: date) -> list[Task]:
    found: list[Task] = []
    if own.status is EnrolmentStatus.PAUSED:
        # A break is a break: nothing else is asked of whoever takes one (U-C5.3).
        return [_on_a_break(own, today)]
    if own.status in {EnrolmentStatus.DECLINED, EnrolmentStatus.WITHDRAWN}:
        return found
    if own.status is EnrolmentStatus.DRAFT:
        detail = "What you have filled in is kept; nobody reads it before you send it"
        found.append(Task(tasks.THIS_WEEK, "Finish your enrolment", detail, "Go on", "enrolment"))
    if own.status is EnrolmentStatus.RETURNED:
        detail = "It stands at the top of your form"
        found.append(Task(tasks.TODAY, "The coordinator has a question", detail, "Answer it", "enrolment", today))
    if own.is_unsigned:
        detail = "A few minutes; mentoring cannot begin before it"
        found.append(Task(tasks.THIS_WEEK, "Read and sign what the scheme asks", detail, "Read and sign", "agreements"))
    if own.must_sign_again:
        found.append(_sign_again(own.blocked_from, today))
    found.extend(_of_training(own, today))
    found.extend(_of_consents(side, own))
    if own.proposal_expires_at is not None:
        found.append(_proposal(side, own.proposal_expires_at, own.zone, today))
    if own.may_wish:
        detail = "Look around, and say whom you would like; the matching goes by it"
        found.append(Task(tasks.THIS_WEEK, "Find mentors to wish for", detail, "Look around", "mentors"))
    if own.feedback_due_on is not None:
        found.append(_feedback(side, own.feedback_due_on, today))
    return found


def _sign_again(blocked_from: date | None, today: date) -> Task:
    """A new version: nothing stops at once, and pairs go on in any case (U-9)."""
    sentence, button, page = "Read and sign a text that has changed", "Read and sign", "agreements"
    if blocked_from is None:
        return Task(tasks.WHEN_YOU_CAN, sentence, "A new version is in force; a few minutes", button, page)
    last = blocked_from - timedelta(days=1)
    counts = "still counts today" if last == today else f"counts until {tasks.day_words(last, today)}"
    return tasks.due(last, today, sentence, f"What you signed before {counts}", button, page)


def _of_training(own: Own, today: date) -> list[Task]:
    due_on = own.training_due_on
    if own.is_untrained:
        detail = "It is short, and a match needs it" if own.is_training_a_gate else "It is short"
        # Of a module whose day is past, Training says that it is overdue.
        how_soon = tasks.OVERDUE if due_on is not None and due_on < today else tasks.THIS_WEEK
        return [Task(how_soon, "Do the training", detail, "Start", "training")]
    if due_on is None:
        return []
    detail = f"It is short; {tasks.asked('please do it', due_on, today)}"
    return [tasks.due(due_on, today, "Do the further training", detail, "Start", "training")]


def _on_a_break(own: Own, today: date) -> Task:
    back_on = own.back_on
    if back_on is not None and back_on <= today:
        detail = "Say yes, choose a later day, or stop; nothing happens until you say so"
        return tasks.due(back_on, today, "Are you back?", detail, "Answer", "enrolment")
    detail = "Come back whenever you like"
    if back_on is not None:
        detail = f"Until {times.day_in_words(back_on, today=today, weekday=True)}; come back earlier if you like"
    return Task(tasks.WHEN_YOU_CAN, "You are taking a break", detail, "See", "enrolment")


def _of_consents(side: Side, own: Own) -> list[Task]:
    """What only the person can say, and what nobody else may say for them: an import brings none of it."""
    found: list[Task] = []
    if own.status not in {EnrolmentStatus.SUBMITTED, EnrolmentStatus.APPROVED}:
        return found
    if own.is_undeclared:
        detail = "One private question, before anybody is proposed to you"
        found.append(Task(tasks.THIS_WEEK, "Say whom you must not be paired with", detail, "Answer", "enrolment"))
    if side is Side.MENTOR and own.is_unreachable:
        detail = "Under Consents; without one open way nobody can be proposed to you"
        found.append(Task(tasks.THIS_WEEK, "Choose how your mentee may reach you", detail, "Choose", "enrolment"))
    if own.is_unlisted:
        detail = "Under Consents; four facts about you, and only to students of your cohort"
        found.append(Task(tasks.WHEN_YOU_CAN, "Let students find you", detail, "Choose", "enrolment"))
    return found


def _proposal(side: Side, expires_at: datetime, zone: str, today: date) -> Task:
    last = times.day_in(expires_at, zone)
    sentence = "A mentor has been proposed to you" if side is Side.MENTEE else "A mentee would like to work with you"
    detail = tasks.asked("please answer", last, today)
    return tasks.due(last, today, sentence, detail[0].upper() + detail[1:], "Answer", "proposals")


def _feedback(side: Side, due_on: date, today: date) -> Task:
    verb = "was due on" if due_on < today else "is due by"
    detail = f"About a minute; it {verb} {times.day_in_words(due_on, weekday=True)}"
    # Once it is due, a mentor sees this first (U-6).
    is_first = side is Side.MENTOR
    return Task(
        tasks.when(due_on, today), "Tell the scheme how it is going", detail, "Answer", "feedback", due_on, is_first
    )


def _of_pair(match: MyMatch, state: PairState, own: Own, today: date) -> list[Task]:
    found, name = [], match.other_name
    if match.is_paused:
        return [_choice(match, today)] if match.must_choose else []
    begun_on = times.day_in(match.released_at, match.scheme_zone)
    if match.must_make_contact:
        last = match.due_after(begun_on, own.first_contact_days)
        detail = f"You make the first contact; {tasks.asked('please do so', last, today)}"
        found.append(tasks.due(last, today, f"Contact {name}, your mentor", detail, "See how", "my_match"))
    if task := _ways(match, state, own.ways_due_days, today):
        found.append(task)
    if task := _record(match, state, begun_on, today):
        found.append(task)
    return found


def _ways(match: MyMatch, state: PairState, due_days: int | None, today: date) -> Task | None:
    """A scheme may set days for it: the first meeting opens the agreement, and then it can be overdue (U-C4.4).

    The day is counted from one's own record. Where only the other has one, the task stands without a day: the day
    would tell when they say that the two met.
    """
    at = (("match", str(match.pairing_id)),)
    met_on = times.day_in(state.first_met_at, match.scheme_zone) if state.first_met_at else None
    due_on = match.due_after(met_on, due_days) if met_on and due_days and not state.is_agreed else None
    if state.awaits_my_yes:
        sentence, button = "Confirm your ways of working", "Read them"
        detail = f"{match.other_name} has suggested how you two could work together"
    elif due_on is not None and state.newest_edition is None:
        sentence, button = "Settle your ways of working", "Open the guide"
        detail = f"You and {match.other_name} have met; {tasks.asked('please agree', due_on, today)}"
    elif state.has_met and due_days and state.newest_edition is None:
        sentence, button = "Settle your ways of working", "Open the guide"
        detail = f"{match.other_name} has recorded that you two met; please agree in the days to come"
    elif state.newest_edition is None and match.first_contact_on is not None:
        sentence, button = "Settle your ways of working", "Open the guide"
        detail = f"How often, how long, by which channels, with {match.other_name}"
        return Task(tasks.WHEN_YOU_CAN, sentence, detail, button, "ways", address=at)
    else:
        return None
    when = tasks.when(due_on, today) if due_on else tasks.THIS_WEEK
    return Task(when, sentence, detail, button, "ways", due_on, address=at)


def _choice(match: MyMatch, today: date) -> Task:
    until = f" until {times.day_in_words(match.back_on, today=today, weekday=True)}" if match.back_on else ""
    detail = f"{match.other_name} is taking a break{until}"
    return Task(tasks.THIS_WEEK, "Wait, or find another match", detail, "Choose", "my_match")


def _record(match: MyMatch, state: PairState, begun_on: date, today: date) -> Task | None:
    """Each side keeps a record of its own (A-SH6), so the other's does not count here."""
    if match.first_contact_on is None:
        return None
    last = times.day_in(state.my_last_record_at, match.scheme_zone) if state.my_last_record_at else None
    expected = match.due_after(last or begun_on, match.interval_days)
    if expected >= today:
        return None
    detail = f"Your last record is of {times.day_in_words(last, today=today)}" if last else "You have recorded none yet"
    agreed = f"; you two agreed on every {match.interval_days} days"
    return tasks.due(
        expected, today, f"Record your meeting with {match.other_name}", detail + agreed, "Record", "meetings"
    )
