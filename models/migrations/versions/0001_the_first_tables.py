"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("acting_as", sa.String(32), nullable=False),
        sa.Column("action", sa.String(80), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("scheme_id", sa.Uuid(), nullable=True),
        sa.Column("details", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("previous_sha256", sa.String(64), nullable=False),
        sa.Column("entry_sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
        sa.UniqueConstraint("sequence", name=op.f("uq_audit_entry_sequence")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_entry_actor_id"), ["actor_id"], unique=False)
        batch_op.create_index("ix_audit_entry_scheme", ["scheme_id", "sequence"], unique=False)
        batch_op.create_index("ix_audit_entry_subject", ["subject_id"], unique=False)

    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("entry_sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("installation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_up_code_sha256", sa.String(64), nullable=True),
        sa.Column("set_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "job_lease",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("holder", sa.String(60), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_lease")),
        sa.UniqueConstraint("name", name=op.f("uq_job_lease_name")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("full_name", sa.String(200), nullable=False),
        sa.Column("called", sa.String(100), nullable=True),
        sa.Column("pronouns", sa.String(50), nullable=True),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("email_key", sa.String(254), nullable=False),
        sa.Column("telephone", sa.String(50), nullable=True),
        sa.Column("telephone_key", sa.String(20), nullable=True),
        sa.Column("wechat_id", sa.String(20), nullable=True),
        sa.Column("time_zone", sa.String(64), nullable=True),
        sa.Column("language", sa.String(12), nullable=False),
        sa.CheckConstraint("length(full_name) BETWEEN 1 AND 200", name=op.f("ck_person_full_name_1_to_200")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("email_key", name=op.f("uq_person_email_key")),
    )
    op.create_table(
        "scheme",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column(
            "style",
            sa.Enum(
                "facilitative", "career_guiding", name="style", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column(
            "answered_by",
            sa.Enum(
                "mentee", "mentor_after_wish", name="answered_by", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("language", sa.String(12), nullable=False),
        sa.Column("data_region", sa.String(100), nullable=False),
        sa.Column("channels", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("mentor_gates", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("mentee_gates", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("criterion_weights", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("default_interval_days", sa.Integer(), nullable=False),
        sa.Column("quiet_factor", sa.Float(), nullable=False),
        sa.Column("silent_factor", sa.Float(), nullable=False),
        sa.Column("meeting_minutes", sa.Integer(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("proposal_expiry_days", sa.Integer(), nullable=False),
        sa.Column("reminder_days", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("signature_grace_days", sa.Integer(), nullable=False),
        sa.Column("reply_address", sa.String(254), nullable=True),
        sa.Column("other_settings", sa.JSON(none_as_null=True), nullable=False),
        sa.CheckConstraint("default_interval_days BETWEEN 1 AND 366", name=op.f("ck_scheme_interval_1_to_366_days")),
        sa.CheckConstraint("proposal_expiry_days BETWEEN 1 AND 90", name=op.f("ck_scheme_expiry_1_to_90_days")),
        sa.CheckConstraint(
            "quiet_factor >= 1 AND silent_factor >= quiet_factor", name=op.f("ck_scheme_silent_after_quiet")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheme")),
    )
    with op.batch_alter_table("scheme", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_scheme_key"), ["key"], unique=False)

    op.create_table(
        "sign_in_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name_hash", sa.String(64), nullable=False),
        sa.Column("address_hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_attempt")),
    )
    with op.batch_alter_table("sign_in_attempt", schema=None) as batch_op:
        batch_op.create_index("ix_sign_in_attempt_address", ["address_hash", "created_at"], unique=False)
        batch_op.create_index("ix_sign_in_attempt_name", ["name_hash", "created_at"], unique=False)

    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "invited",
                "active",
                "locked",
                name="account_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("password_hash", sa.String(200), nullable=True),
        sa.Column("last_signed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("totp_secret", sa.String(500), nullable=True),
        sa.Column("totp_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("totp_last_step", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "totp_confirmed_at IS NULL OR totp_secret IS NOT NULL", name=op.f("ck_account_confirmed_totp_has_a_secret")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_account_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("person_id", name=op.f("uq_account_person_id")),
    )
    op.create_table(
        "cohort",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("scheme_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("is_demonstration", sa.Boolean(), nullable=False),
        sa.CheckConstraint("ends_on > starts_on", name=op.f("ck_cohort_ends_after_start")),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name=op.f("fk_cohort_scheme_id_scheme")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cohort")),
        sa.UniqueConstraint("scheme_id", "name", name=op.f("uq_cohort_scheme_id_name")),
    )
    with op.batch_alter_table("cohort", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cohort_scheme_id"), ["scheme_id"], unique=False)

    op.create_table(
        "column_mapping",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scheme_id", sa.Uuid(), nullable=False),
        sa.Column("shape_key", sa.String(64), nullable=False),
        sa.Column("columns", sa.JSON(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name=op.f("fk_column_mapping_scheme_id_scheme")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_column_mapping")),
        sa.UniqueConstraint("scheme_id", "shape_key", name=op.f("uq_column_mapping_scheme_id_shape_key")),
    )
    with op.batch_alter_table("column_mapping", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_column_mapping_scheme_id"), ["scheme_id"], unique=False)

    op.create_table(
        "conflict",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("declared_by_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("declared_by_id <> other_id", name=op.f("ck_conflict_two_different_people")),
        sa.ForeignKeyConstraint(["declared_by_id"], ["person.id"], name=op.f("fk_conflict_declared_by_id_person")),
        sa.ForeignKeyConstraint(["other_id"], ["person.id"], name=op.f("fk_conflict_other_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflict")),
        sa.UniqueConstraint("declared_by_id", "other_id", name=op.f("uq_conflict_declared_by_id_other_id")),
    )
    with op.batch_alter_table("conflict", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_conflict_declared_by_id"), ["declared_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_conflict_other_id"), ["other_id"], unique=False)

    op.create_table(
        "form_field",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scheme_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("roles", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("labels", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("help", sa.String(1000), nullable=False),
        sa.Column("audience", sa.String(500), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("clause", sa.String(20), nullable=True),
        sa.Column("options", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("longest", sa.Integer(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name=op.f("fk_form_field_scheme_id_scheme")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form_field")),
        sa.UniqueConstraint("scheme_id", "key", name=op.f("uq_form_field_scheme_id_key")),
    )
    with op.batch_alter_table("form_field", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_form_field_scheme_id"), ["scheme_id"], unique=False)

    op.create_table(
        "link_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "invitation",
                "password_reset",
                "answer_proposal",
                "second_factor",
                name="link_purpose",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wrong_tries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_link_token_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_link_token_token_hash")),
    )
    with op.batch_alter_table("link_token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_link_token_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_link_token_subject_id"), ["subject_id"], unique=False)

    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("scheme_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("template", sa.String(60), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False),
        sa.Column(
            "link_purpose",
            sa.Enum(
                "invitation",
                "password_reset",
                "answer_proposal",
                "second_factor",
                name="link_purpose",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("link_subject_id", sa.Uuid(), nullable=True),
        sa.Column("link_hours", sa.Float(), nullable=False),
        sa.Column("dedupe_key", sa.String(64), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "queued",
                "leased",
                "sent",
                "failed",
                "cancelled",
                name="message_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(500), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("body_text", sa.String(), nullable=True),
        sa.Column("body_html", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_message_person_id_person")),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name=op.f("fk_message_scheme_id_scheme")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_message_dedupe_key")),
    )
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.create_index("ix_message_due", ["status", "due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_message_person_id"), ["person_id"], unique=False)
        batch_op.create_index("ix_message_scheme", ["scheme_id", "created_at"], unique=False)
        batch_op.create_index("ix_message_scheme_status", ["scheme_id", "status", "created_at"], unique=False)

    op.create_table(
        "role_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("scheme_id", sa.Uuid(), nullable=True),
        sa.Column(
            "role",
            sa.Enum(
                "coordinator",
                "manager",
                "administrator",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(role = 'administrator') = (scheme_id IS NULL)",
            name=op.f("ck_role_grant_only_administrators_have_no_scheme"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_role_grant_person_id_person")),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name=op.f("fk_role_grant_scheme_id_scheme")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grant")),
        sa.UniqueConstraint("person_id", "scheme_id", "role", name=op.f("uq_role_grant_person_id_scheme_id_role")),
    )
    with op.batch_alter_table("role_grant", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_role_grant_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_role_grant_scheme_id"), ["scheme_id"], unique=False)
        batch_op.create_index(
            "one_administrator_grant",
            ["person_id"],
            unique=True,
            sqlite_where=sa.text("scheme_id IS NULL"),
            postgresql_where=sa.text("scheme_id IS NULL"),
        )

    op.create_table(
        "scheme_document",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scheme_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "agreement",
                "code",
                "role_statement",
                "first_meeting_guide",
                "rights",
                name="document_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("language", sa.String(12), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("signed_by", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name=op.f("fk_scheme_document_scheme_id_scheme")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheme_document")),
        sa.UniqueConstraint(
            "scheme_id", "kind", "language", "edition", name=op.f("uq_scheme_document_scheme_id_kind_language_edition")
        ),
    )
    with op.batch_alter_table("scheme_document", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_scheme_document_scheme_id"), ["scheme_id"], unique=False)

    op.create_table(
        "training_module",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scheme_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("pass_mark", sa.Integer(), nullable=False),
        sa.Column("valid_months", sa.Integer(), nullable=False),
        sa.Column("required_for", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("questions", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["scheme_id"], ["scheme.id"], name=op.f("fk_training_module_scheme_id_scheme")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_module")),
        sa.UniqueConstraint("scheme_id", "key", "edition", name=op.f("uq_training_module_scheme_id_key_edition")),
    )
    with op.batch_alter_table("training_module", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_training_module_scheme_id"), ["scheme_id"], unique=False)

    op.create_table(
        "clause",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(20), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("section", sa.String(200), nullable=False),
        sa.Column("heading", sa.String(200), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["scheme_document.id"], name=op.f("fk_clause_document_id_scheme_document")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clause")),
        sa.UniqueConstraint("document_id", "key", name=op.f("uq_clause_document_id_key")),
    )
    with op.batch_alter_table("clause", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_clause_document_id"), ["document_id"], unique=False)

    op.create_table(
        "enrolment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column(
            "side",
            sa.Enum("mentor", "mentee", name="side", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "submitted",
                "returned",
                "approved",
                "declined",
                "paused",
                "withdrawn",
                name="enrolment_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("sort_key", sa.String(200), nullable=False),
        sa.Column("role_title", sa.String(200), nullable=True),
        sa.Column("organisation", sa.String(200), nullable=True),
        sa.Column("sector", sa.String(100), nullable=True),
        sa.Column("summary", sa.String(5000), nullable=True),
        sa.Column("goals", sa.String(5000), nullable=True),
        sa.Column("years_of_experience", sa.Integer(), nullable=True),
        sa.Column("languages", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("channels", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("answers", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("claims", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("imported", sa.Boolean(), nullable=False),
        sa.Column("conflicts_declared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_note", sa.String(2000), nullable=True),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("capacity BETWEEN 0 AND 50", name=op.f("ck_enrolment_capacity_0_to_50")),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohort.id"], name=op.f("fk_enrolment_cohort_id_cohort")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_enrolment_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment")),
        sa.UniqueConstraint("person_id", "cohort_id", "side", name=op.f("uq_enrolment_person_id_cohort_id_side")),
    )
    with op.batch_alter_table("enrolment", schema=None) as batch_op:
        batch_op.create_index("ix_enrolment_by_name", ["cohort_id", "sort_key", "id"], unique=False)
        batch_op.create_index("ix_enrolment_by_status", ["cohort_id", "status", "sort_key", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_enrolment_person_id"), ["person_id"], unique=False)
        batch_op.create_index("ix_enrolment_queue", ["cohort_id", "side", "status", "sort_key", "id"], unique=False)

    op.create_table(
        "feedback_round",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column(
            "point",
            sa.Enum("start", "middle", "end", name="round_point", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("opens_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("forms", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("due_on >= opens_on", name=op.f("ck_feedback_round_due_after_opening")),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohort.id"], name=op.f("fk_feedback_round_cohort_id_cohort")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback_round")),
        sa.UniqueConstraint("cohort_id", "point", name=op.f("uq_feedback_round_cohort_id_point")),
    )
    with op.batch_alter_table("feedback_round", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_feedback_round_cohort_id"), ["cohort_id"], unique=False)

    op.create_table(
        "matching_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("made_by_id", sa.Uuid(), nullable=False),
        sa.Column("inputs_sha256", sa.String(64), nullable=False),
        sa.Column("weights", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("mentees", sa.Integer(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("matched", sa.Integer(), nullable=False),
        sa.Column("certificate", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("text_method", sa.String(40), nullable=False),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohort.id"], name=op.f("fk_matching_run_cohort_id_cohort")),
        sa.ForeignKeyConstraint(["made_by_id"], ["person.id"], name=op.f("fk_matching_run_made_by_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matching_run")),
    )
    with op.batch_alter_table("matching_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_matching_run_cohort_id"), ["cohort_id"], unique=False)

    op.create_table(
        "sign_in_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("ticket_hash", sa.String(64), nullable=True),
        sa.Column("ticket_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("address_hash", sa.String(64), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_sign_in_session_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_session")),
        sa.UniqueConstraint("ticket_hash", name=op.f("uq_sign_in_session_ticket_hash")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sign_in_session_token_hash")),
    )
    with op.batch_alter_table("sign_in_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_session_account_id"), ["account_id"], unique=False)

    op.create_table(
        "consent",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("enrolment_id", sa.Uuid(), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "directory",
                "share_email",
                "share_telephone",
                "share_wechat",
                name="consent_purpose",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("wording_sha256", sa.String(64), nullable=False),
        sa.Column("language", sa.String(12), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["enrolment_id"], ["enrolment.id"], name=op.f("fk_consent_enrolment_id_enrolment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_consent_enrolment_id"), ["enrolment_id"], unique=False)
        batch_op.create_index(
            "one_open_consent_per_purpose",
            ["enrolment_id", "purpose"],
            unique=True,
            sqlite_where=sa.text("withdrawn_at IS NULL"),
            postgresql_where=sa.text("withdrawn_at IS NULL"),
        )

    op.create_table(
        "feedback_answer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("enrolment_id", sa.Uuid(), nullable=False),
        sa.Column(
            "side",
            sa.Enum("mentor", "mentee", name="side", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("answers", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name=op.f("ck_feedback_answer_rating_1_to_5")),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["enrolment.id"], name=op.f("fk_feedback_answer_enrolment_id_enrolment")
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["feedback_round.id"], name=op.f("fk_feedback_answer_round_id_feedback_round")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback_answer")),
        sa.UniqueConstraint("round_id", "enrolment_id", name=op.f("uq_feedback_answer_round_id_enrolment_id")),
    )
    with op.batch_alter_table("feedback_answer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_feedback_answer_enrolment_id"), ["enrolment_id"], unique=False)
        batch_op.create_index("ix_feedback_answer_round", ["round_id", "side"], unique=False)

    op.create_table(
        "proposal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("mentor_id", sa.Uuid(), nullable=False),
        sa.Column("mentee_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "sent",
                "accepted",
                "declined",
                "expired",
                "withdrawn",
                name="proposal_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "waits_for",
            sa.Enum("mentor", "mentee", name="side", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("reasons", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mentee_answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mentor_answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decline_reason", sa.String(1000), nullable=True),
        sa.Column("email_received_on", sa.Date(), nullable=True),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=True),
        sa.Column("reminders_sent", sa.Integer(), nullable=False),
        sa.CheckConstraint("mentor_id <> mentee_id", name=op.f("ck_proposal_two_different_people")),
        sa.CheckConstraint("score BETWEEN 0 AND 1", name=op.f("ck_proposal_score_0_to_1")),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohort.id"], name=op.f("fk_proposal_cohort_id_cohort")),
        sa.ForeignKeyConstraint(["mentee_id"], ["enrolment.id"], name=op.f("fk_proposal_mentee_id_enrolment")),
        sa.ForeignKeyConstraint(["mentor_id"], ["enrolment.id"], name=op.f("fk_proposal_mentor_id_enrolment")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["person.id"], name=op.f("fk_proposal_recorded_by_id_person")),
        sa.ForeignKeyConstraint(["run_id"], ["matching_run.id"], name=op.f("fk_proposal_run_id_matching_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
    )
    with op.batch_alter_table("proposal", schema=None) as batch_op:
        batch_op.create_index(
            "ix_proposal_board",
            ["cohort_id", "status", "sent_at", "created_at", "mentee_id", "mentor_id"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_proposal_mentee_id"), ["mentee_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_proposal_mentor_id"), ["mentor_id"], unique=False)
        batch_op.create_index(
            "one_open_proposal_per_mentee",
            ["mentee_id"],
            unique=True,
            sqlite_where=sa.text("status IN ('draft', 'sent')"),
            postgresql_where=sa.text("status IN ('draft', 'sent')"),
        )

    op.create_table(
        "run_pair",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("mentee_id", sa.Uuid(), nullable=False),
        sa.Column("mentor_id", sa.Uuid(), nullable=True),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("wish_rank", sa.Integer(), nullable=True),
        sa.Column("parts", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("reason", sa.String(500), nullable=True),
        sa.CheckConstraint("score BETWEEN 0 AND 1", name=op.f("ck_run_pair_score_0_to_1")),
        sa.ForeignKeyConstraint(["mentee_id"], ["enrolment.id"], name=op.f("fk_run_pair_mentee_id_enrolment")),
        sa.ForeignKeyConstraint(["mentor_id"], ["enrolment.id"], name=op.f("fk_run_pair_mentor_id_enrolment")),
        sa.ForeignKeyConstraint(["run_id"], ["matching_run.id"], name=op.f("fk_run_pair_run_id_matching_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_pair")),
        sa.UniqueConstraint("run_id", "mentee_id", name=op.f("uq_run_pair_run_id_mentee_id")),
    )
    with op.batch_alter_table("run_pair", schema=None) as batch_op:
        batch_op.create_index(
            "ix_run_pair_noted",
            ["run_id", "mentor_id"],
            unique=False,
            sqlite_where=sa.text("reason IS NOT NULL"),
            postgresql_where=sa.text("reason IS NOT NULL"),
        )
        batch_op.create_index("ix_run_pair_run", ["run_id", "score", "mentor_id", "mentee_id"], unique=False)

    op.create_table(
        "signature",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("enrolment_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "side",
            sa.Enum("mentor", "mentee", name="side", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("typed_name", sa.String(200), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(12), nullable=False),
        sa.Column("network_address", sa.String(64), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_signature_account_id_account")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["scheme_document.id"], name=op.f("fk_signature_document_id_scheme_document")
        ),
        sa.ForeignKeyConstraint(["enrolment_id"], ["enrolment.id"], name=op.f("fk_signature_enrolment_id_enrolment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signature")),
        sa.UniqueConstraint("enrolment_id", "document_id", name=op.f("uq_signature_enrolment_id_document_id")),
    )
    with op.batch_alter_table("signature", schema=None) as batch_op:
        batch_op.create_index("ix_signature_document", ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_signature_enrolment_id"), ["enrolment_id"], unique=False)

    op.create_table(
        "training_completion",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("enrolment_id", sa.Uuid(), nullable=False),
        sa.Column("module_id", sa.Uuid(), nullable=False),
        sa.Column("correct_answers", sa.Integer(), nullable=False),
        sa.Column("completed_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["enrolment.id"], name=op.f("fk_training_completion_enrolment_id_enrolment")
        ),
        sa.ForeignKeyConstraint(
            ["module_id"], ["training_module.id"], name=op.f("fk_training_completion_module_id_training_module")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_completion")),
    )
    with op.batch_alter_table("training_completion", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_training_completion_module_id"), ["module_id"], unique=False)
        batch_op.create_index("ix_training_completion_person", ["enrolment_id", "module_id"], unique=False)

    op.create_table(
        "wish",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mentee_id", sa.Uuid(), nullable=False),
        sa.Column("mentor_id", sa.Uuid(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.CheckConstraint("rank BETWEEN 1 AND 10", name=op.f("ck_wish_rank_1_to_10")),
        sa.ForeignKeyConstraint(["mentee_id"], ["enrolment.id"], name=op.f("fk_wish_mentee_id_enrolment")),
        sa.ForeignKeyConstraint(["mentor_id"], ["enrolment.id"], name=op.f("fk_wish_mentor_id_enrolment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wish")),
        sa.UniqueConstraint("mentee_id", "mentor_id", name=op.f("uq_wish_mentee_id_mentor_id")),
        sa.UniqueConstraint("mentee_id", "rank", name=op.f("uq_wish_mentee_id_rank")),
    )
    with op.batch_alter_table("wish", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_wish_mentee_id"), ["mentee_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_wish_mentor_id"), ["mentor_id"], unique=False)

    op.create_table(
        "pairing",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cohort_id", sa.Uuid(), nullable=False),
        sa.Column("mentor_id", sa.Uuid(), nullable=False),
        sa.Column("mentee_id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "released",
                "active",
                "paused",
                "closing",
                "ended",
                name="pairing_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_contact_on", sa.Date(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "end_reason",
            sa.Enum(
                "help_received",
                "no_longer_helps",
                "referred_elsewhere",
                "personal",
                "end_of_cohort",
                "not_given",
                name="end_reason",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "ended_by",
            sa.Enum("mentor", "mentee", name="side", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.CheckConstraint(
            "(status = 'ended') = (ended_at IS NOT NULL)", name=op.f("ck_pairing_ended_at_only_when_ended")
        ),
        sa.CheckConstraint("mentor_id <> mentee_id", name=op.f("ck_pairing_two_different_people")),
        sa.ForeignKeyConstraint(["cohort_id"], ["cohort.id"], name=op.f("fk_pairing_cohort_id_cohort")),
        sa.ForeignKeyConstraint(["mentee_id"], ["enrolment.id"], name=op.f("fk_pairing_mentee_id_enrolment")),
        sa.ForeignKeyConstraint(["mentor_id"], ["enrolment.id"], name=op.f("fk_pairing_mentor_id_enrolment")),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("fk_pairing_proposal_id_proposal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pairing")),
        sa.UniqueConstraint("proposal_id", name=op.f("uq_pairing_proposal_id")),
    )
    with op.batch_alter_table("pairing", schema=None) as batch_op:
        batch_op.create_index("ix_pairing_cohort", ["cohort_id", "status"], unique=False)
        batch_op.create_index(batch_op.f("ix_pairing_mentee_id"), ["mentee_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pairing_mentor_id"), ["mentor_id"], unique=False)
        batch_op.create_index(
            "one_open_pairing_per_mentee",
            ["mentee_id"],
            unique=True,
            sqlite_where=sa.text("status <> 'ended'"),
            postgresql_where=sa.text("status <> 'ended'"),
        )

    op.create_table(
        "contact",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pairing_id", sa.Uuid(), nullable=False),
        sa.Column(
            "noted_by",
            sa.Enum("mentor", "mentee", name="side", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "channel",
            sa.Enum(
                "email",
                "telephone",
                "wechat",
                "video",
                "in_person",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("contact_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["pairing_id"], ["pairing.id"], name=op.f("fk_contact_pairing_id_pairing")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
    )
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.create_index("ix_contact_pairing", ["pairing_id", "contact_on"], unique=False)

    op.create_table(
        "meeting_record",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("pairing_id", sa.Uuid(), nullable=False),
        sa.Column(
            "side",
            sa.Enum("mentor", "mentee", name="side", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "email",
                "telephone",
                "wechat",
                "video",
                "in_person",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("happened", sa.Boolean(), nullable=False),
        sa.Column("began_on_time", sa.Boolean(), nullable=True),
        sa.Column("operation_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("duration_minutes BETWEEN 1 AND 600", name=op.f("ck_meeting_record_duration_1_to_600")),
        sa.ForeignKeyConstraint(["pairing_id"], ["pairing.id"], name=op.f("fk_meeting_record_pairing_id_pairing")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting_record")),
        sa.UniqueConstraint("operation_id", name=op.f("uq_meeting_record_operation_id")),
    )
    with op.batch_alter_table("meeting_record", schema=None) as batch_op:
        batch_op.create_index("ix_meeting_record_held", ["pairing_id", "happened", "started_at"], unique=False)
        batch_op.create_index("ix_meeting_record_pairing", ["pairing_id", "side", "started_at"], unique=False)

    op.create_table(
        "release",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pairing_id", sa.Uuid(), nullable=False),
        sa.Column(
            "of_side",
            sa.Enum("mentor", "mentee", name="side", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("channels", sa.JSON(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["pairing_id"], ["pairing.id"], name=op.f("fk_release_pairing_id_pairing")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release")),
        sa.UniqueConstraint("pairing_id", "of_side", name=op.f("uq_release_pairing_id_of_side")),
    )
    with op.batch_alter_table("release", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_release_pairing_id"), ["pairing_id"], unique=False)

    op.create_table(
        "ways_of_working",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("pairing_id", sa.Uuid(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column(
            "proposed_by",
            sa.Enum("mentor", "mentee", name="side", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("interval_days", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("channels", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("sections", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("mentor_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mentee_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("in_force_from", sa.Date(), nullable=True),
        sa.CheckConstraint("interval_days BETWEEN 1 AND 366", name=op.f("ck_ways_of_working_interval_1_to_366_days")),
        sa.CheckConstraint("minutes BETWEEN 5 AND 480", name=op.f("ck_ways_of_working_minutes_5_to_480")),
        sa.CheckConstraint("months BETWEEN 1 AND 36", name=op.f("ck_ways_of_working_months_1_to_36")),
        sa.ForeignKeyConstraint(["pairing_id"], ["pairing.id"], name=op.f("fk_ways_of_working_pairing_id_pairing")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ways_of_working")),
        sa.UniqueConstraint("pairing_id", "edition", name=op.f("uq_ways_of_working_pairing_id_edition")),
    )
    with op.batch_alter_table("ways_of_working", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ways_of_working_pairing_id"), ["pairing_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("ways_of_working", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ways_of_working_pairing_id"))

    op.drop_table("ways_of_working")
    with op.batch_alter_table("release", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_release_pairing_id"))

    op.drop_table("release")
    with op.batch_alter_table("meeting_record", schema=None) as batch_op:
        batch_op.drop_index("ix_meeting_record_pairing")
        batch_op.drop_index("ix_meeting_record_held")

    op.drop_table("meeting_record")
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.drop_index("ix_contact_pairing")

    op.drop_table("contact")
    with op.batch_alter_table("pairing", schema=None) as batch_op:
        batch_op.drop_index(
            "one_open_pairing_per_mentee",
            sqlite_where=sa.text("status <> 'ended'"),
            postgresql_where=sa.text("status <> 'ended'"),
        )
        batch_op.drop_index(batch_op.f("ix_pairing_mentor_id"))
        batch_op.drop_index(batch_op.f("ix_pairing_mentee_id"))
        batch_op.drop_index("ix_pairing_cohort")

    op.drop_table("pairing")
    with op.batch_alter_table("wish", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_wish_mentor_id"))
        batch_op.drop_index(batch_op.f("ix_wish_mentee_id"))

    op.drop_table("wish")
    with op.batch_alter_table("training_completion", schema=None) as batch_op:
        batch_op.drop_index("ix_training_completion_person")
        batch_op.drop_index(batch_op.f("ix_training_completion_module_id"))

    op.drop_table("training_completion")
    with op.batch_alter_table("signature", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_signature_enrolment_id"))
        batch_op.drop_index("ix_signature_document")

    op.drop_table("signature")
    with op.batch_alter_table("run_pair", schema=None) as batch_op:
        batch_op.drop_index("ix_run_pair_run")
        batch_op.drop_index(
            "ix_run_pair_noted",
            sqlite_where=sa.text("reason IS NOT NULL"),
            postgresql_where=sa.text("reason IS NOT NULL"),
        )

    op.drop_table("run_pair")
    with op.batch_alter_table("proposal", schema=None) as batch_op:
        batch_op.drop_index(
            "one_open_proposal_per_mentee",
            sqlite_where=sa.text("status IN ('draft', 'sent')"),
            postgresql_where=sa.text("status IN ('draft', 'sent')"),
        )
        batch_op.drop_index(batch_op.f("ix_proposal_mentor_id"))
        batch_op.drop_index(batch_op.f("ix_proposal_mentee_id"))
        batch_op.drop_index("ix_proposal_board")

    op.drop_table("proposal")
    with op.batch_alter_table("feedback_answer", schema=None) as batch_op:
        batch_op.drop_index("ix_feedback_answer_round")
        batch_op.drop_index(batch_op.f("ix_feedback_answer_enrolment_id"))

    op.drop_table("feedback_answer")
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.drop_index(
            "one_open_consent_per_purpose",
            sqlite_where=sa.text("withdrawn_at IS NULL"),
            postgresql_where=sa.text("withdrawn_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_consent_enrolment_id"))

    op.drop_table("consent")
    with op.batch_alter_table("sign_in_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_in_session_account_id"))

    op.drop_table("sign_in_session")
    with op.batch_alter_table("matching_run", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_matching_run_cohort_id"))

    op.drop_table("matching_run")
    with op.batch_alter_table("feedback_round", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_feedback_round_cohort_id"))

    op.drop_table("feedback_round")
    with op.batch_alter_table("enrolment", schema=None) as batch_op:
        batch_op.drop_index("ix_enrolment_queue")
        batch_op.drop_index(batch_op.f("ix_enrolment_person_id"))
        batch_op.drop_index("ix_enrolment_by_status")
        batch_op.drop_index("ix_enrolment_by_name")

    op.drop_table("enrolment")
    with op.batch_alter_table("clause", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_clause_document_id"))

    op.drop_table("clause")
    with op.batch_alter_table("training_module", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_training_module_scheme_id"))

    op.drop_table("training_module")
    with op.batch_alter_table("scheme_document", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_scheme_document_scheme_id"))

    op.drop_table("scheme_document")
    with op.batch_alter_table("role_grant", schema=None) as batch_op:
        batch_op.drop_index(
            "one_administrator_grant",
            sqlite_where=sa.text("scheme_id IS NULL"),
            postgresql_where=sa.text("scheme_id IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_role_grant_scheme_id"))
        batch_op.drop_index(batch_op.f("ix_role_grant_person_id"))

    op.drop_table("role_grant")
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_index("ix_message_scheme_status")
        batch_op.drop_index("ix_message_scheme")
        batch_op.drop_index(batch_op.f("ix_message_person_id"))
        batch_op.drop_index("ix_message_due")

    op.drop_table("message")
    with op.batch_alter_table("link_token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_link_token_subject_id"))
        batch_op.drop_index(batch_op.f("ix_link_token_person_id"))

    op.drop_table("link_token")
    with op.batch_alter_table("form_field", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_form_field_scheme_id"))

    op.drop_table("form_field")
    with op.batch_alter_table("conflict", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_conflict_other_id"))
        batch_op.drop_index(batch_op.f("ix_conflict_declared_by_id"))

    op.drop_table("conflict")
    with op.batch_alter_table("column_mapping", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_column_mapping_scheme_id"))

    op.drop_table("column_mapping")
    with op.batch_alter_table("cohort", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cohort_scheme_id"))

    op.drop_table("cohort")
    op.drop_table("account")
    with op.batch_alter_table("sign_in_attempt", schema=None) as batch_op:
        batch_op.drop_index("ix_sign_in_attempt_name")
        batch_op.drop_index("ix_sign_in_attempt_address")

    op.drop_table("sign_in_attempt")
    with op.batch_alter_table("scheme", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_scheme_key"))

    op.drop_table("scheme")
    op.drop_table("person")
    op.drop_table("job_lease")
    op.drop_table("installation")
    op.drop_table("audit_head")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_entry_subject")
        batch_op.drop_index("ix_audit_entry_scheme")
        batch_op.drop_index(batch_op.f("ix_audit_entry_actor_id"))

    op.drop_table("audit_entry")
