"""What every page must pass. Each check fails with the elements at fault."""

import os
from pathlib import Path
from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

SCREENSHOTS = Path(__file__).parents[2] / ".nahbar" / "screenshots"
AXE_OPTIONS = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "resultTypes": ["violations", "incomplete"],
    "preload": False,
}

_FOCUSED = """() => {
  const element = document.activeElement;
  if (element === document.body) return null;
  const box = element.getClientRects()[0];
  const drawn = style => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return {
    name: (element.matches("a, button, summary") && element.innerText.trim()) || element.id || element.className,
    ring: drawn(getComputedStyle(element)) || drawn(getComputedStyle(element, "::after")),
    covered: !element.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)),
  };
}"""

_TOO_WIDE = """() => {
  const limit = document.documentElement.clientWidth;
  const needed = document.documentElement.scrollWidth;
  if (needed <= limit) return [];
  const inside = document.createRange();
  const shown = document.body.querySelectorAll("*:not(.kern-table-responsive *, .nb-skip, .nb-vh)");
  const beyond = [...shown].filter(each => {
    inside.selectNodeContents(each);
    return [...inside.getClientRects()].some(box => box.left < -1 || box.right > limit + 1);
  });
  return [`${needed} of ${limit} pixels`, ...beyond.map(each => each.outerHTML.slice(0, 120))];
}"""

_SPREAD = """css => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [sheet];
}"""

_WIDE_LETTERS = """
  :root { --kern-typography-font-family-default: "DejaVu Sans", Verdana, sans-serif !important; }
  * { letter-spacing: .12em !important; word-spacing: .16em !important; line-height: 1.5 !important; }
  p { margin-block-end: 2em !important; }
"""

_TOO_SMALL = """() => [...document.querySelectorAll("a, button, summary, select, textarea, input:not([type=hidden])")]
  .filter(each => getComputedStyle(each).display !== "inline" && each.checkVisibility())
  .filter(each => (box => box.width < 24 || box.height < 24)(each.getBoundingClientRect()))
  .map(each => each.outerHTML.slice(0, 120))"""

_INVISIBLE_ICONS = """() => [...document.querySelectorAll(".kern-icon")]
  .filter(each => getComputedStyle(each).backgroundColor === getComputedStyle(document.body).backgroundColor)
  .map(each => each.outerHTML)"""


async def shows(page: Page, title: str) -> None:
    """The page with this heading is there; one that is still being left or loaded is waited for."""
    await expect(page.get_by_role("heading", level=1)).to_have_text(title)


async def assert_accessible(page: Page) -> None:
    """axe finds nothing, not even among what it only doubts: dangling references and invisible text."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(Axe().axe_script)
    result = await page.evaluate("options => axe.run(document, options)", AXE_OPTIONS)
    violations = [f"{each['id']}: {[node['html'] for node in each['nodes']]}" for each in result["violations"]]
    assert not violations, violations
    doubts = {each["id"]: each["nodes"] for each in result["incomplete"]}
    assert "aria-valid-attr-value" not in doubts, doubts["aria-valid-attr-value"]
    unseen = [node["html"] for node in doubts.get("color-contrast", []) if _has_no_contrast(node)]
    assert not unseen, unseen


async def assert_fits(page: Page) -> None:
    """Nothing is wider than the screen, and every control is at least 24 by 24 pixels (WCAG 1.4.10, 2.5.8).

    That holds as well in the wide letters that stand in for a typeface on its way, spread as readers may (WCAG 1.4.12).
    """
    await page.evaluate("document.fonts.ready.then(() => null)")
    for what, script in (("too wide", _TOO_WIDE), ("too small", _TOO_SMALL)):
        found = await page.evaluate(script)
        assert not found, f"{what}: {found}"
    await page.evaluate(_SPREAD, _WIDE_LETTERS)
    found = await page.evaluate(_TOO_WIDE)
    assert not found, f"too wide in other letters: {found}"
    await page.evaluate("document.adoptedStyleSheets = []")


async def assert_can_be_come_back_to(page: Page) -> None:
    """After going on and back the page is there again, fetched anew: the browser does not ask to send a form again."""
    heading = await page.inner_text("h1")
    await page.goto("about:blank")
    await page.go_back()
    assert await page.inner_text("h1") == heading


async def double_text(page: Page) -> None:
    """Set the reader's letters to twice their size (WCAG 1.4.4)."""
    await page.evaluate("document.documentElement.style.fontSize = '200%'")


async def walk(page: Page) -> list[str]:
    """Press Tab to the end of the page: the names of the stops. Each shows a ring and is not covered."""
    stops: list[str] = []
    while True:
        await page.keyboard.press("Tab")
        stop: dict[str, Any] | None = await page.evaluate(_FOCUSED)
        if stop is None:
            return stops
        assert stop["ring"], f"no focus ring: {stop['name']}"
        assert not stop["covered"], f"covered when focused: {stop['name']}"
        stops.append(stop["name"])
        assert len(stops) < 200, "the focus goes round in circles"


async def assert_icons_visible(page: Page) -> None:
    """No icon has the colour of the page behind it."""
    found = await page.evaluate(_INVISIBLE_ICONS)
    assert not found, found


async def screenshot(page: Page, name: str) -> None:
    """Keep a picture of the whole page for people to look at, in a run that was asked for pictures."""
    if not os.environ.get("PICTURES"):
        return
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def _has_no_contrast(node: dict[str, Any]) -> bool:
    return any("a 1:1 contrast" in each["message"] for each in node["any"])
