"""Assets: names by content, compression, caching; and what our own style sheet must not do."""

import re
from pathlib import Path

import pytest
from httpx import AsyncClient

from shared.web.assets import FOLDER, Assets
from tests.shared.web.html import parse


async def test_a_page_and_its_style_sheets_name_only_assets_that_are_kept_for_ever(portal: AsyncClient) -> None:
    found = set(re.findall(r'/assets/[^"]+', (await portal.get("/")).text))
    for sheet in sorted(each for each in found if each.endswith(".css")):
        found |= set(re.findall(r'/assets/[^"]+', (await portal.get(sheet)).text))
    assert {Path(each).suffix for each in found} == {".css", ".svg", ".woff2"}
    for path in found:
        answer = await portal.get(path)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    ("name", "media_type"), [("kern.min.css", "text/css; charset=utf-8"), ("favicon.svg", "image/svg+xml")]
)
async def test_texts_are_compressed_for_those_who_can_read_it(portal: AsyncClient, name: str, media_type: str) -> None:
    path = Assets().url(name)
    small = await portal.get(path, headers={"Accept-Encoding": "gzip, br"})
    plain = await portal.get(path, headers={"Accept-Encoding": "identity"})
    assert small.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert small.content == plain.content
    assert int(small.headers["content-length"]) < int(plain.headers["content-length"])
    assert plain.headers["vary"] == "Accept-Encoding"
    assert plain.headers["content-type"] == media_type


async def test_the_name_of_another_release_is_answered_but_not_kept(portal: AsyncClient) -> None:
    answer = await portal.get("/assets/nahbar.0123456789.css")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path", ["/assets/", "/assets/kern.min.css", "/assets/none.0123456789.css", "/assets/../i18n.0123456789.py"]
)
async def test_anything_else_does_not_exist(portal: AsyncClient, path: str) -> None:
    answer = await portal.get(path)
    assert answer.status_code == 404
    parse(answer.text)


async def test_the_first_visit_is_light(portal: AsyncClient) -> None:
    """Page, style sheets, picture and the two Latin fonts within 100 KB, as phones on a slow line need it."""
    assets = Assets()
    names = ["kern.min.css", "nahbar.css", "favicon.svg", "houses.svg"]
    names += [f"nahbar-sans-{weight}-latin.woff2" for weight in ("regular", "semibold")]
    sizes = [int((await portal.get(assets.url(name))).headers["content-length"]) for name in names]
    assert sum(sizes) + len((await portal.get("/")).content) < 100_000


def test_our_style_sheet_says_left_and_right_only_where_the_script_runs_from_the_right() -> None:
    source = re.sub(r"/\*.*?\*/", "", (FOLDER / "nahbar.css").read_text(), flags=re.DOTALL)
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", source):
        if not selector.strip().startswith('[dir="rtl"]'):
            assert not re.search(r"(?<![\w-])(?:[\w-]+-)?(?:left|right)\b", body), selector
            assert not re.search(r"(?:margin|padding|inset|border-width):(?: +[^;} ]+){4}", body), selector


def test_every_class_of_a_template_is_known_to_a_style_sheet() -> None:
    sheets = "".join((FOLDER / name).read_text() for name in ("kern.min.css", "nahbar.css"))
    known = set(re.findall(r"\.((?:kern|nb)-[\w-]+)", sheets))
    for template in (FOLDER.parent / "templates").rglob("*.html"):
        for names in re.findall(r'class="([^"{]+)"', template.read_text()):
            assert set(names.split()) <= known, template.name
