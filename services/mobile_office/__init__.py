"""The Bürgermobil, which tours the districts every week.

Owns vehicles, the places where they stand, the weekly plan, and the stops of each week.

Staff plan a week and publish it as a whole; what happens on the way (a delay, a breakdown) they announce at once. Facts
of appointments tell them how many people a change concerns.

Its floors, each knowing only those below: `fleet` (vehicles, places, where a vehicle can be when), `weekly` (what comes
back every week), `tours` (the stops of a week, how they are announced and changed), `planning` (which weeks are fair).
Below them stand the vocabulary of the APIs (`bodies.py`), of pages (`pages.py`) and of staff (`staff.py`); above them
what the staff area shows (`area.py`) and what facts of others set off (`consumers.py`).
"""

from shared.manifest import Area, Manifest, Member, Task

MANIFEST = Manifest(
    "mobile_office",
    __doc__,
    Area(
        "mobile_office",
        {"de": "Bürgermobil", "en": "Bürgermobil"},
        {
            "de": "Wochen planen und veröffentlichen, Verspätungen, Pannen.",
            "en": "Plan and publish weeks, delays, breakdowns.",
        },
    ),
    roles={
        "staff": "today's tour: delays, cancellations, breakdowns",
        "lead": "plan and publish weeks, weekly plan, places, vehicles, audit log; beside `mobile_office:staff`",
    },
    tasks=(
        Task(
            "mobil",
            "/mobile_office/",
            {"de": "Bürgermobil finden", "en": "Find the Bürgermobil"},
            {
                "de": "Unser Bus mit Schalter kommt in Ihren Stadtteil.",
                "en": "Our bus with a service counter comes to your neighbourhood.",
            },
            "search",
        ),
    ),
    city="fleet.usecases",
    trial_staff={
        "mobil": Member(
            "Derya Kaplan", "Bürgermobil, unterwegs", ("appointments:staff", "mobile_office:staff"), ("buergermobil",)
        ),
    },
)
