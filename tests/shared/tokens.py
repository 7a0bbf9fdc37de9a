"""Access tokens, good and bad."""

import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.auth import TokenCheck

ISSUER, AUDIENCE = "https://issuer.example", "nahbar"


PRIVATE = Ed25519PrivateKey.generate()


GOOD = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ruth", "exp": 4_000_000_000, "roles": ["appointments:staff"]}


@pytest.fixture(scope="module")
def check() -> TokenCheck:
    made = TokenCheck(ISSUER, AUDIENCE)
    public = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(PRIVATE.public_key()))
    made.issuer._keys = {"one": jwt.PyJWK.from_dict({**public, "kid": "one", "alg": "EdDSA"})}
    made.issuer._metadata, made.issuer._fetched_at = {"issuer": ISSUER}, time.monotonic()
    return made


def signed(claims: object, **header: Any) -> str:
    """A token with any content, signed by the issuer."""
    content = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return jwt.api_jws.encode(content, PRIVATE, "EdDSA", {"kid": "one", **header})
