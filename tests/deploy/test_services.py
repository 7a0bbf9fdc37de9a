"""The one list of services: each says of itself all that is needed, in every language of pages.

A service that joins the list stands in everything that is made from it, and no other file is touched.
"""

import json
import re
import tomllib
from importlib import import_module
from typing import ClassVar

import httpx
import pytest
import yaml

from deploy.docs import ROOT, rendered
from deploy.listing import example_environment, facts_table
from deploy.local.far_ends.staff import staff_of
from deploy.services import MANIFESTS, create, settings_class
from shared.city import City, known_cities
from shared.events.base import Fact, Privacy
from shared.events.registry import FACTS
from shared.manifest import Area, Manifest, Member, Task, Words
from shared.settings import SERVICES
from shared.web.i18n import LANGUAGES
from shared.web.portal import PLANNED, create_portal
from tests.support.browsing import Browsing


def said(manifest: Manifest) -> list[Words]:
    return [manifest.area.title, manifest.area.text, *(text for task in manifest.tasks for text in _of(task))]


def _of(task: Task) -> tuple[Words, Words]:
    return task.title, task.text


ALL = [*(text for each in MANIFESTS for text in said(each)), *(text for task in PLANNED for text in _of(task))]


def test_each_service_speaks_for_itself() -> None:
    assert tuple(each.name for each in MANIFESTS) == SERVICES
    assert tuple(each.area.service for each in MANIFESTS) == SERVICES
    aliases = [task.alias for each in MANIFESTS for task in each.tasks]
    assert len(set(aliases)) == len(aliases)
    assert [task.path for each in MANIFESTS for task in each.tasks if not task.path.startswith(f"/{each.name}/")] == []


def test_what_a_city_says_to_a_service_alone_is_for_one_that_loads_it() -> None:
    for city in (City.load(name) for name in known_cities()):
        owners = {each.name for each in MANIFESTS if each.city}
        assert city.parts.keys() <= owners
    for each in MANIFESTS:
        assert each.city is None or callable(import_module(f"services.{each.name}.{each.city}").load_city)


@pytest.mark.parametrize("words", ALL, ids=lambda words: next(iter(words.values())))
def test_what_others_show_is_said_in_every_language_of_pages_in_our_style(words: Words) -> None:
    assert set(words) == {each.code for each in LANGUAGES}
    for text in words.values():
        assert text.strip()
        assert not re.search(r"(^|[.!?] )(Wer|Wen|Who|Whoever|Whom) [^?]*($|[.!])", text)
        assert not re.search(r"(?<![Aa]b)bestell|Bestellung", text)


def test_roles_of_the_trial_staff_exist() -> None:
    roles = {f"{each.name}:{role}" for each in MANIFESTS for role in each.roles} | {"platform:operator"}
    given = {role for member in staff_of(MANIFESTS).values() for role in member.roles}
    assert given == roles


CENTRES = Manifest(
    "centres",
    "The centres of the districts.\n\nOwns rooms.",
    Area("centres", {"de": "Zentren", "en": "Centres"}, {"de": "Räume.", "en": "Rooms."}),
    roles={"staff": "rooms", "porter": "keys"},
    tasks=(
        Task(
            "zentrum",
            "/centres/",
            {"de": "Zentrum finden", "en": "Find a centre"},
            {"de": "Nah.", "en": "Near."},
            "home",
        ),
    ),
    trial_staff={"zentrum": Member("Ayşe Demir", "Zentrum", ("centres:staff",), ())},
)
MORE = (*MANIFESTS, CENTRES)


class HallFact(Fact):
    """A hall of a centre."""

    service: ClassVar[str] = "centres"
    privacy: ClassVar[Privacy] = Privacy.OPEN


class HallOpened(HallFact):
    """It can be used."""


async def test_the_portal_leads_to_a_service_that_joins() -> None:
    app = create_portal(City.load("duisburg"), MORE, {"centres"})
    async with Browsing(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        start = (await client.get("/en/")).text
        assert 'href="/en/centres/"' in start
        assert "Find a centre" in start
        assert 'href="/en/centres/staff/"' in (await client.get("/en/staff/")).text
        assert (await client.get("/zentrum")).headers["location"] == "/centres/"


def test_the_staff_of_the_others_find_it() -> None:
    [own, *_] = MANIFESTS
    area = create(settings_class(own.name)(), known=MORE).state.staff_area
    assert [each.path for each in area.others_for({f"{own.name}:staff", "centres:porter"})] == ["/centres/staff/"]
    assert area.others_for({f"{own.name}:staff"}) == []


def test_it_has_a_container_with_settings_of_its_own_and_everybody_waits_for_it() -> None:
    compose = yaml.safe_load(rendered((ROOT / "docker-compose.yml").read_text(), MORE))
    container, known = compose["services"]["centres"], compose["services"]["appointments"]
    assert container["command"][:2] == ["serve", "centres"]
    assert [each["path"] for each in container["env_file"]] == ["deploy/env/platform.env", "deploy/env/centres.env"]
    assert container["depends_on"] == known["depends_on"]
    assert "centres" in json.loads(container["environment"]["NAHBAR_ONLINE"])
    assert container["env_file"][1] in compose["services"]["prepare"]["env_file"]
    assert "centres" in compose["services"]["gateway"]["depends_on"]
    assert "CENTRES_PRIVATE_KEYS=" in example_environment("centres")


def test_the_gateway_leads_to_it() -> None:
    gateway = rendered((ROOT / "deploy/Caddyfile").read_text(), MORE)
    [pattern] = re.findall(r"@centres path_regexp (\S+)", gateway)
    assert re.match(pattern, "/en/centres/rooms")
    assert "dynamic a centres 8000" in gateway


def test_it_stands_in_the_tables() -> None:
    assert "| `centres` | The centres of the districts. |" in rendered((ROOT / "README.md").read_text(), MORE)
    assert "| `centres:porter` | keys |" in rendered((ROOT / "docs/operating.md").read_text(), MORE)
    assert "| `centres` | a hall of a centre | HallOpened | open |" in facts_table(MORE, [*FACTS, HallOpened])


def test_its_people_work_in_a_trial() -> None:
    staff = staff_of(MORE)
    assert staff["zentrum"].name == "Ayşe Demir"
    assert {"centres:staff", "centres:porter"} <= set(staff["leitung"].roles)


@pytest.mark.parametrize("name", SERVICES)
def test_the_concepts_of_each_service_stand_on_floors(name: str) -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [floors] = [each for each in contracts if each.get("containers") == [f"services.{name}"]]
    assert floors["exhaustive"], "a concept that stands on none may know all"
