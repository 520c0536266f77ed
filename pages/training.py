"""Training: people read a module and answer its check; a coordinator sees who has passed, and writes the modules."""

import math
from datetime import date
from functools import partial
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.columns import utc_now
from pages import charts
from pages.training_modules import draw_modules
from pages.training_parts import BADGES, READING_WIDTH, badge_of, draw_question, draw_state, draw_text
from pages.ui import done, empty, heading, page, plain, refusals, segments
from pages.why import why
from services import messages, participation, storage, times, training, training_certificates, training_reminders
from services.access import Actor
from services.trained import PAGE
from services.training import Completed, Module, Outcome, Progress, ProgressFilter, TrainingState

PEOPLE, MODULES = "people", "modules"
VIEWS = {PEOPLE: "Who has done it", MODULES: "Modules"}
FILTERS = {
    ProgressFilter.ALL: "Everybody",
    ProgressFilter.TO_DO: "Still to do",
    ProgressFilter.OVERDUE: "Overdue",
    ProgressFilter.PASSED: "Passed",
}


def draw_participant(session: Session, actor: Actor, today: date) -> None:
    """The module to do next, its check, how the last attempt went, and the certificates."""
    standing = training.standing(session, actor, today)
    to_do = [each for each in standing.modules if each.required and each.state is not TrainingState.PASSED]
    if not standing.modules:
        empty("This scheme asks no training of you.")
    elif not to_do and any(module.required for module in standing.modules):
        st.success("You have done the training that this scheme requires.", icon=":material/check:")
    if to_do:
        why(session, actor, "training")
    # What is still to do comes first; without any, what was done does.
    if standing.completed and not to_do:
        draw_completed(actor, standing.completed, today)
    if standing.modules:
        draw_module(session, actor, choose(standing.modules, (to_do or standing.modules)[0], today), today)
    if standing.completed and to_do:
        draw_completed(actor, standing.completed, today)


def draw_module(session: Session, actor: Actor, module: Module, today: date) -> None:
    """One module: where one stands, how the last attempt went, the text and the check."""
    draw_state(module, today)
    outcome = st.session_state.get(f"outcome-{module.id}")
    if isinstance(outcome, Outcome):
        draw_outcome(outcome, today)
    # A long text that was passed is drawn only for whoever asks for it.
    if module.state is not TrainingState.PASSED or st.toggle("Read it again", key=f"again-{module.id}"):
        draw_text(module)
        draw_check(session, actor, module, today)


def choose(modules: tuple[Module, ...], first: Module, today: date) -> Module:
    """With several, all of them with where one stands, and a box to go to another."""
    if len(modules) == 1:
        return modules[0]
    # When all are passed, the certificates above have said so already.
    if any(each.state is not TrainingState.PASSED for each in modules):
        st.markdown(
            "\n".join(f"- **{plain(each.title)}** {badge_of(each, today)}{by_when(each, today)}" for each in modules)
        )
    by_id = {str(module.id): module for module in modules}
    chosen = st.selectbox(
        "Module", list(by_id), list(by_id).index(str(first.id)), format_func=lambda key: by_id[key].title, key="module"
    )
    return by_id[chosen]


def by_when(module: Module, today: date) -> str:
    if module.due_on is None or module.state is TrainingState.PASSED:
        return ""
    return f" due by {times.day_in_words(module.due_on, today=today, weekday=True)}"


def draw_outcome(outcome: Outcome, today: date) -> None:
    """How it went, and why each answer is what it is."""
    total = len(outcome.marked)
    if outcome.passed:
        till = f" It counts until {times.day_in_words(outcome.expires_on, today=today)}." if outcome.expires_on else ""
        st.success(f"Passed: {outcome.correct} of {total} right.{till}", icon=":material/check:")
    else:
        st.warning(
            f"Not yet: {outcome.correct} of {total} right, and {outcome.pass_mark} are needed. "
            "Read the explanations and try again as often as you like.",
            icon=":material/refresh:",
        )
    with st.container(border=True, gap="small"):
        for mark in outcome.marked:
            badge = ":green-badge[Right]" if mark.right else ":red-badge[Not right]"
            st.markdown(f"{badge} **{plain(mark.question)}**")
            if not mark.right:
                st.markdown(f"Looked for: {plain(mark.right_option)}")
            st.markdown(plain(mark.explanation))


