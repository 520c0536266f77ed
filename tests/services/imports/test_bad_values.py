"""Every nasty value in the column of a file where it belongs: the outcome is the one that its entry names."""

import csv
import io
import unicodedata
from typing import Any, get_args
from uuid import uuid4

import pytest
from sqlmodel import Session, col, select

from models.enrolments import Enrolment, Side
from models.people import Person
from models.schemes import Cohort
from services import form_kinds
from services.access import Actor
from services.errors import Invalid
from services.imports import arrivals
from services.imports.arrivals import Imported
from services.imports.targets import TARGETS, Kind
from tests.bad_inputs import KINDS, BadInput, of_kind
from tests.services.imports.arriving import _coordinator, confirmed, previewed, started, whole

# The longest text that a form takes; an entry beyond it is refused, whatever else it is.
LONGEST = 2000
# Where each kind of value belongs in a file of mentors.
COLUMNS = {
    "name_ok": "full_name",
    "name_bad": "full_name",
    "email_header": "full_name",
    "email_ok": "email",
    "email_bad": "email",
    "phone_ok": "telephone",
    "phone_bad": "telephone",
    "wechat_ok": "wechat_id",
    "wechat_bad": "wechat_id",
    "timezone_bad": "time_zone",
    "number_bad": "capacity",
    "enum_bad": "channels",
    **dict.fromkeys(("control", "csv_formula", "emoji", "html", "latex", "log", "long", "markdown"), "summary"),
    **dict.fromkeys(("sql", "template", "unicode_trick", "url_bad"), "summary"),
}
# Kinds that no cell of a file holds, and the test that types them where they can be typed.
ELSEWHERE = {
    "csv_file": "test_other_files.py: whole files",
    "filename_bad": "below: the name of a file",
    "id_bad": "services/test_bad_answers.py and test_answering_pages.py: an id in a request",
    "password_bad": "services/test_passwords.py",
    "password_ok": "services/test_passwords.py",
    "datetime_dst": "services/test_times.py: chosen in a field of a date and one of a time",
    "date_bad": "below: a date is nowhere read from words",
}
KEPT = {"full_name", "summary", "wechat_id", "email"}


@pytest.fixture
def cohort(session: Session) -> Cohort:
    return started(session, "unnc_alumni")


@pytest.fixture
def actor(session: Session, cohort: Cohort) -> Actor:
    return _coordinator(session, cohort)


def column_of(item: BadInput) -> str:
    return "full_name" if item.field == "display_name" else COLUMNS[item.kind]


def a_file(column: str, value: str) -> tuple[bytes, dict[str, int]]:
    """A mentor with this value in this column and a whole name and address, and which column is which."""
    cells = {"full_name": "Ama Bo", "email": f"ama-{uuid4().hex}@example.org"} | {column: value}
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([[f"Column {key}" for key in cells], list(cells.values())])
    return out.getvalue().encode("utf-8", "surrogatepass"), {key: at for at, key in enumerate(cells)}


def is_fit(session: Session, actor: Actor, cohort: Cohort, content: bytes, mapping: dict[str, int]) -> bool:
    try:
        return not previewed(session, actor, cohort, content, Side.MENTOR, mapping).problems
    except Invalid:
        return False


def kept(session: Session, column: str) -> Any:
    """What stands in the database of whoever came with the newest file."""
    session.expire_all()
    newest = select(Enrolment).order_by(col(Enrolment.created_at).desc())
    enrolment = session.exec(newest).first()
    assert enrolment is not None
    person = session.get_one(Person, enrolment.person_id)
    return getattr(person if column in {"full_name", "email", "wechat_id"} else enrolment, column)


def outcome(session: Session, actor: Actor, cohort: Cohort, item: BadInput, column: str) -> str:
    """ "kept" as the same characters, "changed", or "refused" with nothing written."""
    content, mapping = a_file(column, item.value)
    if not is_fit(session, actor, cohort, content, mapping):
        before = whole(session)
        with pytest.raises(Invalid):
            confirmed(session, actor, cohort, content, Side.MENTOR, mapping)
        assert whole(session) == before
        return "refused"
    assert confirmed(session, actor, cohort, content, Side.MENTOR, mapping) == Imported(1, 0, 0)
    if column not in KEPT:
        return "kept"
    return "kept" if kept(session, column) == unicodedata.normalize("NFC", item.value).strip() else "changed"


def allowed(item: BadInput) -> set[str]:
    """The outcomes that the entry leaves open."""
    if not item.value.strip():
        return {"changed", "refused"}  # an empty cell is no answer
    if item.kind == "email_header":
        return {"changed", "kept"}  # in a cell a line break becomes a space, and the preview says so: see B167
    if len(item.value) > LONGEST:
        return {"refused"}
    if item.expect in {"accept", "accept_literal", "neutralise"}:
        return {"kept"}
    if item.expect == "reject":
        return {"refused"}
    return {"kept", "changed", "refused"}


@pytest.mark.parametrize("kind", list(COLUMNS))
def test_a_value_in_its_column_comes_out_as_its_entry_says(
    session: Session, cohort: Cohort, actor: Actor, kind: str
) -> None:
    items: list[BadInput] = [entry.values[0] for entry in of_kind(kind)]
    if kind == "email_bad":
        # Without an address a row is nobody's; that is another message.
        items = [item for item in items if item.value.strip()]

    found = {item.id: outcome(session, actor, cohort, item, column_of(item)) for item in items}

    assert items
    assert not {
        character for name in session.exec(select(Person.full_name)) for character in "\r\n" if character in name
    }
    assert {item.id: found[item.id] for item in items if found[item.id] not in allowed(item)} == {}


@pytest.mark.parametrize("item", of_kind("filename_bad"))
def test_a_files_name_is_neither_trusted_nor_kept(
    session: Session, cohort: Cohort, actor: Actor, item: BadInput
) -> None:
    content, mapping = a_file("summary", "Twelve years in courts.")
    how = {"file_name": item.value, "content": content, "mapping": mapping, "side": Side.MENTOR}

    shown = arrivals.preview(session, actor, cohort.id, **how)
    done = arrivals.confirm(session, actor, cohort.id, **how)

    assert (shown.problems, done) == ((), Imported(1, 0, 0))
    # Six letters would be found in somebody's random id.
    parts = [part for part in (item.value, "secret.csv", "b.csv", "people.csv.exe", "f" * 60) if len(part) > 4]
    rows = repr(whole(session))
    assert [part for part in parts if part in rows] == []


def test_a_date_is_nowhere_read_from_words() -> None:
    """A form has no question whose answer is a date, and a file no column: `date_bad` has nowhere to be typed."""
    assert not {kind for kind in form_kinds.KINDS if "date" in kind}
    assert not {kind for kind in get_args(Kind) if "date" in kind}
    assert not {target.key for target in TARGETS if target.key.endswith("_on")}


def test_every_kind_of_nasty_value_is_tried_somewhere() -> None:
    assert {*COLUMNS, *ELSEWHERE} == set(KINDS)
