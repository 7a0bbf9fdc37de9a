"""Places and vehicles as pages: where a Bürgermobil may stand and until when, and what it has on board."""

from collections.abc import Callable
from functools import partial
from secrets import token_hex
from typing import Annotated, ClassVar, Self

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel, Field

from services.mobile_office.bodies import MOST_COUNTERS, Version
from services.mobile_office.fleet import usecases
from services.mobile_office.fleet.domain import Place, Vehicle
from services.mobile_office.fleet.names import load_names
from services.mobile_office.fleet.usecases import FleetChanged, place_of
from services.mobile_office.pages import STAFF, Text
from services.mobile_office.staff import Lead
from shared.city import City
from shared.lines import legible_line
from shared.problems import NotFound
from shared.web.forms import FormErrors
from shared.web.staff.visit import StaffVisit
from shared.web.typed import Reading, read_choice, read_day, read_number

PAGE = f"{STAFF}/fleet"
LONGEST_LINE = 200

router = APIRouter(prefix=PAGE, include_in_schema=False)

TypedKey = Annotated[str, Field(max_length=60, pattern=r"^[a-z0-9-]*$")]


class TypedPlace(BaseModel):
    """A place as typed; `version` is the one it had when the form was opened."""

    template: ClassVar[str] = "staff/place.html"

    key: TypedKey
    version: Version = 0
    name: Text = ""
    quarter: Text = ""
    landmark: Text = ""
    latitude: Text = ""
    longitude: Text = ""
    step_free: bool = False
    power: bool = False
    permit_from: Text = ""
    permit_until: Text = ""

    @classmethod
    def of(cls, place: Place) -> Self:
        """A place as it is, to be changed."""
        return cls(
            key=place.key,
            version=place.version,
            name=place.name,
            quarter=str(place.quarter),
            landmark=place.landmark,
            latitude=str(place.latitude),
            longitude=str(place.longitude),
            step_free=place.step_free,
            power=place.power,
            permit_from=str(place.permit_from or ""),
            permit_until=str(place.permit_until or ""),
        )

    def read(self, gettext: Callable[[str], str], city: City) -> tuple[Place | None, FormErrors]:
        """The place, or what is wrong with it, in the language of a page."""
        _, form = gettext, Reading()
        quarters = {str(known.number) for each in city.districts for known in each.quarters}
        degrees, day = _("Geben Sie Grad mit Punkt an: 51.434."), _("Geben Sie den Tag so an: 31.12.2026.")
        name = form.field("name", self.name, _line, _("Geben Sie einen Namen an, höchstens 200 Zeichen."))
        quarter = form.field(
            "quarter", self.quarter, partial(read_choice, known=quarters), _("Wählen Sie einen Ortsteil.")
        )
        landmark = form.field(
            "landmark", self.landmark, _line, _("Sagen Sie, wie man den Platz findet, höchstens 200 Zeichen.")
        )
        latitude = form.field("latitude", self.latitude, partial(_degrees, most=90), degrees)
        longitude = form.field("longitude", self.longitude, partial(_degrees, most=180), degrees)
        first = form.field("permit_from", self.permit_from, read_day, day)
        last = form.field("permit_until", self.permit_until, read_day, day)
        if first and last and last < first:
            form.errors["permit_until"] = _("Geben Sie einen letzten Tag an, der nicht vor dem ersten liegt.")
        if form.errors or quarter is None:
            return None, form.errors
        place = place_of(
            city,
            quarter=int(quarter),
            key=self.key,
            version=self.version,
            name=name,
            landmark=landmark,
            latitude=latitude,
            longitude=longitude,
            step_free=self.step_free,
            power=self.power,
            permit_from=first,
            permit_until=last,
        )
        return place, form.errors


