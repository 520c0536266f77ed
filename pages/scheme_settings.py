"""People & schemes: who may do what, and how a scheme is set up. One part of the page at a time, named in the address.

A further part is a function that draws it and a line in PARTS, or for administrators in PARTS_OF_THE_DESK.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import streamlit as st
from sqlmodel import Session

from models.enrolments import Side
from pages import (
    charts,
    form_views,
    question_match,
    scheme_accounts,
    scheme_cohorts,
    scheme_equality,
    scheme_facts,
    scheme_new,
    scheme_people,
    template_questions,
    unsaved,
    ways_due,
)
from pages.ui import done, empty, page, plain, refusals, segments
from services import form_answers, form_editing, form_template, listing_choices, participation, role_list
from services.access import Acting, Actor
from services.enrolment_form import STEP_TITLES
from services.errors import NotAllowed
from services.form_editing import OWN_STEPS, Editable, Wording
from services.form_kinds import KINDS, WITH_OPTIONS
from services.form_template import Offered

WHOLE_DESK, SCHEME_WIDTH = "desk", 420
SIDES = {Side.MENTOR: "Mentors", Side.MENTEE: "Mentees"}
TO_ADD = [kind for kind in KINDS if kind not in {"consent", "capacity"}]


@dataclass(frozen=True)
class Part:
    """One part of the page: what it is called, and what draws it for (session, actor, scheme, cohort)."""

    title: str
    draw: Callable[[Session, Actor, UUID, UUID | None], None]


def draw_form(session: Session, actor: Actor, scheme_id: UUID, cohort_id: UUID | None) -> None:
    """Every question in its order, and one of them to edit."""
    fields, new = whole_form(session, actor, scheme_id, cohort_id)
    st.markdown(
        "What you change here is asked from now on, in every cohort of the scheme. Answers that were given are never "
        "lost: a question that you retire keeps them, and so does an option that you take away."
    )
    listed, edited = st.columns([1, 1.3], gap="large")
    with listed:
        draw_list(fields)
    with edited:
        by_id = {str(field.id): field for field in fields}
        chosen = st.selectbox(
            "Question to edit",
            list(by_id),
            None,
            format_func=lambda key: name_of(by_id[key]),
            placeholder="Choose or search",
            key="question",
        )
        if chosen in by_id:
            edit(session, actor, by_id[chosen])
            if by_id[chosen].is_retired and cohort_id is not None:
                draw_kept(session, actor, by_id[chosen], cohort_id)
        with st.expander("Ask something more", key="more", on_change="rerun") as opened:
            if opened.open:
                draw_new(session, actor, scheme_id)
        template_questions.draw(session, actor, scheme_id, new)


def whole_form(
    session: Session, actor: Actor, scheme_id: UUID, cohort_id: UUID | None
) -> tuple[tuple[Editable, ...], tuple[Offered, ...]]:
    """Every question, and what the template asks beside them; read anew once something has happened in the scheme."""

    def read() -> tuple[tuple[Editable, ...], tuple[Offered, ...]]:
        return form_editing.fields(session, actor, scheme_id), form_template.offered(session, actor, scheme_id)

    if cohort_id is None:
        return read()
    edition = participation.standing(session, actor, cohort_id).edition
    return charts.kept(("form", scheme_id, edition), read)


def draw_list(fields: Sequence[Editable]) -> None:
    """One block of text: the form at a glance."""
    asked = [field for field in fields if not field.is_retired]
    retired = [field for field in fields if field.is_retired]
    lines = [f"{len(asked)} questions are asked" + (f", {len(retired)} are retired." if retired else ".")]
    for step in sorted({field.step for field in asked}):
        lines.append(f"**{step_in_words(step)}**")
        lines.append("\n".join(f"1. {line_of(field)}" for field in asked if field.step == step))
    # The two steps without questions of the scheme's own, so that nobody looks for them above.
    lines.append(":small[:gray[Every form also asks about conflicts, before the consents, and ends with a review.]]")
    if retired:
        lines.append("**Retired**")
        lines.append("\n".join(f"- {plain(name_of(field))}" for field in retired))
    st.markdown("\n\n".join(lines))


def line_of(field: Editable) -> str:
    marks = [] if field.may_be_optional or field.kind == "consent" else [":gray-badge[always]"]
    if field.required and field.may_be_optional:
        marks.append(":blue-badge[required]")
    if len(field.sides) == 1:
        marks.append(f":gray-badge[{SIDES[field.sides[0]].lower()}]")
    return " ".join([plain(name_of(field)), *marks])


def name_of(field: Editable) -> str:
    """What it is called; both, where the two sides read different words."""
    return " / ".join(dict.fromkeys(field.labels.values()))


def step_in_words(step: int) -> str:
    return " / ".join(dict.fromkeys(STEP_TITLES[step].values()))


def edit(session: Session, actor: Actor, field: Editable) -> None:
    """One question: its words, then its place and its end."""
    st.header(plain(name_of(field)), anchor=False)
    clause = f" · clause {plain(field.clause)}" if field.clause else ""
    st.caption(f"{KINDS[field.kind]} · {plain(step_in_words(field.step))}{clause}")
    key = f"{field.id}-{field.version}"
    unsaved.draw_outdated(field.id, key)
    split = False
    if len(field.sides) > 1:
        differs = any(len(set(said.values())) > 1 for said in (field.labels, field.helps, field.audiences))
        split = st.toggle("Different words for mentors and mentees", differs, key=f"split-{key}")
    with st.form(f"edit-{key}", enter_to_submit=False):
        groups = [(side,) for side in field.sides] if split else [field.sides]
        words = {side: said for group in groups for side, said in draw_words(field, group, key, named=split).items()}
        required = field.required
        if field.may_be_optional:
            required = st.checkbox("People must answer this before they can send the form", required, key=f"must-{key}")
        options = draw_options(field, key) if field.has_own_options else None
        typed = [f"{part}-{group[0]}" for group in groups for part in ("label", "help", "audience")]
        shown = (field.id, key, *typed, *(f"option-{code}" for code, _ in field.options), "more")
        pressed = st.form_submit_button(
            "Save this question", type="primary", key=f"save-{key}", on_click=unsaved.note, args=shown
        )
    if pressed or st.session_state.get("confirming") == key:
        save(session, actor, field, words, required=required, options=options, shown=shown)
    question_match.draw(session, actor, field, key)
    draw_listing(session, actor, field, key)
    draw_place(session, actor, field, key)


def draw_listing(session: Session, actor: Actor, field: Editable, key: str) -> None:
    """Whether mentors may show their answer in the directory, each by a switch of their own."""
    if field.is_retired or not listing_choices.may_be_offered(field.key, field.kind, field.sides):
        return
    with st.form(f"listing-{key}", enter_to_submit=False):
        words = st.text_input(
            "In the directory of mentors, stands as",
            field.listing,
            max_chars=listing_choices.LONGEST,
            placeholder="For example: What I am glad to give",
            help="Mentors who are listed get a switch with these words, off until they move it. Empty: never shown. "
            "If you empty it, whoever shows the answer now shows it no longer.",
            key=f"listed-as-{key}",
        )
        shown = (field.id, key, "listed-as")
        if st.form_submit_button(
            "Save for the directory", key=f"save-listing-{key}", on_click=unsaved.note, args=shown
        ):
            with refusals():
                listing_choices.offer(session, actor, field.id, version=field.version, words=words)
                done("Saved. Mentors find the switch under Consents." if words.strip() else "Saved. It is not shown.")


def draw_words(field: Editable, sides: Sequence[Side], key: str, *, named: bool) -> dict[Side, Wording]:
    """Question, help and audience, once for these sides."""
    first, whom = sides[0], f" ({SIDES[sides[0]].lower()})" if named else ""
    said = Wording(
        st.text_input(f"Question{whom}", field.labels[first], max_chars=200, key=f"label-{first}-{key}"),
        st.text_area(f"Help{whom}", field.helps[first], max_chars=1000, height=80, key=f"help-{first}-{key}"),
        st.text_input(
            f"Who sees the answer, and when{whom}",
            field.audiences[first],
            max_chars=500,
            help="One short line about everybody but the match, such as: The coordinator only. What the match sees is "
            "chosen below, and the form says it by itself.",
            key=f"audience-{first}-{key}",
        ),
    )
    return dict.fromkeys(sides, said)


def draw_options(field: Editable, key: str) -> list[tuple[str, str]]:
    """Each option as a line to reword or empty, and room for more."""
    st.markdown("**Options**: reword one here, or empty its line to offer it no longer.")
    kept = [
        (code, st.text_input(f"Option {number}", words, max_chars=100, key=f"option-{code}-{key}"))
        for number, (code, words) in enumerate(field.options, start=1)
    ]
    more = st.text_area("More options, one on each line", height=80, key=f"more-{key}")
    return [(code, words) for code, words in kept if words.strip()] + [("", line) for line in more.splitlines()]


def save(
    session: Session,
    actor: Actor,
    field: Editable,
    words: Mapping[Side, Wording],
    *,
    required: bool,
    options: list[tuple[str, str]] | None,
    shown: tuple[object, ...],
) -> None:
    """Save, but first say whose answers a vanishing option is. `shown` is what `unsaved.note` remembers."""
    gone = {code for code, _ in field.options} - {code for code, _ in options or field.options}
    if gone and not confirmed(session, actor, field, gone, shown):
        return
    with refusals():
        form_editing.reword(
            session, actor, field.id, version=field.version, words=words, required=required, options=options
        )
        st.session_state.pop("confirming", None)
        done("Saved. The form reads so from now on.")


def confirmed(session: Session, actor: Actor, field: Editable, gone: set[str], shown: tuple[object, ...]) -> bool:
    """Whether the coordinator has seen how many people chose what goes, and goes on."""
    counts = form_answers.chosen(session, actor, field.id)
    lines = [f"“{plain(words)}”: chosen by {counts.get(code, 0)}" for code, words in field.options if code in gone]
    st.session_state["confirming"] = key = shown[1]
    st.warning(
        f"No longer offered: {'; '.join(lines)}. Whoever chose it keeps it, marked as no longer offered.",
        icon=":material/warning:",
    )
    return st.button("Save without these options", key=f"confirm-{key}", on_click=unsaved.note, args=shown)


MOVES = (("Move up", -1, ":material/arrow_upward:"), ("Move down", 1, ":material/arrow_downward:"))


def draw_place(session: Session, actor: Actor, field: Editable, key: str) -> None:
    """Up, down, and the end of it; each works by keyboard."""
    shown = (field.id, key)
    with refusals(), st.container(horizontal=True):
        if field.is_retired:
            if st.button("Ask it again", key=f"back-{key}", icon=":material/undo:", on_click=unsaved.note, args=shown):
                form_editing.bring_back(session, actor, field.id, version=field.version)
                done("It is asked again, with the answers that were given before.")
            return
        for words, by, icon in MOVES:
            if st.button(words, key=f"move{by}-{key}", icon=icon, on_click=unsaved.note, args=shown):
                form_editing.move(session, actor, field.id, version=field.version, by=by)
                st.rerun()
        if field.is_built_in:
            st.caption("The desk needs this question: it can be worded differently, but not retired.")
        elif st.button("Retire…", key=f"retire-{key}", on_click=unsaved.note, args=shown):
            st.session_state["retiring"] = key
    if st.session_state.get("retiring") == key:
        draw_retiring(session, actor, field, key)


def draw_retiring(session: Session, actor: Actor, field: Editable, key: str) -> None:
    """What will happen, to whose answers, before it does."""
    count = form_answers.answered(session, actor, field.id)
    st.warning(
        f"Nobody will be asked “{plain(name_of(field))}” any more. Answers kept: {count:,}. You can read them here, "
        "and they are back when you ask again.",
        icon=":material/warning:",
    )
    if st.button("Yes, retire this question", key=f"really-{key}", on_click=unsaved.note, args=(field.id, key)):
        with refusals():
            form_editing.retire(session, actor, field.id, version=field.version)
            done("Retired. Its answers are kept.")


def draw_kept(session: Session, actor: Actor, field: Editable, cohort_id: UUID) -> None:
    """What people of the cohort answered while it was asked."""
    found, total = form_answers.kept_answers(session, actor, field.id, cohort_id)
    st.subheader("Answers that are kept", anchor=False)
    if not found:
        empty("Nobody in this cohort answered it.")
        return
    if total > len(found):
        st.caption(f"The first {len(found)} of {total:,} by name.")
    st.markdown("\n".join(f"- **{plain(name)}**: {plain(answer)}" for name, answer in found))


def draw_new(session: Session, actor: Actor, scheme_id: UUID) -> None:
    """A further question."""
    kind = st.selectbox("Kind of answer", TO_ADD, 0, format_func=lambda code: KINDS[code], key="new-kind")
    with st.form("new", enter_to_submit=False):
        words = Wording(
            st.text_input("Question", max_chars=200, key="new-label"),
            st.text_area("Help (optional)", max_chars=1000, height=80, key="new-help"),
            st.text_input("Who sees the answer, and when", "The coordinator.", max_chars=500, key="new-audience"),
        )
        step = st.selectbox("In which step", OWN_STEPS, 1, format_func=step_in_words, key="new-step")
        sides = [side for side, name in SIDES.items() if st.checkbox(f"Ask {name.lower()}", True, key=f"new-{side}")]
        for_match = question_match.choose(kind)
        required = st.checkbox("People must answer this before they can send the form", key="new-required")
        more = st.text_area("Options, one on each line", key="new-options") if kind in WITH_OPTIONS else ""
        pressed = st.form_submit_button("Add this question")
    if pressed:
        with refusals():
            added = form_editing.add(
                session,
                actor,
                scheme_id,
                kind=kind,
                step=step,
                sides=sides,
                words=words,
                required=required,
                options=more.splitlines(),
                for_match=for_match,
            )
            done(f"“{plain(name_of(added))}” is asked from now on. It stands at the end of its step.")


PARTS = {
    "form": Part("Enrolment form", draw_form),
    "preview": Part("Preview of the form", form_views.draw_preview),
    "corrections": Part("Corrected answers", form_views.draw_corrections),
    "ways": Part("Ways of working", ways_due.draw),
    "equality": Part("Equality", scheme_equality.draw),
    "people": Part("People with a role", scheme_people.draw),
    "cohorts": Part("Cohorts", scheme_cohorts.draw),
    "scheme": Part("The scheme", scheme_facts.draw),
}
# What an administrator sets: roles and frames, and nothing of what people answered.
PARTS_OF_THE_DESK = {
    "people": scheme_people.draw,
    "cohorts": scheme_cohorts.draw,
    "scheme": scheme_facts.draw,
    "new": scheme_new.draw,
    "accounts": scheme_accounts.draw,
}
# These two are about no scheme that there is.
WITHOUT_SCHEME = {"new": "Start a scheme", "accounts": "Accounts"}


def scheme_of(actor: Actor) -> UUID:
    """The scheme that the actor runs here. Raises NotAllowed."""
    if not actor.coordinates or actor.place.scheme_id is None:
        raise NotAllowed(
            "This page is for coordinators and administrators.",
            remedy="Choose a scheme that you run at the top of the menu.",
        )
    return actor.place.scheme_id


def choose_scheme(session: Session, actor: Actor, part: str) -> UUID | None:
    """Which scheme an administrator looks at, None: the whole desk, which has roles alone. Kept in the address."""
    names = {str(key): name for key, name in role_list.schemes(session, actor).items()}
    options = [WHOLE_DESK, *names] if part == "people" or not names else list(names)
    if st.session_state.get("scheme") not in options:
        st.session_state.pop("scheme", None)
    if "scheme" not in st.session_state and st.query_params.get("scheme") in options:
        st.session_state["scheme"] = st.query_params["scheme"]
    chosen = st.selectbox(
        "Scheme", options, format_func=lambda key: names.get(key, "The whole desk"), key="scheme", width=SCHEME_WIDTH
    )
    if st.query_params.get("scheme") != chosen:
        st.query_params["scheme"] = chosen
    return None if chosen == WHOLE_DESK else UUID(chosen)


def choose_part(titles: Mapping[str, str], default: str, key: str) -> str:
    """The part of the page, kept in the address under this key; one for each kind of place, as their parts differ."""
    chosen = segments(
        "Part",
        list(titles),
        default=default,
        words=lambda key: titles[key],
        key=key,
        required=True,
        in_address=True,
        label_visibility="collapsed",
    )
    return chosen or default


with page("People & schemes", caption="Who may do what, and how a scheme is set up") as (session, actor):
    if actor.place.acting_as is Acting.ADMINISTRATOR:
        titles = {key: WITHOUT_SCHEME.get(key) or PARTS[key].title for key in PARTS_OF_THE_DESK}
        part = choose_part(titles, "people", "desk")
        PARTS_OF_THE_DESK[part](
            session, actor, None if part in WITHOUT_SCHEME else choose_scheme(session, actor, part), None
        )
    else:
        run_here = scheme_of(actor)
        part = choose_part({key: part.title for key, part in PARTS.items()}, "form", "part")
        PARTS[part].draw(session, actor, run_here, actor.place.cohort_id)
