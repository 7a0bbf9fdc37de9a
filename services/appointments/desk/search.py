"""Finding people at the desk: at the caller's stations alone, in the weeks around today, and noted in the audit log.

People are kept encrypted, so the database cannot look for them: those who may be meant are decrypted and compared.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.appointments.booking.queries import load_by_number
from services.appointments.desk.finding import MOST_FOUND, By, Hits, Search, find_among
from services.appointments.desk.queries import Expected, load_boxes, load_expected
from shared.act import Act
from shared.people import People

SEARCHED = "searched"
"""What the audit log calls it."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search has found, those to come first; `alike` are people whose names sound or are spelt alike.

    `more` says that there are more than are shown.
    """

    exact: Sequence[Expected]
    alike: Sequence[Expected]
    more: bool


async def search(act: Act, station: str, wanted: Search) -> Found:
    """Find appointments at the caller's stations, from `BACK` before today until `AHEAD` after; a number at any time.

    Args:
        station: where the caller sits; the audit log has the search there, without what was typed.

    Raises:
        Forbidden: not one of the caller's stations.
    """
    act.staff.must_serve(station)
    hits = await _by_number(act, wanted.text) if wanted.by is By.NUMBER else None
    if hits is None:
        boxes = await load_boxes(act)
        hits = await asyncio.to_thread(_compare, act.tools.people, boxes, wanted)
    shown = [*hits.exact, *hits.alike][:MOST_FOUND]
    found = await load_expected(act, shown)
    total = len(hits.exact) + len(hits.alike)
    await act.note(SEARCHED, station=station, by=wanted.by, found=total)
    count = len(hits.exact)
    return Found(found[:count], found[count:], total > MOST_FOUND)


async def _by_number(act: Act, number: str) -> Hits[UUID] | None:
    """The appointment of a number at the caller's stations; eight digits may be a phone number as well."""
    found = await load_by_number(act.conn, number)
    return Hits([found.id]) if found and act.staff.serves(found.station) else None


def _compare(people: People, boxes: Mapping[UUID, bytes], wanted: Search) -> Hits[UUID]:
    return find_among({id: people.open(box) for id, box in boxes.items()}, wanted)
