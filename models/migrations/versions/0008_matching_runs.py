"""What a matching run was given and decided."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("policy", sa.String(40), nullable=True),
        sa.Column("inputs", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("as_of_on", sa.Date(), nullable=True),
        sa.Column("took_ms", sa.Integer(), nullable=True),
    ):
        op.add_column("matching_run", column)
    op.add_column("run_pair", sa.Column("possible", sa.Float(), nullable=True))

    op.create_table(
        "pair_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("mentor_id", sa.Uuid(), nullable=False),
        sa.Column("mentee_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("pin", "forbid", name="pair_rule_kind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("made_by_id", sa.Uuid(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("mentor_id <> mentee_id", name=op.f("ck_pair_rule_two_different_people")),
        sa.CheckConstraint(
            "(undone_at IS NULL) = (undone_by_id IS NULL)", name=op.f("ck_pair_rule_undone_by_somebody")
        ),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohort.id"], name=op.f("fk_pair_rule_cohort_id_cohort")),
        sa.ForeignKeyConstraint(["mentor_id"], ["enrolment.id"], name=op.f("fk_pair_rule_mentor_id_enrolment")),
        sa.ForeignKeyConstraint(["mentee_id"], ["enrolment.id"], name=op.f("fk_pair_rule_mentee_id_enrolment")),
        sa.ForeignKeyConstraint(["made_by_id"], ["person.id"], name=op.f("fk_pair_rule_made_by_id_person")),
        sa.ForeignKeyConstraint(["undone_by_id"], ["person.id"], name=op.f("fk_pair_rule_undone_by_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pair_rule")),
    )
    open_rule, open_pin = sa.text("undone_at IS NULL"), sa.text("undone_at IS NULL AND kind = 'pin'")
    with op.batch_alter_table("pair_rule", schema=None) as batch_op:
        for name in ("cohort_id", "mentor_id", "mentee_id"):
            batch_op.create_index(batch_op.f(f"ix_pair_rule_{name}"), [name], unique=False)
        batch_op.create_index(
            "one_open_rule_per_pair",
            ["mentor_id", "mentee_id"],
            unique=True,
            sqlite_where=open_rule,
            postgresql_where=open_rule,
        )
        batch_op.create_index(
            "one_open_pin_per_mentee", ["mentee_id"], unique=True, sqlite_where=open_pin, postgresql_where=open_pin
        )

    op.create_table(
        "run_work",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("started_by_id", sa.Uuid(), nullable=False),
        sa.Column("stage", sa.String(40), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancel_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("trouble", sa.String(500), nullable=True),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohort.id"], name=op.f("fk_run_work_cohort_id_cohort")),
        sa.ForeignKeyConstraint(["started_by_id"], ["person.id"], name=op.f("fk_run_work_started_by_id_person")),
        sa.ForeignKeyConstraint(["run_id"], ["matching_run.id"], name=op.f("fk_run_work_run_id_matching_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_work")),
    )
    at_work = sa.text("ended_at IS NULL")
    op.create_index(
        "one_run_at_work_per_cohort",
        "run_work",
        ["cohort_id"],
        unique=True,
        sqlite_where=at_work,
        postgresql_where=at_work,
    )

    op.create_table(
        "text_vector",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text_sha256", sa.String(64), nullable=False),
        sa.Column("method", sa.String(40), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_text_vector")),
        sa.UniqueConstraint("text_sha256", "method", name=op.f("uq_text_vector_text_sha256_method")),
    )


def downgrade() -> None:
    for table in ("text_vector", "run_work", "pair_rule"):
        op.drop_table(table)
    with op.batch_alter_table("run_pair", schema=None) as batch_op:
        batch_op.drop_column("possible")
    with op.batch_alter_table("matching_run", schema=None) as batch_op:
        for column in ("took_ms", "as_of_on", "inputs", "policy"):
            batch_op.drop_column(column)
