"""What mentors choose to show besides the four fields of the clause."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

OPEN = sa.text("withdrawn_at IS NULL")


def upgrade() -> None:
    # No batch: this column has no constraint, and a table that is made anew would lose its checks on SQLite.
    op.add_column("form_field", sa.Column("listing", sa.String(200), nullable=True))
    op.create_table(
        "directory_choice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("enrolment_id", sa.Uuid(), nullable=False),
        sa.Column("field_key", sa.String(40), nullable=False),
        sa.Column("wording_sha256", sa.String(64), nullable=False),
        sa.Column("language", sa.String(12), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["enrolment.id"], name=op.f("fk_directory_choice_enrolment_id_enrolment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_choice")),
    )
    op.create_index(op.f("ix_directory_choice_enrolment_id"), "directory_choice", ["enrolment_id"])
    op.create_index(
        "one_open_choice_per_question",
        "directory_choice",
        ["enrolment_id", "field_key"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )


def downgrade() -> None:
    op.drop_table("directory_choice")
    op.drop_column("form_field", "listing")
