"""The pages of this service for staff, and what its audit log calls their deeds."""

from services.notifications.delivery.api import SPARED_LIFTED
from services.notifications.desk.pages import AREA, CONTACT_SEEN
from services.notifications.staff import CLERK, LEAD
from shared.web.staff.visit import N_, Entry, StaffArea

STAFF_AREA = StaffArea(
    entries=(
        Entry(
            f"{AREA}/failed",
            N_("Nicht zugestellt"),
            N_("Menschen, die keine Nachricht erreicht hat, und der Grund."),
            CLERK,
        ),
        Entry(
            f"{AREA}/log",
            N_("Verlauf"),
            N_("Warum jemand eine Nachricht bekam oder nicht."),
            CLERK,
        ),
        Entry(
            f"{AREA}/templates",
            N_("Texte"),
            N_("Alle Nachrichten in allen Sprachen, mit Beispieldaten."),
            CLERK,
        ),
        Entry(f"{AREA}/audit", N_("Protokoll"), N_("Was Beschäftigte getan haben."), LEAD),
    ),
    actions={SPARED_LIFTED: N_("Adresse wieder freigegeben"), CONTACT_SEEN: N_("Kontakt angesehen")},
)
