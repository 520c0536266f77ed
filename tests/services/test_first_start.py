"""The one-time code of the first start lets in one person, who makes the first schemes; nothing is half done."""

import threading
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from models.audit import AuditEntry, Installation
from models.people import Account, AccountStatus, Person, Role, RoleGrant, SignInSession
from models.schemes import Cohort, Scheme
from services import audit, first_start, passwords, second_factor, sessions
from services.access import Acting
from services.errors import Conflict, Invalid, NotAllowed, Refusal
from services.settings import settings
from tests.factories import make_account, make_person

PASSWORD = "seven quiet herons wade"
ENTERED: dict[str, Any] = {
    "full_name": "Rosalind Achterberg",
    "email": "Rosalind@Example.org",
    "password": PASSWORD,
    "template_keys": ["aulp", "unnc_alumni"],
    "cohort_name": "2026/27",
    "starts_on": date(2026, 9, 1),
    "ends_on": date(2027, 8, 31),
}


def announced(session: Session) -> str:
    code = first_start.announce(session)
    assert code is not None
    return code


def begin(session: Session, code: str, **changed: Any) -> str:
    return first_start.begin(session, code=code, **(ENTERED | changed))


def nothing_was_made(session: Session) -> bool:
    session.rollback()
    tables = (Person, Account, RoleGrant, Scheme, Cohort)
    return all(session.exec(select(table)).first() is None for table in tables)


def test_a_fresh_desk_needs_setting_up_until_somebody_has_an_account(session: Session) -> None:
    before = first_start.is_needed(session)

    make_account(session, make_person(session))

    assert (before, first_start.is_needed(session)) == (True, False)
    assert first_start.announce(session) is None


def test_the_code_is_easy_to_type_and_kept_only_as_a_hash(session: Session) -> None:
    code = announced(session)

    kept = session.get_one(Installation, 1).set_up_code_sha256
    assert [len(group) for group in code.split("-")] == [4, 4, 4]
    assert kept is not None
    assert code not in kept
    assert code.replace("-", "") not in kept


def test_each_start_prints_a_new_code_and_the_one_before_opens_nothing(session: Session) -> None:
    first, second = announced(session), announced(session)

    with pytest.raises(NotAllowed):
        begin(session, first)

    assert first != second
    assert nothing_was_made(session)


def test_the_first_person_becomes_administrator_and_coordinator_of_what_they_chose(session: Session) -> None:
    begin(session, announced(session), time_zone="europe/london")

    person = session.exec(select(Person)).one()
    account = session.exec(select(Account)).one()
    assert (person.full_name, person.email_key, person.time_zone) == (
        "Rosalind Achterberg",
        "rosalind@example.org",
        "Europe/London",
    )
    assert (account.person_id, account.status) == (person.id, AccountStatus.ACTIVE)
    assert passwords.matches(PASSWORD, account.password_hash)
    schemes = session.exec(select(Scheme).order_by(col(Scheme.key))).all()
    assert [scheme.key for scheme in schemes] == ["aulp", "unnc_alumni"]
    # Answers to emails reach somebody from the first day.
    assert {scheme.reply_address for scheme in schemes} == {"Rosalind@Example.org"}
    grants = {(grant.scheme_id, grant.role) for grant in session.exec(select(RoleGrant)).all()}
    assert grants == {(None, Role.ADMINISTRATOR)} | {(scheme.id, Role.COORDINATOR) for scheme in schemes}
    cohorts = session.exec(select(Cohort)).all()
    assert {(cohort.scheme_id, cohort.name, cohort.starts_on, cohort.ends_on) for cohort in cohorts} == {
        (scheme.id, "2026/27", date(2026, 9, 1), date(2027, 8, 31)) for scheme in schemes
    }


def test_the_ticket_signs_the_first_person_in_as_coordinator(session: Session) -> None:
    address = begin(session, announced(session), network_address="192.0.2.7")

    path, _, ticket = address.partition("?ticket=")
    actor = sessions.actor_of(session, sessions.redeem(session, ticket))
    assert path == "/auth/session"

    assert actor is not None
    assert (actor.name, actor.place.acting_as) == ("Rosalind Achterberg", Acting.COORDINATOR)
    assert [place.acting_as for place in actor.places] == [
        Acting.COORDINATOR,
        Acting.COORDINATOR,
        Acting.ADMINISTRATOR,
    ]


def test_the_journal_tells_of_the_first_start_and_holds(session: Session) -> None:
    begin(session, announced(session), template_keys=["blank"])

    actions = session.exec(select(AuditEntry.action).order_by(col(AuditEntry.sequence))).all()
    assert actions == ["person.added", "scheme.started", "cohort.added", "desk.set_up", "account.signed_in"]
    assert audit.verify(session).holds


