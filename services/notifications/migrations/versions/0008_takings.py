"""What network addresses took: messages they asked for, counted for an hour."""

from alembic import op

revision = "0008"
down_revision = "0004"


def upgrade() -> None:
    op.execute("create unlogged table takings (origin bytea not null, at timestamptz not null)")
    op.execute("create index takings_origin on takings (origin, at)")


def downgrade() -> None:
    op.execute("drop table takings")
