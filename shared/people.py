"""The people table: what a service's own staff must read or dial, encrypted with the service's own key."""

import hmac
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from nacl.secret import SecretBox
from pydantic import BaseModel, ConfigDict, SecretStr
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.addresses import normal_address
from shared.statements import Query, Statement

_SAVE = Statement("""
    insert into people (matter, person_key, box) values (:matter, :person_key, :box)
    on conflict (matter) do update set person_key = excluded.person_key, box = excluded.box, delete_after = null
""")
_LOAD = Query(bytes, "select box from people where matter = :matter")
_KEEP_UNTIL = Statement("update people set delete_after = :moment where matter = :matter")


class Person(BaseModel):
    """A person as staff may need to address them; `phone` in E.164, `remarks` are what else they want staff to know."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    name: str
    mail: str | None = None
    phone: str | None = None
    remarks: str | None = None


class People:
    """Keeps people, and names them by a key that says nothing.

    Args:
        people_secret: this service's key (base64, 32 bytes).
        person_secret: the city-wide key of person keys (base64, 32 bytes).
    """

    def __init__(self, people_secret: SecretStr, person_secret: SecretStr) -> None:
        self._box = SecretBox(b64decode(people_secret.get_secret_value()))
        self._person_secret = b64decode(person_secret.get_secret_value())

    def person_key(self, person: Person) -> str:
        """The pseudonym of a person: HMAC-SHA256 of the mail address, else the phone number, else the name.

        Addresses count in the form in which they are compared (`addresses.normal_address`).
        """
        address = normal_address(person.mail or person.phone or f"name {person.name}")
        return hmac.new(self._person_secret, address.encode(), sha256).hexdigest()

    def row(self, matter: UUID, person: Person) -> dict[str, object]:
        """The values of a person's row, for use cases that save it within a statement of their own."""
        box = bytes(self._box.encrypt(person.model_dump_json().encode()))
        return {"matter": matter, "person_key": self.person_key(person), "box": box}

    async def save(self, conn: AsyncConnection, matter: UUID, person: Person) -> None:
        """Keep the person of a matter, replacing what was kept for it."""
        await _SAVE.run(conn, self.row(matter, person))

    async def save_all(self, conn: AsyncConnection, people: Mapping[UUID, Person]) -> None:
        """Keep the people of several matters in one round trip."""
        await _SAVE.run_each(conn, [self.row(matter, person) for matter, person in people.items()])

    async def load(self, conn: AsyncConnection, matter: UUID) -> Person | None:
        """The person of a matter; None when it was forgotten or never known."""
        box = await _LOAD.first(conn, {"matter": matter})
        return None if box is None else self.open(box)

    def open(self, box: bytes) -> Person:
        """Decrypt a row's box."""
        return Person.model_validate_json(self._box.decrypt(box))

    async def forget_after(self, conn: AsyncConnection, matter: UUID, moment: datetime | None) -> None:
        """Let housekeeping delete the person of a matter after a moment; None keeps it for now."""
        await _KEEP_UNTIL.run(conn, {"matter": matter, "moment": moment})
