"""A receipt finds its message by the gateway's own id of it."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute(
        "create index messages_by_reference on messages (gateway, reference)"
        " where gateway is not null and reference is not null"
    )


def downgrade() -> None:
    op.execute("drop index messages_by_reference")
