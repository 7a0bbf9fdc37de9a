"""Use cases of subscribing. What somebody else may see is the same whether an address is known or not."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from services.notifications.locks import Lock
from services.notifications.subscribing.domain import CONFIRM_WITHIN, Address, Wishes, can_be_confirmed, tidy
from services.notifications.subscribing.facts import subscription_fact
from services.notifications.subscribing.messages import ask_to_confirm, send_link
from services.notifications.subscribing.queries import Subscription, load_by_address, load_subscription
from services.notifications.subscribing.refusals import RequestOver, SubscriptionOver
from services.notifications.telling.usecases import FORGET_MATTER, remember
from shared import retention
from shared.act import Act
from shared.due import Claim, Urgency, Work
from shared.locks import lock_key, note_lock
from shared.people import Person
from shared.statements import Query, Statement

FORGET_REQUEST = "forget-request"

_ASK = Statement("""
    insert into subscription_requests (id, address, channel, districts, quarters, topics, language, digest, moves,
                                       asked_at)
    values (:id, :address, :channel, :districts, :quarters, :topics, :language, :digest, :moves, :now)
""")
_ADDRESS = Query(str, "select address from subscription_requests where id = :id")
_CONFIRMED = Statement("update subscription_requests set confirmed_at = :now where id = :id")
_FORGET_REQUEST = Statement("""
    with gone as (delete from people where matter = :id) delete from subscription_requests where id = :id
""")
_FORGET_REQUESTS_OF = Statement("""
    with old as (delete from subscription_requests where address = :address returning id)
    delete from people where matter in (select id from old)
""")
_SUBSCRIBE = Query(
    UUID,
    """
    insert into subscriptions (id, version, address, channel, districts, quarters, topics, language, digest,
                               confirmed_at)
    values (:id, 1, :address, :channel, :districts, :quarters, :topics, :language, :digest, :now)
    on conflict (address) do update
    set version = subscriptions.version + 1, districts = excluded.districts, quarters = excluded.quarters,
        topics = excluded.topics, language = excluded.language, digest = excluded.digest,
        confirmed_at = excluded.confirmed_at
    returning id
""",
)
_MOVE = Statement("""
    update subscriptions set version = version + 1, generation = generation + 1, address = :address, channel = :channel
    where id = :id
""")
_CHANGE = Statement("""
    update subscriptions set version = version + 1, districts = :districts, quarters = :quarters, topics = :topics,
           language = :language, digest = :digest
    where id = :id
""")
_END = Statement("""
    with gone as (delete from subscriptions where id = :id) delete from people where matter = :id
""")


@dataclass(frozen=True, slots=True)
class _Request:
    id: UUID
    address: str
    channel: str
    districts: list[int]
    quarters: list[int]
    topics: list[str]
    language: str
    digest: bool
    moves: UUID | None
    asked_at: datetime
    confirmed_at: datetime | None


_REQUEST = Query(
    _Request,
    """
    select id, address, channel, districts, quarters, topics, language, digest, moves, asked_at, confirmed_at
    from subscription_requests where id = :id for update
