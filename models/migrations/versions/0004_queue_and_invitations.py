"""Saved views of the queue and invitations."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SIDE = ("mentor", "mentee")
_STATUS = ("draft", "submitted", "returned", "approved", "declined", "paused", "withdrawn")


def upgrade() -> None:
    """Links for self-enrolment, what was sent at them, and views."""
    op.create_table(
        "self_enrolment_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("side", _one_of("side", _SIDE), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("used BETWEEN 0 AND most", name=op.f("ck_self_enrolment_link_used_up_to_most")),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohort.id"], name=op.f("fk_self_enrolment_link_cohort_id_cohort")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_self_enrolment_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_self_enrolment_link_token_hash")),
    )
    op.create_index(op.f("ix_self_enrolment_link_cohort_id"), "self_enrolment_link", ["cohort_id"])
    op.create_table(
        "join_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("address_hash", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(
            ["link_id"], ["self_enrolment_link.id"], name=op.f("fk_join_attempt_link_id_self_enrolment_link")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_join_attempt")),
    )
    op.create_index("ix_join_attempt_link", "join_attempt", ["link_id", "created_at"])
    op.create_index("ix_join_attempt_address", "join_attempt", ["address_hash", "created_at"])
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("scheme_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("side", _one_of("side", _SIDE), nullable=True),
        sa.Column("status", _one_of("enrolment_status", _STATUS), nullable=True),
        sa.Column("gate", sa.String(20), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_saved_view_person_id_person")),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name=op.f("fk_saved_view_scheme_id_scheme")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("person_id", "scheme_id", "name", name=op.f("uq_saved_view_person_id_scheme_id_name")),
    )
    op.create_index(op.f("ix_saved_view_person_id"), "saved_view", ["person_id"])
    op.create_index(op.f("ix_saved_view_scheme_id"), "saved_view", ["scheme_id"])


def downgrade() -> None:
    """Everything that upgrade made."""
    op.drop_table("saved_view")
    op.drop_table("join_attempt")
    op.drop_table("self_enrolment_link")


def _one_of(name: str, values: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)
