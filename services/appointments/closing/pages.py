"""Closures as pages for those who lead the stations: what is closed, whom a new closure concerns, what became of it."""

from typing import Annotated, Self
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel, Field, ValidationError

from services.appointments.closing import usecases
from services.appointments.closing.api import ClosureIn
from services.appointments.closing.domain import Closure, Decision
from services.appointments.closing.preview import AlreadyLifted, DaysUnfit, HoursUnfit, Preview, PreviewOutdated
from services.appointments.closing.queries import closures_in_force, find, load_became
from services.appointments.closing.usecases import Confirmation
from services.appointments.offer.domain import Station, staying
from services.appointments.offer.queries import load_offer
from services.appointments.staff import Lead
from shared.problems import NotFound
from shared.web.forms import FormErrors
from shared.web.staff.visit import StaffVisit

CHOICE = "termin-"
"""Before an appointment's number, the name of the field that decides on it."""
PAGE = "/appointments/staff/closures"


router = APIRouter(prefix=PAGE, include_in_schema=False)


class TypedClosure(BaseModel):
    """A closure as typed, in the query of its preview: `where` is a station's key, or "station counter".

    `id` is that of a closure that is to be changed; a new one has none yet.
    """

    id: UUID | None = None
    where: str = ""
    first_day: str = ""
    last_day: str = ""
    from_time: str = ""
    until_time: str = ""
    reason: str = ""

    @classmethod
    def of(cls, closure: Closure) -> Self:
        """A closure as it is, to be changed."""
        return cls(
            id=closure.id,
            where=f"{closure.station} {closure.counter}" if closure.counter else closure.station,
            first_day=str(closure.first_day),
            last_day=str(closure.last_day),
            from_time=f"{closure.from_time:%H:%M}" if closure.from_time else "",
            until_time=f"{closure.until_time:%H:%M}" if closure.until_time else "",
            reason=closure.reason,
        )

    def closure(self, id: UUID) -> Closure | list[str]:
        """The closure, or the fields that are wrong."""
        station, _, counter = self.where.partition(" ")
        given = {
            "station": station,
            "counter": counter or None,
            "first_day": self.first_day,
            "last_day": self.last_day or self.first_day,
            "from_time": self.from_time or None,
            "until_time": self.until_time or None,
            "reason": self.reason,
        }
        try:
            return ClosureIn.model_validate(given).closure(id)
        except ValidationError as error:
            wrong = {str(each["loc"][0]) for each in error.errors()}
            if not self.last_day:
                wrong.discard("last_day")  # it is the first day, which is wrong as well
            return ["where" if name in ("station", "counter") else name for name in wrong]


class Press(BaseModel):
    """What was confirmed: the closure's id, made for this preview if it is new, its version, what is wanted for all."""

    id: UUID
    preview: Annotated[str, Field(max_length=40)]
    for_all: Decision | None = None


CurrentClosure = Annotated[TypedClosure, Query()]


@router.get("")
async def show_all(visit: Lead, typed: CurrentClosure) -> Response:
    """What is closed, and the form to close something; a link may fill some of it in."""
    return await _list_page(visit, typed, FormErrors())


@router.get("/preview")
async def show_preview(visit: Lead, typed: CurrentClosure) -> Response:
    """The people the closure concerns, and what is proposed for each."""
    return await _preview_page(visit, typed)


@router.post("/preview")
async def confirm(visit: Lead, typed: CurrentClosure, press: Annotated[Press, Form()]) -> Response:
    """Close. The same press sent twice closes once; if the preview has become another, it is shown again."""
    closure = typed.closure(press.id)
    if isinstance(closure, list):
        return await _preview_page(visit, typed)
    sent = await visit.request.form()
    choices = {
        key.removeprefix(CHOICE): Decision(value)
        for key, value in sent.items()
        if key.startswith(CHOICE) and value in set(Decision)
    }
    confirmed = Confirmation(press.preview, press.for_all, choices)
    try:
        await usecases.close(visit.act, closure, confirmed)
    except PreviewOutdated as outdated:
        return _shown(visit, typed, outdated.preview, 409, confirmed)
    return visit.redirect(f"{PAGE}/{press.id}")


