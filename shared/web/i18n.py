"""Languages, their catalogues, and the language prefix of paths. German is the source: its texts are the ids."""

import gettext
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final, Literal

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send


@dataclass(frozen=True)
class Language:
    """A language people can read pages or messages in.

    Args:
        code: BCP 47 tag; also the prefix of its paths and the name of its catalogues.
        name: in its own spelling.
        locale: Babel's name for its dates and numbers; it knows fewer tags than BCP 47.
        direction: of its script.
        fallbacks: codes of the languages that stand in for a missing text, before German.
    """

    code: str
    name: str
    locale: str
    direction: Literal["ltr", "rtl"] = "ltr"
    fallbacks: tuple[str, ...] = ()

    @property
    def prefix(self) -> str:
        """What its paths begin with: `/en`; nothing for German."""
        return "" if self == GERMAN else f"/{self.code}"


GERMAN: Final = Language("de", "Deutsch", "de_DE")
ENGLISH: Final = Language("en", "English", "en_GB")
LANGUAGES: Final = (GERMAN, ENGLISH)
"""The languages of pages, German first. A new one is a line here and its catalogues."""
MESSAGE_LANGUAGES: Final = (
    GERMAN,
    Language("de-simple", "Einfache Sprache", "de_DE"),
    ENGLISH,
    Language("tr", "Türkçe", "tr_TR"),
    Language("ar", "العربية", "ar", "rtl"),
)
"""The languages of messages. A new one is a line here, its catalogue, and who reviewed it."""


def language(code: str) -> Language:
    """The language of pages with this code; German for any other text."""
    return next((each for each in LANGUAGES if each.code == code), GERMAN)


def message_language(tag: str) -> Language:
    """The language of messages with this code, else the one it is a variant of, else German."""
    by_code = {each.code: each for each in MESSAGE_LANGUAGES}
    return by_code.get(tag) or by_code.get(tag.partition("-")[0], GERMAN)


def in_language(address: str, site: str, tag: str) -> str:
    """The address of a page of ours in the language with a tag; as it is where there are no pages in it.

    Args:
        site: what the addresses of our pages begin with, without a language.
    """
    wanted = next((each for each in LANGUAGES if each.code == tag), None)
    if wanted is None or not address.startswith(f"{site}/"):
        return address
    path = address.removeprefix(site)
    prefix = next((each.prefix for each in LANGUAGES if each.prefix and path.startswith(f"{each.prefix}/")), "")
    return site + wanted.prefix + path.removeprefix(prefix)


def language_of(connection: HTTPConnection) -> Language:
    """The language of a request, as its path says."""
    return language(str(connection.scope.get("language", GERMAN.code)))


def translations(language: Language, folders: Sequence[Path]) -> gettext.NullTranslations:
    """The texts of a language.

    Args:
        language: German needs no catalogue and gets none.
        folders: where `<code>.po` files lie; earlier ones win.
    """
    if language == GERMAN:
        return gettext.NullTranslations()
    found = [_catalogue(folder / f"{code}.po") for code in (language.code, *language.fallbacks) for folder in folders]
    chain = gettext.NullTranslations()
    for each in reversed(found):
        if each is not None:
            each.add_fallback(chain)
            chain = each
    return chain


def _catalogue(file: Path) -> gettext.GNUTranslations | None:
    return gettext.GNUTranslations(BytesIO(_compiled(file))) if file.exists() else None


@cache
def _compiled(file: Path) -> bytes:
    """A catalogue as gettext reads it; the services of a process share some of them."""
    compiled = BytesIO()
    with file.open("rb") as source:
        write_mo(compiled, read_po(source))
    return compiled.getvalue()


class LanguagePrefix:
    """ASGI middleware: takes `/en` off the front of a path before it is routed, and notes the language in the scope.

    The prefix becomes part of `root_path`, so that routes match without it while `request.url` and `url_for` keep it.
    The scope is changed in place: the error pages are made from the same scope further out.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._prefixes = {each.code: each.prefix for each in LANGUAGES if each != GERMAN}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            root = scope.get("root_path", "")
            code = scope["path"].removeprefix(root).split("/")[1:2]
            if code and code[0] in self._prefixes:
                scope["language"] = code[0]
                scope["root_path"] = root + self._prefixes[code[0]]
        await self._app(scope, receive, send)
