"""What staff do: who arrived and who was missed, the list of a day, who was called, the audit log."""

from alembic import op

from shared.kernel_schema import create_v2, drop_v2

revision = "0002"
down_revision = "0001"

_STEPS = """
alter table appointments drop constraint known_status,
    add constraint known_status check (status in ('held', 'confirmed', 'arrived', 'missed', 'cancelled'));
create index appointments_day on appointments (station, starts_at);
alter table unreached add column called_at timestamptz, add column called_by text
"""
_BACK = """
alter table unreached drop column called_at, drop column called_by;
drop index appointments_day;
update appointments set status = 'confirmed' where status in ('arrived', 'missed');
alter table appointments drop constraint known_status,
    add constraint known_status check (status in ('held', 'confirmed', 'cancelled'))
"""


def upgrade() -> None:
    create_v2()
    for statement in _STEPS.split(";"):
        op.execute(statement)


def downgrade() -> None:
    for statement in _BACK.split(";"):
        op.execute(statement)
    drop_v2()