""",
)


async def ask(act: Act, address: Address, wishes: Wishes, moves: UUID | None = None) -> UUID | None:
    """Keep wishes and send a message in which they can be confirmed within 48 hours; nothing else changes until then.

    Args:
        moves: the subscription that is to get this address, and keeps its own wishes.

    Returns:
        The request; None where the address has had too many such messages today.
    """
    id, person = uuid4(), _person(address)
    key = act.tools.people.person_key(person)
    if not await ask_to_confirm(act, id, address.channel, key):
        return None
    values = _row(wishes) | {"id": id, "address": key, "channel": address.channel, "moves": moves, "now": act.now}
    await _ASK.run(act.conn, values)
    await act.tools.people.save(act.conn, id, person)
    await act.schedule(Work(FORGET_REQUEST, str(id), act.now + CONFIRM_WITHIN, Urgency.BULK))
    return id


async def confirm(act: Act, id: UUID) -> Subscription:
    """Make wishes binding; SubscriptionConfirmed is recorded. Confirmed twice, nothing changes.

    Raises:
        RequestOver: unknown, too late, or its subscription has ended since.
    """
    address = await _ADDRESS.first(act.conn, {"id": id})
    if address is None:
        raise RequestOver
    # Another request for this address, confirmed at this moment, would begin a subscription nobody sees here.
    await lock_key(act.conn, Lock.ADDRESS, address)
    note_lock(act.conn, Lock.REQUEST)
    request = await _REQUEST.first(act.conn, {"id": id})
    if request is None or not can_be_confirmed(request.asked_at, act.now):
        raise RequestOver
    if request.confirmed_at is None:
        await _take_over(act, request)
        await _CONFIRMED.run(act.conn, {"id": id, "now": act.now})
    found = await load_by_address(act.conn, request.address)
    if found is None:
        raise RequestOver
    return found


async def change(act: Act, id: UUID, wishes: Wishes) -> Subscription:
    """Change what a subscription wishes for; SubscriptionConfirmed says so unless nothing is different.

    Raises:
        SubscriptionOver
    """
    known = await load_subscription(act.conn, id, for_update=True)
    if known is None:
        raise SubscriptionOver
    if known.wishes == tidy(wishes):
        return known
    await _CHANGE.run(act.conn, _row(wishes) | {"id": id})
    return await _tell(act, id)


async def end(act: Act, id: UUID) -> None:
    """End a subscription and forget its address. What has ended already stays so."""
    known = await load_subscription(act.conn, id, for_update=True)
    if known is None:
        return
    await _END.run(act.conn, {"id": id})
    await _FORGET_REQUESTS_OF.run(act.conn, {"address": known.address})
    ended = subscription_fact(known, act.now, ended=True)
    await act.record(ended)
    await remember(act, ended, known.address)
    await act.schedule(Work(FORGET_MATTER, str(id), act.now + retention.LEDGER, Urgency.BULK))


async def end_at(act: Act, address: str) -> None:
    """End the subscription of an address, given by its key; its person complained."""
    known = await load_by_address(act.conn, address)
    if known is not None:
        await end(act, known.id)


async def ask_for_link(act: Act, address: Address) -> None:
    """Send a new link to the preferences, if there is a subscription; the answer does not tell."""
    known = await load_by_address(act.conn, act.tools.people.person_key(_person(address)))
    if known is not None:
        await send_link(act, known)


async def forget_request(act: Act, claim: Claim) -> None:
    """Forget a request that nobody can confirm any more, with its address; what was sent stays in the ledger."""
    await _FORGET_REQUEST.run(act.conn, {"id": UUID(claim.key)})
    forget_at = act.now + retention.LEDGER
    await act.schedule(Work(FORGET_MATTER, claim.key, forget_at, Urgency.BULK))


async def _take_over(act: Act, request: _Request) -> None:
    """Let a confirmed request become, change, or move a subscription."""
    person = await act.tools.people.load(act.conn, request.id)
    assert person is not None, "kept as long as the request"
    moved = await load_subscription(act.conn, request.moves, for_update=True) if request.moves else None
    if moved is None:
        id = await _SUBSCRIBE.one(act.conn, asdict(request) | {"id": uuid4(), "now": act.now})
    else:
        id = moved.id
        other = await load_by_address(act.conn, request.address)
        if other is not None and other.id != id:
            await end(act, other.id)
        await _MOVE.run(act.conn, {"id": id, "address": request.address, "channel": request.channel})
    await act.tools.people.save(act.conn, id, person)
    await _tell(act, id)


async def _tell(act: Act, id: UUID) -> Subscription:
    found = await load_subscription(act.conn, id)
    assert found is not None, "just saved"
    fact = subscription_fact(found, act.now)
    await act.record(fact)
    await remember(act, fact, found.address)
    return found


def _person(address: Address) -> Person:
    return Person(name="", **{"mail" if address.channel == "mail" else "phone": address.value})


def _row(wishes: Wishes) -> dict[str, Any]:
    tidied = tidy(wishes)
    return {
        "districts": list(tidied.districts),
        "quarters": list(tidied.quarters),
        "topics": list(tidied.topics),
        "language": tidied.language,
        "digest": tidied.digest,
    }
