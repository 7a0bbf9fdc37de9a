"""Facts of the Bürgermobil's stops as `mobile_office` publishes them, and of appointments there."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from shared.events.appointments import AppointmentBooked, Place
from shared.events.mobile_office import (
    MobilStopCancelled,
    MobilStopDelayed,
    MobilStopRescheduled,
    MobilStopScheduled,
    StopFact,
    StopPlace,
    StopReason,
    StopState,
    Vehicle,
)
from shared.events.personal import Contact
from tests.notifications.facts import THURSDAY, booked

ALTMARKT = StopPlace(
    key="hamborn-altmarkt",
    name="Altmarkt Hamborn",
    district=200,
    quarter=205,
    rhine_bank="right",
    landmark="vor dem Eingang zur Markthalle",
    step_free=True,
    latitude=51.4886,
    longitude=6.7652,
)
NAME = "Bürgermobil: Altmarkt Hamborn"


def stop_state(**changes: Any) -> StopState:
    """A stop from 9 to 12 o'clock, twenty minutes before the appointment of the other facts begins."""
    arrives_at = changes.get("arrives_at", THURSDAY - timedelta(minutes=20))
    values: dict[str, Any] = {
        "status": "scheduled",
        "place": ALTMARKT,
        "vehicle": Vehicle(key="mobil-1", name="Bürgermobil 1", counters=2),
        "arrives_at": arrives_at,
        "departs_at": arrives_at + timedelta(hours=3),
        "services": ["id"],
    }
    return StopState(**values | changes)


def scheduled(id: UUID | None = None, **changes: Any) -> MobilStopScheduled:
    """A stop is announced."""
    return MobilStopScheduled(id=id or uuid4(), version=1, stop=stop_state(**changes))


def stop_moved(before: StopFact, **changes: Any) -> MobilStopRescheduled:
    """The stop takes place at another time, an hour later unless `changes` say otherwise."""
    old = before.stop
    later = {"arrives_at": old.arrives_at + timedelta(hours=1), "departs_at": old.departs_at + timedelta(hours=1)}
    new = old.model_copy(update=changes or later)
    return MobilStopRescheduled(
        id=before.id,
        version=before.version + 1,
        stop=new,
        before=old,
        reason="Der Platz ist morgens belegt.",
        known_reason=StopReason.PLACE_TAKEN,
    )


def stop_delayed(before: StopFact, minutes: int = 20) -> MobilStopDelayed:
    """The vehicle comes later."""
    new = before.stop.model_copy(update={"delay_minutes": minutes})
    return MobilStopDelayed(id=before.id, version=before.version + 1, stop=new)


def stop_cancelled(before: StopFact) -> MobilStopCancelled:
    """The stop does not take place."""
    values = {"status": "cancelled", "reason": "Motorschaden", "known_reason": StopReason.BREAKDOWN}
    return MobilStopCancelled(id=before.id, version=before.version + 1, stop=before.stop.model_copy(update=values))


def booked_at(
    stop: StopFact, contact: Contact | None = None, starts_at: datetime = THURSDAY, **changes: Any
) -> AppointmentBooked:
    """A citizen has an appointment at a stop."""
    where = stop.stop.place
    place = Place(
        key=str(stop.id), name=where.name, district=where.district, address=where.landmark, quarter=where.quarter
    )
    values: dict[str, Any] = {"kind": "stop", "place": place, "counter": f"{stop.id}-1", "starts_at": starts_at}
    return booked(contact, **values | changes)
