"""Somebody of the staff at the pages, without a browser."""

from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

import httpx

from deploy.local.far_ends.staff import STAFF
from shared.tools import Tools
from shared.web.forms import one_time_key
from shared.web.staff.session import SESSION, Session
from tests.appointments.visitor import page

PAGES = "/appointments/staff"


@dataclass(frozen=True)
class Clerk:
    """A member of the demo's staff who is signed in."""

    client: httpx.AsyncClient
    tools: Tools
    session: Session

    @classmethod
    def sign_in(cls, client: httpx.AsyncClient, tools: Tools, member: str = "schalter-mitte") -> "Clerk":
        found = STAFF[member]
        session = Session(
            subject=member, name=found.name, roles=frozenset(found.roles), stations=frozenset(found.stations)
        )
        return cls(client, tools, session)

    @property
    def cookie(self) -> str:
        """The value of the session's cookie."""
        return self.tools.sessions.seal(SESSION, self.session)

    async def get(self, path: str) -> httpx.Response:
        """Ask for a page."""
        return await self.client.get(PAGES + path, headers={"Cookie": f"nahbar-staff-session={self.cookie}"})

    async def see(self, path: str, status: int = 200) -> Element:
        """Open a page: it is valid HTML and answered with this status."""
        return page(await self.get(path), status)

    async def press(self, path: str, key: str = "", **fields: Any) -> httpx.Response:
        """Send a form of the session."""
        form = {**fields, "einmal": key or one_time_key(), "sitzung": self.session.form_token}
        cookie = {"Cookie": f"nahbar-staff-session={self.cookie}"}
        return await self.client.post(PAGES + path, data=form, headers=cookie)
