"""Keep each answer's history, the words of a consent, a sort name, and a version of each question."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("person") as batch_op:
        batch_op.add_column(sa.Column("sort_name", sa.String(200), nullable=True))
    with op.batch_alter_table("form_field") as batch_op:
        batch_op.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    with op.batch_alter_table("form_field") as batch_op:
        batch_op.alter_column("version", existing_type=sa.Integer(), existing_nullable=False, server_default=None)
    # How many people one has room for was a plain number until now.
    op.execute("UPDATE form_field SET kind = 'capacity' WHERE key = 'capacity' AND kind = 'whole_number'")
    # A name may be as long as the table allows.
    op.execute("UPDATE form_field SET longest = 200 WHERE key = 'full_name' AND longest < 200")
    op.create_table(
        "consent_text",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("language", sa.String(12), nullable=False),
        sa.Column("text", sa.String(5000), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_text")),
        sa.UniqueConstraint("sha256", "language", name=op.f("uq_consent_text_sha256_language")),
    )
    op.create_table(
        "answer_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("enrolment_id", sa.Uuid(), nullable=False),
        sa.Column("changed_by_id", sa.Uuid(), nullable=True),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("after", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["enrolment.id"], name=op.f("fk_answer_change_enrolment_id_enrolment")
        ),
        sa.ForeignKeyConstraint(["changed_by_id"], ["person.id"], name=op.f("fk_answer_change_changed_by_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_change")),
    )
    with op.batch_alter_table("answer_change") as batch_op:
        batch_op.create_index("ix_answer_change_changed_by_id", ["changed_by_id"])
        batch_op.create_index("ix_answer_change_newest", ["enrolment_id", "created_at", "id"])


def downgrade() -> None:
    op.drop_table("answer_change")
    op.drop_table("consent_text")
    op.execute("UPDATE form_field SET kind = 'whole_number' WHERE kind = 'capacity'")
    with op.batch_alter_table("form_field") as batch_op:
        batch_op.drop_column("version")
    with op.batch_alter_table("person") as batch_op:
        batch_op.drop_column("sort_name")
