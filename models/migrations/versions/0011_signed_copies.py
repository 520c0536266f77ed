"""Remember the fingerprint of each signed copy.

Copies of signatures from before are made when somebody first asks for one: what stands on them is taken then.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "signed_copy",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signature_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(12), nullable=False),
        sa.Column("scheme_name", sa.String(200), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("address", sa.String(500), nullable=False),
        sa.Column("evidence_sha256", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["signature_id"], ["signature.id"], name=op.f("fk_signed_copy_signature_id_signature")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signed_copy")),
        sa.UniqueConstraint("code", name=op.f("uq_signed_copy_code")),
        sa.UniqueConstraint("signature_id", name=op.f("uq_signed_copy_signature_id")),
    )
    op.create_table(
        "signed_copy_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("copy_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["copy_id"], ["signed_copy.id"], name=op.f("fk_signed_copy_file_copy_id_signed_copy")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signed_copy_file")),
        sa.UniqueConstraint("sha256", name=op.f("uq_signed_copy_file_sha256")),
    )
    op.create_index(op.f("ix_signed_copy_file_copy_id"), "signed_copy_file", ["copy_id"], unique=False)
    op.create_table(
        "verification_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address_hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification_attempt")),
    )
    op.create_index(
        "ix_verification_attempt_address", "verification_attempt", ["address_hash", "created_at"], unique=False
    )
    op.create_index("ix_verification_attempt_time", "verification_attempt", ["created_at"], unique=False)
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.add_column(sa.Column("attached_copy_id", sa.Uuid(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_message_attached_copy_id_signed_copy"), "signed_copy", ["attached_copy_id"], ["id"]
        )


def downgrade() -> None:
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_message_attached_copy_id_signed_copy"), type_="foreignkey")
        batch_op.drop_column("attached_copy_id")
    op.drop_table("verification_attempt")
    op.drop_table("signed_copy_file")
    op.drop_table("signed_copy")
