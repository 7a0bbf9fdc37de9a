"""Pages for staff: what is sent twice has one effect; the second to come sees the newer state and what they typed."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest

from services.mobile_office.pages import STAFF
from shared.tools import Tools
from shared.web.staff.session import SESSION, Session
from tests.appointments.visitor import content, heading, own_links, page, values
from tests.mobile_office.kit import Client, told
from tests.mobile_office.touring import LEAD, SPARE, VEHICLE, Touring
from tests.shared.web.html import by_id, parse


@dataclass(frozen=True)
class Member:
    """Somebody signed in at the pages."""

    client: Client
    session: Session

    async def get(self, path: str) -> httpx.Response:
        """Ask for a page."""
        return await self.client.get(STAFF + path)

    async def press(self, path: str, **fields: Any) -> httpx.Response:
        """Send a form of the session."""
        return await self.client.post(STAFF + path, data={**fields, "sitzung": self.session.form_token})

    async def confirm(self, path: str, shown: str | None = None, **fields: Any) -> httpx.Response:
        """Send the form of a page, the one just opened unless another was shown."""
        tree = parse(shown or (await self.get(path)).text)
        hidden: dict[str, list[str]] = {}
        for each in tree.iter("input"):
            if each.get("type") == "hidden":
                hidden.setdefault(each.attrib["name"], []).append(each.get("value", ""))
        return await self.client.post(STAFF + path.partition("?")[0], data={**hidden, **fields})


def sign_in(client: Client, tools: Tools, session: Session) -> Member:
    client.cookies.set(f"nahbar-staff-{SESSION}", tools.sessions.seal(SESSION, session), path="/")
    return Member(client, session)


def typed_stop(touring: Touring, **changes: str) -> dict[str, str]:
    """A stop as it is typed into the planner: on Monday morning in Marxloh."""
    typed = {"day": str(touring.monday), "arrives": "09:00", "departs": "12:00", "counters": "1"}
    return typed | {"vehicle": VEHICLE, "place": "marxloh"} | changes


@pytest.fixture
def touring(tools: Tools) -> Touring:
    """The weeks of the service."""
    return Touring(tools)


@pytest.fixture
def lead(client: Client, tools: Tools) -> Member:
    """Somebody who leads the tours."""
    return sign_in(client, tools, LEAD)


@pytest.mark.parametrize(
    ("roles", "status"), [({"mobile_office:staff"}, {"/today": 200, "/planner": 403}), (set(), {"/today": 403})]
)
async def test_who_drives_sees_the_tour_and_only_who_leads_plans(
    client: Client, tools: Tools, roles: set[str], status: dict[str, int]
) -> None:
    member = sign_in(client, tools, LEAD.model_copy(update={"roles": frozenset(roles)}))
    assert {path: (await member.get(path)).status_code for path in status} == status


async def test_a_day_without_stops_leads_to_the_next_with_some_however_far(lead: Member, touring: Touring) -> None:
    await touring.publish_week([("marxloh", 2, 9)])
    touring.at(7, day=-12)
    day = touring.monday + timedelta(days=2)
    tree = parse((await lead.get("/today")).text)
    assert "Der nächste: Mi., " in content(tree)
    assert f"{STAFF}/today?day={day}" in own_links(tree)
    assert "09:00 bis 12:00 Uhr, Marxloh" in content(parse((await lead.get(f"/today?day={day}")).text))
    after = content(parse((await lead.get(f"/today?day={day + timedelta(days=1)}")).text))
    assert "ist kein Halt veröffentlicht." in after
    assert "Der nächste" not in after


async def test_a_form_without_its_token_is_refused(lead: Member, touring: Touring) -> None:
    first, *_ = await touring.publish()
    answer = await lead.client.post(f"{STAFF}/stops/{first.id}/cancel", data={"reason": "weather"})
    assert answer.status_code == 403
    assert len(await told(touring.tools)) == 4


async def test_a_week_is_published_once_however_often_it_is_sent(lead: Member, touring: Touring) -> None:
    await touring.plan()
    path = f"/planner/{touring.monday}/preview"
    shown = (await lead.get(path)).text
    assert heading(parse(shown)) == "4 neue Halte"
    for _ in range(2):
        answer = await lead.confirm(path, shown)
        assert answer.headers["location"] == f"{STAFF}/planner?week={touring.monday}&done=published"
    assert [name for name, _, _ in await told(touring.tools)] == ["MobilStopScheduled"] * 4


async def test_a_preview_that_became_another_is_shown_again_with_the_reason(lead: Member, touring: Touring) -> None:
    first, *_ = await touring.publish()
    await lead.press(f"/planner/{touring.monday}/stops/{first.id}/dropping", version=2)
    path = f"/planner/{touring.monday}/preview"
    shown = (await lead.get(path)).text
    assert (await lead.confirm(path, shown)).status_code == 422
    await touring.book(first.id, 3)
    again = await lead.confirm(path, shown, reason="illness", words="Der Fahrer fehlt.")
    tree = page(again, 409)
    assert "3 Personen haben dort einen Termin" in content(tree)
    assert values(tree)["words"] == "Der Fahrer fehlt."
    assert len(await told(touring.tools)) == 4
    assert (await lead.confirm(path, again.text, reason="illness")).status_code == 303
    assert (await told(touring.tools))[-1][0] == "MobilStopCancelled"


async def test_who_plans_second_sees_the_newer_week_and_keeps_what_was_typed(lead: Member, touring: Touring) -> None:
    first, second, *_ = await touring.plan()
    form, typed = f"/planner/{touring.monday}/stop", typed_stop(touring, arrives="08:30")
    assert (await lead.press(f"/planner/{touring.monday}/stops/{second.id}/dropping", version=1)).status_code == 303
    answer = await lead.press(form, **typed, version=1, id=first.id)
    assert by_id(page(answer, 409), "arrives").get("value") == "08:30"
    assert (await lead.confirm(form, answer.text, **typed)).status_code == 303
    assert (await touring.stops())[0].plan.arrives_at == first.plan.arrives_at - timedelta(minutes=30)


async def test_a_vehicle_elsewhere_is_said_in_words_beside_the_field(lead: Member, touring: Touring) -> None:
    await touring.plan()
    typed = typed_stop(touring, arrives="10:00", place="duissern")
    tree = page(await lead.press(f"/planner/{touring.monday}/stop", **typed, version=1, id=uuid4()), 422)
    assert "Das Fahrzeug schafft es nicht: Es steht von 09:00 bis 12:00 Uhr in Marxloh." in content(tree)
    assert by_id(tree, "arrives").get("value") == "10:00"


async def test_a_delay_sent_again_is_told_once_with_the_stops_it_makes_late(lead: Member, touring: Touring) -> None:
    first, second, *_ = await touring.publish()
    path = f"/stops/{first.id}/delay/preview?{urlencode({'minutes': 120, 'reason': 'traffic'})}"
    shown = (await lead.get(path)).text
    late = [f"{first.id} 1 120", f"{second.id} 1 15"]
    for _ in range(2):
        assert (await lead.confirm(path, shown, late=late)).status_code == 303
    assert (await told(touring.tools))[4:] == [("MobilStopDelayed", each.id, 2) for each in (first, second)]


async def test_a_delay_on_a_stop_that_changed_meanwhile_is_shown_again(lead: Member, touring: Touring) -> None:
    first, *_ = await touring.publish()
    path = f"/stops/{first.id}/delay/preview?{urlencode({'minutes': 20, 'reason': 'traffic'})}"
    shown = (await lead.get(path)).text
    other = f"/stops/{first.id}/delay/preview?{urlencode({'minutes': 40, 'reason': 'traffic'})}"
    assert (await lead.confirm(other)).status_code == 303
    answer = await lead.confirm(path, shown)
    assert "Inzwischen hat sich etwas geändert" in content(page(answer, 409))
    assert (await lead.confirm(path, answer.text)).status_code == 303
    assert [version for _, _, version in await told(touring.tools)][4:] == [2, 3]


async def test_a_cancellation_sent_again_is_told_once_and_a_reason_is_asked_for(lead: Member, touring: Touring) -> None:
    first, *_ = await touring.publish()
    path = f"/stops/{first.id}/cancel"
    assert "Wählen Sie einen Grund." in content(page(await lead.press(path), 422))
    for _ in range(2):
        assert (await lead.press(path, reason="place-taken")).status_code == 303
    assert (await told(touring.tools))[4:] == [("MobilStopCancelled", first.id, 2)]


async def test_a_breakdown_sent_again_is_told_once(lead: Member, touring: Touring) -> None:
    first, second, third, fourth = await touring.publish()
    stops = [f"{first.id} delay 60", f"{second.id} replace {SPARE}", f"{third.id} cancel", str(fourth.id)]
    typed = {"vehicle": VEHICLE, "day": touring.monday, "time": "07:00", "reason": "breakdown", "stops": stops}
    path = f"/breakdown/preview?{urlencode(typed, doseq=True)}"
    shown = (await lead.get(path)).text
    assert heading(parse(shown)) == "Die Panne betrifft 3 Halte"
    for _ in range(2):
        assert (await lead.confirm(path, shown)).status_code == 303
    assert (await told(touring.tools))[4:] == [
        ("MobilStopDelayed", first.id, 2),
        ("MobilStopRescheduled", second.id, 2),
        ("MobilStopCancelled", third.id, 2),
    ]


async def test_a_breakdown_after_somebody_elses_keeps_what_was_chosen(lead: Member, touring: Touring) -> None:
    first, second, *_ = await touring.publish()
    stops = [f"{first.id} cancel", f"{second.id} delay 45"]
    typed = {"vehicle": VEHICLE, "day": touring.monday, "time": "07:00", "reason": "breakdown", "stops": stops}
    path = f"/breakdown/preview?{urlencode(typed, doseq=True)}"
    shown = (await lead.get(path)).text
    await lead.press(f"/stops/{first.id}/cancel", reason="breakdown")
    tree = page(await lead.confirm(path, shown), 409)
    ticked = {each.get("value") for each in tree.iter("option") if "selected" in each.attrib}
    assert f"{second.id} delay 45" in ticked
    assert len(await told(touring.tools)) == 5


async def test_a_proposal_is_taken_over_week_by_week_and_not_when_it_is_outdated(
    lead: Member, touring: Touring
) -> None:
    shown = (await lead.get("/planning-help")).text
    monday = next(each.attrib["value"] for each in parse(shown).iter("input") if each.get("name") == "mondays")
    answer = await lead.confirm("/planning-help", shown, mondays=monday)
    assert answer.headers["location"] == f"{STAFF}/planner?week={monday}"
    assert "erster Halt des Tages" in content(page(await lead.get(f"/planner?week={monday}")))
    outdated = await lead.press("/planning-help", version="x", mondays=monday)
    assert "Der Vorschlag ist inzwischen ein anderer" in content(page(outdated, 409))


@pytest.mark.parametrize(
    ("path", "key", "typed"),
    [
        ("/fleet/place", "ruhrort", {"name": "Ruhrort", "quarter": "401", "landmark": "am Hafen", "latitude": "51.45"}),
        ("/fleet/vehicle", "buergermobil-2", {"name": "Ersatz", "counters": "2", "equipment": "Drucker"}),
    ],
)
async def test_who_changes_the_fleet_second_sees_theirs_and_keeps_what_was_typed(
    lead: Member, touring: Touring, path: str, key: str, typed: dict[str, str]
) -> None:
    given = {"key": key, "version": 0, "longitude": "6.735", **typed}
    for _ in range(2):
        assert (await lead.press(path, **given)).status_code == 303
    answer = await lead.press(path, **given | {"name": "Anders"})
    tree = page(answer, 409)
    assert "Jemand anderes hat das inzwischen geändert" in content(tree)
    assert values(tree)["name"] == "Anders"
    assert (await lead.confirm(path, answer.text, **typed, longitude="6.735")).status_code == 303


async def test_a_stop_of_the_weekly_plan_is_added_once_and_may_not_clash(lead: Member, touring: Touring) -> None:
    typed = {"vehicle": SPARE, "place": "ruhrort", "weekday": "4", "arrives": "09:00", "departs": "11:00"}
    given = {**typed, "id": uuid4(), "version": 0, "every_weeks": "1", "valid_from": str(touring.monday)}
    for _ in range(2):
        assert (await lead.press("/weekly/stop", **given)).status_code == 303
    clash = await lead.press("/weekly/stop", **given | {"id": uuid4(), "place": "baerl", "arrives": "10:00"})
    assert "Das Fahrzeug schafft es nicht: Am" in content(page(clash, 422))


@pytest.mark.parametrize("day", ["", "0001-01-01", "9999-12-31", "Montag"])
async def test_a_stop_is_planned_on_a_day_of_our_time(lead: Member, touring: Touring, day: str) -> None:
    await touring.plan()
    typed = typed_stop(touring, day=day, arrives="00:00", departs="00:10")
    answer = await lead.press(f"/planner/{touring.monday}/stop", **typed, version=1, id=uuid4())
    assert "Wählen Sie einen Tag." in content(page(answer, 422))


async def test_what_is_no_id_of_a_stop_is_refused(lead: Member, touring: Touring) -> None:
    first, *_ = await touring.publish()
    dashes = "-" * 36
    typed = {"vehicle": VEHICLE, "day": touring.monday, "time": "07:00", "reason": "breakdown"}
    broken = {**typed, "stops": f"{dashes} cancel"}
    late = {"minutes": "10", "reason": "traffic", "late": f"{dashes} 1 10"}
    for answer in (
        await lead.get(f"/breakdown/preview?{urlencode(broken)}"),
        await lead.press("/breakdown/preview", **broken, id=uuid4()),
        await lead.press(f"/stops/{first.id}/delay/preview", **late),
    ):
        assert answer.status_code == 422


async def test_nothing_is_told_on_the_page_of_a_stop_that_is_unknown(lead: Member, touring: Touring) -> None:
    first, *_ = await touring.publish()
    late = {"minutes": "10", "reason": "traffic", "late": f"{first.id} 1 10"}
    assert (await lead.press(f"/stops/{uuid4()}/delay/preview", **late)).status_code == 404
    assert len(await told(touring.tools)) == 4
