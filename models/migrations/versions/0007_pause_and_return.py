"""Remember when somebody paused and returns."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_OPEN = sa.text("ended_on IS NULL")


def upgrade() -> None:
    """Three new tables. Whoever is paused already gets an open pause, so that they are asked and can come back."""
    _pause()
    _pairing_pause()
    _departure()
    _keep_present_pauses()


def downgrade() -> None:
    """Who is paused stays paused; since when is lost."""
    for name in ("departure", "pairing_pause", "pause"):
        op.drop_table(name)


def _pause() -> None:
    op.create_table(
        "pause",
        *_stateful(),
        sa.Column("enrolment_id", sa.Uuid(), nullable=False),
        sa.Column("begun_by_id", sa.Uuid(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("planned_return_on", sa.Date(), nullable=True),
        sa.Column("times_asked", sa.Integer(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "planned_return_on IS NULL OR planned_return_on > started_on", name=op.f("ck_pause_returns_later")
        ),
        sa.CheckConstraint("ended_on IS NULL OR ended_on >= started_on", name=op.f("ck_pause_ends_later")),
        sa.CheckConstraint("times_asked BETWEEN 0 AND 3", name=op.f("ck_pause_times_asked_0_to_3")),
        sa.ForeignKeyConstraint(["enrolment_id"], ["enrolment.id"], name=op.f("fk_pause_enrolment_id_enrolment")),
        sa.ForeignKeyConstraint(["begun_by_id"], ["person.id"], name=op.f("fk_pause_begun_by_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pause")),
    )
    op.create_index("ix_pause_enrolment_id", "pause", ["enrolment_id"])
    op.create_index(
        "one_open_pause_per_enrolment",
        "pause",
        ["enrolment_id"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_index("ix_pause_due", "pause", ["planned_return_on"], sqlite_where=_OPEN, postgresql_where=_OPEN)


def _pairing_pause() -> None:
    op.create_table(
        "pairing_pause",
        *_stateful(),
        sa.Column("pairing_id", sa.Uuid(), nullable=False),
        sa.Column("pause_id", sa.Uuid(), nullable=False),
        sa.Column("away", _one_of("side", "mentor", "mentee"), nullable=False),
        sa.Column("was", _one_of("pairing_status", "released", "active", "paused", "closing", "ended"), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("choice", _one_of("pause_choice", "wait", "another"), nullable=True),
        sa.CheckConstraint("ended_on IS NULL OR ended_on >= started_on", name=op.f("ck_pairing_pause_ends_later")),
        sa.ForeignKeyConstraint(["pairing_id"], ["pairing.id"], name=op.f("fk_pairing_pause_pairing_id_pairing")),
        sa.ForeignKeyConstraint(["pause_id"], ["pause.id"], name=op.f("fk_pairing_pause_pause_id_pause")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pairing_pause")),
    )
    op.create_index("ix_pairing_pause_pairing_id", "pairing_pause", ["pairing_id"])
    op.create_index("ix_pairing_pause_pause_id", "pairing_pause", ["pause_id"])
    op.create_index(
        "one_open_pause_per_pairing",
        "pairing_pause",
        ["pairing_id"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )


def _departure() -> None:
    was = ("draft", "submitted", "returned", "approved", "declined", "paused", "withdrawn")
    op.create_table(
        "departure",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("enrolment_id", sa.Uuid(), nullable=False),
        sa.Column("was", _one_of("enrolment_status", *was), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("told >= 0", name=op.f("ck_departure_told_0_or_more")),
        sa.ForeignKeyConstraint(["enrolment_id"], ["enrolment.id"], name=op.f("fk_departure_enrolment_id_enrolment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_departure")),
    )
    op.create_index("ix_departure_enrolment_id", "departure", ["enrolment_id"])


def _keep_present_pauses() -> None:
    """The enrolment's own id serves as the new row's: it is a UUID, and there is one open pause each."""
    op.execute(
        "INSERT INTO pause (id, created_at, version, enrolment_id, begun_by_id, started_on, times_asked) "
        "SELECT id, CURRENT_TIMESTAMP, 1, id, person_id, CURRENT_DATE, 0 FROM enrolment WHERE status = 'paused'"
    )


def _stateful() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    )


def _one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)
