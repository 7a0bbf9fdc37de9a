"""The baseline of booking: a bare FastAPI handler that runs the service's statements over asyncpg.

It reads and answers with the service's models and writes rows like the service's, and does nothing else: no rule is
checked, nothing sealed or encrypted, no metrics, no trace, and nobody publishes its outbox.

    python -m tests.benchmarks.bare_booking PORT DATABASE
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
from fastapi import FastAPI, Response

from deploy.serve import run
from services.appointments.booking import usecases
from services.appointments.booking.bodies import AppointmentOut, BookingIn
from services.appointments.booking.wishes import Seating
from services.appointments.offer.domain import Kind
from services.appointments.offer.queries import _OFFER, load_offer_on
from services.appointments.persons.domain import Details
from services.appointments.seats.usecases import _TAKE
from services.appointments.settings import Settings
from shared.act import Act
from shared.origins import Origin, Origins
from shared.takings import values_of
from shared.tools import Tools
from tests.benchmarks.statement import row
from tests.support.days import now


async def sample_values(settings: Settings) -> tuple[dict[str, object], dict[str, list[str]]]:
    """The values of the row of a booking, as the service writes them, and the counters of each station."""
    tools = Tools(settings)
    body = {"name": "Anna Muster", "mail": "anna@example.org", "channels": ["mail"]}
    details: Details = BookingIn.model_validate({"person": body}).person.details()
    async with tools.db.transaction() as conn:
        offer = await load_offer_on(conn, now().date(), "mitte", ["meldebescheinigung"])
        everywhere = await load_offer_on(conn, now().date())
    await tools.db.close()
    seating = Seating(offer, "mitte-1", now(), now())
    nothing: Any = None
    _, values = usecases._booked(Act(nothing, tools, now()), uuid4(), "0000-0000", seating, details)
    origins = Origins(settings.people_secret, settings.unlimited_networks, settings.address_limit)
    limits = values_of(Origin(origins.pseudonym("127.0.0.1"), settings.address_limit), now())
    return values | limits, {each.key: list(each.counters) for each in everywhere.stations}


def bare_app(settings: Settings) -> FastAPI:
    """The handler, on a pool as large as the service's."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.sample, app.state.counters = await sample_values(settings)
        app.state.pool = await asyncpg.create_pool(
            settings.database, min_size=2, max_size=settings.pool_size, server_settings={"jit": "off"}
        )
        yield
        await app.state.pool.close()

    app = FastAPI(lifespan=lifespan)

    @app.get("/ready")
    async def ready() -> str:
        return "ready"

    @app.post("/appointments", status_code=201)
    async def book(booking: BookingIn, response: Response) -> AppointmentOut:
        time, person = booking.time, booking.person
        assert time is not None
        id, moment = uuid4(), now()
        async with app.state.pool.acquire() as conn, conn.transaction():
            await row(
                conn,
                _OFFER,
                {"today": moment.date(), "station": time.station, "services": time.services},
            )
            wanted = {
                "appointment": id,
                "counters": app.state.counters[time.station],
                "ranks": [0] * len(app.state.counters[time.station]),
                "starts": [time.starts_at],
                "until": None,
                "now": moment,
                "person_key": person.mail,
            }
            taken = await row(conn, _TAKE, wanted)
            number, ends_at = str(taken["counted"]), time.starts_at + timedelta(minutes=10)
            await row(
                conn,
                usecases._BOOK,
                {
                    **app.state.sample,
                    "origin": id.bytes,
                    "person_key": person.mail,
                    "id": id,
                    "matter": id,
                    "aggregate": id,
                    "number": number,
                    "station": time.station,
                    "counter": taken["counter"],
                    "starts_at": time.starts_at,
                    "ends_at": ends_at,
                },
            )
        response.headers["Location"] = f"/appointments/{id}"
        return AppointmentOut(
            token=str(id),
            number=number,
            status="confirmed",
            kind=Kind.COUNTER,
            station=time.station,
            services=time.services,
            starts_at=time.starts_at,
            ends_at=ends_at,
            language=person.language,
            interpreter=person.interpreter,
            page_language=None,
            manage_url=f"http://127.0.0.1/appointments/m/{id}",
        )

    return app


if __name__ == "__main__":
    run(bare_app(Settings(database=sys.argv[2])), "127.0.0.1", int(sys.argv[1]), "error")
