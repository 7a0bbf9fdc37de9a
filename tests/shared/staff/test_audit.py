"""The audit log: its entries and readers, and for how long it is kept."""

from uuid import uuid4

import httpx
from fastapi import FastAPI

from shared import audit
from shared.act import Act, acting
from shared.due import Claim
from shared.housekeeping import KIND, Housekeeping
from shared.retention import AUDIT
from shared.runtime import Role
from shared.tools import Tools
from tests.shared.kit import Bench
from tests.shared.staff.kit import AREA, cookie_of, somebody
from tests.shared.web.html import parse, words


async def test_the_audit_log_shows_leads_the_deeds_of_their_stations(
    app: FastAPI, browser: httpx.AsyncClient, bench: Bench
) -> None:
    tools: Tools = app.state.tools
    for station in ("mitte", "sued"):
        async with tools.db.transaction() as conn:
            await Act(conn, tools, tools.clock.now(), somebody()).note("acted", station=station, number=f"1-{station}")
    for stations, seen in ((["mitte"], ["1-mitte"]), (["*"], ["1-sued", "1-mitte"]), ([], [])):
        session = somebody(roles=frozenset({"appointments:lead"}), stations=frozenset(stations))
        cookie = cookie_of(tools, session)
        tree = parse((await browser.get(f"{AREA}/audit", headers={"Cookie": cookie})).text)
        rows = [words(row) for row in tree.iter("tr")][1:]
        assert [row.rsplit(" ", 1)[1] for row in rows] == seen
    refused = cookie_of(tools, somebody())
    assert (await browser.get(f"{AREA}/audit", headers={"Cookie": refused})).status_code == 403


async def test_the_audit_log_is_kept_for_its_time(bench: Bench) -> None:
    async with bench.running({Role.HTTP}) as runtime:
        now = runtime.tools.clock.now()
        for action, age in (("old", AUDIT * 1.01), ("young", AUDIT * 0.99)):
            async with runtime.tools.db.transaction() as conn:
                await Act(conn, runtime.tools, now - age, somebody()).note(action)
        async with acting(runtime.tools) as act:
            await Housekeeping()(act, Claim(KIND, "", 1, uuid4()))
    assert [row.action for row in await bench.rows("select action from audit")] == ["young"]


async def test_a_page_of_the_audit_log_begins_where_the_one_before_ends(bench: Bench) -> None:
    tools = Tools(bench.settings)
    async with tools.db.transaction() as conn:
        for number in range(5):
            await Act(conn, tools, tools.clock.now(), somebody()).note(str(number), station="mitte")
        first = await audit.load_audit(conn, ["mitte"], limit=2)
        rest = await audit.load_audit(conn, ["mitte"], before=first[-1].id)
    await tools.db.close()
    assert [[deed.action for deed in page] for page in (first, rest)] == [["4", "3"], ["2", "1", "0"]]
