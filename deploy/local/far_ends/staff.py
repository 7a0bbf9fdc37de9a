"""The staff of the demo, as the identity issuer knows them: those of each service, and those of all."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from deploy.services import MANIFESTS
from shared.manifest import Manifest, Member


def staff_of(services: Sequence[Manifest]) -> dict[str, Member]:
    """The members of the staff of some services, by their account."""
    every = tuple(f"{each.name}:{role}" for each in services for role in each.roles)
    common = tuple(f"{each.name}:staff" for each in services if "staff" in each.roles)
    return {
        **{account: member for each in services for account, member in each.trial_staff.items()},
        "leitung": Member("Ruth Brinkmann", "Leitung, alle Stationen", every, ("*",)),
        "leitstelle": Member("Leitstelle", "Technik", (*common, "platform:operator"), ("*",)),
    }


def claims_of(member: Member) -> dict[str, Any]:
    """The claims of this platform in their tokens."""
    return {"name": member.name, "roles": list(member.roles), "stations": list(member.stations)}


STAFF: Mapping[str, Member] = MappingProxyType(staff_of(MANIFESTS))
