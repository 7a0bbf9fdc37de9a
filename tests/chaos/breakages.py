"""Rules of the product broken on purpose, to show that the checker finds them. Only a test's own processes do this."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from importlib import import_module
from types import MappingProxyType
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Depends
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.statements import Statement

Break = Callable[[], None]


def _change(place: str, change: Callable[[Any], Any]) -> None:
    """Replace a name of a module, or of one of its classes, by what is made of it."""
    module, _, name = place.partition(":")
    owner: Any = import_module(module)
    *path, last = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    setattr(owner, last, change(getattr(owner, last)))


def _reword(place: str, words: str, others: str) -> None:
    """Replace words of a statement."""

    def reworded(statement: Any) -> Any:
        assert words in statement.text, f"{place} no longer says {words!r}"
        changed = copy(statement)
        Statement.__init__(changed, statement.text.replace(words, others))
        return changed

    _change(place, reworded)


def answers_before_commit() -> None:
    """The transaction of a request ends after its answer, as that of a plain `yield` dependency does."""
    from shared import db

    later = Depends(db.transaction, scope="request")
    _change("shared.db:Connection", lambda _: Annotated[AsyncConnection, later])


def keeps_what_it_refuses() -> None:
    """A booking is committed, then refused."""
    from services.appointments.booking.domain import TimeTaken

    def broken(book: Any) -> Any:
        async def book_and_refuse(act: Any, *arguments: Any) -> Any:
            async with act.tools.db.transaction() as own:
                await book(replace(act, conn=own), *arguments)
            raise TimeTaken([])

        return book_and_refuse

    _change("services.appointments.booking.usecases:book", broken)


def takes_seats_of_others() -> None:
    """Seats are taken whoever has them."""
    take = "services.appointments.seats.usecases:_TAKE"
    _reword(take, "where seats.until <= :now", "")
    _reword(take, "(s.until is null or s.until > :now)", "false")


def cancels_without_applying() -> None:
    """A cancellation is acknowledged, but nothing is written."""

    def broken(cancel: Any) -> Any:
        async def pretend(act: Any, *arguments: Any) -> Any:
            async with act.attempt() as savepoint:
                cancelled = await cancel(act, *arguments)
                await savepoint.rollback()
            return cancelled

        return pretend

    _change("services.appointments.booking.changes:cancel", broken)


def marks_before_sending() -> None:
    """The relay marks rows as published, then sends them."""
    from shared.relay import _PUBLISHED

    def broken(publish: Any) -> Any:
        async def mark_and_publish(relay: Any, conn: Any, rows: Sequence[Any], *others: Any) -> Any:
            await relay._ready_producer()
            await conn.execute(_PUBLISHED, [row["id"] for row in rows])
            return await publish(relay, conn, rows, *others)

        return mark_and_publish

    _change("shared.relay:Relay._publish", broken)


def publishes_before_commit() -> None:
    """A fact goes to Kafka from inside the request that makes it."""
    from shared.relay import Relay

    def broken(book: Any) -> Any:
        async def book_and_send(act: Any, *arguments: Any) -> Any:
            booked = await book(act, *arguments)
            rows = await act.conn.execute(text("select * from outbox order by id desc limit 1"))
            tools = act.tools
            relay = Relay(tools.name, "", tools.settings.platform, tools.outbox, tools.metrics)
            await (await relay._send(await relay._ready_producer(), rows.mappings().one()))
            await relay._drop_producer()
            return booked

        return book_and_send

    _change("services.appointments.booking.usecases:book", broken)


def publishes_the_newest_first() -> None:
    """The relay waits for a second row, for some seconds, and then sends the newest first."""
    from shared import relay as module

    def broken(publish: Any) -> Any:
        async def wait_and_publish(relay: Any, conn: Any, rows: Sequence[Any], published: Sequence[int]) -> Any:
            end = time.monotonic() + 5
            while len(rows) == 1 and time.monotonic() < end:
                await asyncio.sleep(0.05)
                rows = await conn.fetch(module._WAITING, relay._batch, published)
            return await publish(relay, conn, rows, published)

        return wait_and_publish

    _change("shared.relay:_WAITING", lambda waiting: waiting.replace("order by id", "order by id desc"))
    _change("shared.relay:Relay._publish", broken)


def chooses_keys_by_chance() -> None:
    """The relay sends each row with a key of its own."""

    def broken(new_producer: Any) -> Any:
        def new_careless_producer(*given: Any) -> Any:
            producer = new_producer(*given)
            send = producer.send
            producer.send = lambda topic, body, key, headers: send(topic, body, key=uuid4().bytes, headers=headers)
            return producer

        return new_careless_producer

    _change("shared.relay:new_producer", broken)


def commits_offsets_first() -> None:
    """The consumer commits its offsets, then applies the facts."""

    def broken(take: Any) -> Any:
        async def commit_and_take(consumer: Any, stopping: Any, records: Sequence[Any]) -> None:
            await consumer._commit(records)
            await take(consumer, stopping, records)

        return commit_and_take

    _change("shared.consumer:Consumer._take", broken)


def forgets_answers() -> None:
    """The answer of a far end is not recorded."""

    async def record_nothing(*_: Any) -> None:
        return

    _change("services.notifications.sending.usecases:Sending.finish", lambda _: record_nothing)


def sends_again_without_an_answer() -> None:
    """A message nobody answered for is sent again."""
    _change_answer("none", "not now")


def takes_silence_for_a_refusal() -> None:
    """A message nobody answered for counts as refused."""
    _change_answer("none", "refused")


def doubts_every_answer() -> None:
    """A message that was delivered counts as unanswered."""
    _change_answer("delivered", "none")


def sends_without_a_claim() -> None:
    """A message found in `sending` after a crash is sent as if nobody had begun."""
    from services.notifications.delivery.domain import Event, State

    begun = {Event.BEGUN: (frozenset({State.WAITING, State.SENDING}), State.SENDING)}
    _change("services.notifications.delivery.domain:TRANSITIONS", lambda known: MappingProxyType({**known, **begun}))

    def broken(next_step: Any) -> Any:
        return lambda notice, message, *others: next_step(notice, replace(message, state=State.WAITING), *others)

    _change("services.notifications.sending.usecases:next_step", broken)


def tells_again_what_it_reads_again() -> None:
    """No inbox, no version of a matter, message ids by chance: a fact read twice is told twice."""

    async def all_are_new(_: Any, __: str, event_ids: Sequence[Any]) -> set[Any]:
        return set(event_ids)

    telling = "services.notifications.telling"
    _change("shared.applying:first_seen", lambda _: all_are_new)
    _reword(f"{telling}.usecases:_KNOW", "matters.version <", "matters.version <=")
    _change(f"{telling}.usecases:kind_of", lambda of: lambda fact: replace(of(fact), differs=lambda *_: True))
    key = "services.notifications.purposes:NoticeKey"
    _change(f"{key}.id", lambda _: property(lambda _: uuid4()))
    _change(f"{key}.message_id", lambda _: lambda *_: uuid4())


def leaves_people_at_cancelled_stops() -> None:
    """Nobody is found who has an appointment at a stop that changes."""

    async def find_nobody(*_: Any) -> list[Any]:
        return []

    _change("services.appointments.stops.changing:load_to_come", lambda _: find_nobody)


def _change_answer(given: str, recorded: str) -> None:
    """Record another answer of the far end than was given."""
    from services.notifications.sending.domain import Answer

    def broken(carry: Any) -> Any:
        async def carry_and_lie(carrier: Any, job: Any) -> Any:
            result = await carry(carrier, job)
            return replace(result, answer=Answer(recorded)) if result.answer is Answer(given) else result

        return carry_and_lie

    _change("services.notifications.sending.carrier:Carrier.carry", broken)


BEFORE_IMPORT: Mapping[str, Break] = {answers_before_commit.__name__: answers_before_commit}
"""Breakages that must be in place before the services' modules are imported."""

AFTER_IMPORT: Mapping[str, Break] = {
    each.__name__: each
    for each in (
        keeps_what_it_refuses,
        takes_seats_of_others,
        cancels_without_applying,
        marks_before_sending,
        publishes_before_commit,
        publishes_the_newest_first,
        chooses_keys_by_chance,
        commits_offsets_first,
        forgets_answers,
        sends_again_without_an_answer,
        takes_silence_for_a_refusal,
        doubts_every_answer,
        sends_without_a_claim,
        tells_again_what_it_reads_again,
        leaves_people_at_cancelled_stops,
    )
}
