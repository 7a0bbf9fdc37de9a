"""The pages of this service for staff, and what its audit log calls their deeds."""

from shared.web.staff.visit import N_, Entry, StaffArea

STAFF_AREA = StaffArea(
    entries=(
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
    actions={"closed": N_("Schließung festgelegt"), "closure-lifted": N_("Schließung aufgehoben")},
)
