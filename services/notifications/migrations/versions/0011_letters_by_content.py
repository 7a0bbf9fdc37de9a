"""A dead letter is known by its record's place and content."""

from shared.kernel_schema import create_v3, drop_v3

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    create_v3()


def downgrade() -> None:
    drop_v3()
