"""Find people by several words in any order.

The words are filled in by services/schema.py after the move: only the services know which words lead to whom.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Words arrive folded and apart: `ascii` takes everything beyond ASCII for a letter and leaves it as it is. No trigger
# keeps it: SQLite before 3.44 lets none write to FTS5 where the schema is not trusted (models/database.py).
_FTS5 = (
    "CREATE VIRTUAL TABLE search_words USING"
    " fts5(tokens, content='search_text', content_rowid='id', tokenize='ascii', detail='none')"
)
# Not `to_tsvector`, whose parser depends on the database's locale: these are words already.
_GIN = "CREATE INDEX ix_search_words ON search_text USING gin (array_to_tsvector(string_to_array(tokens, ' ')))"


def upgrade() -> None:
    op.create_table(
        "search_text",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("enrolment_id", sa.Uuid(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column(
            "scope",
            sa.Enum("directory", "queue", name="search_scope", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("tokens", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohort.id"], name=op.f("fk_search_text_cohort_id_cohort")),
        sa.ForeignKeyConstraint(
            ["enrolment_id"],
            ["enrolment.id"],
            name=op.f("fk_search_text_enrolment_id_enrolment"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_text")),
        sa.UniqueConstraint("enrolment_id", "scope", name=op.f("uq_search_text_enrolment_id_scope")),
        sqlite_autoincrement=True,
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(_FTS5)
    else:
        op.execute(_GIN)
    _create_shortlisted()
    op.create_table(
        "directory_searches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("searched_on", sa.Date(), nullable=False),
        sa.Column("searches", sa.Integer(), nullable=False),
        sa.CheckConstraint("searches >= 0", name=op.f("ck_directory_searches_searches_not_negative")),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohort.id"], name=op.f("fk_directory_searches_cohort_id_cohort")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_searches")),
        sa.UniqueConstraint("cohort_id", "searched_on", name=op.f("uq_directory_searches_cohort_id_searched_on")),
    )


def _create_shortlisted() -> None:
    op.create_table(
        "shortlisted",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mentee_id", sa.Uuid(), nullable=False),
        sa.Column("mentor_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["mentee_id"], ["enrolment.id"], name=op.f("fk_shortlisted_mentee_id_enrolment")),
        sa.ForeignKeyConstraint(["mentor_id"], ["enrolment.id"], name=op.f("fk_shortlisted_mentor_id_enrolment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shortlisted")),
        sa.UniqueConstraint("mentee_id", "mentor_id", name=op.f("uq_shortlisted_mentee_id_mentor_id")),
    )
    with op.batch_alter_table("shortlisted", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_shortlisted_mentee_id"), ["mentee_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_shortlisted_mentor_id"), ["mentor_id"], unique=False)


def downgrade() -> None:
    op.drop_table("directory_searches")
    op.drop_table("shortlisted")
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_words")
    op.drop_table("search_text")
