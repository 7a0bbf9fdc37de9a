"""How the SMS gateways stand, as all workers know it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.sending.domain import Result, Standing
from shared.act import Act
from shared.statements import Query, Statement


@dataclass(frozen=True, slots=True)
class _Gateway:
    name: str
    setbacks: int
    skipped_until: datetime | None
    reason: str | None


_LOAD = Query(_Gateway, "select name, setbacks, skipped_until, reason from gateways where name = any(:names)")
_SAVE = Statement("""
    insert into gateways select * from jsonb_populate_recordset(null::gateways, cast(:rows as jsonb)) new order by name
    on conflict (name) do update
    set setbacks = excluded.setbacks, skipped_until = excluded.skipped_until, reason = excluded.reason,
        changed_at = excluded.changed_at
""")


async def load_standings(conn: AsyncConnection, names: Sequence[str]) -> dict[str, Standing]:
    """How some gateways stand, in the order they are named; one nothing is known of stands well."""
    known = {
        each.name: Standing(each.setbacks, each.skipped_until, each.reason)
        for each in await _LOAD.all(conn, {"names": list(names)})
    }
    return {name: known.get(name, Standing()) for name in names}


async def note_results(
    act: Act, standings: Mapping[str, Standing], results: Iterable[tuple[str, Result]]
) -> dict[str, Standing]:
    """Let gateways' answers change how they stand, and return how they do."""
    after = dict(standings)
    for name, result in results:
        if name in after:
            after[name] = after[name].after(result, act.now)
    changed = [
        {
            "name": name,
            "setbacks": standing.setbacks,
            "skipped_until": standing.skipped_until,
            "reason": standing.reason,
            "changed_at": act.now,
        }
        for name, standing in after.items()
        if standing != standings[name]
    ]
    if changed:
        await _SAVE.run(act.conn, {"rows": to_json(changed).decode()})
    return after
