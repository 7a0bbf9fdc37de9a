"""A service made of nothing but the kernel, and ways to look at what it did."""

import json
import time
from typing import Any

import jwt
import pytest

from shared.auth import TokenCheck
from tests.shared.kit import Bench, make_bench
from tests.shared.tokens import AUDIENCE, ISSUER, PRIVATE


@pytest.fixture
async def bench(stack: Any, topic_prefix: str) -> Bench:
    """A bench on the run's shared stack."""
    return await make_bench(stack.bootstrap, stack.url, topic_prefix)


@pytest.fixture(scope="module")
def check() -> TokenCheck:
    made = TokenCheck(ISSUER, AUDIENCE)
    public = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(PRIVATE.public_key()))
    made.issuer._keys = {"one": jwt.PyJWK.from_dict({**public, "kid": "one", "alg": "EdDSA"})}
    made.issuer._metadata, made.issuer._fetched_at = {"issuer": ISSUER}, time.monotonic()
    return made
