"""The queue as a file, and the way back."""

import shutil
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select

from models.audit import AuditEntry
from models.columns import utc_now
from models.enrolments import Enrolment, EnrolmentStatus, Side
from models.messages import Message
from models.people import Account, Person
from models.schemes import Cohort
from services import passwords, queue_export, reauthentication
from services.access import DESK, Actor
from services.enrolments import Filter
from services.errors import NotAllowed
from services.imports import arrivals
from services.imports.arrivals import Imported
from services.queue_export import Kind, Reason
from services.reauthentication import LASTS, Confirmed
from services.schemes import starting
from tests.factories import make_account, make_actor, make_coordinator, make_enrolment, make_person

TODAY = date(2026, 11, 20)
DATA = Path(__file__).parents[1] / "data"
HOSTILE = (
    "=1+1",
    "'=1+1",
    "''=1+1",
    "+44 7700 900123 after six",
    "-2 is a number",
    "@SUM(A1)",
    "'Ndrangheta research",
    'He said "yes", then; left',
    "two\nlines, and\ttab",
    "<script>alert(1)</script> **bold** $x$",
    "李明，中国; 日本語",
    "\uff1dHYPERLINK(1)",
)


@pytest.fixture
def cohort(session: Session) -> Cohort:
    return starting.start(
        session, DESK, "unnc_alumni", cohort_name="2026", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
    )


def a_coordinator(session: Session, cohort: Cohort) -> tuple[Actor, Confirmed]:
    actor = make_actor(make_coordinator(session, cohort), cohort)
    assert actor.person_id is not None
    return actor, Confirmed(actor.person_id, utc_now())


def fill(session: Session, cohort: Cohort) -> list[Enrolment]:
    """A person for each hostile text, in every status and on both sides, with answers of every kind."""
    statuses = list(EnrolmentStatus)
    found = []
    for number, text in enumerate(HOSTILE):
        side = list(Side)[number % 2]
        person = make_person(
            session, f"Person {number:02}", email=f"p{number}@example.org", telephone="+44 20 7946 0123"
        )
        facts: dict[str, Any] = {
            "status": statuses[number % len(statuses)],
            "summary": text if side is Side.MENTOR else None,
            "goals": text if side is Side.MENTEE else None,
            "role_title": text.replace("\n", " ").replace("\t", " "),
            "sector": "D" if number % 3 else "Something of their own",
            "languages": ["zh", "en"],
            "channels": ["wechat", "email"],
            "claims": {"training": "Yes"} if side is Side.MENTOR else {},
            "capacity": 1 + number % 3,
        }
        found.append(make_enrolment(session, cohort, side, person=person, **facts))
    session.commit()
    return found


def exported(session: Session, actor: Actor, confirmed: Confirmed, cohort: Cohort, kind: Kind) -> queue_export.File:
    facts: dict[str, Any] = {"kind": kind, "reason": Reason.CORRECT, "confirmed": confirmed, "today": TODAY}
    return queue_export.make(session, actor, cohort.id, Filter(), **facts)


def previewed(session: Session, actor: Actor, cohort: Cohort, name: str, content: bytes) -> arrivals.Preview:
    return arrivals.preview(session, actor, cohort.id, file_name=name, content=content, mapping=None, side=None)


@pytest.mark.parametrize("kind", list(Kind), ids=[each.value for each in Kind])
def test_what_is_exported_imports_again_unchanged_hostile_as_it_is(
    session: Session, cohort: Cohort, kind: Kind
) -> None:
    actor, confirmed = a_coordinator(session, cohort)
    people = fill(session, cohort)

    file = exported(session, actor, confirmed, cohort, kind)
    seen = previewed(session, actor, cohort, file.name, file.content)

    assert (file.rows, file.name) == (len(people), f"enrolments-2026-11-20.{kind.value}")
    assert (seen.problems, seen.changes, seen.has_work, seen.columns.remembered) == ((), (), False, True)
    assert seen.unchanged == len(people)


def test_an_export_is_in_the_journal_with_its_rows_and_reason(session: Session, cohort: Cohort) -> None:
    actor, confirmed = a_coordinator(session, cohort)
    fill(session, cohort)

    exported(session, actor, confirmed, cohort, Kind.CSV)

    entry = session.exec(select(AuditEntry).where(AuditEntry.action == "enrolments.exported")).one()
    assert entry.details == {"rows": len(HOSTILE), "reason": "correct answers in a spreadsheet", "kind": "csv"}


def test_only_what_a_coordinator_may_read_leaves(session: Session, cohort: Cohort) -> None:
    actor, confirmed = a_coordinator(session, cohort)
    person = make_person(session, "Ama", wechat_id="wx_secret_1")
    make_enrolment(session, cohort, Side.MENTOR, person=person)
    session.commit()

    file = exported(session, actor, confirmed, cohort, Kind.CSV)

    assert (b"wx_secret_1" in file.content, b"Not to be matched" in file.content) == (False, False)


def test_nothing_leaves_without_a_fresh_password_of_ones_own(session: Session, cohort: Cohort) -> None:
    actor, confirmed = a_coordinator(session, cohort)
    stranger, theirs = a_coordinator(session, cohort)
    session.commit()

    for who, proof in ((actor, Confirmed(confirmed.person_id, utc_now() - LASTS * 2)), (actor, theirs)):
        with pytest.raises(NotAllowed, match="too long ago"):
            exported(session, who, proof, cohort, Kind.CSV)
    outsider, fresh = a_coordinator(session, _elsewhere(session))
    with pytest.raises(NotAllowed, match="cannot open this cohort"):
        exported(session, outsider, fresh, cohort, Kind.CSV)

    assert stranger.person_id == theirs.person_id


