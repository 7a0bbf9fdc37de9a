"""Calling whom no message reached, and noting what they say. Use cases of the desk, see `usecases`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appointments.desk.domain import must_call
from services.appointments.line.domain import OfferEnded
from services.appointments.waiting import usecases as waiting
from shared.act import Act
from shared.events.notifications import NoticeFact
from shared.problems import NotFound
from shared.statements import Query, Statement


@dataclass(frozen=True, slots=True)
class _About:
    """What a notice is about; `stations` are those of the caller, `offer` what is offered to who waits."""

    matter: UUID
    purpose: str
    number: str | None
    stations: tuple[str, ...]
    offer: UUID | None


_NOTICE = Query(
    _About,
    """
    select u.appointment as matter, u.purpose, a.number,
           case when a.id is null then coalesce(w.stations, '{}') else array[a.station] end as stations,
           (select o.id from seat_offers o where o.entry = w.id and o.outcome is null) as offer
    from unreached u
    left join appointments a on a.id = u.appointment
    left join waiting_entries w on w.id = u.appointment
    where u.notice = :notice
""",
)
_CALLED = Statement("""
    update unreached set called_at = :now, called_by = :who
    where notice = :notice and not reached and called_at is null
""")


async def call(act: Act, notice: UUID) -> None:
    """Tick that somebody no message reached has been called; they leave the list.

    Raises:
        Forbidden: there is no such notice about the caller's stations.
        NotFound: there is none at all, and the caller serves every station.
    """
    await _tick(act, notice, await _about(act, notice))


async def answer(act: Act, notice: UUID, takes: bool) -> None:
    """Note what somebody said on the phone to the time that is offered to them: they take it, or wait on.

    Raises:
        NotFound, Forbidden
        OfferEnded: they have answered, or the time is not kept any more.
    """
    about = await _about(act, notice)
    if about.offer is None:
        raise OfferEnded
    if takes:
        await waiting.take(act, about.offer)
    else:
        await waiting.decline(act, about.offer)
    await _note(act, "offer-taken" if takes else "offer-declined", about)
    await _tick(act, notice, about)


async def _about(act: Act, notice: UUID) -> _About:
    found = await _NOTICE.first(act.conn, {"notice": notice})
    stations = found.stations if found else ()
    own = tuple(filter(act.staff.serves, stations))
    if found is None or not own:
        act.staff.must_serve(next(iter(stations), None))
        raise NotFound
    return replace(found, stations=own)


async def _tick(act: Act, notice: UUID, about: _About) -> None:
    if await _CALLED.run(act.conn, {"notice": notice, "now": act.now, "who": act.staff.subject}):
        await _note(act, "called", about)


async def _note(act: Act, action: str, about: _About) -> None:
    named = {"number": about.number} if about.number else {}
    await act.note(
        action,
        matter=about.matter,
        station=about.stations[0],
        purpose=about.purpose,
        **named,
    )


# Of whoever holds a number in the hall no address is kept, so there is nobody to find here.
_CHANNELS = Query(
    list[str],
    """
    select coalesce(a.channels, w.channels) from people p
    left join appointments a on a.id = p.matter left join waiting_entries w on w.id = p.matter
    where p.matter = :matter and coalesce(a.channels, w.channels) is not null
""",
)


_NOTE = Statement("""
    insert into unreached (notice, version, appointment, matter_version, purpose, reached, at)
    values (:notice, :version, :matter, :matter_version, :purpose, :reached, :at)
    on conflict (notice) do update
    set version = excluded.version, reached = excluded.reached, at = excluded.at
    where unreached.version < excluded.version
""")


_FORGET = Statement("delete from unreached where appointment = any(:matters)")


async def note_outcome(conn: AsyncConnection, fact: NoticeFact, reached: bool) -> None:
    """Remember the newest outcome of a notice about which staff would call; older facts change nothing."""
    notice = fact.notice
    if notice.matter_service != "appointments":
        return
    channels = await _CHANNELS.first(conn, {"matter": notice.matter})
    if channels is None or not must_call(notice.purpose, channels):
        return
    await _NOTE.run(
        conn,
        {
            "notice": fact.id,
            "version": fact.version,
            "matter": notice.matter,
            "matter_version": notice.matter_version,
            "purpose": notice.purpose,
            "reached": reached,
            "at": notice.at,
        },
    )


async def forget_outcomes(conn: AsyncConnection, matters: Sequence[UUID]) -> None:
    """Forget what reached people who have been forgotten: nobody can call them."""
    await _FORGET.run(conn, {"matters": matters})
