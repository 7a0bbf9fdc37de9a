"""Pages for citizens: the tour plan, its stops, and the calendars that follow them."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from icalendar import Calendar
from sqlalchemy import text

from services.mobile_office.tours import changes
from services.mobile_office.tours.reasons import Reason
from shared.act import Act
from shared.events.mobile_office import StopReason
from shared.tools import Tools
from tests.appointments.visitor import Visitor, content, heading, own_links
from tests.mobile_office.kit import Client
from tests.mobile_office.touring import LEAD, WEEK, Touring


@pytest.fixture
def touring(tools: Tools) -> Touring:
    """The weeks of the service."""
    return Touring(tools)


@pytest.fixture
def visitor(client: Client) -> Visitor:
    """Somebody at the pages."""
    return Visitor(client)


async def cancel(touring: Touring, stop: Any, words: str | None = None) -> None:
    async with touring.tools.db.transaction() as conn:
        reason = Reason(StopReason.WEATHER, words)
        await changes.cancel(Act(conn, touring.tools, touring.tools.clock.now(), who=LEAD), stop.id, reason)


async def calendar(visitor: Visitor, path: str) -> dict[str, Any]:
    """The entries of a calendar file by their UID."""
    answer = await visitor.client.get(path)
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    entries = Calendar.from_ical(answer.content).walk("VEVENT")
    return {str(each["uid"]): each for each in entries}


async def test_what_is_only_planned_is_shown_to_nobody(visitor: Visitor, touring: Touring) -> None:
    first, *_ = await touring.plan()
    await visitor.see(f"/mobile_office/stops/{first.id}", 404)
    await visitor.see(f"/mobile_office/stops/{uuid4()}", 404)
    assert f"/mobile_office/stops/{first.id}" not in own_links(await visitor.see("/mobile_office/"))


async def test_the_plan_shows_a_district_a_quarter_or_a_service(visitor: Visitor, touring: Touring) -> None:
    first, second, third, _ = await touring.publish()
    shown = {each.id: f"/mobile_office/stops/{each.id}" for each in (first, second, third)}
    whole = own_links(await visitor.see("/mobile_office/"))
    assert set(shown.values()) | {f"/appointments/book?place={first.id}"} <= whole
    district = own_links(await visitor.see("/mobile_office/?district=200"))
    assert {shown[first.id], shown[second.id]} <= district
    assert shown[third.id] not in district
    assert "/notifications/subscribe?district=200&topic=buergermobil" in district
    quarter = own_links(await visitor.see("/mobile_office/?quarter=202&service=reisepass"))
    assert (shown[first.id] in quarter, shown[second.id] in quarter) == (True, False)


async def test_english_pages_say_in_english_how_to_find_a_stop_and_what_is_on_board(
    client: Client, touring: Touring
) -> None:
    first, *_ = await touring.publish()
    english = Visitor(client, "/en")
    for path in ("/en/mobile_office/", f"/en/mobile_office/stops/{first.id}"):
        said = content(await english.see(path))
        assert "at the railway station" in said
        assert "fingerprint scanner, photo booth" in said
        assert "Bahnhof" not in said
        assert "Fotoautomat" not in said
    german = content(await Visitor(client).see(f"/mobile_office/stops/{first.id}"))
    assert "am Bahnhof" in german


async def test_what_staff_type_that_the_city_has_no_english_words_for_is_marked_as_german(
    client: Client, touring: Touring
) -> None:
    async with touring.tools.db.transaction() as conn:
        await conn.execute(text("update places set landmark = 'vor dem Kiosk' where key = 'marxloh'"))
    first, *_ = await touring.publish()
    answer = await client.get(f"/en/mobile_office/stops/{first.id}")
    assert '<bdi lang="de">vor dem Kiosk</bdi>' in answer.text


async def test_without_a_stop_it_names_the_next_there_and_the_nearest(visitor: Visitor, touring: Touring) -> None:
    first, _, third, _ = await touring.publish()
    touring.at(18)
    links = own_links(await visitor.see("/mobile_office/?quarter=202"))
    assert f"/mobile_office/stops/{first.id}" not in links
    assert f"/mobile_office/stops/{third.id}" in links
    assert "Das nächste Mal hier" not in content(await visitor.see("/mobile_office/?quarter=101"))
    after = await visitor.see(f"/mobile_office/?quarter=202&week={touring.monday}")
    assert "In dieser Woche in der Nähe" in content(after)


async def test_without_a_filter_nothing_is_said_of_here(visitor: Visitor, touring: Touring) -> None:
    first, *_ = await touring.publish()
    touring.at(7, day=-3)
    this = touring.monday - timedelta(weeks=1)
    tree = await visitor.see(f"/mobile_office/?week={this}")
    assert f"/mobile_office/stops/{first.id}" in own_links(tree)
    said = content(tree)
    assert "In dieser Woche gibt es keine Halte mehr." in said
    assert "Der nächste Halt" in said
    assert "Das können Sie dort erledigen" in said
    assert said.count("Reisepass beantragen") == 2, "once as a choice and once as what can be done"
    assert "In dieser Woche gibt es dafür keine Halte mehr." in content(
        await visitor.see(f"/mobile_office/?service=reisepass&week={this}")
    )
    for words in ("kommt das Bürgermobil hier", "Hier geht außerdem", "Das nächste Mal hier"):
        assert words not in said, words
    assert "kommt das Bürgermobil hier nicht mehr vorbei" in content(
        await visitor.see(f"/mobile_office/?district=200&week={this}")
    )


async def test_the_plan_begins_with_the_first_week_that_has_stops(visitor: Visitor, touring: Touring) -> None:
    stops = await touring.publish()
    touring.at(7, day=-3)
    for query, left in (("", "gibt es keine Halte mehr"), ("?district=200", "kommt das Bürgermobil hier nicht mehr")):
        tree = await visitor.see(f"/mobile_office/{query}")
        for words in (f"In dieser Woche {left}", f"Weiter geht es am Montag, {touring.monday.day}.", "Vorige Woche"):
            assert words in content(tree), words
        assert "Der nächste Halt" not in content(tree)
        assert "Das nächste Mal hier" not in content(tree)
    whole = own_links(await visitor.see("/mobile_office/"))
    assert {f"/mobile_office/stops/{each.id}" for each in stops} <= whole, "the week itself, not its first stop alone"
    assert "Weiter geht es" not in content(await visitor.see("/mobile_office/?quarter=101")), "nothing is known there"
    touring.at(7)
    assert "Diese Woche" in content(await visitor.see("/mobile_office/"))


async def test_a_called_off_stop_of_this_week_is_shown_rather_than_passed_over(
    visitor: Visitor, touring: Touring
) -> None:
    [only] = await touring.publish_week([("marxloh", 0, 9)])
    await cancel(touring, only)
    said = content(await visitor.see("/mobile_office/"))
    assert "Diese Woche" in said
    assert "Fällt aus" in said


async def test_what_a_cancelled_stop_offered_is_not_what_others_offer_besides(
    visitor: Visitor, touring: Touring
) -> None:
    first, *_ = await touring.publish()
    await cancel(touring, first)
    said = content(await visitor.see(f"/mobile_office/stops/{first.id}"))
    assert "Das können Sie hier erledigen:" in said
    assert "Hier geht außerdem" not in said


async def test_what_can_be_done_is_what_stops_offer_that_take_place(visitor: Visitor, touring: Touring) -> None:
    await touring.plan(WEEK[:1])
    [only] = await touring.publish()
    assert "Das können Sie dort erledigen" in content(await visitor.see("/mobile_office/"))
    await cancel(touring, only)
    assert "Das können Sie dort erledigen" not in content(await visitor.see("/mobile_office/"))


@pytest.mark.parametrize("query", ["week=9999-12-31", "week=0001-01-01", "week=x", "district=x&quarter=-1&service=y"])
async def test_nonsense_in_the_address_is_the_plan_all_the_same(visitor: Visitor, tools: Tools, query: str) -> None:
    assert heading(await visitor.see(f"/mobile_office/?{query}")) == "Bürgermobil"


async def test_a_cancelled_stop_stays_with_its_reason_and_what_comes_instead(
    visitor: Visitor, touring: Touring
) -> None:
    first, second, *_ = await touring.publish()
    await cancel(touring, first, "Sturm bis Mittag.")
    tree = await visitor.see(f"/mobile_office/stops/{first.id}")
    assert "Das Wetter lässt es nicht zu. Sturm bis Mittag." in content(tree)
    assert f"/mobile_office/stops/{second.id}" in own_links(tree)
    assert f"/appointments/book?place={first.id}" not in own_links(tree)
    assert "The weather does not allow it. Sturm bis Mittag." in content(
        await visitor.see(f"/en/mobile_office/stops/{first.id}")
    )


async def test_calendars_follow_a_stop_from_its_first_announcement_to_its_end(
    visitor: Visitor, touring: Touring
) -> None:
    first, _second, third, _ = await touring.publish()
    path = "/mobile_office/calendar.ics?district=200"
    before = await calendar(visitor, path)
    assert len(before) == 2
    assert str(third.id) not in before
    entry = before[str(first.id)]
    assert (entry["sequence"], entry["status"]) == (0, "CONFIRMED")
    assert entry["dtstart"].dt == first.plan.arrives_at
    delays = {first.id: changes.Delay(1, 20)}
    async with touring.tools.db.transaction() as conn:
        reason, now = Reason(StopReason.TRAFFIC), touring.tools.clock.now()
        await changes.delay(Act(conn, touring.tools, now, who=LEAD), delays, reason)
    late = (await calendar(visitor, f"/mobile_office/stops/{first.id}/stop.ics"))[str(first.id)]
    assert (late["sequence"], late["status"]) == (1, "CONFIRMED")
    assert late["dtstart"].dt == first.plan.arrives_at + timedelta(minutes=20)
    await cancel(touring, first)
    gone = (await calendar(visitor, path))[str(first.id)]
    assert (gone["sequence"], gone["status"]) == (2, "CANCELLED")
