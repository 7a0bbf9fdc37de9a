"""The pages of this service for staff, and what its audit log calls their deeds."""

from services.appointments.queue.desk import ACTIONS as QUEUE_ACTIONS
from shared.web.staff.visit import N_, Entry, StaffArea

STAFF_AREA = StaffArea(
    entries=(
        Entry(
            "/appointments/staff/counter",
            N_("Schalter"),
            N_("Nummern aufrufen und sehen, wer wartet."),
            "appointments:staff",
        ),
        Entry(
            "/appointments/staff/figures",
            N_("Wartezeiten"),
            N_("Wie lange Menschen an Ihren Stationen warten."),
            "appointments:staff",
        ),
        Entry(
            "/appointments/staff/closures",
            N_("Schließungen"),
            N_("Stationen und Schalter schließen, und was dann aus den Terminen wird."),
            "appointments:lead",
        ),
        Entry(
            "/appointments/staff/audit",
            N_("Protokoll"),
            N_("Wer an Ihren Stationen was getan hat."),
            "appointments:lead",
        ),
    ),
    actions={
        **QUEUE_ACTIONS,
        "closed": N_("Schließung festgelegt"),
        "closure-lifted": N_("Schließung aufgehoben"),
    },
)
