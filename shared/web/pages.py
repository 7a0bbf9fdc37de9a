"""Rendering pages: templates with texts in the reader's language, and answers with the headers that protect them."""

import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from shared.city import City
from shared.problems import Problem
from shared.web.assets import assets
from shared.web.formats import filters
from shared.web.forms import one_time_key
from shared.web.i18n import LANGUAGES, Language, language_of, translations
from shared.web.kept import KeptPage

SHARED: Final = Path(__file__).parent
SECURITY_HEADERS: Final = MappingProxyType(
    {
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
)
LIVE: Final = "; script-src 'self'; connect-src 'self'"
"""What else the policy of a page allows that renews a line of its own."""


class _Compiled(BytecodeCache):
    """Templates as Jinja compiled them, so that a process compiles each once, however many services use it."""

    def __init__(self) -> None:
        self._found: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if code := self._found.get(bucket.key + bucket.checksum):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._found[bucket.key + bucket.checksum] = bucket.bytecode_to_string()


@cache
def compiled_for(language: Language, form: str = "page") -> BytecodeCache:
    """The compiled templates of a language and form; Jinja puts what filters make of constants into the code."""
    return _Compiled()


class Pages:
    """The pages of a service.

    Args:
        folder: of the service; its `templates` come before the shared ones, its `translations` too.
        city: whose name and phone number stand on every page.
    """

    def __init__(self, folder: Path, city: City) -> None:
        self.assets = assets()
        catalogues = [folder / "translations", SHARED / "translations"]
        self._texts = {each: translations(each, catalogues) for each in LANGUAGES}
        self._environments = {each: self._environment(each, folder / "templates", city) for each in LANGUAGES}

    def render(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        secret: bool = False,
        live: bool = False,
        passing: bool = False,
        kept: bool = True,
        **context: Any,
    ) -> HTMLResponse:
        """Answer with a page in the language of the request; one that answers a post is kept and led to (`KeptPage`).

        Args:
            request: gives the language, and path and query for the links to the other languages.
            template: name of a file.
            status: HTTP status; 422 for a form that comes back with errors.
            secret: the page belongs to a secret link or shows a person's data: nobody stores or indexes it.
            live: the page may run our own scripts, which may fetch pages of ours.
            passing: the page shows nobody's data, and leads on. It is not kept, which needs no database; the browser
                may store it instead.
            kept: whether the answer to a post is kept; not at a screen where the next person could go back to it.
            context: what the template names; `errors` (FormErrors) makes the error summary appear.
        """
        environment = self._environments[language_of(request)]
        body = environment.get_template(template).render(language_links=_language_links(request), **context)
        privacy = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"} if secret else {"Cache-Control": "no-cache"}
        policy = {"Content-Security-Policy": SECURITY_HEADERS["Content-Security-Policy"] + LIVE} if live else {}
        if passing and request.method == "POST":
            privacy["Cache-Control"] = "private, no-cache"
        answer = KeptPage if request.method == "POST" and kept and not passing else HTMLResponse
        return answer(body, status, headers={**SECURITY_HEADERS, **policy, **privacy})

    async def error_page(self, request: Request, problem: Problem) -> Response:
        """Answer a refusal or a fault with a page, without the database; for `Parts(error_page=...)`.

        A problem that is solved elsewhere (303) leads there.
        """
        if problem.status == 303:
            return RedirectResponse(problem.headers["Location"], 303)
        wait = problem.headers.get("Retry-After", "")
        page = self.render(
            request,
            "error.html",
            status=problem.status,
            secret=True,
            passing=True,
            status_code=problem.status,
            minutes=math.ceil(int(wait) / 60) if wait.isdigit() else 0,
        )
        page.headers.update(problem.headers)
        return page

    def gettext(self, request: Request) -> Callable[[str], str]:
        """The translating function for messages made in Python: `_ = pages.gettext(request)`, then `_("…")`."""
        return self._texts[language_of(request)].gettext

    def _environment(self, language: Language, templates: Path, city: City) -> Environment:
        environment = Environment(
            loader=FileSystemLoader([templates, SHARED / "templates"]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
            bytecode_cache=compiled_for(language),
        )
        environment.install_gettext_translations(self._texts[language], newstyle=True)  # type: ignore[attr-defined]
        environment.filters.update(filters(language))
        environment.globals.update(
            language=language,
            city=city,
            asset=self.assets.url,
            url=lambda path: language.prefix + path,
            one_time_key=one_time_key,
        )
        environment.globals["ui"] = environment.get_template("components.html").module
        return environment


def _language_links(request: Request) -> list[tuple[Language, str]]:
    path = quote(request.url.path.removeprefix(language_of(request).prefix))
    query = f"?{request.url.query}" if request.url.query else ""
    return [(each, each.prefix + path + query) for each in LANGUAGES]
