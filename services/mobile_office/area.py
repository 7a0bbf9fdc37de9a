"""The pages of this service for staff, and what its audit log calls their deeds."""

from services.mobile_office.fleet.usecases import PLACE_CHANGED, VEHICLE_CHANGED
from services.mobile_office.pages import STAFF
from services.mobile_office.staff import CLERK, LEAD
from services.mobile_office.tours.breaking_down import BROKEN_DOWN
from services.mobile_office.tours.changes import CANCELLED, DELAYED
from services.mobile_office.tours.publishing import PUBLISHED
from services.mobile_office.tours.usecases import PLANNED, STOP_DROPPED, STOP_PLANNED
from services.mobile_office.weekly.usecases import REMOVED, SAVED
from shared.web.staff.visit import N_, Entry, StaffArea

STAFF_AREA = StaffArea(
    entries=(
        Entry(f"{STAFF}/today", N_("Tour heute"), N_("Verspätung, Absage und Panne melden."), CLERK),
        Entry(f"{STAFF}/planner", N_("Wochen"), N_("Eine Woche planen, ansehen und veröffentlichen."), LEAD),
        Entry(f"{STAFF}/weekly", N_("Wochenplan"), N_("Was jede Woche wiederkommt."), LEAD),
        Entry(
            f"{STAFF}/planning-help",
            N_("Planungshilfe"),
            N_("Wie oft das Bürgermobil wo war, und ein Vorschlag."),
            LEAD,
        ),
        Entry(f"{STAFF}/fleet", N_("Fahrzeuge und Plätze"), N_("Die Fahrzeuge, und wo sie stehen dürfen."), LEAD),
        Entry(f"{STAFF}/audit", N_("Protokoll"), N_("Was Beschäftigte getan haben."), LEAD),
    ),
    actions={
        PLANNED: N_("Woche geplant"),
        STOP_PLANNED: N_("Halt geplant"),
        STOP_DROPPED: N_("Halt gestrichen"),
        PUBLISHED: N_("Woche veröffentlicht"),
        DELAYED: N_("Verspätung gemeldet"),
        CANCELLED: N_("Halt abgesagt"),
        BROKEN_DOWN: N_("Panne gemeldet"),
        SAVED: N_("Wochenplan geändert"),
        REMOVED: N_("Halt aus dem Wochenplan genommen"),
        PLACE_CHANGED: N_("Platz geändert"),
        VEHICLE_CHANGED: N_("Fahrzeug geändert"),
    },
)