@router.get("/{id}")
async def show(visit: Lead, id: UUID) -> Response:
    """A closure, and what has become of the appointments it concerned."""
    closure = await _known(visit, id)
    [station] = (await load_offer(visit.act, closure.station, [])).stations
    became = await load_became(visit.act.conn, id)
    return visit.render("closure.html", closure=closure, station=station, became=became)


@router.get("/{id}/edit")
async def edit(visit: Lead, id: UUID) -> Response:
    """The form to change a closure; one that was lifted cannot be."""
    closure = await _known(visit, id)
    if closure.lifted:
        return visit.redirect(f"{PAGE}/{id}")
    return await _edit_page(visit, TypedClosure.of(closure), FormErrors())


@router.post("/{id}/lifting")
async def lift(visit: Lead, id: UUID) -> Response:
    """Lift it. Sent twice it changes nothing."""
    await usecases.lift(visit.act, id)
    return visit.redirect(f"{PAGE}/{id}")


async def _list_page(visit: StaffVisit, typed: TypedClosure, errors: FormErrors) -> Response:
    stations = await _stations(visit)
    return visit.render(
        "closures.html",
        status=422 if errors else 200,
        closures=await closures_in_force(visit.act.conn, list(stations), visit.act.today),
        stations=stations,
        typed=typed,
        errors=errors,
    )


async def _edit_page(visit: StaffVisit, typed: TypedClosure, errors: FormErrors) -> Response:
    key, _, counter = typed.where.partition(" ")
    if (station := (await _stations(visit)).get(key)) is None:
        raise NotFound
    return visit.render(
        "closure_edit.html",
        status=422 if errors else 200,
        station=station,
        counter=counter,
        typed=typed,
        errors=errors,
    )


async def _preview_page(visit: StaffVisit, typed: TypedClosure) -> Response:
    form_page = _edit_page if typed.id else _list_page
    closure = typed.closure(typed.id or uuid4())
    if isinstance(closure, list):
        return await form_page(visit, typed, _errors(visit, closure))
    try:
        preview = await usecases.preview(visit.act, closure)
    except DaysUnfit:
        return await form_page(visit, typed, _errors(visit, ["last_day"]))
    except HoursUnfit:
        return await form_page(visit, typed, _errors(visit, ["until_time"]))
    except AlreadyLifted:
        return visit.redirect(f"{PAGE}/{closure.id}")
    return _shown(visit, typed, preview)


def _shown(
    visit: StaffVisit, typed: TypedClosure, preview: Preview, status: int = 200, confirmed: Confirmation | None = None
) -> Response:
    return visit.render(
        "closure_preview.html",
        status=status,
        typed=typed,
        query=typed.model_dump(exclude_none=True),
        preview=preview,
        station=preview.stations[preview.closure.station],
        confirmed=confirmed,
    )


async def _known(visit: StaffVisit, id: UUID) -> Closure:
    """A closure of one's own stations."""
    return visit.who.own(await find(visit.act.conn, id))


async def _stations(visit: StaffVisit) -> dict[str, Station]:
    """The stations somebody answers for, by key."""
    offer = await load_offer(visit.act, services=())
    return {each.key: each for each in staying(offer.stations) if visit.who.serves(each.key)}


def _errors(visit: StaffVisit, wrong: list[str]) -> FormErrors:
    _ = visit.gettext
    messages = {
        "where": _("Wählen Sie, was geschlossen wird."),
        "first_day": _("Geben Sie den ersten Tag an."),
        "last_day": _("Geben Sie einen letzten Tag an: nicht vor dem ersten, nicht vorbei, höchstens ein Jahr danach."),
        "from_time": _("Geben Sie die Uhrzeit so an: 13:00."),
        "until_time": _("Geben Sie beide Uhrzeiten an, die frühere zuerst, oder keine."),
        "reason": _("Geben Sie einen Grund an, höchstens 200 Zeichen."),
    }
    return FormErrors({name: message for name, message in messages.items() if name in wrong})
