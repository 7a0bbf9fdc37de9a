"""Flow 2 while a part is away or facts come again, late, out of order: everybody still hears of it once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from shared.runtime import Role
from tests.e2e.kit import City
from tests.e2e.people import ASKED, CANCELLED_NEWS, CONFIRMED, NEWS, Citizen, Told
from tests.e2e.stops import (
    AMAL,
    ELIF,
    ERNA,
    JOHN,
    KARL,
    RHEINHAUSEN,
    Stop,
    Tours,
    appointment,
    book,
    let_news_out,
    tours_of,
)
from tests.support.wait import eventually


@dataclass
class Scene:
    """A stop that is announced and told to its subscribers, where some people have booked, one after the other."""

    tours: Tours
    stop: Stop
    told: Told
    booked: list[dict[str, Any]]


async def begin(city: City, subscribers: Sequence[Citizen], citizens: Sequence[Citizen]) -> Scene:
    """Announce a stop to subscribers, and let people book."""
    tours = await tours_of(city)
    for each in subscribers:
        await each.subscribe(city, RHEINHAUSEN)
    told = Told(city)
    stop = await tours.announce(city.day() + timedelta(hours=9))
    await let_news_out(city)
    await told.of(NEWS, *subscribers)
    await city.until_known(by="appointments", of="mobile_office")
    booked = [await book(city, stop, n * 10, citizen) for n, citizen in enumerate(citizens)]
    await told.of(CONFIRMED, *citizens)
    return Scene(tours, stop, told, booked)


async def tell_again(city: City, publishing: str, consuming: str) -> None:
    """Publish all facts of a service once more, and wait until another one has got them."""
    duplicates = city.tools(consuming).metrics.duplicates._value
    async with city.tools(publishing).db.transaction() as conn:
        again = (await conn.execute(text("update outbox set published_at = null"))).rowcount
    expected = duplicates.get() + again
    await eventually(lambda: duplicates.get() >= expected)


async def test_appointments_is_away_for_an_hour_while_a_stop_is_called_off_and_all_is_told_again(city: City) -> None:
    scene = await begin(city, (KARL, AMAL), (AMAL, ELIF, ERNA))

    await city.stop("appointments")
    await scene.tours.call_off(scene.stop)
    await let_news_out(city)
    await scene.told.of(CANCELLED_NEWS, KARL)
    city.move_to(city.tools("notifications").clock.now() + timedelta(hours=1))
    await city.start("appointments")
    await scene.told.of(ASKED, AMAL, ELIF, ERNA)
    assert {(await appointment(city, each))["status"] for each in scene.booked} == {"offered"}

    for publishing, consuming in (("mobile_office", "appointments"), ("appointments", "notifications")):
        await tell_again(city, publishing, consuming)
    await let_news_out(city)
    await scene.told.nothing_more()


async def test_moved_then_called_off_before_anybody_was_told_is_told_once(city: City) -> None:
    scene = await begin(city, (KARL,), (JOHN,))

    await city.stop("notifications")
    await scene.tours.delay(scene.stop, 20)
    await scene.tours.move(scene.stop, minutes=60)
    await scene.tours.call_off(scene.stop)
    await city.until_known(by="appointments", of="mobile_office")
    await city.start("notifications")
    await let_news_out(city)
    await scene.told.all_of({ASKED: (JOHN,), CANCELLED_NEWS: (KARL,)})


async def test_mobile_office_ends_before_it_could_tell_and_its_facts_come_in_the_wrong_order(city: City) -> None:
    scene = await begin(city, (KARL,), (ELIF,))

    await city.stop("mobile_office")
    await city.start("mobile_office", frozenset({Role.HTTP}))
    await scene.tours.move(scene.stop, minutes=60)
    await scene.tours.call_off(scene.stop)
    await scene.told.nothing_more()
    await city.stop("mobile_office")
    await city.start("mobile_office", frozenset({Role.HTTP}))
    held_back = text("update outbox set published_at = case version when 2 then now() end where version > 1")
    async with city.tools("mobile_office").db.transaction() as conn:
        await conn.execute(held_back)
    await city.stop("mobile_office")
    await city.start("mobile_office")
    await scene.told.of(ASKED, ELIF)

    async with city.tools("mobile_office").db.transaction() as conn:
        await conn.execute(text("update outbox set published_at = null where version = 2"))
    await city.until_known(by="appointments", of="mobile_office")
    await let_news_out(city)
    await scene.told.of(CANCELLED_NEWS, KARL)
    assert (await appointment(city, scene.booked[0]))["status"] == "offered"