def draw_check(session: Session, actor: Actor, module: Module, today: date) -> None:
    """The questions. The server grades them: the page does not know the answers."""
    st.subheader("The check", anchor=False)
    if module.waits_until is not None:
        at = times.in_words(module.waits_until, actor.time_zone or "UTC", today=today)
        st.info(
            f"You have tried it {training.TRIES} times just now. Read the text again; the check is open from {at}.",
            icon=":material/hourglass_empty:",
        )
        return
    st.caption(f"{module.pass_mark} of {len(module.questions)} right answers are needed.")
    with st.form(f"check-{module.id}", enter_to_submit=False, width=READING_WIDTH):
        given = [draw_question(module, number, asked) for number, asked in enumerate(module.questions, start=1)]
        pressed = st.form_submit_button("Check my answers", type="primary", key=f"check-button-{module.id}")
    if pressed:
        with refusals():
            st.session_state[f"outcome-{module.id}"] = training.check(session, actor, module.id, given, today)
            st.rerun()


def draw_completed(actor: Actor, completed: tuple[Completed, ...], today: date) -> None:
    st.header("Your certificates", anchor=False)
    for line in completed:
        on = times.day_in_words(line.completed_on, today=today)
        passed = f"version {line.edition}, passed on {on}{how_long(line, today)}"
        with st.container(border=True, horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f"**{plain(line.title)}**  \n:small[:gray[{passed}]]")
            st.download_button(
                "Download",
                partial(certificate, actor, line.id),
                f"certificate-{line.completed_on.isoformat()}.pdf",
                "application/pdf",
                key=f"certificate-{line.id}",
                icon=":material/download:",
                on_click="ignore",
            )


def how_long(line: Completed, today: date) -> str:
    """For how long it counts, or why it does so no longer."""
    if line.is_replaced:
        return "; a newer version is asked for now"
    if line.expires_on is None:
        return ""
    counts = "counts" if line.expires_on >= today else "counted"
    return f", {counts} until {times.day_in_words(line.expires_on, today=today)}"


def certificate(actor: Actor, completion_id: UUID) -> bytes:
    """Made when it is asked for, after the page was drawn."""
    with storage.reading() as session:
        return training_certificates.certificate(session, actor, completion_id).content


def draw_coordinator(session: Session, actor: Actor, scheme_id: UUID, cohort_id: UUID | None, today: date) -> None:
    """Who has passed what is required, or the modules themselves."""
    view = segments("Show", list(VIEWS), key="view", words=VIEWS.__getitem__, default=PEOPLE, in_address=True)
    if view == MODULES:
        draw_modules(session, actor, scheme_id, today)
    elif cohort_id is not None:
        draw_people(session, actor, cohort_id, today)
        draw_verification(session, actor, today)


def draw_people(session: Session, actor: Actor, cohort_id: UUID, today: date) -> None:
    """Who has passed what is required. What a spreadsheet claimed stands beside it, as a claim.

    Overdue is whom the gate holds back: nobody reads so while their own last day still goes on.
    """
    on = times.gate_day()
    everybody = counted(session, actor, cohort_id, on, ProgressFilter.ALL)
    if not everybody:
        empty(
            "This scheme requires no training before a match, or nobody who needs it has enrolled yet. "
            "What people can learn anyway stands under “Modules”."
        )
        return
    words = st.text_input("Search", key="search", placeholder="A name", max_chars=100, on_change=start_at_page_one)
    only = segments(
        "Which",
        [each.value for each in FILTERS],
        key="state",
        words=lambda value: FILTERS[ProgressFilter(value)],
        default=ProgressFilter.ALL.value,
        in_address=True,
        on_change=start_at_page_one,
    )
    number = int(st.session_state.get("training_page", 1))
    which = ProgressFilter(only or ProgressFilter.ALL)
    total = everybody if which is ProgressFilter.ALL else counted(session, actor, cohort_id, on, which)
    found = training.progress(
        session, actor, cohort_id, today=on, page=number, only=which, search=words, total=None if words else total
    )
    st.caption(f"{found.total:,} {'person' if found.total == 1 else 'people'} and modules, by name")
    if found.total:
        with st.container(border=True, gap="small"):
            st.markdown("\n\n".join(line_of(line, today) for line in found.rows))
    else:
        empty("Nobody here. Take a word out of the search, or choose Everybody.")
    if found.total > PAGE:
        st.pagination(math.ceil(found.total / PAGE), key="training_page")
    if which is ProgressFilter.OVERDUE and found.total:
        draw_reminding(session, actor, cohort_id, today)


