"""Every nasty value that a form can be given, kept or refused as it should be, on both databases."""

import unicodedata
from datetime import date
from typing import Any

import pytest
from sqlmodel import Session

from models.enrolments import Enrolment, Side
from models.schemes import Cohort
from services import drafting, enrolments, form_editing
from services.access import DESK, Actor
from services.errors import Invalid
from services.form_editing import Wording
from services.schemes import starting
from tests.bad_inputs import BadInput, of_kind
from tests.factories import make_actor, make_coordinator, make_participant, make_person


def a_place(session: Session, side: Side = Side.MENTOR) -> Actor:
    cohort = starting.start(
        session, DESK, "unnc_alumni", cohort_name="2026", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
    )
    enrolment = Enrolment(person_id=make_person(session).id, cohort_id=cohort.id, side=side)
    session.add(enrolment)
    session.commit()
    return make_participant(session, enrolment)


def answer_of(session: Session, actor: Actor, key: str) -> Any:
    session.expire_all()
    form = enrolments.form(session, actor)
    return next(question.value for step in form.steps for question in step.questions if question.key == key)


def kept_or_refused(session: Session, actor: Actor, key: str, value: Any) -> bool:
    """Whether it was kept; what is refused is refused in whole sentences."""
    try:
        drafting.save_answer(session, actor, key, value)
    except Invalid as refusal:
        assert (refusal.happened[-1], refusal.remedy[-1]) == (".", ".")
        return False
    return True


def outcomes(session: Session, actor: Actor, key: str, items: list[Any], *, listed: bool = False) -> dict[str, Any]:
    """What became of each value, by its id: "kept" in NFC without outer blanks, "refused", or whatever else."""
    found: dict[str, Any] = {}
    before = answer_of(session, actor, key)
    for item in (parameter.values[0] for parameter in items):
        is_kept = kept_or_refused(session, actor, key, [item.value] if listed else item.value)
        # Read back each time: what is refused must not be half written.
        after = answer_of(session, actor, key)
        if is_kept:
            found[item.id] = "kept" if after and after == unicodedata.normalize("NFC", item.value).strip() else after
        else:
            found[item.id] = "refused" if after == before else "half done"
        before = after
    return found


def expected(items: list[Any], *, longest: int = 200) -> dict[str, str]:
    """The same, as the entry itself says it should be."""
    every = [parameter.values[0] for parameter in items]
    return {item.id: "refused" if is_refused(item) or len(item.value) > longest else "kept" for item in every}


def is_refused(item: BadInput) -> bool:
    """Of an address of a page that is typed into an answer, the text is kept: nothing makes a link of it."""
    return item.expect.startswith("reject") and item.expect != "reject_or_text"


def long(field: str | None) -> list[Any]:
    return [item for item in of_kind("long") if item.values[0].field == field]


@pytest.mark.clause("A-SH3")
def test_names_in_any_script_are_kept_and_what_is_none_is_refused(session: Session) -> None:
    names = [*of_kind("name_ok", "name_bad", "emoji", "email_header"), *long("display_name")]
    actor = a_place(session)

    assert outcomes(session, actor, "full_name", names) == expected(names)


def test_a_trick_with_letters_is_cleaned_or_refused_and_never_hides(session: Session) -> None:
    actor = a_place(session)

    found = outcomes(session, actor, "full_name", of_kind("unicode_trick"))

    assert "half done" not in found.values()
    assert not set("".join(map(str, found.values()))) & set("\u202e\u2066\u2069\ufeff")


def test_markup_code_and_formulas_are_kept_as_text_and_what_cannot_be_stored_is_refused(session: Session) -> None:
    texts = [
        *of_kind("control", "sql", "html", "markdown", "latex", "template", "log", "url_bad"),
        *long("note"),
        *long(None),
    ]
    actor = a_place(session)

    assert outcomes(session, actor, "summary", texts) == expected(texts, longest=2000)


def test_a_formula_in_a_form_is_only_text(session: Session) -> None:
    formulas = of_kind("csv_formula")
    actor = a_place(session)

    assert set(outcomes(session, actor, "summary", formulas).values()) == {"kept"}


@pytest.mark.clause("U-2", "U-C2.4")
@pytest.mark.parametrize(
    ("key", "kinds"),
    [
        ("telephone", ("phone_ok", "phone_bad")),
        ("wechat_id", ("wechat_ok", "wechat_bad")),
        ("time_zone", ("timezone_bad",)),
        ("capacity", ("number_bad",)),
    ],
)
def test_an_answer_with_a_shape(session: Session, key: str, kinds: tuple[str, ...]) -> None:
    actor = a_place(session)

    assert outcomes(session, actor, key, of_kind(*kinds)) == expected(of_kind(*kinds))


@pytest.mark.parametrize("key", ["sector", "languages", "channels", "availability"])
def test_a_list_takes_only_what_it_offers(session: Session, key: str) -> None:
    nonsense = of_kind("enum_bad", "id_bad", "sql")
    actor = a_place(session)

    found = outcomes(session, actor, key, nonsense, listed=key != "sector")

    assert set(found.values()) == {"refused"}


def test_an_email_address_that_a_question_asks_for(session: Session) -> None:
    actor = a_place(session)
    cohort = session.get_one(Cohort, actor.place.cohort_id)
    coordinator = make_actor(make_coordinator(session, cohort), cohort)
    session.commit()
    words = Wording("Assistant's address", "", "The coordinator only.")
    asked = form_editing.add(
        session, coordinator, cohort.scheme_id, kind="email", step=3, sides=[Side.MENTOR], words=words
    )
    addresses = of_kind("email_ok", "email_bad")

    found = outcomes(session, actor, asked.key, addresses)

    # A question that may be left empty takes an empty answer.
    assert found == expected(addresses) | {"B094": None}


def test_the_address_to_sign_in_with_never_changes_here(session: Session) -> None:
    actor = a_place(session)

    found = outcomes(session, actor, "email", of_kind("email_ok", "email_bad"))

    assert set(found.values()) == {"refused"}
