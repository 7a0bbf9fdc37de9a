"""What pages for staff call vehicles, places, districts and quarters by."""

from collections.abc import Mapping
from typing import Any

from services.mobile_office.fleet.domain import Fleet
from services.mobile_office.fleet.queries import load_fleet
from services.mobile_office.pages import names_of
from shared.web.staff.visit import StaffVisit


async def load_names(visit: StaffVisit) -> tuple[Fleet, Mapping[str, Any]]:
    """The fleet, and what every page for staff needs to call its parts by their names."""
    city = visit.act.tools.city
    fleet = await load_fleet(visit.act.conn, city)
    return fleet, {"fleet": fleet, **names_of(city)}
