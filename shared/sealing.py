"""Sealed values: what another service must read travels so that only it can read it (libsodium sealed boxes)."""

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from typing import TypeVar
from uuid import UUID

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox
from pydantic import BaseModel, SecretStr

from shared.events.base import Sealed

M = TypeVar("M", bound=BaseModel)


class NotReadable(ValueError):
    """The box is not for this service, was changed, or belongs to another matter."""


def new_key_pair() -> tuple[str, str]:
    """A new (private, public) key pair, base64."""
    private = PrivateKey.generate()
    return b64encode(bytes(private)).decode(), b64encode(bytes(private.public_key)).decode()


def public_key_of(private_key: SecretStr) -> str:
    """The "key id:base64" entry others need to seal to the owner of a private key."""
    name, _, value = private_key.get_secret_value().partition(":")
    return f"{name}:{b64encode(bytes(PrivateKey(b64decode(value)).public_key)).decode()}"


class Sealer:
    """Seals values to other services and opens those sealed to this one.

    Args:
        private_keys: this service's private keys as "key id:base64"; the older ones still open older boxes.
        public_keys: per service the public key to seal to, as "key id:base64".
    """

    def __init__(self, private_keys: Sequence[SecretStr], public_keys: Mapping[str, str]) -> None:
        self._own: dict[str, SealedBox[PrivateKey]] = {}
        for secret in private_keys:
            name, _, value = secret.get_secret_value().partition(":")
            self._own[name] = SealedBox(PrivateKey(b64decode(value)))
        self._readers: dict[str, tuple[str, SealedBox[PublicKey]]] = {}
        for service, entry in public_keys.items():
            name, _, value = entry.partition(":")
            self._readers[service] = (name, SealedBox(PublicKey(b64decode(value))))

    def seal(self, reader: str, matter: UUID, value: BaseModel) -> Sealed:
        """Seal a value to a service. The matter's id goes inside, so that a box cannot be moved to another matter."""
        name, box = self._readers[reader]
        return Sealed(
            key=name,
            box=b64encode(box.encrypt(matter.bytes + value.model_dump_json().encode())).decode(),
        )

    def open(self, sealed: Sealed, matter: UUID, model: type[M]) -> M:
        """Open a box sealed to this service.

        Raises:
            NotReadable: an unknown key, a changed box, or the box of another matter.
        """
        try:
            content = self._own[sealed.key].decrypt(b64decode(sealed.box))
        except (KeyError, CryptoError, ValueError) as error:
            raise NotReadable("This box cannot be opened here.") from error
        if content[:16] != matter.bytes:
            raise NotReadable("This box belongs to another matter.")
        return model.model_validate_json(content[16:])
