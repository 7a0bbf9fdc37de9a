"""The pages of this service for staff, and what its audit log calls their deeds."""

from shared.web.staff.visit import N_, Entry, StaffArea

STAFF_AREA = StaffArea(
    entries=(
        Entry(
            "/appointments/staff/audit",
            N_("Protokoll"),
            N_("Wer an Ihren Stationen was getan hat."),
            "appointments:lead",
        ),
    ),
    actions={"closed": N_("Station geschlossen"), "lifted": N_("Schließung aufgehoben")},
)
