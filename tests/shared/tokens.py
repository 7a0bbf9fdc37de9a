"""Access tokens, good and bad."""

import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ISSUER, AUDIENCE = "https://issuer.example", "nahbar"


PRIVATE = Ed25519PrivateKey.generate()


GOOD = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ruth", "exp": 4_000_000_000, "roles": ["appointments:staff"]}


def signed(claims: object, **header: Any) -> str:
    """A token with any content, signed by the issuer."""
    content = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return jwt.api_jws.encode(content, PRIVATE, "EdDSA", {"kid": "one", **header})