def test_in_production_the_first_person_is_asked_for_a_code_before_they_are_signed_in(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MENTORING_ENV", "production")
    monkeypatch.setenv("MENTORING_SECRET_KEYS", "some invented bytes that are good for a test")
    settings.cache_clear()

    address = begin(session, announced(session), template_keys=["blank"])

    path, _, token = address.rpartition("/")
    assert (path, session.exec(select(SignInSession)).all()) == ("/second-factor", [])
    assert second_factor.asked(session, token).secret is not None
    actions = session.exec(select(AuditEntry.action).order_by(col(AuditEntry.sequence))).all()
    assert actions[-2:] == ["desk.set_up", "account.second_factor_asked"]


@pytest.mark.parametrize("change", [str.lower, lambda code: code.replace("-", " "), lambda code: f" {code} "])
def test_the_code_may_be_typed_in_small_letters_and_with_blanks(session: Session, change: Any) -> None:
    begin(session, change(announced(session)))

    assert not first_start.is_needed(session)


def test_the_code_works_once(session: Session) -> None:
    code = announced(session)
    begin(session, code)

    with pytest.raises(Conflict) as refused:
        begin(session, code, email="other@example.org")

    assert refused.value.happened == "This desk is set up already."
    assert len(session.exec(select(Account)).all()) == 1


@pytest.mark.parametrize("wrong", ["", "AAAA-AAAA-AAAA", "x" * 10_000, "\ud800", "ÀÀÀÀ"])
def test_a_wrong_code_lets_nobody_in(session: Session, wrong: str) -> None:
    announced(session)

    with pytest.raises(NotAllowed) as refused:
        begin(session, wrong)

    assert refused.value.happened == "This is not the code."
    assert nothing_was_made(session)


def test_after_ten_wrong_tries_even_the_right_code_needs_a_restart(session: Session) -> None:
    code = announced(session)
    for _ in range(first_start.MOST_TRIES):
        with pytest.raises(NotAllowed):
            begin(session, "wrong")

    with pytest.raises(NotAllowed) as refused:
        begin(session, code)

    assert refused.value.remedy == "Restart the server: it prints a new one."
    assert nothing_was_made(session)
    begin(session, announced(session))
    assert not first_start.is_needed(session)


def test_nine_wrong_tries_leave_the_code_as_it_is(session: Session) -> None:
    code = announced(session)
    for _ in range(first_start.MOST_TRIES - 1):
        with pytest.raises(NotAllowed):
            begin(session, "wrong")

    begin(session, code)

    assert not first_start.is_needed(session)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"full_name": "  "}, "Your name is empty."),
        ({"email": "rosalind"}, "Email address is not a complete email address."),
        ({"password": "short"}, "This password is too short (5 characters, at least 15)."),
        ({"template_keys": []}, "No scheme is chosen."),
        ({"template_keys": ["aulp", "nothing"]}, "There is no such scheme template."),
        ({"cohort_name": ""}, "The cohort has no name."),
        ({"ends_on": date(2026, 9, 1)}, "The cohort ends before it starts."),
    ],
)
def test_whatever_is_refused_leaves_nothing_behind_and_the_code_as_it_was(
    session: Session, changed: dict[str, Any], sentence: str
) -> None:
    code = announced(session)

    with pytest.raises(Invalid) as refused:
        begin(session, code, **changed)

    assert refused.value.happened == sentence
    assert nothing_was_made(session)
    begin(session, code)
    assert not first_start.is_needed(session)


def test_the_plain_template_takes_the_name_that_was_typed_and_the_others_keep_theirs(session: Session) -> None:
    code = announced(session)
    with pytest.raises(Invalid) as refused:
        begin(session, code, template_keys=["aulp", "blank"], scheme_name=" ")

    begin(session, code, template_keys=["aulp", "blank"], scheme_name="Peers of the Library")

    assert refused.value.happened == "The scheme's name is empty."
    names = session.exec(select(Scheme.name).order_by(col(Scheme.key))).all()
    assert names == ["AULP Mentoring Scheme", "Peers of the Library"]


def test_a_template_chosen_twice_makes_one_scheme_and_an_unknown_time_zone_is_left_out(session: Session) -> None:
    begin(session, announced(session), template_keys=["blank", "blank"], time_zone="Mars/Olympus")

    assert len(session.exec(select(Scheme)).all()) == 1
    assert session.exec(select(Person)).one().time_zone is None


def test_of_two_who_begin_at_once_one_gets_in(engine: Engine) -> None:
    with Session(engine) as session:
        code = announced(session)
    answers: list[type] = []

    def press(email: str) -> None:
        with Session(engine) as own:
            try:
                answers.append(type(begin(own, code, email=email)))
            except Refusal as refusal:
                answers.append(type(refusal))

    people = [threading.Thread(target=press, args=(f"{name}@example.org",)) for name in ("ama", "bo")]
    for person in people:
        person.start()
    for person in people:
        person.join()

    assert sorted(answers, key=str) == sorted([str, Conflict], key=str)
    with Session(engine) as session:
        assert len(session.exec(select(Account)).all()) == 1


def test_a_demonstration_needs_the_code_too(session: Session) -> None:
    announced(session)

    with pytest.raises(NotAllowed):
        first_start.begin_demonstration(session, code="wrong")

    assert nothing_was_made(session)
