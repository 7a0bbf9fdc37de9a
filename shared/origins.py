"""Origins: where requests of the public come from, and the limits that hold for each."""

import hmac
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network

from fastapi import Request
from pydantic import IPvAnyNetwork, SecretStr


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request of the public comes from, and the limits that hold for it.

    Args:
        pseudonym: the keyed hash of the network; None where the address limit does not hold.
        address_limit: how much a network address may take within an hour.
        person_limit: how many open matters a person may have; None where the service counts none.
    """

    pseudonym: bytes | None
    address_limit: int
    person_limit: int | None = None


@dataclass(frozen=True)
class Origins:
    """The origins of requests; network addresses become pseudonyms under a key of the service.

    Args:
        secret: base64, 32 bytes.
        unlimited: networks the address limit does not hold for.
        address_limit: see `Origin`.
        person_limit: see `Origin`.
    """

    secret: SecretStr
    unlimited: Sequence[IPvAnyNetwork]
    address_limit: int
    person_limit: int | None = None

    @cached_property
    def _key(self) -> bytes:
        return b64decode(self.secret.get_secret_value())

    def of(self, request: Request) -> Origin:
        """The origin of a request: behind a trusted proxy (`NAHBAR_TRUSTED_PROXIES`), of the address it names."""
        address = request.client.host if request.client else ""
        return Origin(self.pseudonym(address), self.address_limit, self.person_limit)

    def pseudonym(self, address: str) -> bytes | None:
        """The keyed hash of an address's network; None where no limit holds.

        IPv6 counts by /64, which is what one connection gets.
        """
        try:
            found = ip_address(address)
        except ValueError:
            network = address
        else:
            if isinstance(found, IPv6Address) and found.ipv4_mapped:
                found = found.ipv4_mapped
            if any(found in each for each in self.unlimited):
                return None
            network = str(ip_network(f"{found}/64", strict=False) if found.version == 6 else found)
        return hmac.new(self._key, f"network address {network}".encode(), sha256).digest()[:16]
