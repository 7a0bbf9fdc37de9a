"""The page "what citizens received": mails and SMS per person, as the far ends accepted them."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

from babel.dates import format_skeleton
from fastapi import APIRouter, Depends, FastAPI, Form, HTTPException, Query, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from deploy.local.far_ends.inbox_view import html_of, people
from deploy.local.far_ends.records import Accepted, Channel, Kind, NewReport, ReportKind, Wanted
from deploy.local.far_ends.store import CLOCK, Store
from shared.clock import BERLIN, Clock
from shared.web.i18n import MESSAGE_LANGUAGES

SHOWN = 20
"""Messages on a page at most."""

PAGE_POLICY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

MAIL_POLICY = PAGE_POLICY | {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox",
}

_FILES = Path(__file__).parent / "templates"


def create_inbox(folder: Path) -> FastAPI:
    """The page over what the far ends keep in a folder: German at `/inbox/`, English at `/en/inbox/`."""
    environment = Environment(loader=FileSystemLoader(_FILES), autoescape=True, undefined=StrictUndefined)
    environment.filters["moment"] = _moment
    clock = Clock(folder / CLOCK)
    template = environment.get_template("inbox.html")
    texts: dict[str, dict[str, str]] = json.loads((_FILES / "inbox.json").read_text())

    def opened() -> Iterator[Store]:
        with closing(Store(folder)) as store:
            yield store

    def message(number: int, store: Annotated[Store, Depends(opened)]) -> Accepted:
        if found := store.message(number):
            return found
        raise HTTPException(404)

    def page(language: str, store: Store, wanted: Wanted) -> HTMLResponse:
        found = store.newest(wanted, SHOWN + 1)
        older = len(found) > SHOWN
        content = template.render(
            language=language,
            t=texts[language],
            wanted=wanted,
            kinds=Kind,
            languages=MESSAGE_LANGUAGES,
            people=people(store, found[-SHOWN:]),
            counts=store.counts(),
            older=found[-SHOWN].number if older else None,
            now=clock.now(),
        )
        return HTMLResponse(content, headers=PAGE_POLICY)

    def wanted(
        person: str = "",
        show: Kind = Kind.STORY,
        language: str = "",
        before: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    ) -> Wanted:
        known = language if language in {each.code for each in MESSAGE_LANGUAGES} else ""
        return Wanted(person.strip(), show, known, before)

    routes = APIRouter(include_in_schema=False)

    @routes.get("/inbox/")
    def german(store: Annotated[Store, Depends(opened)], wanted: Annotated[Wanted, Depends(wanted)]) -> HTMLResponse:
        return page("de", store, wanted)

    @routes.get("/en/inbox/")
    def english(store: Annotated[Store, Depends(opened)], wanted: Annotated[Wanted, Depends(wanted)]) -> HTMLResponse:
        return page("en", store, wanted)

    @routes.get("/inbox/style.css")
    def style() -> FileResponse:
        return FileResponse(_FILES / "inbox.css", media_type="text/css")

    @routes.get("/inbox/messages/{number}/source")
    def source(message: Annotated[Accepted, Depends(message)]) -> Response:
        return PlainTextResponse(message.source, headers=PAGE_POLICY)

    @routes.get("/inbox/messages/{number}/html")
    def html(message: Annotated[Accepted, Depends(message)]) -> HTMLResponse:
        if (content := html_of(message)) is None:
            raise HTTPException(404)
        return HTMLResponse(f'<!doctype html><base target="_blank">{content}', headers=MAIL_POLICY)

    @routes.post("/inbox/messages/{number}/reply")
    @routes.post("/en/inbox/messages/{number}/reply")
    def reply(
        request: Request,
        store: Annotated[Store, Depends(opened)],
        message: Annotated[Accepted, Depends(message)],
        text: Annotated[str, Form(min_length=1, max_length=1520)],
    ) -> Response:
        """Answer an SMS, as the person who got it would."""
        if message.channel is Channel.MAIL:
            raise HTTPException(404)
        store.add_report(message.channel, message.number, message.recipient, NewReport(ReportKind.REPLY, text, 0))
        page = request.url.path.partition("messages/")[0]
        return RedirectResponse(f"{page}?{urlencode({'person': message.recipient})}", 303)

    app = FastAPI(title="Inbox", openapi_url=None)
    app.include_router(routes)
    return app


def _moment(when: date, language: str, seconds: bool = True) -> str:
    locale = {"en": "en_GB"}.get(language, language)
    if not isinstance(when, datetime):
        return format_skeleton("yMMMEd", datetime.combine(when, time()), locale=locale)
    local = when.astimezone(BERLIN) if when.tzinfo else when
    return f"{format_skeleton('yMMMEd', local, locale=locale)}, {local.strftime('%H:%M:%S' if seconds else '%H:%M')}"
