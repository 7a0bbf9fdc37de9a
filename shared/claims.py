"""Claims of due work: held for longer, or done with, while their lease is still ours."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from shared.act import Act
from shared.due import Claim
from shared.statements import Query


@dataclass(frozen=True, slots=True)
class _Ours:
    key: str
    lease: UUID


HOLD = Query(
    _Ours,
    """
    update due_work set leased_until = clock_timestamp() + :length
    from unnest(cast(:keys as text[]), cast(:leases as uuid[])) ours (key, lease)
    where kind = :kind and due_work.key = ours.key and due_work.lease = ours.lease returning ours.key, ours.lease
""",
)
DONE = Query(
    _Ours,
    """
    delete from due_work using unnest(cast(:keys as text[]), cast(:leases as uuid[])) ours (key, lease)
    where kind = :kind and due_work.key = ours.key and due_work.lease = ours.lease returning ours.key, ours.lease
""",
)


async def still_ours(
    statement: Query[_Ours], act: Act, claims: Sequence[Claim], length: timedelta | None = None
) -> list[Claim]:
    """Remove, or hold for longer, claims of one kind whose lease nobody else has taken meanwhile; returns those."""
    if not claims:
        return []
    keys, leases = [claim.key for claim in claims], [claim.lease for claim in claims]
    values = {"kind": claims[0].kind, "keys": keys, "leases": leases, "length": length}
    kept = await statement.all(act.conn, values)
    return [claim for claim in claims if _Ours(claim.key, claim.lease) in kept]
