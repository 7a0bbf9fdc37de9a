"""What staff do: who arrived and who was missed, the list of a day, who was called."""

from alembic import op

revision = "0009"
down_revision = "0008"

_STEPS = """
alter table appointments drop constraint known_status,
    add constraint known_status check (status in ('held', 'confirmed', 'offered', 'arrived', 'missed', 'cancelled'));
update appointments set status = 'arrived'
    where status = 'confirmed' and id in (select appointment from tickets where appointment is not null);
create index appointments_day on appointments (station, starts_at);
alter table unreached add column called_at timestamptz, add column called_by text
"""
_BACK = """
alter table unreached drop column called_at, drop column called_by;
drop index appointments_day;
update appointments set status = 'confirmed' where status in ('arrived', 'missed');
alter table appointments drop constraint known_status,
    add constraint known_status check (status in ('held', 'confirmed', 'offered', 'cancelled'))
"""


def upgrade() -> None:
    for statement in _STEPS.split(";"):
        op.execute(statement)


def downgrade() -> None:
    for statement in _BACK.split(";"):
        op.execute(statement)
