"""Units of work: the right to write comes before reading, and a refusal leaves nothing half done."""

from threading import Barrier, Thread
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, select

from models.database import BUSY_SECONDS, make_engine, reading
from models.people import Person
from services.errors import Conflict, Invalid
from services.units import writes
from tests.factories import make_person


@writes
def rename(session: Session, person_id: UUID, name: str) -> None:
    session.get_one(Person, person_id).full_name = name
    session.commit()


@writes
def rename_and_refuse(session: Session, person_id: UUID) -> None:
    session.get_one(Person, person_id).full_name = "Half done"
    session.flush()
    raise Invalid("No.", remedy="Yes.")


@writes
def grow(session: Session, person_id: UUID) -> None:
    person = session.exec(select(Person).where(Person.id == person_id).with_for_update()).one()
    person.full_name += "x"
    session.commit()


def saved_person(engine: Engine, name: str = "A") -> UUID:
    with Session(engine) as session:
        person = make_person(session, name)
        session.commit()
        return person.id


def name_of(engine: Engine, person_id: UUID) -> str:
    with Session(engine) as session:
        return session.get_one(Person, person_id).full_name


def test_a_screens_session_writes_through_a_service(engine: Engine) -> None:
    person_id = saved_person(engine)

    with reading(engine) as session:
        assert session.get_one(Person, person_id).full_name == "A"
        rename(session, person_id, "B")

    assert name_of(engine, person_id) == "B"


def test_a_refusal_leaves_nothing_of_the_unit(engine: Engine) -> None:
    person_id = saved_person(engine)

    with reading(engine) as session, pytest.raises(Invalid):
        rename_and_refuse(session, person_id)

    assert name_of(engine, person_id) == "A"


def test_no_update_is_lost_between_people_who_act_at_once(engine: Engine) -> None:
    person_id, start = saved_person(engine), Barrier(4)

    def act() -> None:
        start.wait()
        for _ in range(10):
            with reading(engine) as session:
                grow(session, person_id)

    threads = [Thread(target=act) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert name_of(engine, person_id) == "A" + "x" * 40


def test_of_two_who_changed_the_same_row_the_second_is_told(engine: Engine) -> None:
    person_id = saved_person(engine)

    with Session(engine) as early:
        stale = early.get_one(Person, person_id)
    rename_elsewhere(engine, person_id)

    with Session(engine) as late, pytest.raises(Conflict):
        save_stale(late, stale)

    assert name_of(engine, person_id) == "First"


@writes
def save_stale(session: Session, stale: Person) -> None:
    session.add(stale)
    stale.full_name = "Second"
    session.commit()


def rename_elsewhere(engine: Engine, person_id: UUID) -> None:
    with Session(engine) as session:
        rename(session, person_id, "First")


def test_a_busy_database_says_that_nothing_was_saved(sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    person_id = saved_person(sqlite_engine)
    monkeypatch.setattr("models.database.BUSY_SECONDS", 0)
    impatient = make_engine(str(sqlite_engine.url))

    with sqlite_engine.connect() as holder:
        holder.execute(text("SELECT 1"))
        with reading(impatient) as session, pytest.raises(Conflict) as refusal:
            rename(session, person_id, "B")
    impatient.dispose()

    assert str(refusal.value) == "The database is busy and nothing was saved. Wait a moment, then try again."
    assert name_of(sqlite_engine, person_id) == "A"


def test_sqlite_keeps_every_acknowledged_save(sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    # As it is in the product: tests wait longer.
    monkeypatch.setattr("models.database.BUSY_SECONDS", BUSY_SECONDS)
    engine = make_engine(str(sqlite_engine.url))

    with engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    engine.dispose()

    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


def test_postgresql_answers_a_figure_instead_of_compiling_it(postgres_engine: Engine) -> None:
    with postgres_engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW jit").scalar() == "off"


def test_a_name_of_no_length_is_refused_by_the_database(engine: Engine) -> None:
    with Session(engine) as session, pytest.raises(DatabaseError):
        make_person(session, "")
