"""The portal: its pages, its short paths, and what stays by phone."""

from dataclasses import replace

import pytest
from httpx import ASGITransport, AsyncClient

from deploy.services import MANIFESTS
from shared.city import City
from shared.settings import SERVICES
from shared.web.portal import PLANNED, TEXT_PAGES, create_portal
from tests.shared.web.html import links, parse, words
from tests.support.browsing import Browsing


@pytest.mark.parametrize("prefix", ["", "/en"])
@pytest.mark.parametrize("path", ["/", *TEXT_PAGES])
async def test_every_page_is_valid_and_leads_only_to_pages_that_exist(
    portal: AsyncClient, prefix: str, path: str
) -> None:
    answer = await portal.get(prefix + path)
    assert answer.status_code == 200
    tree = parse(answer.text)
    assert [each.tag for each in tree.iter() if each.tag == "h1"] == ["h1"]
    for link in links(tree):
        if link.startswith("/") and not link.startswith(f"{prefix}/appointments/"):
            assert (await portal.get(link)).status_code == 200, link


@pytest.mark.parametrize("prefix", ["", "/en"])
async def test_the_start_page_links_what_is_open_and_gives_the_phone_for_the_rest(
    portal: AsyncClient, prefix: str
) -> None:
    tree = parse((await portal.get(f"{prefix}/")).text)
    targets = set(links(tree))
    tasks = [*PLANNED, *(task for each in MANIFESTS for task in each.tasks)]
    assert [task.alias for task in tasks if prefix + task.path in targets] == ["termin"]
    assert "tel:+4920394000" in targets
    assert len(tasks) - 1 == len(next(each for each in tree.iter("ul") if each.get("class") == "nb-later"))


async def test_with_everything_open_nothing_is_left_for_the_phone_and_barriers_have_a_form() -> None:
    rest = replace(MANIFESTS[0], name="rest", tasks=PLANNED)
    app = create_portal(City.load("duisburg"), [*MANIFESTS, rest], {*SERVICES, "rest"})
    async with Browsing(transport=ASGITransport(app), base_url="http://nahbar.test") as client:
        assert (await client.head("/")).status_code == 200
        text = words(parse((await client.get("/")).text))
        melden = await client.get("/en/barrierefreiheit/melden")
    assert (melden.status_code, melden.headers["location"]) == (302, "/en/notifications/barriers")
    assert "Bald auch online" not in text


def test_what_a_service_does_by_now_is_not_planned_any_more() -> None:
    done = {task.alias for each in MANIFESTS for task in each.tasks}
    assert [task.alias for task in PLANNED if task.alias in done] == []


async def test_short_paths_lead_to_open_tasks_in_the_same_language(portal: AsyncClient) -> None:
    assert (await portal.get("/termin")).headers["location"] == "/appointments/"
    assert (await portal.get("/en/termin")).headers["location"] == "/en/appointments/"
    assert (await portal.get("/raum")).status_code == 404


async def test_a_page_that_moved_is_found_at_its_old_address(portal: AsyncClient) -> None:
    for prefix in ("", "/en"):
        answer = await portal.get(f"{prefix}/leichte-sprache")
        assert (answer.status_code, answer.headers["location"]) == (301, f"{prefix}/einfache-sprache")


async def test_those_with_an_appointment_find_their_links(portal: AsyncClient) -> None:
    tree = parse((await portal.get("/en/")).text)
    assert "/en/appointments/links" in links(tree)


async def test_staff_find_the_area_of_every_service(portal: AsyncClient) -> None:
    targets = set(links(parse((await portal.get("/en/staff/")).text)))
    assert {f"/en/{service}/staff/" for service in SERVICES} <= targets


async def test_a_redirect_names_no_host_whatever_the_client_says(portal: AsyncClient) -> None:
    answer = await portal.get("/en/staff?a=b", headers={"Host": "evil.example"})
    assert (answer.status_code, answer.headers["location"]) == (307, "/en/staff/?a=b")


async def test_the_imprint_names_the_city(portal: AsyncClient) -> None:
    assert "Stadt Duisburg" in words(parse((await portal.get("/impressum")).text))