class TypedVehicle(BaseModel):
    """A vehicle as typed; `equipment` is a line for each thing on board."""

    template: ClassVar[str] = "staff/vehicle.html"

    key: TypedKey
    version: Version = 0
    name: Text = ""
    counters: Text = ""
    step_free: bool = False
    equipment: Text = ""

    @classmethod
    def of(cls, vehicle: Vehicle) -> Self:
        """A vehicle as it is, to be changed."""
        return cls(
            key=vehicle.key,
            version=vehicle.version,
            name=vehicle.name,
            counters=str(vehicle.counters),
            step_free=vehicle.step_free,
            equipment="\n".join(vehicle.equipment),
        )

    def read(self, gettext: Callable[[str], str]) -> tuple[Vehicle | None, FormErrors]:
        """The vehicle, or what is wrong with it, in the language of a page."""
        _, form = gettext, Reading()
        name = form.field("name", self.name, _line, _("Geben Sie einen Namen an, höchstens 200 Zeichen."))
        counters = form.field(
            "counters",
            self.counters,
            partial(read_number, lowest=1, highest=MOST_COUNTERS),
            _("Geben Sie an, wie viele Schalter das Fahrzeug hat."),
        )
        equipment = form.field(
            "equipment", self.equipment, _lines, _("Schreiben Sie jede Sache in eine eigene Zeile, höchstens 20.")
        )
        if name is None or counters is None or equipment is None:
            return None, form.errors
        return Vehicle(self.key, name, counters, self.step_free, equipment, self.version), form.errors


@router.get("")
async def show(visit: Lead) -> Response:
    """All vehicles and places."""
    _fleet, names = await load_names(visit)
    return visit.render("staff/fleet.html", today=visit.act.today, **names)


@router.get("/place")
async def edit_place(visit: Lead, key: Annotated[TypedKey, Query()] = "") -> Response:
    """The form for a place, or for one more."""
    fleet, _names = await load_names(visit)
    if key and key not in fleet.places:
        raise NotFound
    typed = TypedPlace.of(fleet.places[key]) if key else TypedPlace(key=f"platz-{token_hex(4)}")
    return await _form_page(visit, typed, FormErrors())


@router.post("/place")
async def save_place(visit: Lead, typed: Annotated[TypedPlace, Form()]) -> Response:
    """Save a place. Sent twice it is saved once."""
    place, errors = typed.read(visit.gettext, visit.act.tools.city)
    if place is None:
        return await _form_page(visit, typed, errors)
    try:
        async with visit.act.attempt():
            await usecases.save_place(visit.act, place)
    except FleetChanged as changed:
        return await _form_page(visit, typed, errors, changed)
    return visit.redirect(PAGE)


@router.get("/vehicle")
async def edit_vehicle(visit: Lead, key: Annotated[TypedKey, Query()] = "") -> Response:
    """The form for a vehicle, or for one more."""
    fleet, _names = await load_names(visit)
    if key and key not in fleet.vehicles:
        raise NotFound
    typed = TypedVehicle.of(fleet.vehicles[key]) if key else TypedVehicle(key=f"fahrzeug-{token_hex(4)}")
    return await _form_page(visit, typed, FormErrors())


@router.post("/vehicle")
async def save_vehicle(visit: Lead, typed: Annotated[TypedVehicle, Form()]) -> Response:
    """Save a vehicle. Sent twice it is saved once."""
    vehicle, errors = typed.read(visit.gettext)
    if vehicle is None:
        return await _form_page(visit, typed, errors)
    try:
        async with visit.act.attempt():
            await usecases.save_vehicle(visit.act, vehicle)
    except FleetChanged as changed:
        return await _form_page(visit, typed, errors, changed)
    return visit.redirect(PAGE)


async def _form_page(
    visit: StaffVisit,
    typed: TypedPlace | TypedVehicle,
    errors: FormErrors,
    changed: FleetChanged | None = None,
) -> Response:
    """The form; if somebody else was faster it shows theirs, and keeps what was typed."""
    _fleet, names = await load_names(visit)
    current = changed.current if changed else None
    again = typed.model_copy(update={"version": current.version}) if current else typed
    return visit.render(
        typed.template,
        status=409 if changed else 422 if errors else 200,
        typed=again,
        current=current,
        errors=errors,
        **names,
    )


def _line(typed: str) -> str:
    line = legible_line(typed)
    if len(line) > LONGEST_LINE:
        raise ValueError(typed)
    return line


def _lines(typed: str) -> tuple[str, ...]:
    found = tuple(_line(each) for each in typed.splitlines() if each.strip())
    if len(found) > 20:
        raise ValueError(typed)
    return found


def _degrees(typed: str, most: int) -> float:
    degrees = float(typed.strip().replace(",", "."))
    if not -most <= degrees <= most:
        raise ValueError(typed)
    return degrees