def counted(session: Session, actor: Actor, cohort_id: UUID, today: date, which: ProgressFilter) -> int:
    """How many lines there are, counted anew once something has happened in the scheme."""
    edition = participation.standing(session, actor, cohort_id).edition
    key = ("training", cohort_id, today, which, edition)
    return charts.kept(key, lambda: training.lines(session, actor, cohort_id, today=today, only=which))


def start_at_page_one() -> None:
    """A shorter list may not have the page that was open."""
    st.session_state["training_page"] = 1


def line_of(line: Progress, today: date) -> str:
    badge = ":red-badge[Overdue]" if line.is_overdue and line.state is TrainingState.OPEN else BADGES[line.state]
    words = f"**{plain(line.name)}** · {plain(line.module)} {badge}"
    if line.expires_on is not None:
        words += f" until {times.day_in_words(line.expires_on, today=today)}"
    if line.due_on is not None and line.state is not TrainingState.PASSED:
        words += f" · due by {times.day_in_words(line.due_on, today=today)}"
    if line.claimed and line.state is not TrainingState.PASSED:
        words += f" :gray-badge[Spreadsheet says “{plain(line.claimed)}”: claimed, does not count]"
    return words


def draw_reminding(session: Session, actor: Actor, cohort_id: UUID, today: date) -> None:
    """One press, after a look at what it sends."""
    plan = training_reminders.plan(session, actor, cohort_id, today=today)
    count = len(plan.names)
    if plan.told:
        st.caption(f"{plan.told:,} {'was' if plan.told == 1 else 'were'} reminded today already.")
    if not count:
        return
    with st.expander(f"What a reminder says, and to whom ({count})", icon=":material/mail:"):
        st.markdown(f"To {plain(', '.join(plan.names[:PAGE]))}{' and others' if count > PAGE else ''}")
        if plan.preview is not None:
            st.markdown(f"**{plain(plan.preview.subject)}**")
            st.text(plan.preview.text)
    if st.button(f"Remind {count:,} {'person' if count == 1 else 'people'}", key="remind", type="primary"):
        with refusals():
            sent = training_reminders.remind(session, actor, cohort_id, today=today)
            done(messages.on_the_way(sent, "email"))


def draw_verification(session: Session, actor: Actor, today: date) -> None:
    """Whether a certificate that somebody shows is one of this scheme's."""
    with st.expander("Verify a certificate", icon=":material/verified:", key="verifying", on_change="rerun") as opened:
        # Seldom needed: nobody else pays for the form.
        if not opened.open:
            return
        with st.form("verify", border=False):
            code = st.text_input("Code on the certificate", key="code", max_chars=20, placeholder="XXXX-XXXX-XXXX")
            pressed = st.form_submit_button("Verify", key="verify-button")
        if pressed:
            with refusals():
                found = training_certificates.verify(session, actor, code)
                on = times.day_in_words(found.completed_on, today=today)
                st.success(
                    f"Genuine: {plain(found.name)} passed “{plain(found.module)}”, version {found.edition}, on {on}.",
                    icon=":material/verified:",
                )


with page("") as (db, who):
    on = times.day_in(utc_now(), who.time_zone or "UTC")
    if who.place.enrolment_id is not None:
        heading("Training", "What to know before you begin, and a short check at the end")
        draw_participant(db, who, on)
    elif who.place.scheme_id is not None and who.coordinates:
        heading("Training", "Who has done what the scheme requires before a match, and what they read for it")
        draw_coordinator(db, who, who.place.scheme_id, who.place.cohort_id, on)
    else:
        heading("Training")
        empty("Choose a cohort at the top of the menu to see its training.")
