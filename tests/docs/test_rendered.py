"""What `make docs` renders is what stands there."""

import re
from pathlib import Path

import pytest

from deploy.docs import ENVIRONMENTS, PAGES, rendered
from deploy.services import MANIFESTS

PARTS = [part for page in PAGES for part in re.findall(r"rendered by `make docs`: ([a-z-]+)", page.read_text())]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_rendered_part_is_that_of_the_code(page: Path) -> None:
    assert rendered(page.read_text()) == page.read_text(), "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_somebody_changes_by_hand_in_a_rendered_part_is_put_right(page: Path) -> None:
    changed = re.sub(r"(rendered by `make docs`.*\n)", r"\1by hand\n", page.read_text())
    assert changed != page.read_text()
    assert rendered(changed) == page.read_text()


def test_each_part_stands_in_one_place_and_each_service_has_an_example_of_its_settings() -> None:
    assert sorted(PARTS) == sorted(set(PARTS))
    assert {each.name.removesuffix(".env.example") for each in ENVIRONMENTS.iterdir() if each.suffix == ".example"} == {
        "platform",
        *(each.name for each in MANIFESTS),
    }
