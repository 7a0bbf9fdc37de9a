"""A visit to a page: what the endpoints of pages need, as one dependency."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.responses import RedirectResponse, Response

from shared.act import Act
from shared.http import CurrentAct
from shared.web.i18n import Language, language_of
from shared.web.pages import Pages


@dataclass(frozen=True, slots=True)
class Visit:
    """One request for a page, and what it does."""

    request: Request
    act: Act
    pages: Pages

    @property
    def language(self) -> Language:
        """The language of the page."""
        return language_of(self.request)

    def gettext(self, text: str) -> str:
        """A text in the language of the page."""
        return self.pages.gettext(self.request)(text)

    def render(self, template: str, **context: Any) -> Response:
        """Answer with a page; see `Pages.render`."""
        return self.pages.render(self.request, template, **context)

    def redirect(self, path: str) -> RedirectResponse:
        """Answer a post: go to a page that can be reloaded, in the same language."""
        return RedirectResponse(self.language.prefix + path, 303)


async def _visit(request: Request, act: CurrentAct) -> Visit:
    return Visit(request, act, request.app.state.pages)


CurrentVisit = Annotated[Visit, Depends(_visit)]
"""For endpoints of an application whose `app.state.pages` are its `Pages`."""
