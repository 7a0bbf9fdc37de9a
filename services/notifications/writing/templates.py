"""The environments templates are rendered in: one per language and form of a mail."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from shared.web.i18n import GERMAN, Language, translations
from shared.web.pages import compiled_for

FOLDER = Path(__file__).parent.parent
TEMPLATES = FOLDER / "templates"
TRANSLATIONS = FOLDER / "translations"

Form = Literal["txt", "html"]

FIRST_STRONG_ISOLATE = "\u2068"
POP_DIRECTIONAL_ISOLATE = "\u2069"


def environment(language: Language, form: Form) -> Environment:
    """Where templates find the texts of a language, the parts of a mail in its form (`mail`), and the filters below.

    - `iso`: a number, time or name, kept from turning round inside a right-to-left text
    - `german`: proper names and what the city wrote in German, isolated too and marked as German
    - `said`: a text with the code of its language, marked if that is not the reader's
    """
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=form == "html",  # noqa: S701 - plain text needs none
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        bytecode_cache=compiled_for(language, form),
    )
    made.globals.update(_words(language, form), language=language)
    made.filters.update(_filters(language, form))
    made.globals["mail"] = made.get_template(f"parts.{form}").module
    return made


def _words(language: Language, form: Form) -> dict[str, Callable[..., str]]:
    """`_` and `ngettext`; those of Jinja's extension look up their context on each call, and that takes longer."""
    texts = translations(language, [TRANSLATIONS])
    kind = Markup if form == "html" else str

    @cache
    def found(text: str) -> str:
        return kind(texts.gettext(text))

    def gettext(text: str, **values: str) -> str:
        return found(text) % values if values else found(text)

    @cache
    def ngettext(one: str, many: str, count: int) -> str:
        return kind(texts.ngettext(one, many, count))

    return {"_": gettext, "ngettext": ngettext}


def _filters(language: Language, form: Form) -> dict[str, Callable[..., Any]]:
    turns = language.direction == "rtl"

    def iso(text: str) -> str:
        if not turns:
            return text
        if form == "html":
            return Markup("<bdi>{}</bdi>").format(text)
        return f"{FIRST_STRONG_ISOLATE}{text}{POP_DIRECTIONAL_ISOLATE}"

    def german(text: str) -> str:
        if form == "html" and not language.code.startswith(GERMAN.code):
            return Markup('<bdi lang="de">{}</bdi>').format(text)
        return iso(text)

    def said(text: tuple[str, str]) -> str:
        return text[1] if text[0] == language.code else german(text[1])

    return {"iso": iso, "german": german, "said": said}
