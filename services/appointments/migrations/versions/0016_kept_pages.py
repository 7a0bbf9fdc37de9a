"""Pages that answered a post are kept for a while."""

from shared.kernel_schema import create_v4, drop_v4

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    create_v4()


def downgrade() -> None:
    drop_v4()
