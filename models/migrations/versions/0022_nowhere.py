"""Who has no time zone: hardly anybody, whom a coordinator who looks for what is missing must not wait for."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

NOWHERE = "ix_person_nowhere"


def upgrade() -> None:
    blank = sa.text("time_zone IS NULL OR time_zone = ''")
    op.create_index(NOWHERE, "person", ["id"], sqlite_where=blank, postgresql_where=blank)


def downgrade() -> None:
    op.drop_index(NOWHERE, table_name="person")
