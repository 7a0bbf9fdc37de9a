"""Idempotency keys: a request sent twice has one effect and one answer (draft-ietf-httpapi-idempotency-key-header)."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

from fastapi import Header
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.problems import Problem
from shared.statements import Query, Statement

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="A random value of the client. Sent again, it gets the first answer again, for two days.",
    ),
]

_CLAIM = Statement("""
    insert into idempotency_keys (scope, key, digest, resource) values (:scope, :key, :digest, :resource)
    on conflict do nothing
""")


@dataclass(frozen=True, slots=True)
class _First:
    digest: str
    resource: str


_FIRST = Query(_First, "select digest, resource from idempotency_keys where scope = :scope and key = :key")


class KeyReused(Problem):
    status = 422
    slug = "idempotency-key-reused"
    title = "This Idempotency-Key was used for another request"


def digest(body: bytes | str) -> str:
    """The fingerprint of a request that its repeat must match."""
    return sha256(body.encode() if isinstance(body, str) else body).hexdigest()


async def claim_key(conn: AsyncConnection, scope: str, key: str, digest: str, resource: str) -> str | None:
    """Claim a key for a resource, in the transaction that makes the resource.

    A second request with the key waits until the first one's transaction has ended.

    Args:
        scope: the use case.
        key: the client's key.
        digest: fingerprint of the request.
        resource: what the request will make; its id is chosen before.

    Returns:
        None if the key was new, else the resource the first request made.

    Raises:
        KeyReused: the first request was another one.
    """
    values = {"scope": scope, "key": key, "digest": digest, "resource": resource}
    if await _CLAIM.run(conn, values):
        return None
    first = await _FIRST.one(conn, values)
    if first.digest != digest:
        raise KeyReused
    return first.resource
