"""The coordinator's side of training: modules written, published as versions, retired and brought back."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.agreements import PublishedState
from models.enrolments import Side
from pages import unsaved
from pages.agreement_presses import act_at, draw_refused, refused_on_top
from pages.training_parts import draw_question, draw_text
from pages.ui import done, empty, plain, refusals, tell
from services import messages, times, training_asking, training_authoring
from services.access import Actor
from services.errors import Conflict, NotAllowed
from services.training_asking import Asking
from services.training_authoring import Edition, Listed
from services.training_content import AskedQuestion, Content, options_read, options_typed

# Where a press was refused.
WORDS, QUESTIONS, PUBLISHING = "training words", "training questions", "training publishing"
STATES = {
    PublishedState.PUBLISHED: ":green-badge[In force]",
    PublishedState.DRAFT: ":blue-badge[Draft]",
    PublishedState.RETIRED: ":gray-badge[Retired]",
}


def draw_modules(session: Session, actor: Actor, scheme_id: UUID, today: date) -> None:
    """One module to work on, or the list."""
    if (chosen := chosen_id()) is not None:
        st.button("Back to the modules", key="back", icon=":material/arrow_back:", on_click=choose, args=(None,))
        with refused_on_top():
            draw_chosen(session, actor, chosen, today)
        return
    found = training_authoring.catalogue(session, actor, scheme_id)
    if not found:
        empty("This scheme has no training yet. Write a first module: something to read and a few questions.")
    st.caption(f"{len(found)} {'module' if len(found) == 1 else 'modules'}")
    for line in found:
        draw_listed(line, today)
    with st.form("begin", enter_to_submit=True, clear_on_submit=True):
        title = st.text_input("Write a new module", key="new_title", placeholder="Its title", max_chars=200)
        pressed = st.form_submit_button("Begin a draft", key="begin", icon=":material/add:")
    if pressed:
        with refusals():
            begun = training_authoring.begin(session, actor, scheme_id, title=title)
            choose(str(begun.id))
            done(f"“{plain(begun.content.title)}” is a draft: nobody sees it before you publish it.")


def draw_listed(line: Listed, today: date) -> None:
    asked = f"required of {' and '.join(f'{side}s' for side in line.required_for)}" if line.required_for else "offered"
    due = f"due by {times.day_in_words(line.due_on, today=today)}" if line.due_on else ""
    passed = f"passed by {line.passed:,}" if line.state is not PublishedState.DRAFT else ""
    draft = "a next version is begun" if line.has_draft else ""
    facts = [f"version {line.edition}", f"{line.minutes} minutes", asked, due, passed, draft]
    with st.container(border=True, horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{plain(line.title)}** {STATES[line.state]}  \n:small[:gray[{' · '.join(filter(None, facts))}]]")
        st.button("Open", key=f"open-{line.id}", on_click=choose, args=(str(line.id),))


def draw_chosen(session: Session, actor: Actor, module_id: UUID, today: date) -> None:
    """What could not be saved stands where it was written, and above everything when that is there no more."""
    try:
        now = training_authoring.edition(session, actor, module_id)
    except NotAllowed:
        draw_unsaved(module_id, WORDS, QUESTIONS)
        raise
    if now.state is not PublishedState.DRAFT:
        draw_unsaved(module_id, WORDS, QUESTIONS)
    draw_edition(session, actor, now, today)


def draw_unsaved(module_id: UUID, *places: str) -> None:
    for where in places:
        unsaved.draw(f"{where} {module_id}")


def draw_edition(session: Session, actor: Actor, now: Edition, today: date) -> None:
    st.header(plain(now.content.title), anchor=False)
    st.markdown(f"{STATES[now.state]} version {now.edition}")
    if now.state is PublishedState.DRAFT:
        draw_draft(session, actor, now, today)
        return
    with refusals():
        if st.button("Change it in a new version", key="next", icon=":material/edit:"):
            begun = training_authoring.begin_edition(session, actor, now.id)
            choose(str(begun.id))
            done(f"Version {begun.edition} is a draft; version {now.edition} stays as it is until you publish.")
        if now.state is PublishedState.PUBLISHED and st.button("Retire it", key="retire"):
            training_authoring.retire(session, actor, now.id)
            done("Nobody is asked for it any more. Whoever passed it keeps the certificate.")
        if now.state is PublishedState.RETIRED and st.button("Bring it back", key="bring-back"):
            training_authoring.bring_back(session, actor, now.id)
            done("It is in force again.")
    draw_preview(session, actor, now, today)


def draw_preview(session: Session, actor: Actor, now: Edition, today: date) -> None:
    """As people see it, and nothing that is pressed here counts."""
    module = training_authoring.preview(session, actor, now.id, today)
    st.subheader("As people see it", anchor=False)
    if module.summary:
        st.caption(plain(module.summary))
    draw_text(module)
    for number, asked in enumerate(module.questions, start=1):
        draw_question(module, number, asked)
    if module.questions:
        st.caption(f"{module.pass_mark} of {len(module.questions)} right answers are needed. Nothing here is kept.")


def draw_draft(session: Session, actor: Actor, now: Edition, today: date) -> None:
    """The words, then the questions one by one, then how it goes out."""
    write, look = st.tabs(["Write", "As people see it"])
    with write:
        draw_words(now, today)
        draw_questions(now)
        draw_publishing(session, actor, now, today)
    with look:
        draw_preview(session, actor, now, today)


def draw_words(now: Edition, today: date) -> None:
    old, mark = now.content, mark_of(now)
    with st.form(f"words-{mark}", enter_to_submit=False):
        st.text_input("Title", old.title, max_chars=200, key=f"title-{mark}")
        st.text_input("In one line", old.summary, max_chars=500, key=f"summary-{mark}")
        st.text_area("Text", old.text, height=320, key=f"text-{mark}")
        st.caption("A line that begins with # is a heading, with - a point of a list. **Two stars** make words bold.")
        st.pills(
            "For whom",
            [side.value for side in Side],
            selection_mode="multi",
            default=list(old.offered_to),
            format_func=lambda side: f":violet[{side.capitalize()}s]",
            key=f"sides-{mark}",
        )
        st.checkbox("Required of them", old.is_required, key=f"required-{mark}")
        # A day that has passed meanwhile can still be read, and moved.
        earliest = min(today, old.due_on or today)
        st.date_input("Due by", old.due_on, min_value=earliest, format="DD/MM/YYYY", key=f"due-{mark}")
        st.caption("Without a day, it comes before a first match. With one, nobody is held back before it is over.")
        st.number_input("Minutes it takes", 1, 240, old.minutes, key=f"minutes-{mark}")
        st.number_input("Months until it runs out (0: never)", 0, 120, old.valid_months, key=f"months-{mark}")
        st.form_submit_button("Save", key=f"save-{mark}", on_click=save_words, args=(now,))
    draw_refused(WORDS)
    draw_unsaved(now.id, WORDS)


def mark_of(now: Edition) -> str:
    """In the keys of what is typed over this version, so that another one shows its own words."""
    return f"{now.id}-{now.version}"


def typed(field: str, mark: str) -> Any:
    return st.session_state[f"{field}-{mark}"]


def save_words(now: Edition) -> None:
    """What was typed over what stood there."""
    mark = mark_of(now)
    content = replace(
        now.content,
        title=typed("title", mark),
        summary=typed("summary", mark),
        text=typed("text", mark),
        offered_to=tuple(typed("sides", mark)),
        is_required=typed("required", mark),
        due_on=typed("due", mark),
        minutes=int(typed("minutes", mark)),
        valid_months=int(typed("months", mark)),
    )
    words = "\n\n".join(filter(None, (content.title, content.summary, content.text)))
    save(WORDS, now, lambda: content, "Saved. Nobody sees it before you publish it.", words=words)


def save(where: str, now: Edition, made: Callable[[], Content], said: str, *, words: str = "") -> None:
    """Over the version that was shown; over another one, `words` are kept to copy from. `made` may refuse."""

    def act(session: Session, actor: Actor) -> None:
        try:
            training_authoring.save(session, actor, now.id, made(), version=now.version)
        except (Conflict, NotAllowed):
            if words:
                unsaved.keep(f"{where} {now.id}", words)
            raise
        tell(said)

    act_at(where, act)


def draw_questions(now: Edition) -> None:
    """One question at a time, so that the page stays short."""
    st.subheader("The check", anchor=False)
    asked, mark = now.content.questions, mark_of(now)
    names = ["A new question", *(f"{number}. {each.question}" for number, each in enumerate(asked, start=1))]
    at = st.selectbox("Question", range(len(names)), format_func=names.__getitem__, key=f"which-{mark}")
    old = asked[at - 1] if at else AskedQuestion("", (), (), "")
    with st.form(f"question-{mark}-{at}", enter_to_submit=False):
        st.text_input("The question", old.question, max_chars=500, key=f"question-words-{mark}-{at}")
        st.text_area(
            "Answers, one on each line, with a star before each right one",
            options_typed(old.options, old.right),
            key=f"options-{mark}-{at}",
            placeholder="When a problem comes up\n* In the first session\nNever",
        )
        st.caption("With one star people choose one answer; with several they tick all that fit.")
        st.text_input("Why it is so, shown afterwards", old.explanation, max_chars=1000, key=f"why-{mark}-{at}")
        st.form_submit_button("Save the question", key=f"save-question-{mark}", on_click=save_question, args=(now, at))
    draw_refused(QUESTIONS)
    draw_unsaved(now.id, QUESTIONS)
    if at:
        with st.popover("Delete this question", key=f"deleting-{mark}-{at}"):
            st.markdown(f"“{plain(old.question)}” and its answers are lost.")
            st.button("Delete it", key=f"delete-question-{mark}", on_click=delete_question, args=(now, at))


def save_question(now: Edition, at: int) -> None:
    """At 0 a new one, otherwise in the place of this one, counted from 1."""
    mark = f"{mark_of(now)}-{at}"
    question, answers, why = typed("question-words", mark), typed("options", mark), typed("why", mark)

    def made() -> Content:
        asked = list(now.content.questions)
        asked[at - 1 if at else len(asked) : at or len(asked)] = [AskedQuestion(question, *options_read(answers), why)]
        return replace(now.content, questions=tuple(asked))

    words = "\n\n".join(filter(None, (question, answers, why)))
    save(QUESTIONS, now, made, "The question is saved.", words=words)


def delete_question(now: Edition, at: int) -> None:
    asked = now.content.questions
    left = replace(now.content, questions=(*asked[: at - 1], *asked[at:]))
    save(QUESTIONS, now, lambda: left, "The question is gone.")


def draw_publishing(session: Session, actor: Actor, now: Edition, today: date) -> None:
    """The pass mark, who takes it again, and the act; what will happen stands above the button."""
    total, mark = len(now.content.questions), mark_of(now)
    st.subheader("Publish", anchor=False)
    needed = now.content.pass_mark
    if total:
        needed = int(
            st.number_input(f"Right answers needed, of {total}", 1, total, min(needed, total), key=f"pass-{mark}")
        )
    again = now.replaces is not None and st.checkbox(
        f"Whoever passed version {now.replaces} or an earlier one takes this one too", key=f"again-{mark}"
    )
    content = replace(now.content, pass_mark=needed)
    asking = training_asking.asking(session, actor, now.id, content, ask_again=again, today=today)
    st.markdown(consequence(now, again=again, people=asking.people, today=today))
    draw_asking(asking)
    with st.container(horizontal=True):
        st.button("Publish", key=f"publish-{mark}", type="primary", on_click=publish_shown, args=(now, today))
        with st.popover("Throw the draft away", key=f"discarding-{mark}"):
            st.markdown("The words and questions of this draft are lost. What is published stays.")
            st.button("Throw it away", key=f"discard-{mark}", on_click=discard_shown, args=(now,))
    draw_refused(PUBLISHING)


def publish_shown(now: Edition, today: date) -> None:
    """What was on the screen, with what is ticked there, and never a colleague's newer words."""
    mark = mark_of(now)
    content = replace(now.content, pass_mark=int(st.session_state.get(f"pass-{mark}", now.content.pass_mark)))
    again = bool(st.session_state.get(f"again-{mark}", False))

    def act(session: Session, actor: Actor) -> None:
        people = training_asking.asking(session, actor, now.id, content, ask_again=again, today=today).people
        training_authoring.publish(
            session, actor, now.id, content=content, ask_again=again, today=today, version=now.version
        )
        sent = f" {messages.on_the_way(people, 'email')}" if people else ""
        tell(f"Version {now.edition} of “{plain(now.content.title)}” is in force.{sent}")

    act_at(PUBLISHING, act)


