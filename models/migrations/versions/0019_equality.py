"""Equality answers, apart from everything else, and the tables of parity made from them (A-SH3).

Schemes that are there already ask what their template asks. Of a scheme whose people are in China only what is no
sensitive category (SECURITY.md a4): nothing about health or ethnic background.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

ASKED = {
    "aulp": ["age", "gender", "ethnicity", "disability", "first_family"],
    "unnc_alumni": ["gender", "first_family"],
}
SCHEME = sa.table("scheme", sa.column("id", sa.Uuid()), sa.column("key"), sa.column("other_settings", sa.JSON()))


def upgrade() -> None:
    op.create_table(
        "equality_answers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("enrolment_id", sa.Uuid(), nullable=False),
        sa.Column("wording_sha256", sa.String(64), nullable=False),
        sa.Column("language", sa.String(12), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["enrolment.id"], name=op.f("fk_equality_answers_enrolment_id_enrolment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_equality_answers")),
        sa.UniqueConstraint("enrolment_id", name=op.f("uq_equality_answers_enrolment_id")),
    )
    op.create_table(
        "parity_table",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("published", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("exact", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohort.id"], name=op.f("fk_parity_table_cohort_id_cohort")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parity_table")),
        sa.UniqueConstraint("cohort_id", name=op.f("uq_parity_table_cohort_id")),
    )
    for row in _schemes():
        _set(row, (row.other_settings or {}) | {"equality": ASKED[row.key]})


def downgrade() -> None:
    for row in _schemes():
        _set(row, {key: value for key, value in (row.other_settings or {}).items() if key != "equality"})
    op.drop_table("parity_table")
    op.drop_table("equality_answers")


def _schemes() -> Any:
    columns = (SCHEME.c.id, SCHEME.c.key, SCHEME.c.other_settings)
    return op.get_bind().execute(sa.select(*columns).where(SCHEME.c.key.in_(ASKED))).all()


def _set(row: Any, settings: dict[str, Any]) -> None:
    op.get_bind().execute(sa.update(SCHEME).where(SCHEME.c.id == row.id).values(other_settings=settings))
