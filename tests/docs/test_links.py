"""Every page says where things are, and they are there."""

import re
from pathlib import Path

import pytest

from tests.docs.kit import ROOT

PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
HEADINGS = ["Context", "Decision", "Why", "Consequences", "Revisit when"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_and_headings_that_exist(page: Path) -> None:
    text = page.read_text()
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


def anchors(page: Path) -> set[str]:
    """The addresses of a page's headings, as they are on the web."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_make_targets_that_are_named_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)", page.read_text())) <= targets


def test_every_decision_is_listed_and_has_the_same_headings() -> None:
    folder = ROOT / "docs/decisions"
    listed = re.findall(r"\| \[(.+)\]\((.+)\) \|", (folder / "README.md").read_text())
    files = sorted(file.name for file in folder.glob("[0-9]*.md"))
    assert [name for _, name in listed] == files
    for title, name in listed:
        text = (folder / name).read_text()
        assert text.startswith(f"# {int(name[:2])}. {title}\n")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS


def test_files_that_are_named_exist() -> None:
    for page in PAGES:
        for named in re.findall(r"`((?:services|shared|deploy|tests|docs)/[\w./-]+)`", page.read_text()):
            assert (ROOT / named).exists(), f"{named} in {page.name}"
