"""Opening hours that staff change, and the languages spoken at each counter."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("alter table stations add column hours_version integer not null default 0")
    op.execute("alter table counters add column languages text[] not null default '{}'")


def downgrade() -> None:
    op.execute("alter table counters drop column languages")
    op.execute("alter table stations drop column hours_version")
