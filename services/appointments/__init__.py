"""Appointments at the counters of the Bürger-Service-Stationen.

Owns stations with their counters, services (Leistungen), opening hours, closures, seats, appointments, the waiting
list, and the tickets of the walk-in queue. A stop of the Bürgermobil is a station for a day.

Staff work at the desk: lists of a day, bookings and changes for others, whom to call.

The floors, from the top; each knows those below it only:

- `app`, `consumers`: the wiring, and what follows from facts of other services.
- `opening`, `stops`, `links`, `video`: opening hours; stops of the Bürgermobil; links somebody asks for; video rooms.
- `area`, `desk`: what staff see and do for others.
- `pages`: the page of an appointment, which shows something of all below.
- `displaced`: another time or a place in line for those whose stop is gone.
- `waiting`: joining the waiting list, taking and declining what is offered.
- `closing`: closures, and what becomes of the appointments they concern.
- `queue`: numbers, the hall, the counters that call.
- `booking`: holds and appointments, from the choice to the end.
- `line`: the line of those who wait, and what is offered to whom as seats become free.
- `seats`: who has which seat.
- `persons`: who a matter is for, as typed and as checked.
- `offer`: stations, services, opening hours and what is free.
- `tables`, `queue_tables`, `locks`, `staff`, `settings`: what all of them share.
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
