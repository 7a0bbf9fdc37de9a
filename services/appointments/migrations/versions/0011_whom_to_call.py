"""Whom to call: about which version of a matter a notice was, and nothing of those nobody calls."""

from alembic import op

revision = "0011"
down_revision = "0010"

_STEPS = """
alter table unreached add column matter_version integer;
create index unreached_appointment on unreached (appointment);
delete from unreached u where u.purpose in ('missed', 'turn', 'offer-ended', 'waiting-over')
    or not exists (select from people p where p.matter = u.appointment)
    or u.purpose not in ('rescheduling', 'alternative', 'cancellation')
       and exists (select from appointments a where a.id = u.appointment and a.channels = '{}')
"""
_BACK = """
drop index unreached_appointment;
alter table unreached drop column matter_version
"""


def upgrade() -> None:
    for statement in _STEPS.split(";"):
        op.execute(statement)


def downgrade() -> None:
    for statement in _BACK.split(";"):
        op.execute(statement)
