"""Every text of every page and service exists in every language, with the same placeholders."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from shared.web.i18n import ENGLISH, GERMAN, LANGUAGES, MESSAGE_LANGUAGES, Language, translations

ROOT = Path(__file__).parents[3]
SHARED = ROOT / "shared" / "web"
FOLDERS = [SHARED, *sorted(each.parent for each in (ROOT / "services").glob("*/app.py"))]
MESSAGES = ROOT / "services" / "notifications"
"""Its own catalogues are those of messages; the texts of its pages have theirs in the folder `web`."""
PAGES_OF_MESSAGES = MESSAGES / "web"
OTHERS = [
    *((folder, language) for folder in FOLDERS if folder != MESSAGES for language in LANGUAGES if language != GERMAN),
    *((MESSAGES, language) for language in MESSAGE_LANGUAGES if language != GERMAN),
    *((PAGES_OF_MESSAGES, language) for language in LANGUAGES if language != GERMAN),
]

Text = str | tuple[str, ...]


def texts(folder: Path) -> Iterator[tuple[Text, str | None, str]]:
    """The texts of a folder's templates and modules: message, context, where."""
    for file in files(folder):
        method = "python" if file.suffix == ".py" else "jinja2.ext:babel_extract"
        for line, message, _, context in extract_from_file(method, file, options={"silent": "false"}):
            yield message, context, f"{file.relative_to(ROOT)}:{line}"


def files(folder: Path) -> list[Path]:
    """Where the texts of a folder stand: messages have theirs in templates alone, pages in modules too."""
    within = {MESSAGES: [MESSAGES / "templates"], PAGES_OF_MESSAGES: [MESSAGES]}.get(folder, [folder])
    found = [file for each in within for file in sorted(each.rglob("*")) if file.suffix in (".py", ".html", ".txt")]
    return [file for file in found if folder == MESSAGES or not file.is_relative_to(MESSAGES / "templates")]


def catalogue(folder: Path, language: Language) -> Catalog:
    """The catalogue of a folder; an empty one where it has none."""
    file = folder / "translations" / f"{language.code}.po"
    if not file.exists():
        return Catalog(locale=language.locale)
    with file.open("rb") as source:
        return read_po(source)


def placeholders(message: Text) -> set[str]:
    return set(re.findall(r"%\(\w+\)[sd]", message if isinstance(message, str) else " ".join(message)))


def name(value: object) -> str:
    return value.name if isinstance(value, Path) else getattr(value, "code", str(value))


@pytest.mark.parametrize(("folder", "language"), OTHERS, ids=name)
def test_every_text_is_translated_with_its_placeholders(folder: Path, language: Language) -> None:
    catalogues = [catalogue(each, language) for each in dict.fromkeys([folder, SHARED])]
    for message, context, where in texts(folder):
        identity = message if isinstance(message, str) else message[0]
        found = next((entry for each in catalogues if (entry := each.get(identity, context))), None)
        assert found, f"{where}: no {language.name} for {identity!r}"
        forms = [found.string] if isinstance(found.string, str) else list(found.string or ())
        assert forms, f"{where}: {identity!r} is not translated"
        assert all(forms), f"{where}: {identity!r} lacks a plural form"
        assert not found.fuzzy, f"{where}: {identity!r} is marked fuzzy"
        for form in forms:
            assert placeholders(form) <= placeholders(message), f"{where}: {form!r}"
        assert placeholders(forms[-1]) == placeholders(message), f"{where}: {forms[-1]!r}"


@pytest.mark.parametrize(("folder", "language"), OTHERS, ids=name)
def test_no_catalogue_holds_texts_that_nobody_uses(folder: Path, language: Language) -> None:
    used = {(message if isinstance(message, str) else message[0], context) for message, context, _ in texts(folder)}
    held = {
        (entry.id if isinstance(entry.id, str) else entry.id[0], entry.context)
        for entry in catalogue(folder, language)
        if entry.id
    }
    assert held - used == set()


def test_a_service_may_say_it_differently_and_missing_texts_fall_back(tmp_path: Path) -> None:
    (tmp_path / "en.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Zurück"\nmsgstr "Return"\n'
    )
    english = translations(ENGLISH, [tmp_path, SHARED / "translations"])
    assert english.gettext("Zurück") == "Return"
    assert english.gettext("Ändern") == "Change"
    assert english.gettext("Kein Eintrag") == "Kein Eintrag"


def test_a_missing_text_falls_back_along_the_chain(tmp_path: Path) -> None:
    turkish = Language("tr", "Türkçe", "tr", fallbacks=("en",))
    assert translations(turkish, [tmp_path, SHARED / "translations"]).gettext("Ändern") == "Change"


@pytest.mark.parametrize("folder", [each for each in (*FOLDERS, PAGES_OF_MESSAGES) if each != MESSAGES], ids=name)
def test_a_sentence_of_a_page_begins_with_what_acts(folder: Path) -> None:
    """Not with "Wer ..., ...": questions and the heading of a column are none."""
    said = [text for message, _, _ in texts(folder) for text in ([message] if isinstance(message, str) else message)]
    entries = [each.string or "" for each in catalogue(folder, ENGLISH) if each.id]
    english = [text for entry in entries for text in ([entry] if isinstance(entry, str) else entry)]
    sentences = [each for text in (*said, *english) for each in re.findall(r"[^.!?]+[.!?]?", text)]
    assert [each for each in sentences if re.match(r"\s*(Wer|Wen|Who|Whoever|Whom) .*[^?]$", each)] == []


@pytest.mark.parametrize("folder", [*FOLDERS, PAGES_OF_MESSAGES], ids=name)
def test_people_subscribe_and_do_not_order(folder: Path) -> None:
    said = [text for message, _, _ in texts(folder) for text in ([message] if isinstance(message, str) else message)]
    assert [each for each in said if re.search(r"(?<![Aa]b)bestell|Bestellung", each)] == []
