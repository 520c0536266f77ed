"""Brings a database to this version's schema, or says why it cannot. Alembic is loaded only when it is needed."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import Connection, Engine, inspect, text

from models.columns import utc_now

if TYPE_CHECKING:
    from alembic.config import Config

# The newest migration. A test holds it against the folder, so that start-up can compare without loading Alembic.
HEAD = "0022"


class WrongSchemaError(RuntimeError):
    """The database is of a newer version than this program, or half of something else."""


def migrate(engine: Engine) -> bool:
    """Bring the schema to HEAD in one transaction; True when anything changed. Raises WrongSchemaError.

    A SQLite file is copied beside itself before it is moved.
    """
    with _moving(engine) as connection:
        found = current(connection)
        if found == HEAD:
            return False
        _refuse_unknown(connection, found)
        if found is not None:
            _keep_copy(connection, found)
        from alembic import command  # noqa: PLC0415 - a screen must not pay for what only a start-up needs

        command.upgrade(_config(connection), "head")
        if found is None:
            _first_rows(connection)
        from services import people_index, private_words  # noqa: PLC0415 - a start-up with nothing to move needs neither

        people_index.fill(connection)
        private_words.seal_old(connection)
        return True


@contextmanager
def _moving(engine: Engine) -> Iterator[Connection]:
    """One transaction in which a table may be made anew, as SQLite must for most changes, though others refer to it.

    Every reference is checked before it is committed. Raises WrongSchemaError for one that leads nowhere.
    """
    if engine.dialect.name != "sqlite":
        with engine.begin() as connection:
            yield connection
        return
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        # Outside the transaction: within one, SQLite ignores it.
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                yield connection
                if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                    raise WrongSchemaError(
                        "A row of the database refers to one that is not there. Nothing was changed."
                    )
        finally:
            driver.execute("PRAGMA foreign_keys=ON")


def current(connection: Connection) -> str | None:
    """The revision that the database is at, or None when it has no schema of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def differences(connection: Connection) -> list[Any]:
    """What autogeneration would still change: empty when migrations and models agree."""
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415
    from alembic.migration import MigrationContext  # noqa: PLC0415

    from models.all_tables import metadata  # noqa: PLC0415
    from models.migrations.env_options import include_name, same_type  # noqa: PLC0415

    context = MigrationContext.configure(connection, opts={"compare_type": same_type, "include_name": include_name})
    return list(compare_metadata(context, metadata))


def downgrade(engine: Engine, revision: str) -> None:
    """Take the schema back to a revision, or to nothing with 'base'."""
    from alembic import command  # noqa: PLC0415

    with _moving(engine) as connection:
        command.downgrade(_config(connection), revision)


def _refuse_unknown(connection: Connection, found: str | None) -> None:
    if found is not None and not _knows(connection, found):
        raise WrongSchemaError(f"The database is at revision {found}, which this version does not know: update it.")
    if found is None and set(inspect(connection).get_table_names()) - {"alembic_version"}:
        raise WrongSchemaError("The database holds tables that are not ours. Choose an empty one.")


def _keep_copy(connection: Connection, revision: str) -> None:
    """Leave the file as it was in before-<revision>.db, the newest such copy alone (SECURITY.md F13).

    Whoever moves holds the right to write, so nothing comes in between. Raises WrongSchemaError.
    """
    path = Path(connection.engine.url.database or ":memory:")
    if connection.dialect.name != "sqlite" or path.name == ":memory:":
        return
    kept, making = path.with_name(f"before-{revision}.db"), path.with_name("before.part")
    try:
        _copy(path, making)
        making.replace(kept)
    except (OSError, sqlite3.Error) as failed:
        with suppress(OSError):
            making.unlink(missing_ok=True)
        raise WrongSchemaError("No copy of the database could be made, so nothing was changed: make room.") from failed
    for older in path.parent.glob("before-*.db"):
        if older != kept:
            older.unlink()


def _copy(path: Path, to: Path) -> None:
    """SQLite's own backup, which takes along what is still in the log. Only the owner may read it."""
    to.unlink(missing_ok=True)
    os.close(os.open(to, os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(to)) as copied:
        source.backup(copied)


def _knows(connection: Connection, revision: str) -> bool:
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    scripts = ScriptDirectory.from_config(_config(connection))
    return revision in {script.revision for script in scripts.walk_revisions()}


def _config(connection: Connection) -> "Config":
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "models:migrations")
    config.attributes["connection"] = connection
    return config


def _first_rows(connection: Connection) -> None:
    from models.audit import AuditHead, Installation  # noqa: PLC0415
    from services.audit import GENESIS  # noqa: PLC0415

    connection.execute(AuditHead.__table__.insert().values(id=1, sequence=0, entry_sha256=GENESIS))  # type: ignore[attr-defined]
    connection.execute(Installation.__table__.insert().values(id=1, installation_id=uuid4(), created_at=utc_now()))  # type: ignore[attr-defined]
