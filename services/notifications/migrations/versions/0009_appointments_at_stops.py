"""Who has an appointment at a stop of the Bürgermobil is found by the stop."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute(
        "create index matters_at_stop on matters ((fact #>> '{appointment,place,key}'))"
        " where fact #>> '{appointment,kind}' = 'stop'"
    )


def downgrade() -> None:
    op.execute("drop index matters_at_stop")
