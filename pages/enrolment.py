"""Enrolment: a person fills in the scheme's form step by step, and can correct, pause or leave at any time.

Everything below the title is one fragment: an answer that is saved draws the form again, not the menu around it.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.columns import utc_now
from models.enrolments import ConsentPurpose, EnrolmentStatus
from pages import form_parts, pausing, ui
from pages.enrolment_consents import ask_consents, draw_answer, go_to, moment
from pages.enrolment_consents import in_review as in_review_besides
from pages.next_step import draw_next
from pages.ui import done, page, plain, refusals, segments
from pages.why import why
from services import answer_history, conflicts, enrolments, storage
from services.access import Actor
from services.enrolment_form import CONFLICTS_STEP, CONSENTS_STEP, REVIEW_STEP, Question
from services.enrolments import EnrolmentForm, Step
from services.errors import Refusal

# Pixels: about 85 characters, as long as a line may be for reading; a phone takes less.
READING_WIDTH = 760
# How long a correction that came from a file is shown without being asked for.
FRESH = timedelta(days=30)
OFF = "A proposal between you, if there is one, is taken back; nobody is told why."
STILL_PAIRED = (
    "You two are paired at the moment, and that goes on until one of you ends it. The coordinator is asked to look at "
    "the pair, without hearing which of you said so. On My match you can end it, or say that somebody else is better "
    "placed to help; the other learns that it ended, never why."
)
STANDING = {
    EnrolmentStatus.DRAFT: (":gray-badge[Draft]", "Nobody but you sees this until you send it."),
    EnrolmentStatus.SUBMITTED: (":blue-badge[Sent]", "The coordinator reads it next. You can still correct it."),
    EnrolmentStatus.RETURNED: (":orange-badge[Question]", "Answer the coordinator's question, then send it again."),
    EnrolmentStatus.APPROVED: (":green-badge[Approved]", "You can correct your answers here at any time."),
    EnrolmentStatus.PAUSED: (":orange-badge[Paused]", "No new match is looked for until you are back."),
    EnrolmentStatus.DECLINED: (":gray-badge[Closed]", "The scheme could not offer you a place this time."),
    EnrolmentStatus.WITHDRAWN: (":gray-badge[Left]", "You have left this cohort."),
}


@st.fragment
def draw_form() -> None:
    """The form, which also runs again by itself."""
    with ui.looking() as (session, actor):
        if actor is None:
            st.rerun()
        with refusals(), st.container(width=READING_WIDTH):
            draw(session, actor)
    form_parts.raise_bug()


def draw(session: Session, actor: Actor) -> None:
    """The form at the step that is chosen, or at the first that is not complete."""
    form = enrolments.form(session, actor)
    badge, sentence = STANDING[form.status]
    st.markdown(f"{badge} {sentence}")
    if form.status is EnrolmentStatus.RETURNED and form.note:
        st.warning(f"The coordinator asks: {plain(form.note)}", icon=":material/help:")
    if form.status is EnrolmentStatus.PAUSED:
        pausing.draw_return(session, actor)
    if not form.is_open:
        review(session, actor, form)
        return
    step = choose_step(form)
    if step.number == CONFLICTS_STEP:
        ask_conflicts(session, actor, form)
    elif step.number == CONSENTS_STEP:
        ask_consents(session, actor, form, step)
    elif step.number == REVIEW_STEP:
        review(session, actor, form)
    else:
        ask(session, actor, form, step)


def choose_step(form: EnrolmentForm) -> Step:
    """How far the form is, when it was last saved, and the step to work on."""
    first_open = next((step.number for step in form.steps if not step.is_done), REVIEW_STEP)
    finished = sum(step.is_done for step in form.steps[:-1])
    saved_at = form_parts.last_saved()
    saved = f" · saved at {saved_at}" if saved_at else ""
    st.progress(finished / (len(form.steps) - 1), text=f"{finished} of {len(form.steps) - 1} steps complete{saved}")
    by_number = {step.number: step for step in form.steps}
    chosen = segments(
        "Step",
        list(by_number),
        default=first_open,
        words=lambda number: (":material/check: " if by_number[number].is_done else "") + by_number[number].title,
        key="step",
        required=True,
        label_visibility="collapsed",
    )
    return by_number[chosen if chosen in by_number else first_open]


def ask(session: Session, actor: Actor, form: EnrolmentForm, step: Step) -> None:
    """One step of questions; each answer is saved as it is given."""
    for question in step.questions:
        form_parts.ask(form.enrolment_id, question)
        if question.kind == "capacity":
            why(session, actor, "capacity")
    keys = tuple(question.key for question in step.questions)
    if any(form_parts.is_stuck(form.enrolment_id, key) for key in keys):
        st.caption(":material/error: Something above is not saved yet; everything else is.")
    st.button(
        "Save and go on",
        type="primary",
        key=f"save-{step.number}",
        on_click=partial(save_and_go_on, form.enrolment_id, keys, next_step(form, step.number)),
    )


def save_and_go_on(enrolment_id: UUID, keys: tuple[str, ...], number: int) -> None:
    """Whatever is not saved yet is; the next step opens when nothing stands in the way."""
    if form_parts.save_all(enrolment_id, keys):
        go_to(number)


def ask_conflicts(session: Session, actor: Actor, form: EnrolmentForm) -> None:
    """The private question. What is typed is compared at once, then forgotten; nothing says who was found."""
    st.header(form.conflicts_question, anchor=False)
    st.markdown(form.conflicts_examples)
    st.caption(f":material/visibility: {form.conflicts_audience}")
    why(session, actor, "conflicts")
    draw_answer()
    go_on = partial(go_to, next_step(form, CONFLICTS_STEP))
    if form.conflicts_declared_at:
        st.success(
            "You have answered this. You can add people, or take somebody back, at any time.", icon=":material/check:"
        )
        st.button("Go on", key="conflicts-on", on_click=go_on)
    else:
        st.button("There is nobody", type="primary", key="nobody", on_click=partial(act_on_conflicts, "nobody", go_on))
    draw_named(session, actor)
    choose_by_name(session, actor)
    with st.expander("Somebody whose name does not come up"):
        name_by_words()


def draw_named(session: Session, actor: Actor) -> None:
    """Those whom the person named and may see anyway, each with one press to take back."""
    for known in conflicts.mine(session, actor):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(known.name)}** is never proposed to you{' again' if known.is_paired else ''}.")
            st.button(
                "Take back",
                key=f"back-{known.enrolment_id}",
                on_click=partial(act_on_conflicts, "take_back", None, known.enrolment_id),
            )
        if known.is_paired:
            st.markdown(f":small[{STILL_PAIRED}]")
            st.page_link("my_match.py", label="Open My match", icon=":material/group:")


def choose_by_name(session: Session, actor: Actor) -> None:
    """A search among people whom the person may see anyway."""
    search = st.text_input(
        "Find somebody by name",
        key="conflict-search",
        placeholder="At least two letters",
        help="Only people come up whose names you may see anyway: mentors in your directory, people proposed to you.",
    )
    if not search:
        return
    found = conflicts.to_choose(session, actor, search)
    if not found:
        st.caption("Nobody of that name whom you may see. Below you can type any name; we do not say who takes part.")
    for known in found:
        st.button(
            f"Never pair me with {ui.label(known.name)}",
            key=f"name-{known.enrolment_id}",
            on_click=partial(act_on_conflicts, "name", None, known.enrolment_id),
        )


def name_by_words() -> None:
    """Names and addresses, typed; the same answer whoever is found."""
    st.text_area(
        "Full names or email addresses, one on each line",
        key="conflict-words",
        help="The full name exactly as they write it, or the email address.",
        max_chars=5000,
    )
    st.caption(
        "We compare each line with the people who are here today and keep no line that fits nobody. You will not "
        "be told whether somebody takes part, so these people are not listed above either. For people who join "
        "later, you are asked again about every match."
    )
    with st.container(horizontal=True):
        st.button("Never pair me with them", key="words", on_click=partial(act_on_conflicts, "words", None))
        st.button("Take them back", key="words-back", on_click=partial(act_on_conflicts, "words_back", None))


def act_on_conflicts(what: str, then: partial[None] | None, enrolment_id: UUID | None = None) -> None:
    """One press on the private question, before the form is drawn again; keeps what to say about it."""
    typed = [line for line in str(st.session_state.get("conflict-words") or "").splitlines() if line.strip()]
    if what.startswith("words") and not typed:
        st.session_state["_answer"] = ("error", "Type a name or an address first.")
        return
    with storage.reading() as session:
        actor = ui.find_actor(session)
        if actor is None:
            return
        try:
            said = answer_conflicts(session, actor, what, typed, enrolment_id)
        except Refusal as refusal:
            st.session_state["_answer"] = ("error", plain(refusal))
            return
    if what.startswith("words"):
        # What was typed must not stay on the screen.
        st.session_state["conflict-words"] = ""
    st.session_state["conflict-search"] = ""
    st.session_state["_answer"] = ("success", said)
    if then is not None:
        then()


def answer_conflicts(session: Session, actor: Actor, what: str, typed: list[str], enrolment_id: UUID | None) -> str:
    """Does it, and says what was done."""
    if what == "name" and enrolment_id is not None:
        name = plain(conflicts.add_person(session, actor, enrolment_id))
        return f"{name} is never proposed to you, nor you to them. {OFF}"
    if what == "take_back" and enrolment_id is not None:
        return f"Taken back: {plain(conflicts.take_back(session, actor, enrolment_id))} may be proposed to you again."
    if what == "words_back":
        conflicts.take_back_by_words(session, actor, typed)
        return "Taken back. Whoever you typed may be proposed to you again."
    conflicts.declare_by_words(session, actor, typed if what == "words" else [])
    # The same whoever was found.
    return f"Your answer is kept. {OFF}" if what == "words" else "Your answer is kept."


def review(session: Session, actor: Actor, form: EnrolmentForm) -> None:
    """Everything on one page, then the act that people came for."""
    if form.is_open and not form.is_sent:
        send(session, actor, form)
    elif form.status in {EnrolmentStatus.SUBMITTED, EnrolmentStatus.APPROVED}:
        draw_next(session, actor, beside="enrolment")
    more = {CONSENTS_STEP: in_review_besides(session, actor, form)}
    for step in form.steps[:-1]:
        draw_step(form, step, more.get(step.number, []))
    if form.is_open and form.is_sent:
        draw_changes(session, actor)
        pausing.draw(session, actor, form.status)


def draw_step(form: EnrolmentForm, step: Step, more: list[str]) -> None:
    """What a step has been answered with, and the way back into it."""
    lines = [line for question in step.questions if (line := in_review(question, form))] + more
    if step.number == CONFLICTS_STEP:
        lines = ["Answered" if form.conflicts_declared_at else ":orange-badge[Not answered yet]"]
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"**{step.title}**")
            if form.is_open:
                st.button(
                    f"Change “{step.title}”",
                    key=f"change-{step.number}",
                    type="tertiary",
                    on_click=partial(go_to, step.number),
                )
        st.markdown("  \n".join(lines) or "Nothing answered here.")


def in_review(question: Question, form: EnrolmentForm) -> str:
    """One line of the review; '' for a question that may stay blank and does."""
    name = plain(question.label)
    if question.kind == "consent":
        return f"{name}: **{'on' if ConsentPurpose(question.key) in form.given else 'off'}**"
    if question.shown:
        return f"{name}: {plain(question.shown)}"
    return f"{name}: :orange-badge[Not answered yet]" if question.required else ""


def send(session: Session, actor: Actor, form: EnrolmentForm) -> None:
    """Send the form, or say what is missing."""
    if form.missing:
        st.info(f"Still to answer: {plain(', '.join(form.missing))}.", icon=":material/info:")
    if st.button("Send to the coordinator", type="primary", key="submit", disabled=bool(form.missing)):
        with refusals():
            enrolments.submit(session, actor)
            done("Sent. The coordinator reads it next, and you get an email.")


def draw_changes(session: Session, actor: Actor) -> None:
    """What was corrected since the form was first sent; the coordinator reads the same, but for the WeChat ID."""
    changes = answer_history.own(session, actor)
    if not changes:
        return
    draw_from_file([change for change in changes if change.from_file], actor)
    with st.expander(f"What has changed since you sent it ({len(changes)})"):
        st.markdown("\n".join(f"- {in_words(change, actor)}" for change in changes))


def draw_from_file(changes: Sequence[answer_history.Change], actor: Actor) -> None:
    """What the coordinator's latest file corrected, for a month: nobody should find that out by chance."""
    if not changes or utc_now() - changes[0].at > FRESH:
        return
    latest = [plain(change.label) for change in changes if change.at == changes[0].at]
    st.info(
        f"Corrected by the coordinator on {plain(moment(changes[0].at, actor))} from a file: {', '.join(latest)}. "
        "If something is wrong now, change it above.",
        icon=":material/edit_note:",
    )


def in_words(change: answer_history.Change, actor: Actor) -> str:
    """ "Your role: changed on Tuesday 24 November, 19:00 in London from … to …"."""
    before, after = (f"“{plain(text)}”" if text else "nothing" for text in (change.before, change.after))
    how = "corrected by the coordinator from a file" if change.from_file else "changed"
    return f"{plain(change.label)}: {how} on {plain(moment(change.at, actor))} from {before} to {after}"


def next_step(form: EnrolmentForm, number: int) -> int:
    """The step after this one."""
    return next(step.number for step in form.steps if step.number > number)


with page("Enrolment", caption="What the scheme needs to know about you, and who will see it") as found:
    ui.read_by_menu.set(found)
    draw_form()
