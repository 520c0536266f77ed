"""Training that coordinators write, and a resource library."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True)
STATES = ("draft", "published", "retired")
LETTERS = "23456789BCDFGHJKMNPQRSTVWXZ"


def upgrade() -> None:
    _modules()
    _completions()
    op.create_table(
        "training_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("enrolment_id", sa.Uuid(), nullable=False),
        sa.Column("module_id", sa.Uuid(), nullable=False),
        sa.Column("correct_answers", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["enrolment.id"], name=op.f("fk_training_attempt_enrolment_id_enrolment")
        ),
        sa.ForeignKeyConstraint(
            ["module_id"], ["training_module.id"], name=op.f("fk_training_attempt_module_id_training_module")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_attempt")),
    )
    with op.batch_alter_table("training_attempt", schema=None) as batch_op:
        batch_op.create_index("ix_training_attempt_person", ["enrolment_id", "module_id", "created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_training_attempt_module_id"), ["module_id"], unique=False)
    _library()


def downgrade() -> None:
    op.drop_table("resource_read")
    op.drop_table("resource_reader")
    op.drop_table("resource")
    op.drop_table("training_attempt")
    with op.batch_alter_table("training_completion", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_training_completion_code"), type_="unique")
        batch_op.drop_column("code")
    # Drafts were nobody's training yet, and without their state they would be.
    op.execute(sa.text("DELETE FROM training_module WHERE state = 'draft'"))
    with op.batch_alter_table("training_module", schema=None) as batch_op:
        batch_op.drop_index("one_draft_edition")
        batch_op.drop_index("one_published_edition")
        batch_op.drop_constraint(batch_op.f("ck_training_module_counts_from_1_to_edition"), type_="check")
        batch_op.drop_constraint(batch_op.f("ck_training_module_published_state"), type_="check")
        for name in ("published_at", "due_on", "counts_from", "offered_to", "summary", "state", "version"):
            batch_op.drop_column(name)


def _modules() -> None:
    """What a scheme's settings said about its modules becomes the modules' own; only the newest edition is in force."""
    state = sa.Enum(*STATES, name="published_state", native_enum=False, create_constraint=True, length=32)
    with op.batch_alter_table("training_module", schema=None) as batch_op:
        batch_op.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("state", state, nullable=False, server_default="published"))
        batch_op.add_column(sa.Column("summary", sa.String(500), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("offered_to", JSON, nullable=False, server_default='["mentor", "mentee"]'))
        batch_op.add_column(sa.Column("counts_from", sa.Integer(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("due_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("published_at", sa.DateTime(timezone=True), nullable=True))
    _fill_modules()
    with op.batch_alter_table("training_module", schema=None) as batch_op:
        for name in ("version", "state", "summary", "offered_to", "counts_from"):
            batch_op.alter_column(name, server_default=None)
        batch_op.create_check_constraint(
            batch_op.f("ck_training_module_counts_from_1_to_edition"), "counts_from BETWEEN 1 AND edition"
        )
        for name, kept in (("one_published_edition", "published"), ("one_draft_edition", "draft")):
            batch_op.create_index(
                name,
                ["scheme_id", "key"],
                unique=True,
                sqlite_where=sa.text(f"state = '{kept}'"),
                postgresql_where=sa.text(f"state = '{kept}'"),
            )


def _fill_modules() -> None:
    bind = op.get_bind()
    module = sa.table(
        "training_module",
        sa.column("id", sa.Uuid()),
        sa.column("scheme_id", sa.Uuid()),
        sa.column("key", sa.String()),
        sa.column("edition", sa.Integer()),
        sa.column("created_at", sa.DateTime(timezone=True)),
        *(sa.column(name) for name in ("state", "summary", "counts_from", "published_at")),
        sa.column("offered_to", JSON),
    )
    scheme = sa.table("scheme", sa.column("id", sa.Uuid()), sa.column("other_settings", JSON))
    said = {row.id: (row.other_settings or {}).get("modules", {}) for row in bind.execute(sa.select(scheme))}
    bind.execute(sa.update(module).values(counts_from=module.c.edition, published_at=module.c.created_at))
    for row in bind.execute(sa.select(module.c.id, module.c.scheme_id, module.c.key)).all():
        about = said.get(row.scheme_id, {}).get(row.key, {})
        offered = about.get("roles") or ["mentor", "mentee"]
        filled = sa.update(module).where(module.c.id == row.id)
        bind.execute(filled.values(summary=str(about.get("summary", ""))[:500], offered_to=offered))
    newer = module.alias("newer")
    is_old = sa.exists().where(
        newer.c.scheme_id == module.c.scheme_id, newer.c.key == module.c.key, newer.c.edition > module.c.edition
    )
    bind.execute(sa.update(module).where(is_old).values(state="retired"))


def _completions() -> None:
    with op.batch_alter_table("training_completion", schema=None) as batch_op:
        batch_op.add_column(sa.Column("code", sa.String(12), nullable=True))
    bind = op.get_bind()
    completion = sa.table("training_completion", sa.column("id", sa.Uuid()), sa.column("code", sa.String()))
    for row in bind.execute(sa.select(completion.c.id)).all():
        code = "".join(secrets.choice(LETTERS) for _ in range(12))
        bind.execute(sa.update(completion).where(completion.c.id == row.id).values(code=code))
    with op.batch_alter_table("training_completion", schema=None) as batch_op:
        batch_op.alter_column("code", existing_type=sa.String(12), nullable=False)
        batch_op.create_unique_constraint(batch_op.f("uq_training_completion_code"), ["code"])


def _library() -> None:
    state = sa.Enum(*STATES, name="published_state", native_enum=False, create_constraint=True, length=32)
    op.create_table(
        "resource",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("scheme_id", sa.Uuid(), nullable=False),
        sa.Column("state", state, nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("summary", sa.String(500), nullable=False),
        sa.Column("sides", JSON, nullable=False),
        sa.Column("link", sa.String(2000), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("before", JSON, nullable=True),
        sa.Column("text", sa.String(), nullable=True),
        sa.CheckConstraint("(link IS NULL) <> (text IS NULL)", name=op.f("ck_resource_text_or_link")),
        sa.CheckConstraint(
            "state = 'draft' OR published_at IS NOT NULL", name=op.f("ck_resource_published_has_a_moment")
        ),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name=op.f("fk_resource_scheme_id_scheme")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource")),
    )
    with op.batch_alter_table("resource", schema=None) as batch_op:
        batch_op.create_index("ix_resource_scheme", ["scheme_id", "state", "published_at"], unique=False)
    op.create_table(
        "resource_reader",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("enrolment_id", sa.Uuid(), nullable=False),
        sa.Column("previous_visit_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("latest_visit_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("digest_since", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["enrolment.id"], name=op.f("fk_resource_reader_enrolment_id_enrolment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_reader")),
        sa.UniqueConstraint("enrolment_id", name=op.f("uq_resource_reader_enrolment_id")),
    )
    op.create_table(
        "resource_read",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("enrolment_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["enrolment.id"], name=op.f("fk_resource_read_enrolment_id_enrolment")
        ),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_resource_read_resource_id_resource")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_read")),
        sa.UniqueConstraint("resource_id", "enrolment_id", name=op.f("uq_resource_read_resource_id_enrolment_id")),
    )
    with op.batch_alter_table("resource_read", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_resource_read_enrolment_id"), ["enrolment_id"], unique=False)
