"""Keys of the Leistungskatalog."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute("alter table services add column leika text")


def downgrade() -> None:
    op.execute("alter table services drop column leika")
