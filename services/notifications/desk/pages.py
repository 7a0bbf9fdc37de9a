"""The pages of staff: not delivered, the story of a matter, the texts."""

from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form
from starlette.responses import Response

from services.notifications.desk import words
from services.notifications.desk.domain import masked_mail, masked_phone
from services.notifications.desk.queries import Story, story_of, undelivered
from services.notifications.desk.samples import Samples, samples_of
from services.notifications.purposes import Purpose
from services.notifications.staff import Clerk
from services.notifications.subscribing.domain import place_names
from shared.problems import NotFound
from shared.web.forms import FormErrors
from shared.web.i18n import message_language
from shared.web.staff.visit import N_, StaffVisit

AREA = "/notifications/staff"
CONTACT_SEEN = "contact_seen"
REASONS = {
    "call": N_("Ich rufe die Person an."),
    "question": N_("Die Person fragt nach ihrer Nachricht."),
    "address": N_("Ich prüfe die Adresse."),
}
"""Why somebody may look at a contact."""
CALL_LISTS = {"appointments": "/appointments/staff/unreached"}
"""Where the owner of a matter lists whom to call."""


router = APIRouter(prefix=AREA, include_in_schema=False)


@router.get("/failed")
async def failed(visit: Clerk) -> Response:
    """The people nothing reached."""
    found = await undelivered(visit.act)
    return visit.render(
        "staff/failed.html",
        words=words,
        in_time=[each for each in found if each.useful_until > visit.act.now],
        too_late=[each for each in found if each.useful_until <= visit.act.now],
        call_lists=sorted({CALL_LISTS[each.owner] for each in found if each.owner in CALL_LISTS}),
    )


@router.get("/log")
async def log(visit: Clerk, matter: str = "") -> Response:
    """The story of a matter, found by the number of an appointment or subscription, or by the matter's id."""
    wanted = matter.strip()
    story = await story_of(visit.act, wanted) if wanted else None
    return _story_page(visit, wanted, story)


@router.post("/log/contact")
async def show_contact(visit: Clerk, matter: Annotated[UUID, Form()], reason: Annotated[str, Form()] = "") -> Response:
    """The contact in full, for a reason that goes into the audit log."""
    story = await story_of(visit.act, str(matter))
    if story is None or story.contact is None:
        raise NotFound
    if reason not in REASONS:
        errors = FormErrors(reason=visit.gettext(N_("Wählen Sie, wozu Sie den Kontakt brauchen.")))
        return _story_page(visit, story.number, story, errors=errors)
    await visit.act.note(CONTACT_SEEN, matter=matter, number=story.number, reason=reason)
    return _story_page(visit, story.number, story, shown=True)


@router.get("/templates")
async def templates(visit: Clerk) -> Response:
    """Every text: whether somebody checked it, and how many SMS parts it takes."""
    samples = {purpose: _samples(visit, purpose) for purpose in Purpose}
    return visit.render("staff/templates.html", words=words, samples=samples)


@router.get("/templates/{purpose}")
async def template(visit: Clerk, purpose: str) -> Response:
    """The texts of a purpose in every language."""
    if purpose not in words.PURPOSES:
        raise NotFound
    return visit.render("staff/template.html", words=words, purpose=purpose, samples=_samples(visit, Purpose(purpose)))


def _samples(visit: StaffVisit, purpose: Purpose) -> Sequence[Samples]:
    return samples_of(visit.request.app.state.texts, purpose, visit.act.tools.settings.platform.public_url)


def _story_page(
    visit: StaffVisit,
    wanted: str,
    story: Story | None,
    *,
    shown: bool = False,
    errors: Mapping[str, str] | None = None,
) -> Response:
    contact = story.contact if story else None
    masked = contact and {
        "name": contact.name if shown else "",
        "mail": contact.mail and (contact.mail if shown else masked_mail(contact.mail)),
        "phone": contact.phone and (contact.phone if shown else masked_phone(contact.phone)),
    }
    return visit.render(
        "staff/log.html",
        status=422 if errors else 200,
        errors=errors or {},
        words=words,
        wanted=wanted,
        story=story,
        named=place_names(visit.act.tools.city, story.subscription) if story and story.subscription else [],
        contact=masked,
        shown=shown,
        reasons=[(key, visit.gettext(text)) for key, text in REASONS.items()],
        language_of_messages=story and message_language(story.language),
    )
