"""What publishing a week would announce, and the button that does it."""

from typing import Annotated

from fastapi import APIRouter, Form, Response
from pydantic import Field

from services.mobile_office.fleet.names import load_names
from services.mobile_office.staff import Lead
from services.mobile_office.tours import publishing
from services.mobile_office.tours.domain import Change, plan_of
from services.mobile_office.tours.pages.planner import PAGE
from services.mobile_office.tours.pages.typed_reason import TypedReason, read_reason
from services.mobile_office.tours.publishing import Preview, load_preview
from services.mobile_office.tours.reasons import WORDS
from services.mobile_office.tours.refusals import WeekPreviewOutdated
from shared.days import Day
from shared.web.forms import FormErrors
from shared.web.staff.visit import StaffVisit

router = APIRouter(prefix=f"{PAGE}/{{monday}}/preview", include_in_schema=False)


class TypedPublication(TypedReason):
    """What was confirmed: the version of the preview, and why announced stops change."""

    preview: Annotated[str, Field(max_length=40)]


@router.get("")
async def show(visit: Lead, monday: Day) -> Response:
    """What is new, what changes, what does not take place, and how many people that concerns."""
    return await _page(visit, await load_preview(visit.act, monday), TypedReason())


@router.post("")
async def confirm(visit: Lead, monday: Day, typed: Annotated[TypedPublication, Form()]) -> Response:
    """Announce the week. Sent twice it is announced once; what has become another is shown again."""
    shown, errors = await load_preview(visit.act, monday), FormErrors()
    reason = read_reason(visit, typed, errors) if shown.needs_reason else None
    if errors:
        return await _page(visit, shown, typed, errors)
    try:
        async with visit.act.attempt():
            await publishing.publish(visit.act, monday, typed.preview, reason)
    except WeekPreviewOutdated:
        return await _page(visit, await load_preview(visit.act, monday), typed, outdated=True)
    return visit.redirect(f"{PAGE}?week={monday}&done=published")


async def _page(
    visit: StaffVisit,
    preview: Preview,
    typed: TypedReason,
    errors: FormErrors | None = None,
    outdated: bool = False,
) -> Response:
    _fleet, names = await load_names(visit)
    return visit.render(
        "staff/preview.html",
        status=409 if outdated else 422 if errors else 200,
        preview=preview,
        changes={change: [stop for stop, its in preview.changes if its is change] for change in Change},
        stops={stop.id: stop for stop in preview.stops},
        plan_of=plan_of,
        typed=typed,
        errors=errors or FormErrors(),
        outdated=outdated,
        reasons=WORDS,
        **names,
    )
