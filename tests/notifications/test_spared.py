"""Spared addresses: seen, found and lifted by staff, and forgotten at last."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest

from services.notifications.delivery.domain import Spared
from services.notifications.delivery.spared import spare
from shared import retention
from shared.act import acting
from shared.people import Person
from shared.tools import Tools
from tests.notifications.facts import MONDAY_NOON
from tests.notifications.kit import Post
from tests.shared.staff.kit import somebody
from tests.support.wait import eventually

SPARED = "/notifications/api/v1/spared-addresses"
ANNA, PHONE = "Anna@stadt.example", "0152 28817300"


@asynccontextmanager
async def staff(tools: Tools, role: str = "notifications:staff") -> AsyncIterator[httpx.AsyncClient]:
    """A member of the staff with a role; `service` trusts their token."""

    async def check(_: str) -> object:
        return somebody(roles=frozenset({role}))

    tools.tokens.check = check  # type: ignore[assignment]
    base = str(tools.settings.sms_webhook_url).partition("/notifications")[0]  # type: ignore[attr-defined]
    async with httpx.AsyncClient(base_url=base, headers={"Authorization": "Bearer x"}) as client:
        yield client


async def spare_both(tools: Tools) -> None:
    """Anna complained, and Berta's number does not exist."""
    for person, reason in (
        (Person(name="", mail=ANNA), Spared.COMPLAINT),
        (Person(name="", phone="+4915228817300"), Spared.UNDELIVERABLE),
    ):
        async with acting(tools) as act:
            key = tools.people.person_key(person)
            await spare(act, key, reason)


async def test_staff_see_who_is_spared_without_learning_who_it_is(post: Post) -> None:
    async with post.running() as tools, staff(tools) as client:
        await spare_both(tools)
        answer = await client.get(SPARED)
        assert [entry["reason"] for entry in answer.json()] == ["undeliverable", "complaint"]
        assert {len(entry["id"]) for entry in answer.json()} == {12}
        assert "anna" not in answer.text.lower()


@pytest.mark.parametrize("address", [ANNA, f" {ANNA.lower()} ", PHONE, "+4915228817300"])
async def test_who_asks_is_found_by_address_and_gets_reminders_again(post: Post, address: str) -> None:
    async with post.running() as tools, staff(tools) as client:
        await spare_both(tools)
        found = (await client.post(f"{SPARED}/lookup", json={"address": address})).json()
        assert (await client.delete(f"{SPARED}/{found['id']}")).status_code == 204
        assert (await client.delete(f"{SPARED}/{found['id']}")).status_code == 404
        assert (await client.post(f"{SPARED}/lookup", json={"address": address})).status_code == 404
        assert len((await client.get(SPARED)).json()) == 1
    [deed] = await post.rows("select who, action, details from audit")
    assert (deed.who, deed.action) == ("leitung", "spared_lifted")
    assert deed.details == {"address": found["id"], "reason": found["reason"]}
    assert len(await post.rows("select 1 from due_work where kind = 'forget-spared'")) == 1


async def test_only_staff_of_notifications_may(post: Post) -> None:
    async with post.running() as tools, staff(tools, "appointments:staff") as client:
        await spare_both(tools)
        [row, _] = await post.rows("select left(address, 12) as id from spared_addresses")
        for method, path in (("GET", ""), ("DELETE", f"/{row.id}"), ("POST", "/lookup")):
            body = {"address": ANNA} if method == "POST" else None
            assert (await client.request(method, SPARED + path, json=body)).status_code == 403
            client.headers.pop("Authorization", None)
            assert (await client.request(method, SPARED + path, json=body)).status_code == 401
            client.headers["Authorization"] = "Bearer x"
        assert len(await post.rows("select 1 from spared_addresses")) == 2


async def test_each_reason_is_forgotten_in_its_time(post: Post) -> None:
    async with post.running() as tools:
        await spare_both(tools)
        async with acting(tools) as act:
            anna = tools.people.person_key(Person(name="", mail=ANNA))
            await spare(act, anna, Spared.UNDELIVERABLE)

        async def left() -> list[str]:
            return [row.reason for row in await post.rows("select reason from spared_addresses")]

        for kept, reasons in ((retention.LEDGER, ["complaint"]), (retention.OBJECTION, [])):
            post.move_clock(MONDAY_NOON + kept + timedelta(hours=1))

            async def forgotten(expected: list[str] = reasons) -> bool:
                return await left() == expected

            await eventually(forgotten)
