"""Appointments by video: their own hours, their consent, and what stays apart from counters."""

import hashlib
import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.appointments.persons.domain import VIDEO_CONSENT
from shared.clock import BERLIN
from shared.tools import Tools
from tests.appointments.kit import API, Client, at, booking, outbox, pass_time, weekend, wish
from tests.appointments.video import CONSENT, book, by_video
from tests.appointments.visitor import TYPED, Visitor, buttons, content, heading, own_links, page
from tests.docs.kit import ROOT


async def test_video_is_booked_on_the_weekend_and_published_as_its_own_kind(client: Client, tools: Tools) -> None:
    booked = await book(client, tools)
    assert (booked["kind"], booked["station"]) == ("video", "video")
    [fact] = await outbox(tools)
    state = json.loads(fact.body)["appointment"]
    assert (state["kind"], state["place"]["address"], state["place"]["district"]) == ("video", None, 0)
    assert all(word not in str(fact.body) for word in ("jwt", "8026", "consent"))
    async with tools.db.transaction() as conn:
        row = (await conn.execute(text("select kind, consent, consented_at, starts_at from appointments"))).one()
    assert (row.kind, row.consent) == ("video", VIDEO_CONSENT)
    assert abs(tools.clock.now() - row.consented_at) < timedelta(minutes=1)
    weekday = await client.post(f"{API}/appointments", json=by_video(at(tools, 10)))
    assert weekday.json()["type"].endswith("time-not-offered")


@pytest.mark.parametrize("consent", [None, "2020-01"])
async def test_without_consent_to_the_text_of_today_there_is_no_video(
    client: Client, tools: Tools, consent: str | None
) -> None:
    answer = await client.post(f"{API}/appointments", json=by_video(weekend(tools), consent=consent))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "person.consent")
    held = await client.post(f"{API}/holds", json=wish(weekend(tools), station="video"))
    person = by_video(weekend(tools), consent=consent)["person"]
    answer = await client.post(f"{API}/appointments", json={"hold": held.json()["token"], "person": person})
    assert answer.json()["type"].endswith("consent-missing")
    assert await outbox(tools) == []


async def test_the_database_keeps_no_video_without_consent(client: Client, tools: Tools) -> None:
    """INVARIANT: whatever the code does."""
    await book(client, tools)
    with pytest.raises(IntegrityError, match="video_needs_consent"):
        async with tools.db.transaction() as conn:
            await conn.execute(text("update appointments set consent = null, consented_at = null"))


async def test_at_a_counter_no_consent_is_kept(client: Client, tools: Tools) -> None:
    await client.post(f"{API}/appointments", json=booking(at(tools, 10), person=CONSENT))
    async with tools.db.transaction() as conn:
        assert (await conn.execute(text("select consent, consented_at from appointments"))).one() == (None, None)


async def test_what_needs_a_counter_cannot_be_done_by_video(client: Client, tools: Tools) -> None:
    body = booking(weekend(tools), station="video", services=("reisepass",), person=CONSENT)
    assert (await client.post(f"{API}/appointments", json=body)).json()["type"].endswith("not-together")


async def test_any_place_means_any_counter(client: Client, tools: Tools) -> None:
    for path in ("earliest", "free-times"):
        found = (await client.get(f"{API}/{path}?services=meldebescheinigung")).json()
        assert "video" not in {each["station"] for each in found}
        [asked] = (await client.get(f"{API}/{path}?services=meldebescheinigung&station=video")).json()
        assert datetime.fromisoformat(asked["earliest"]).astimezone(BERLIN).weekday() >= 5
    tree = await Visitor(client).see("/appointments/book/time?services=meldebescheinigung&place=any")
    assert not [each for each in tree.iter("button") if each.get("value", "").startswith("video ")]
    video = await Visitor(client).see("/appointments/book/time?services=meldebescheinigung&place=video")
    assert "Per Video" in content(video)
    assert {each.get("value", "").split()[0] for each in video.iter("button") if each.get("name") == "time"} == {
        "video"
    }


async def test_a_time_by_video_that_is_taken_offers_others_by_video(client: Client, tools: Tools) -> None:
    start = weekend(tools)
    answers = [await client.post(f"{API}/appointments", json=by_video(start)) for _ in range(3)]
    assert [each.status_code for each in answers] == [201, 201, 409], "one of three is kept for staff"
    assert {each["station"] for each in answers[-1].json()["nearest"]} == {"video"}


async def test_a_move_keeps_the_kind(client: Client, tools: Tools) -> None:
    token = (await book(client, tools))["token"]
    to_counter = {"station": "mitte", "starts_at": at(tools, 10).isoformat()}
    refused = await client.post(f"{API}/appointments/{token}/rescheduling", json=to_counter)
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "other-kind")
    tree = await Visitor(client).see(f"/appointments/m/{token}/reschedule?place=any")
    stations = {each.get("value", "").split()[0] for each in tree.iter("button") if each.get("name") == "time"}
    assert stations == {"video"}
    assert "Ort ändern" not in content(tree)
    later = {"station": "video", "starts_at": weekend(tools, 13).isoformat()}
    moved = await client.post(f"{API}/appointments/{token}/rescheduling", json=later)
    assert (moved.status_code, moved.json()["kind"]) == (200, "video")

    counter = (await client.post(f"{API}/appointments", json=booking(at(tools, 10)))).json()["token"]
    refused = await client.post(f"{API}/appointments/{counter}/rescheduling", json=later)
    assert refused.json()["type"].endswith("other-kind")


