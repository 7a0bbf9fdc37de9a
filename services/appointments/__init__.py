"""Appointments at the counters of the Bürger-Service-Stationen.

Owns stations with their counters, services (Leistungen), opening hours, closures, seats, appointments, the waiting
list, and the tickets of the walk-in queue. A stop of the Bürgermobil is a station for a day.

Staff work at the desk: lists of a day, bookings and changes for others, whom to call.
"""

from shared.manifest import Area, Manifest, Member, Task

MANIFEST = Manifest(
    "appointments",
    __doc__,
    Area(
        "appointments",
        {"de": "Termine und Schalter", "en": "Appointments and counters"},
        {"de": "Tagesliste, Aufruf, Schließungen.", "en": "List of the day, calling numbers, closures."},
    ),
    roles={"staff": "counter and phone", "lead": "closures, opening hours, audit log"},
    tasks=(
        Task(
            "termin",
            "/appointments/",
            {"de": "Termin buchen", "en": "Book an appointment"},
            {
                "de": "Für Ausweis, Pass oder Ummeldung: Wählen Sie Ort und Zeit. Sie brauchen kein Konto.",
                "en": "For an identity card, a passport or a change of address: choose a place and a time. "
                "You do not need an account.",
            },
            "calendar-today",
        ),
    ),
    city="offer.usecases",
    trial_staff={
        "schalter": Member("Meike Sommer", "Schalter, alle Stationen", ("appointments:staff",), ("*",)),
        "schalter-mitte": Member("Tarık Yıldız", "Schalter, Station Mitte", ("appointments:staff",), ("mitte",)),
    },
)
