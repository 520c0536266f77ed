"""Keep every kind of document, draft and edition."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None

OLD = ("agreement", "code", "role_statement", "first_meeting_guide", "rights")
NEW = ("mentee_agreement", "privacy")
CHECK = "ck_scheme_document_document_kind"


def upgrade() -> None:
    _allow((*OLD, *NEW))
    with op.batch_alter_table("scheme_document", schema=None) as batch_op:
        batch_op.add_column(sa.Column("written_by_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("published_by_id", sa.Uuid(), nullable=True))
    kinds = sa.Enum(*OLD, *NEW, name="document_kind", native_enum=False, create_constraint=True, length=32)
    op.create_table(
        "document_draft",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("scheme_id", sa.Uuid(), nullable=False),
        sa.Column("kind", kinds, nullable=False),
        sa.Column("language", sa.String(12), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("signed_by", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("changed_by_id", sa.Uuid(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handed_over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name=op.f("fk_document_draft_scheme_id_scheme")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_draft")),
        sa.UniqueConstraint("scheme_id", "kind", "language", name=op.f("uq_document_draft_scheme_id_kind_language")),
    )
    op.create_index(op.f("ix_document_draft_scheme_id"), "document_draft", ["scheme_id"], unique=False)


def downgrade() -> None:
    op.drop_table("document_draft")
    new = {"kinds": list(NEW)}
    these = "SELECT id FROM scheme_document WHERE kind IN :kinds"
    for table in ("clause", "signature"):
        op.get_bind().execute(_of(f"DELETE FROM {table} WHERE document_id IN ({these})"), new)  # noqa: S608 - our words
    op.get_bind().execute(_of("DELETE FROM scheme_document WHERE kind IN :kinds"), new)
    with op.batch_alter_table("scheme_document", schema=None) as batch_op:
        for name in ("published_by_id", "written_by_id"):
            batch_op.drop_column(name)
    _allow(OLD)


def _of(statement: str) -> sa.TextClause:
    return sa.text(statement).bindparams(sa.bindparam("kinds", expanding=True))


def _allow(kinds: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    with op.batch_alter_table("scheme_document", schema=None) as batch_op:
        batch_op.drop_constraint(op.f(CHECK), type_="check")
        batch_op.create_check_constraint(op.f(CHECK), f"kind IN ({listed})")
