"""What the ledger and the ways of working lean on."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# By table and columns: all that the ledger asks of a row, so that it reads the index alone.
LEDGER = {
    "ix_enrolment_approved": ("enrolment", ["cohort_id", "side", "decided_at", "status", "id"]),
    "ix_consent_held": ("consent", ["purpose", "enrolment_id", "created_at", "withdrawn_at"]),
    "ix_wish_first": ("wish", ["mentee_id", "created_at"]),
    "ix_signature_signed": ("signature", ["document_id", "enrolment_id", "created_at"]),
}


def upgrade() -> None:
    for name, (table, columns) in LEDGER.items():
        op.create_index(name, table, columns)


def downgrade() -> None:
    for name, (table, _) in reversed(LEDGER.items()):
        op.drop_index(name, table_name=table)
