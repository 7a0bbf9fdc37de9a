"""Addresses that get no optional messages: how they come to be spared, and how that ends."""

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import AwareDatetime
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.delivery.domain import Spared
from shared import retention
from shared.act import Act
from shared.due import Claim, Urgency, Work
from shared.statements import Query, Statement

FORGET_SPARED = "forget-spared"
KEPT = {Spared.UNDELIVERABLE: retention.LEDGER, Spared.COMPLAINT: retention.OBJECTION}
SHOWN = 12
"""So many of the 64 signs of an address key are shown: enough to tell entries apart, too few to look a person up."""

_SPARE = Statement("""
    insert into spared_addresses (address, reason, since) values (:address, :reason, :since)
    on conflict (address) do update set reason = excluded.reason, since = excluded.since
    where excluded.reason = 'complaint'
""")
_FORGET = Statement("delete from spared_addresses where address = :address")


@dataclass(frozen=True, slots=True)
class _Reason:
    address: str
    reason: Spared


_REASONS = Query(_Reason, "select address, reason from spared_addresses where address = any(:addresses)")
_LIFT = Query(_Reason, "delete from spared_addresses where left(address, :shown) = :id returning address, reason")


@dataclass(frozen=True, slots=True)
class SparedEntry:
    """An address that is spared. `id` is the beginning of its key, which says nothing about it."""

    id: str
    reason: Spared
    since: AwareDatetime


_LIST = Query(
    SparedEntry,
    """
    select left(address, :shown) as id, reason, since from spared_addresses
    where cast(:address as text) is null or address = :address order by since desc, address limit :limit
""",
)


async def spare(act: Act, address: str, reason: Spared) -> None:
    """Send no optional messages to an address from now on; a complaint outweighs an address that failed.

    Args:
        address: its key.
    """
    values = {"address": address, "reason": reason, "since": act.now}
    if await _SPARE.run(act.conn, values):
        await act.schedule(Work(FORGET_SPARED, address, act.now + KEPT[reason], Urgency.BULK))


async def reasons_of(conn: AsyncConnection, addresses: Iterable[str]) -> dict[str, Spared]:
    """Why addresses are spared, for those that are."""
    found = await _REASONS.all(conn, {"addresses": list(set(addresses))})
    return {each.address: each.reason for each in found}


async def spared_addresses(conn: AsyncConnection, address: str | None = None, limit: int = 200) -> list[SparedEntry]:
    """The newest entries; that of one address, given by its key, if there is one."""
    return await _LIST.all(conn, {"address": address, "shown": SHOWN, "limit": limit})


async def lift(act: Act, id: str) -> Spared | None:
    """Let an address get optional messages again; returns why it was spared, None if it was not."""
    found = await _LIFT.first(act.conn, {"id": id, "shown": SHOWN})
    if found is None:
        return None
    await act.unschedule(FORGET_SPARED, [found.address])
    return found.reason


async def forget_spared(act: Act, claim: Claim) -> None:
    """Forget that an address was spared: it may exist by now, or belong to somebody else."""
    await _FORGET.run(act.conn, {"address": claim.key})
