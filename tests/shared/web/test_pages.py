"""Pages: components, errors, headers, languages."""

import pytest
from httpx import AsyncClient

from shared.web.i18n import in_language
from tests.shared.web.html import by_id, links, parse, words


async def test_every_component_is_valid_html_and_points_at_ids_that_exist(site: AsyncClient) -> None:
    tree = parse((await site.get("/gallery")).text)
    assert words(by_id(tree, "email-hint")) == "An diese Adresse schicken wir die Bestätigung."
    email = by_id(tree, "email")
    assert (email.get("autocomplete"), email.get("dir"), email.get("aria-describedby")) == (
        "email",
        "ltr",
        "email-hint",
    )
    assert email.get("aria-invalid") is None
    assert by_id(tree, "name").get("dir") == "auto"
    assert by_id(tree, "name").get("aria-required") == "true"
    assert by_id(tree, "plz").get("aria-required") is None


async def test_a_form_with_errors_keeps_what_was_typed_and_leads_to_each_field(site: AsyncClient) -> None:
    typed = {
        "name": 'Ö"<b>',
        "email": "",
        "plz": "47051",
        "remarks": "<script>",
        "language": "en",
        "days": "di",
        "einmal": "k1",
    }
    answer = await site.post("/gallery", data=typed)
    assert answer.status_code == 422
    tree = parse(answer.text)
    assert by_id(tree, "name").get("value") == 'Ö"<b>'
    assert words(by_id(tree, "remarks")) == "<script>"
    assert by_id(tree, "days-2").get("checked") is not None
    assert [each.get("value") for each in tree.iter("option") if each.get("selected") is not None] == ["en"]
    assert [each.get("value") for each in tree.iter("input") if each.get("name") == "einmal"] == ["k1"]
    assert by_id(tree, "email").get("aria-describedby") == "email-hint email-error"
    assert by_id(tree, "email").get("aria-invalid") == "true"
    summary = by_id(tree, "fehler")
    assert (summary.get("tabindex"), summary.get("autofocus")) == ("-1", "")
    assert [link for link in links(tree) if link.startswith("#")] == ["#inhalt", "#name", "#email", "#channel"]
    assert words(next(tree.iter("title"))).startswith("Fehler: Ihre Angaben")


async def test_each_form_gets_a_new_key(site: AsyncClient) -> None:
    pages = [parse((await site.get("/gallery")).text) for _ in range(2)]
    keys = {each.get("value") for tree in pages for each in tree.iter("input") if each.get("name") == "einmal"}
    assert len(keys) == 2


async def test_pages_protect_themselves_and_secret_ones_are_not_kept(site: AsyncClient) -> None:
    shown = await site.get("/gallery")
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert "unsafe" not in shown.headers["content-security-policy"]
    assert shown.headers["referrer-policy"] == "no-referrer"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in shown.headers
    assert shown.headers["cache-control"] == "no-cache"
    secret = await site.post("/gallery", data={"einmal": "k"})
    assert secret.headers["cache-control"] == "no-store"
    assert secret.headers["x-robots-tag"] == "noindex"


async def test_without_the_database_the_answer_to_a_post_is_the_page_itself(site: AsyncClient) -> None:
    answer = await site.post("/gallery", data={"einmal": "k"})
    assert answer.status_code == 422
    assert "location" not in answer.headers


async def test_dates_and_money_follow_the_language_and_times_do_not(site: AsyncClient) -> None:
    german, english = [words(parse((await site.get(f"{prefix}/gallery")).text)) for prefix in ("", "/en")]
    assert "Dienstag, 24. November 2026" in german
    assert "12,50 €" in german
    assert "Tuesday, 24 November 2026" in english
    assert "€12.50" in english
    assert "Uhrzeit 09:20" in german
    assert "Uhrzeit 09:20" in english


async def test_german_names_are_marked_as_german_on_other_pages(site: AsyncClient) -> None:
    assert '<bdi lang="de">Bürger-Service-Station Süd</bdi>' in (await site.get("/en/gallery")).text
    assert "<bdi lang" not in (await site.get("/gallery")).text


async def test_the_other_language_is_one_link_away_with_path_and_query(site: AsyncClient) -> None:
    tree = parse((await site.get("/en/gallery?place=s%C3%BCd&x=1")).text)
    assert tree.get("lang") == "en"
    assert {"/gallery?place=s%C3%BCd&x=1", "/en/gallery?place=s%C3%BCd&x=1"} <= set(links(tree))
    assert next(each for each in tree.iter("form")).get("action") == "/en/gallery"


@pytest.mark.parametrize("path", ["/xx/gallery", "/english/gallery", "/en", "/enx", "/gallery/en/"])
async def test_only_a_known_language_is_a_prefix(site: AsyncClient, path: str) -> None:
    assert (await site.get(path)).status_code == 404


async def test_generated_addresses_keep_the_language(site: AsyncClient) -> None:
    assert (await site.get("/en/address")).json() == "http://nahbar.test/en/gallery"
    assert (await site.get("/address")).json() == "http://nahbar.test/gallery"


@pytest.mark.parametrize("status", [401, 403, 404, 405, 409, 410, 422, 429, 500, 503])
@pytest.mark.parametrize("prefix", ["", "/en"])
async def test_every_error_is_a_page_that_says_what_to_do(site: AsyncClient, prefix: str, status: int) -> None:
    answer = await site.get(f"{prefix}/fail/{status}")
    assert answer.status_code == status
    tree = parse(answer.text)
    assert "0203 94000" in words(next(tree.iter("main")))
    assert f"{prefix}/" in set(links(tree))
    assert str(status) not in words(tree)


async def test_the_time_to_wait_is_a_header_and_a_sentence(site: AsyncClient) -> None:
    answer = await site.get("/en/fail/503")
    assert answer.headers["retry-after"] == "90"
    assert "Please try again in 2 minutes." in words(parse(answer.text))


async def test_a_fault_of_ours_is_a_page_in_the_readers_language(site: AsyncClient) -> None:
    answer = await site.get("/en/broken")
    assert answer.status_code == 500
    assert "This was our fault" in words(parse(answer.text))


async def test_an_api_answers_problems_not_pages(site: AsyncClient) -> None:
    answer = await site.get("/api/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_wrong_method_is_a_page_that_names_the_right_ones(site: AsyncClient) -> None:
    answer = await site.put("/gallery")
    assert answer.status_code == 405
    assert answer.headers["allow"]
    parse(answer.text)


@pytest.mark.parametrize(
    ("address", "tag", "found"),
    [
        ("https://city.example/appointments/m/x", "en", "https://city.example/en/appointments/m/x"),
        ("https://city.example/en/appointments/m/x", "de", "https://city.example/appointments/m/x"),
        ("https://city.example/en/appointments/m/x", "en", "https://city.example/en/appointments/m/x"),
        ("https://city.example/en/appointments/m/x", "tr", "https://city.example/en/appointments/m/x"),
        ("https://city.example/english", "de", "https://city.example/english"),
        ("https://city.example.org/appointments", "en", "https://city.example.org/appointments"),
    ],
)
def test_a_page_is_found_in_a_language_that_has_pages(address: str, tag: str, found: str) -> None:
    assert in_language(address, "https://city.example", tag) == found