def test_the_password_is_asked_for_and_a_wrong_one_opens_nothing(session: Session, cohort: Cohort) -> None:
    person = make_coordinator(session, cohort)
    account = make_account(session, person, password_hash=passwords.hashed("plum tree in snow"))
    actor = Actor(person.id, person.full_name, make_actor(person, cohort).place, account_id=account.id)
    session.commit()

    with pytest.raises(NotAllowed, match="not your password"):
        reauthentication.confirm(session, actor, "plum tree in rain")
    confirmed = reauthentication.confirm(session, actor, "plum tree in snow")

    assert confirmed.person_id == session.exec(select(Account.person_id)).one()


def test_somebody_approved_is_told_what_an_import_corrected(session: Session, cohort: Cohort) -> None:
    actor, _ = a_coordinator(session, cohort)
    ama = make_person(session, "Ama", email="ama@example.org")
    bo = make_person(session, "Bo", email="bo@example.org")
    make_enrolment(session, cohort, Side.MENTOR, person=ama)
    make_enrolment(session, cohort, Side.MENTOR, person=bo, status=EnrolmentStatus.SUBMITTED)
    session.commit()
    content = b"Name,Email,Job title\nAma,ama@example.org,Judge\nBo,bo@example.org,Judge\n"

    facts: dict[str, Any] = {"file_name": "a.csv", "content": content, "mapping": None, "side": Side.MENTOR}
    seen = arrivals.preview(session, actor, cohort.id, **facts)
    done = arrivals.confirm(session, actor, cohort.id, **facts, seen=seen.fingerprint)

    mail = session.exec(select(Message.person_id, Message.subject, Message.template)).all()
    assert seen.letter is not None
    assert (seen.told, done) == (1, Imported(added=0, changed=2, unchanged=0, told=1))
    assert mail == [(ama.id, seen.letter.subject, "enrolment_corrected")]
    assert "Judge" not in seen.letter.text


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_an_export_edited_in_libreoffice_differs_in_the_edited_cells_alone(
    session: Session, cohort: Cohort, tmp_path: Path
) -> None:
    if session.get_bind().dialect.name != "sqlite":
        pytest.skip("one conversion is enough: no database takes part in it")
    actor, confirmed = a_coordinator(session, cohort)
    fill(session, cohort)
    file = exported(session, actor, confirmed, cohort, Kind.CSV)
    edited = file.content.replace(b'"Person 03"', b'"Person Three"', 1)
    (tmp_path / "there.csv").write_bytes(edited)

    # Every column is text, as a person would choose who wants to keep a telephone's noughts.
    as_text = "/".join(f"{number}/2" for number in range(1, 40))
    _convert(tmp_path, "there.csv", "xlsx", f"--infilter=CSV:44,34,76,1,{as_text}")
    seen = previewed(session, actor, cohort, "there.xlsx", (tmp_path / "there.xlsx").read_bytes())

    assert seen.problems == ()
    assert [(each.question, each.before, each.after) for each in seen.changes] == [
        ("Full name", "Person 03", "Person Three")
    ]


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_a_workbook_saved_anew_by_libreoffice_differs_in_nothing(
    session: Session, cohort: Cohort, tmp_path: Path
) -> None:
    if session.get_bind().dialect.name != "sqlite":
        pytest.skip("one conversion is enough: no database takes part in it")
    actor, confirmed = a_coordinator(session, cohort)
    fill(session, cohort)
    file = exported(session, actor, confirmed, cohort, Kind.XLSX)
    (tmp_path / "there.xlsx").write_bytes(file.content)

    _convert(tmp_path, "there.xlsx", "xlsx", into="back")
    seen = previewed(session, actor, cohort, "there.xlsx", (tmp_path / "back" / "there.xlsx").read_bytes())

    assert (seen.problems, seen.changes, seen.unchanged) == ((), (), len(HOSTILE))


def test_a_workbook_that_libreoffice_made_is_read_whole(session: Session, cohort: Cohort) -> None:
    actor, _ = a_coordinator(session, cohort)
    content = (DATA / "saved-by-libreoffice.xlsx").read_bytes()

    facts: dict[str, Any] = {"file_name": "a.xlsx", "content": content, "mapping": None, "side": None}
    seen = arrivals.preview(session, actor, cohort.id, **facts)
    arrivals.confirm(session, actor, cohort.id, **facts, seen=seen.fingerprint)

    kept = session.exec(select(Person.full_name, Enrolment.role_title).join(Enrolment, _of_person()))
    assert (seen.problems, sorted(name for name, _ in kept)[:2]) == ((), ["Person 00", "Person 01"])
    assert session.exec(select(Enrolment.summary).where(col(Enrolment.summary).startswith("="))).all() == ["=1+1"]


def _of_person() -> Any:
    return col(Enrolment.person_id) == Person.id


def _elsewhere(session: Session) -> Cohort:
    return starting.start(
        session, DESK, "aulp", cohort_name="Other", starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31)
    )


def _convert(folder: Path, name: str, kind: str, *more: str, into: str = ".") -> None:
    office = [shutil.which("soffice") or "soffice", f"-env:UserInstallation=file://{folder}/office", "--headless"]
    subprocess.run(
        [*office, *more, "--convert-to", kind, "--outdir", into, name],
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=120,
    )