async def hold(client: Client, tools: Tools, hour: int = 10) -> str:
    answer = await Visitor(client).press_time(weekend(tools, hour), station="video", place="video")
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removesuffix("/details")


async def test_the_form_asks_for_consent_and_nothing_is_ticked_before(client: Client, tools: Tools) -> None:
    visitor, draft = Visitor(client), await hold(client, tools)
    [box] = [each for each in (await visitor.see(f"{draft}/details")).iter("input") if each.get("type") == "checkbox"]
    assert (box.get("name"), box.get("value"), box.get("checked")) == ("consent", VIDEO_CONSENT, None)
    tree = page(await visitor.fill_in(draft), 422)
    assert content(tree).count("Kreuzen Sie an, dass Sie einverstanden sind.") == 2
    assert (await visitor.press(f"{draft}/check")).headers["location"].endswith("/details"), "there is no way round"
    await visitor.fill_in(draft, **CONSENT)
    async with tools.db.transaction() as conn:
        agreed_at = (await conn.execute(text("select consented_at from appointments"))).scalar_one()
    pass_time(tools, timedelta(minutes=5))
    assert "Einwilligung in das Video" in content(await visitor.see(f"{draft}/check"))
    assert (await visitor.press(f"{draft}/check")).status_code == 303
    async with tools.db.transaction() as conn:
        kept = (await conn.execute(text("select consented_at, status from appointments"))).one()
    assert kept == (agreed_at, "confirmed"), "when it was agreed to, not when it was booked"
    for hour, taken_back in ((11, ""), (12, "x")):
        other = await hold(client, tools, hour)
        await visitor.fill_in(other, **CONSENT)
        assert page(await visitor.press(f"{other}/details", **{**TYPED, "consent": taken_back}), 422)


async def test_at_a_counter_nobody_is_asked_for_consent(client: Client, tools: Tools) -> None:
    visitor = Visitor(client)
    tree = await visitor.see(f"{await visitor.hold(at(tools, 10))}/details")
    assert not [each for each in tree.iter("input") if each.get("type") == "checkbox"]
    assert "Einwilligung" not in content(tree)


def test_another_text_of_consent_is_another_version() -> None:
    """A change of the text gives it a new VIDEO_CONSENT and its new fingerprint is added here."""
    known = {"2026-11": "9d9bdc1fa9f6483a9b91bcc891f764afb8141be83352c2c2d8d9041e2dd71008"}
    template = (ROOT / "services/appointments/templates/consent.html").read_bytes()
    assert known[VIDEO_CONSENT] == hashlib.sha256(template).hexdigest()


async def test_the_page_of_the_appointment_says_by_video(client: Client, tools: Tools) -> None:
    manage = f"/appointments/m/{(await book(client, tools))['token']}"
    visitor = Visitor(client)
    tree = await visitor.see(manage)
    assert "Per Video" in content(tree)
    assert "Wir rufen Ihre Nummer auf" not in content(tree)
    assert f"{manage}/video" in own_links(tree)
    assert "By video" in content(await visitor.see(f"/en{manage}"))
    calendar = (await client.get(f"{manage}/termin.ics")).text
    assert "LOCATION:Video\r\n" in calendar
    assert "jwt" not in calendar


async def test_the_place_page_offers_video_beside_the_counters(client: Client) -> None:
    visitor = Visitor(client)
    tree = await visitor.see("/appointments/book/place?services=meldebescheinigung")
    values = [each.get("value") for each in tree.iter("input") if each.get("type") == "radio"]
    assert (values[0], values[-1]) == ("any", "video")
    assert "Kamera und Mikrofon" in content(tree)
    tree = await visitor.see("/appointments/book/place?services=reisepass")
    assert "video" not in [each.get("value") for each in tree.iter("input") if each.get("type") == "radio"]
    assert "Per Video" not in content(tree)


async def test_where_nothing_is_free_the_other_kind_is_offered(client: Client, tools: Tools) -> None:
    async with tools.db.transaction() as conn:
        await conn.execute(text("update opening_hours set valid_until = '2020-01-01' where station <> 'video'"))
    visitor = Visitor(client)
    for place in ("mitte", "any"):
        tree = await visitor.see(f"/appointments/book/time?services=meldebescheinigung&place={place}")
        assert "Per Video geht es eher" in content(tree)
        assert "/appointments/book/time?services=meldebescheinigung&place=video" in own_links(tree)
    async with tools.db.transaction() as conn:
        await conn.execute(
            text("update opening_hours set valid_until = case station when 'video' then date '2020-01-01' end")
        )
    tree = await visitor.see("/appointments/book/time?services=meldebescheinigung&place=video")
    assert "Vor Ort geht es eher" in content(tree)
    assert "An allen Orten suchen" not in content(tree)
    assert "/appointments/book/time?services=meldebescheinigung&place=any" in own_links(tree)
    assert buttons(tree) == []
    assert heading(tree) == "Wann passt es Ihnen?"
