"""Who asked for links, to be counted for a day."""

from alembic import op

revision = "0012"
down_revision = "0011"

_TABLE = """
create unlogged table link_requests (
    address text not null,
    origin bytea,
    at timestamptz not null
);
create index link_requests_address on link_requests (address, at);
create index link_requests_origin on link_requests (origin, at)
"""


def upgrade() -> None:
    for statement in _TABLE.split(";"):
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop table link_requests")
