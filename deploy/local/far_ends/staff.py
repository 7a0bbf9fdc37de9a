"""The staff of the demo, as the identity issuer knows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who works for the city: name, task, and what access tokens say of them (`shared.auth.Caller`)."""

    name: str
    task: str
    roles: tuple[str, ...]
    stations: tuple[str, ...]

    def claims(self) -> dict[str, Any]:
        """The claims of this platform in their tokens."""
        return {"name": self.name, "roles": list(self.roles), "stations": list(self.stations)}


STAFF: Mapping[str, Member] = MappingProxyType(
    {
        "schalter": Member("Meike Sommer", "Schalter, alle Stationen", ("appointments:staff",), ("*",)),
        "schalter-mitte": Member("Tarık Yıldız", "Schalter, Station Mitte", ("appointments:staff",), ("mitte",)),
        "leitung": Member(
            "Ruth Brinkmann",
            "Leitung, alle Stationen",
            (
                *("appointments:staff", "appointments:lead"),
                *("mobile_office:staff", "mobile_office:lead"),
                *("notifications:staff", "notifications:lead"),
            ),
            ("*",),
        ),
        "mobil": Member(
            "Derya Kaplan", "Bürgermobil, unterwegs", ("appointments:staff", "mobile_office:staff"), ("buergermobil",)
        ),
        "mitteilungen": Member("Jan Kowalski", "Mitteilungen", ("notifications:staff",), ()),
        "leitstelle": Member(
            "Leitstelle",
            "Technik",
            ("appointments:staff", "mobile_office:staff", "notifications:staff", "platform:operator"),
            ("*",),
        ),
    }
)
