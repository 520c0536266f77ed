"""A bug in the middle of somebody's click: nothing half saved, nothing of it shown, nothing personal in the log."""

import re
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from models.enrolments import Enrolment
from services import audit
from tests.browser.planted import found_in
from tests.browser.protocol import Tab
from tests.factories import make_cohort, make_enrolment, make_person
from tests.faults.running import Writer, running, somebody_writing

PLANTED = {
    "what was typed": "Ring me on +44 20 7946 0842, or write to zephyrine@hidden.example.org",
    "telephone": "+44 20 7946 0842",
    "email": "zephyrine@hidden.example.org",
    "name": "Zephyrine Quillfeather",
}
# From these a reader of the page could learn the inside of the desk.
INSIDE = ("Traceback", "IntegrityError", "UniqueViolation", "sqlalchemy", "sqlite3", "psycopg", "UPDATE", "services/")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def forbid_the_same_role_twice(engine: Engine) -> None:
    """A rule that no service knows of: what it refuses is a bug to them, as a forgotten constraint would be."""
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE UNIQUE INDEX unknown_to_services ON enrolment (role_title, organisation)")


def save(tab: Tab, role: str) -> bytes:
    tab.set("Your role", role)
    tab.set("Where you work", "Office")
    return tab.press("Save and go on")


def form_of(url: str, writer: Writer) -> Tab:
    return Tab(url, writer.token, place=writer.place)


def test_a_bug_in_a_click_shows_no_inside_saves_nothing_and_logs_no_person(database_url: str, tmp_path: Path) -> None:
    typed = PLANTED["what was typed"]
    with running(database_url, tmp_path) as server:
        first, second = (somebody_writing(server.engine, name) for name in (PLANTED["name"], "Bo Lindqvist"))
        forbid_the_same_role_twice(server.engine)
        server.start()

        with form_of(server.url, first) as tab:
            tab.open()
            tab.open("enrolment")
            saved = save(tab, typed)
        with form_of(server.url, second) as tab:
            tab.open()
            tab.open("enrolment")
            failed = save(tab, typed)
            next_click = save(tab, "Adviser")

        server.stop()
        said = COLOURS.sub("", server.said)
        with Session(server.engine) as session:
            roles = sorted(session.exec(select(Enrolment.role_title)).all(), key=str)
            chain = audit.verify(session)

    assert [b"could not be saved" in raw for raw in (saved, failed, next_click)] == [False, True, False]
    shown = re.search(rb"tell the coordinator the reference ([0-9a-f]{8})", failed)
    assert shown is not None
    assert f"the reference {shown.group(1).decode()}" in said  # the same stands in the log
    assert [word for word in INSIDE if word.encode() in failed] == []
    assert "IntegrityError" in said  # whoever looks after the desk does learn of it
    assert found_in(said.encode(), PLANTED) == frozenset()
    assert (roles, chain.holds) == (["Adviser", typed], True)


@pytest.mark.parametrize("broken", ["unique", "check"])
def test_an_error_of_the_database_names_the_rule_and_nobodys_data(session: Session, broken: str) -> None:
    person = make_person(session, PLANTED["name"], email=PLANTED["email"], telephone=PLANTED["telephone"])
    cohort = make_cohort(session)

    with pytest.raises(IntegrityError) as raised:
        if broken == "unique":
            make_person(session, "Bo Lindqvist", email=PLANTED["email"])
        else:
            make_enrolment(session, cohort, person=person, summary=PLANTED["what was typed"], capacity=99)

    said = f"{raised.value} {raised.value!r} {raised.value.orig} {raised.value.orig!r}"
    assert found_in(said.encode(), PLANTED) == frozenset()
    assert {"unique": "email_key", "check": "capacity_0_to_50"}[broken] in said
