"""The pages of this service for staff, and what its audit log calls their deeds."""

from services.appointments.desk.pages import appointment, booking, day, search, services, unreached
from services.appointments.desk.pages.visit import STAFF
from services.appointments.desk.search import SEARCHED
from services.appointments.queue.counter import ACTIONS as QUEUE_ACTIONS
from services.appointments.staff import CLERK, LEAD
from shared.web.staff.visit import N_, Entry, StaffArea

STAFF_PAGES = (day.router, search.router, booking.router, unreached.router, appointment.router, services.router)
STAFF_AREA = StaffArea(
    entries=(
        Entry(
            f"{STAFF}/day",
            N_("Tagesliste"),
            N_("Die Termine des Tages: erwartet, angekommen, nicht erschienen."),
            CLERK,
        ),
        Entry(f"{STAFF}/book", N_("Termin buchen"), N_("Für Menschen am Telefon oder am Schalter."), CLERK),
        Entry(
            f"{STAFF}/unreached",
            N_("Nicht erreicht"),
            N_("Menschen, die keine Nachricht erreicht hat, mit der Nummer zum Anrufen."),
            CLERK,
        ),
        Entry(f"{STAFF}/counter", N_("Schalter"), N_("Nummern aufrufen und sehen, wer wartet."), CLERK),
        Entry(f"{STAFF}/ticket", N_("Nummer ausgeben"), N_("Für Menschen ohne Termin, die vor Ihnen stehen."), CLERK),
        Entry(
            f"{STAFF}/services",
            N_("Anliegen"),
            N_("Nachschlagen: Dauer, Gebühr, Unterlagen, und wo es geht."),
            CLERK,
        ),
        Entry(f"{STAFF}/figures", N_("Wartezeiten"), N_("Wie lange Menschen an Ihren Stationen warten."), CLERK),
        Entry(
            f"{STAFF}/closures",
            N_("Schließungen"),
            N_("Stationen und Schalter schließen, und was dann aus den Terminen wird."),
            LEAD,
        ),
        Entry(
            f"{STAFF}/hours",
            N_("Öffnungszeiten"),
            N_("Wann Ihre Stationen öffnen, für welche Anliegen, und welche Schalter Beschäftigten bleiben."),
            LEAD,
        ),
        Entry(f"{STAFF}/audit", N_("Protokoll"), N_("Was Beschäftigte an Ihren Stationen getan haben."), LEAD),
    ),
    actions={
        "arrived": N_("als angekommen vermerkt"),
        "arrival-taken-back": N_("Ankunft zurückgenommen"),
        "missed": N_("als nicht erschienen vermerkt"),
        "booked": N_("Termin gebucht"),
        "moved": N_("Termin verlegt"),
        "cancelled": N_("Termin abgesagt"),
        SEARCHED: N_("Nach einer Person gesucht"),
        "called": N_("Person angerufen"),
        "alternative-taken": N_("Andere Zeit für die Person angenommen"),
        "offer-taken": N_("Freien Termin für die Person angenommen"),
        "offer-declined": N_("Freien Termin für die Person abgelehnt"),
        **QUEUE_ACTIONS,
        "closed": N_("Schließung festgelegt"),
        "closure-lifted": N_("Schließung aufgehoben"),
        "hours-changed": N_("Öffnungszeiten geändert"),
    },
)