def discard_shown(now: Edition) -> None:
    def act(session: Session, actor: Actor) -> None:
        training_authoring.discard(session, actor, now.id, version=now.version)
        choose(None)
        tell("The draft is gone. What is published stays.")

    act_at(PUBLISHING, act)


def draw_asking(asking: Asking) -> None:
    """The email that publishing sends, and to whom, to be read before."""
    if asking.preview is None:
        return
    with st.expander(f"What they get, and who ({asking.people:,})", icon=":material/mail:"):
        others = asking.people - len(asking.names)
        more = f" and {others:,} {'other' if others == 1 else 'others'}" if others else ""
        st.markdown(f"To {plain(', '.join(asking.names))}{more}")
        st.markdown(f"**{plain(asking.preview.subject)}**")
        st.text(asking.preview.text)


def emails(people: int) -> str:
    return f"{people:,} {'email is' if people == 1 else 'emails are'}"


def consequence(now: Edition, *, again: bool, people: int, today: date) -> str:
    """What publishing does, in a sentence or two."""
    content: Content = now.content
    sides = " and ".join(f"{side}s" for side in content.offered_to) or "nobody"
    if not content.is_required:
        return f"It is offered to {sides}. It is never a condition, and nobody is written to."
    by = (
        f"by {times.day_in_words(content.due_on, today=today, weekday=True)}"
        if content.due_on
        else "before a match, where training is a condition of one"
    )
    whoever = "who have not passed it before" if now.replaces is not None and not again else "in this scheme"
    written = (
        f"{people:,} {'person gets' if people == 1 else 'people get'} an email" if people else "Nobody is there yet"
    )
    soon = ", and another a week before that day if it is not done by then" if content.due_on and people else ""
    return (
        f"All {sides} {whoever} are asked to do it {by}. {written}{soon}. Matches that people have go on as before. "
        "What goes out is what was saved last."
    )


def choose(module: str | None) -> None:
    """In the address, so that a link opens the same page for a colleague who may."""
    if module is None:
        st.query_params.pop("module", None)
    else:
        st.query_params["module"] = module


def chosen_id() -> UUID | None:
    try:
        return UUID(st.query_params.get("module", ""))
    except ValueError:
        return None
