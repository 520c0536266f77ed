"""Which answers the other half of a pair sees, as data, and what people choose to share with it.

The form has said beside many questions "and your match once you have one", and no screen showed it. Where that sentence
still stands as the desk shipped it, everybody who answered has read it: it becomes true. About background it was more
than anybody should be told without asking, so each person decides. A sentence that a coordinator wrote stays, and
nothing is shown on the strength of it.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

OPEN = sa.text("withdrawn_at IS NULL")
FIELD = sa.table(
    "form_field",
    sa.column("id", sa.Uuid()),
    sa.column("key"),
    sa.column("roles", sa.JSON()),
    sa.column("labels", sa.JSON()),
    sa.column("audience"),
    sa.column("for_match", sa.JSON(none_as_null=True)),
)
# The sentence as it was shipped: what is left of it without the match, and what was promised of that.
PROMISES = {
    "The coordinator, and your match once you have one.": ("The coordinator.", "always"),
    "The coordinator, and your match once you have one; never in a proposal.": (
        "The coordinator; never in a proposal.",
        "always",
    ),
    "The coordinator, and your mentor once you are matched.": ("The coordinator.", "always"),
    "The coordinator, and your mentee once you are matched.": ("The coordinator.", "always"),
    "The coordinator, and your mentor once you accept.": ("The coordinator.", "always"),
    "The coordinator. The other half of your pair sees it only if you choose to share it.": (
        "The coordinator.",
        "choice",
    ),
    "The coordinator. Your mentor sees it once you are matched, and only if you choose to share it.": (
        "The coordinator.",
        "choice",
    ),
}
ONLY_BY_CHOICE = frozenset({"background", "needs", "access_needs"})
# A match is shown the name in any case.
NOT_BY_RULE = frozenset({"full_name"})
LABELS = {
    "called": "To be called",
    "pronouns": "Pronouns",
    "year_of_study": "Year of study",
    "level": "Where they are now",
    "organisation": "Works at",
    "years_of_experience": "Years of experience",
    "needs": "What helps them",
    "access_needs": "Makes meeting easier",
    "background": "Background",
    "languages": "Languages",
    "time_zone": "Time zone",
    "channels": "Glad to talk by",
    "availability": "Can usually talk",
}


def upgrade() -> None:
    # No batch: this column has no constraint, and a table that is made anew would lose its checks on SQLite.
    op.add_column("form_field", sa.Column("for_match", sa.JSON(none_as_null=True), nullable=True))
    op.create_table(
        "shared_answer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("enrolment_id", sa.Uuid(), nullable=False),
        sa.Column("field_key", sa.String(40), nullable=False),
        sa.Column("wording_sha256", sa.String(64), nullable=False),
        sa.Column("language", sa.String(12), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["enrolment.id"], name=op.f("fk_shared_answer_enrolment_id_enrolment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shared_answer")),
    )
    op.create_index(op.f("ix_shared_answer_enrolment_id"), "shared_answer", ["enrolment_id"])
    op.create_index(
        "one_open_sharing_per_question",
        "shared_answer",
        ["enrolment_id", "field_key"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    _keep_promises()


def downgrade() -> None:
    """The shorter sentences stay: an older version shows a match none of these answers, so they are true there."""
    op.drop_table("shared_answer")
    op.drop_column("form_field", "for_match")


def _keep_promises() -> None:
    connection = op.get_bind()
    rows = connection.execute(sa.select(FIELD).where(FIELD.c.key.not_in(NOT_BY_RULE))).all()
    for row in rows:
        if change := _changed(row):
            connection.execute(FIELD.update().where(FIELD.c.id == row.id).values(change))


def _changed(row: Any) -> dict[str, Any]:
    """The new values of a question; none where no side was promised anything in the desk's own words."""
    labels = dict(row.labels)
    said = {side: labels.pop(f"audience:{side}", row.audience) for side in row.roles}
    promised = {side: PROMISES[sentence] for side, sentence in said.items() if sentence in PROMISES}
    if not promised:
        return {}
    rules = {side: "choice" if row.key in ONLY_BY_CHOICE else rule for side, (_, rule) in promised.items()}
    said |= {side: sentence for side, (sentence, _) in promised.items()}
    first = said[row.roles[0]]
    labels |= {f"audience:{side}": sentence for side, sentence in said.items() if sentence != first}
    labels |= {f"match:{side}": LABELS[row.key] for side in rules if row.key in LABELS}
    return {"labels": labels, "audience": first, "for_match": rules}
