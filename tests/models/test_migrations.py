"""Migrations give the very schema that the models describe, on both databases, there and back."""

from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DatabaseError

from models.database import make_engine
from services.schema import HEAD, WrongSchemaError, current, differences, downgrade, migrate

VERSIONS = Path(__file__).parents[2] / "models" / "migrations" / "versions"


def test_the_newest_migration_is_the_one_that_start_up_expects() -> None:
    newest = max(path.name[:4] for path in VERSIONS.glob("[0-9]*.py"))

    assert newest == HEAD


def test_migrations_and_models_give_the_same_schema(engine: Engine) -> None:
    with engine.connect() as connection:
        found = differences(connection)

    assert found == []


def test_a_database_goes_down_to_nothing_and_up_again(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'there.db'}")
    migrate(engine)

    downgrade(engine, "base")
    names = set(inspect(engine).get_table_names())
    again = migrate(engine)

    assert names == {"alembic_version"}
    assert again is True


def test_postgresql_goes_down_to_nothing_and_up_again(postgres_engine: Engine) -> None:
    downgrade(postgres_engine, "base")
    names = set(inspect(postgres_engine).get_table_names())
    migrate(postgres_engine)

    with postgres_engine.connect() as connection:
        assert (names, current(connection)) == ({"alembic_version"}, HEAD)


def test_a_file_of_an_older_version_is_copied_before_it_is_moved(tmp_path: Path) -> None:
    engine = at_revision("0014", tmp_path)
    with engine.begin() as connection:  # still in the log, which the copy must take along
        connection.execute(text("UPDATE installation SET created_at = '2026-01-01 00:00:00'"))

    moved = migrate(engine)

    copy = tmp_path / "before-0014.db"
    assert (moved, names_of_copies(tmp_path), oct(copy.stat().st_mode & 0o777)) == (True, [copy.name], "0o600")
    with make_engine(f"sqlite:///{copy}").connect() as connection:
        assert current(connection) == "0014"
        assert connection.execute(text("SELECT created_at FROM installation")).scalars().all() == [
            "2026-01-01 00:00:00"
        ]
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_only_the_newest_copy_is_kept(tmp_path: Path) -> None:
    migrate(at_revision("0013", tmp_path))
    (tmp_path / "before-summer.txt").write_text("Not ours.")

    migrate(at_revision("0014", tmp_path))

    assert names_of_copies(tmp_path) == ["before-0014.db", "before-summer.txt"]


def test_a_new_database_and_one_that_is_up_to_date_need_no_copy(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'desk.db'}")

    assert [migrate(engine), migrate(engine)] == [True, False]
    assert names_of_copies(tmp_path) == []


def test_where_no_copy_can_be_made_nothing_is_moved(tmp_path: Path) -> None:
    engine = at_revision("0014", tmp_path)
    (tmp_path / "before.part").mkdir()  # as good as a full disk

    with pytest.raises(WrongSchemaError, match="nothing was changed"):
        migrate(engine)

    with engine.connect() as connection:
        assert current(connection) == "0014"


def at_revision(revision: str, folder: Path) -> Engine:
    engine = make_engine(f"sqlite:///{folder / 'desk.db'}")
    migrate(engine)
    downgrade(engine, revision)
    return engine


def names_of_copies(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("before*"))


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'newer.db'}")
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(WrongSchemaError):
        migrate(engine)


def test_a_database_with_other_tables_is_refused_and_left_alone(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'other.db'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE shopping (item TEXT)"))

    with pytest.raises(WrongSchemaError):
        migrate(engine)

    assert inspect(engine).get_table_names() == ["shopping"]


@pytest.mark.parametrize("act", ["UPDATE audit_entry SET action = 'x'", "DELETE FROM audit_entry"])
def test_the_database_refuses_to_change_the_journal(engine: Engine, act: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO audit_entry (id, created_at, sequence, at, acting_as, action, details, previous_sha256,"
                " entry_sha256) VALUES (:id, '2026-01-01', 1, '2026-01-01', 'desk', 'a', '{}', '0', '0')"
            ),
            {"id": uuid4().hex},
        )

    with pytest.raises(DatabaseError, match="the journal cannot be changed"), engine.begin() as connection:
        connection.execute(text(act))
