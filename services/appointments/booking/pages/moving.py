"""Moving an appointment on pages, by its holder or by staff: the times it can move to, and the one question before."""

from datetime import datetime
from typing import Any

from services.appointments.booking.changes import is_at
from services.appointments.booking.domain import Status
from services.appointments.booking.facts import binding_before
from services.appointments.booking.pages.times import PressedTime, ShownTimes, shown_times, stations_at
from services.appointments.booking.queries import Appointment
from services.appointments.booking.refusals import NotOffered, TimeTaken
from services.appointments.offer.domain import able, choose, like
from services.appointments.offer.pages import ANYWHERE
from services.appointments.offer.queries import Leaving, load_offer
from shared.days import of_our_time
from shared.problems import InvalidInput
from shared.web.visit import Visit


class AskedTime(PressedTime, ShownTimes):
    """The time that was pressed, and the times that were shown then."""

    def chosen(self) -> tuple[str, datetime]:
        """Station and start, of our time: it is written on the page."""
        station, starts_at = super().chosen()
        try:
            return station, of_our_time(starts_at)
        except ValueError as error:
            raise InvalidInput from error


async def times_to_move_to(
    visit: Visit, found: Appointment, show: ShownTimes, refusal: TimeTaken | NotOffered | None = None
) -> dict[str, Any]:
    """What the page of times shows to move an appointment: where it is now, unless a place is asked for.

    Args:
        refusal: why the time pressed before could not be had.
    """
    offer = await load_offer(visit.act.conn, visit.act.today)
    services = choose(offer.services, found.services)
    of_its_kind = like(found.kind, offer.stations)
    stations = able(of_its_kind, services)
    place = next((each for each in (show.place, found.station) if stations_at(stations, each)), ANYWHERE)
    leaving = Leaving(found.id, None if found.status is Status.OFFERED else (found.station, found.starts_at))
    show = show.model_copy(update={"place": place})
    shown = await shown_times(visit, of_its_kind, show, services, refusal, leaving)
    return {"place": place, "anywhere": ANYWHERE, "stations": stations, **shown}


async def question_before_moving(visit: Visit, found: Appointment, asked: AskedTime) -> dict[str, Any] | None:
    """What the page shows that asks before an appointment moves; None where there is nothing to ask.

    That is at a place there is not, and where the appointment is already. Whether the time is still free turns out when
    the question is answered.
    """
    key, starts_at = asked.chosen()
    stations = (await load_offer(visit.act.conn, visit.act.today, key, ())).stations
    if not stations or is_at(found, key, starts_at):
        return None
    assert found.state is not None, "only what is binding moves"
    return {
        "time": asked.time,
        "before": binding_before(found.state),
        "starts_at": starts_at,
        "station": stations[0],
        "shown": asked.model_dump(exclude={"time"}, exclude_none=True, mode="json"),
    }
