"""The form for reporting a barrier, and the number of the report."""

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel, Field

from services.notifications.barriers.domain import KEPT, LONGEST, barrier_number, wrong_fields
from services.notifications.barriers.usecases import report
from services.notifications.subscribing.limits import note_asking
from services.notifications.subscribing.pages.forms import Press
from shared.idempotency import claim_key
from shared.web.forms import FormErrors
from shared.web.visit import CurrentVisit, Visit

LINK = "barrier"
"""The kind of the links to the number of a report."""

Typed = Annotated[str, Field(max_length=10_000)]

router = APIRouter(prefix="/notifications/barriers", include_in_schema=False)


class BarrierForm(BaseModel):
    """What somebody reports; `reply` is where they want an answer, as they write it."""

    page: Typed = ""
    words: Typed = ""
    aids: Typed = ""
    reply: Typed = ""


class PostedBarrier(BarrierForm, Press):
    """The form as it was sent."""

    def typed(self) -> dict[str, str]:
        return self.model_dump(exclude={"einmal"})


@router.get("")
async def show(visit: CurrentVisit) -> Response:
    """The form."""
    return _form(visit, BarrierForm(), FormErrors())


@router.post("")
async def send(visit: CurrentVisit, form: Annotated[PostedBarrier, Form()]) -> Response:
    """Report; sent twice it is one report."""
    if wrong := wrong_fields(form.typed()):
        return _form(visit, form, _errors(visit, form, wrong))
    id = uuid4()
    first = await claim_key(visit.act.conn, "barrier", form.einmal, "", str(id))
    if first is None:
        await note_asking(visit.act)
        mail: str = visit.act.tools.settings.barrier_mail  # type: ignore[attr-defined]
        await report(visit.act, id, form.typed(), mail)
    return visit.redirect(
        f"/notifications/barriers/{visit.act.tools.links.token(LINK, UUID(first) if first else id, 1)}"
    )


@router.get("/{token}")
async def sent(visit: CurrentVisit, token: str) -> Response:
    """The number of a report, and what happens now."""
    id, _ = visit.act.tools.links.read(LINK, token)
    return visit.render("barrier_sent.html", secret=True, number=barrier_number(id))


def _form(visit: Visit, form: BarrierForm, errors: FormErrors) -> Response:
    status = 422 if errors else 200
    kept_days = KEPT.days
    return visit.render("barrier.html", status=status, secret=True, form=form, errors=errors, kept_days=kept_days)


def _errors(visit: Visit, form: PostedBarrier, wrong: list[str]) -> FormErrors:
    _ = visit.gettext
    missing = _("Schreiben Sie, was Sie tun wollten und was passiert ist.")
    too_long = _("Schreiben Sie höchstens %(num)d Zeichen.") % {"num": LONGEST}
    typed = form.typed()
    return FormErrors({field: too_long if len(typed[field]) > LONGEST else missing for field in wrong})
