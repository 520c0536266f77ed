"""Settle ways of working in private, version by version.

What pairs wrote before moves into `words` as it is. Whoever migrates seals it within the same transaction
(services/schema.py): the keys are none of the database's business.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

UNNC, DUE_DAYS = "unnc_alumni", 14
WHOLE = "(usual_weekday IS NULL) = (usual_minute IS NULL) AND (usual_minute IS NULL) = (usual_zone IS NULL)"
CHECKS = {
    "weekday_0_to_6": "usual_weekday BETWEEN 0 AND 6",
    "minute_of_a_day": "usual_minute BETWEEN 0 AND 1439",
    "usual_hour_whole_or_not_at_all": WHOLE,
}
NEW = ("usual_weekday", "usual_minute", "usual_zone", "covers", "words")
WAYS = sa.table(
    "ways_of_working",
    sa.column("id", sa.Uuid()),
    sa.column("sections", sa.JSON(none_as_null=True)),
    sa.column("covers", sa.JSON(none_as_null=True)),
    sa.column("words", sa.String()),
)
SCHEME = sa.table("scheme", sa.column("id", sa.Uuid()), sa.column("key"), sa.column("other_settings", sa.JSON()))


def upgrade() -> None:
    _add_columns()
    _move_words()
    with op.batch_alter_table("ways_of_working") as ways:
        ways.alter_column("covers", existing_type=sa.JSON(), nullable=False)
        ways.alter_column("words", existing_type=sa.String(), nullable=False)
        ways.drop_column("sections")
        for name, condition in CHECKS.items():
            ways.create_check_constraint(op.f(f"ck_ways_of_working_{name}"), condition)
    for name, of_side in (("ways_draft", True), ("expectation", True), ("topic_marks", False)):
        _make_private_table(name, of_side=of_side)
    _set_due_days()


def downgrade() -> None:
    """What pairs wrote stays sealed, so an older version finds their sections empty."""
    for name in ("topic_marks", "expectation", "ways_draft"):
        op.drop_table(name)
    with op.batch_alter_table("ways_of_working") as ways:
        for name in CHECKS:
            ways.drop_constraint(op.f(f"ck_ways_of_working_{name}"), type_="check")
        ways.add_column(sa.Column("sections", sa.JSON(none_as_null=True), nullable=False, server_default="{}"))
    with op.batch_alter_table("ways_of_working") as ways:
        ways.alter_column("sections", existing_type=sa.JSON(), server_default=None)
        for name in NEW:
            ways.drop_column(name)


def _add_columns() -> None:
    with op.batch_alter_table("ways_of_working") as ways:
        ways.add_column(sa.Column("usual_weekday", sa.Integer(), nullable=True))
        ways.add_column(sa.Column("usual_minute", sa.Integer(), nullable=True))
        ways.add_column(sa.Column("usual_zone", sa.String(length=64), nullable=True))
        ways.add_column(sa.Column("covers", sa.JSON(none_as_null=True), nullable=True))
        ways.add_column(sa.Column("words", sa.String(), nullable=True))


def _move_words() -> None:
    connection = op.get_bind()
    for row in connection.execute(sa.select(WAYS.c.id, WAYS.c.sections)).all():
        said = {"covers": list(row.sections or {}), "words": json.dumps(row.sections) if row.sections else ""}
        connection.execute(sa.update(WAYS).where(WAYS.c.id == row.id).values(**said))


def _make_private_table(name: str, *, of_side: bool) -> None:
    """A pair's sealed words, of one side or of both. SQLite walks through long texts, so they come last."""
    side = sa.Enum("mentor", "mentee", name="side", native_enum=False, create_constraint=True, length=32)
    more: list[sa.Column[object]] = [sa.Column("side", side, nullable=False)] if of_side else []
    if name == "expectation":
        more.append(sa.Column("done_at", sa.DateTime(timezone=True), nullable=True))
    keys = ["pairing_id", "side"] if of_side else ["pairing_id"]
    op.create_table(
        name,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("pairing_id", sa.Uuid(), nullable=False),
        *more,
        sa.Column("words", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["pairing_id"], ["pairing.id"], name=op.f(f"fk_{name}_pairing_id_pairing")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.UniqueConstraint(*keys, name=op.f(f"uq_{name}_{'_'.join(keys)}")),
    )
    if of_side:
        op.create_index(op.f(f"ix_{name}_pairing_id"), name, ["pairing_id"])


def _set_due_days() -> None:
    """A UNNC scheme that is there already asks for ways of working within 14 days of the first meeting (U-C4.4)."""
    connection = op.get_bind()
    for row in connection.execute(sa.select(SCHEME.c.id, SCHEME.c.other_settings).where(SCHEME.c.key == UNNC)).all():
        settings = (row.other_settings or {}) | {"ways_due_days": DUE_DAYS}
        connection.execute(sa.update(SCHEME).where(SCHEME.c.id == row.id).values(other_settings=settings))
