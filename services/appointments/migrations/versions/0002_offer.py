"""Services by life situation, how many of one fit into an appointment, which stations offer it; hours that recur."""

from alembic import op

revision = "0002"
down_revision = "0001"

_UP = """
alter table services
    add column situation text not null default '',
    add column most smallint not null default 1,
    add column stations text[];

alter table opening_hours
    add column every_weeks smallint not null default 1,
    add column nth smallint,
    add constraint weeks_are_counted_from_a_day check (every_weeks = 1 or valid_from is not null)
"""


def upgrade() -> None:
    for statement in _UP.split(";"):
        op.execute(statement)


def downgrade() -> None:
    op.execute("alter table opening_hours drop column every_weeks, drop column nth")
    op.execute("alter table services drop column situation, drop column most, drop column stations")
