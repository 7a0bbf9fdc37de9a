"""Closures that staff announce, change and lift."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("""
        alter table closures
            add column key uuid not null default gen_random_uuid() unique,
            add column version integer not null default 1,
            add column lifted_at timestamptz
    """)


def downgrade() -> None:
    op.execute("alter table closures drop column key, drop column version, drop column lifted_at")
