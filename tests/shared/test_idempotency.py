"""Idempotency keys: how long, and for which use case, a request counts as sent before."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from sqlalchemy import text

from shared.act import acting
from shared.clock import Clock
from shared.due import Claim
from shared.housekeeping import KIND, Housekeeping
from shared.idempotency import claim_key, digest
from shared.retention import IDEMPOTENCY_KEYS
from shared.runtime import Role
from shared.tools import Tools
from tests.shared.kit import Bench


async def test_keys_are_kept_for_their_time_however_clocks_are_moved(bench: Bench, tmp_path: Path) -> None:
    async with bench.running({Role.HTTP}) as runtime:
        Clock.move(tmp_path / "clock", IDEMPOTENCY_KEYS + timedelta(days=1))
        runtime.tools.clock = Clock(tmp_path / "clock")
        async with acting(runtime.tools) as act:
            for key in ("old-enough", "just-made"):
                assert await claim_key(act.conn, "test", key, "", key) is None
            aged = "update idempotency_keys set created_at = now() - cast(:age as interval) where key = 'old-enough'"
            await act.conn.execute(text(aged), {"age": IDEMPOTENCY_KEYS * 1.01})
            await Housekeeping()(act, Claim(KIND, "", 1, uuid4()))
            assert await claim_key(act.conn, "test", "just-made", "", "again") == "just-made"
            assert await claim_key(act.conn, "test", "old-enough", "", "again") is None


async def test_a_key_belongs_to_one_use_case(bench: Bench) -> None:
    tools = Tools(bench.settings)
    async with tools.db.transaction() as conn:
        for scope in ("book", "wait"):
            assert await claim_key(conn, scope, "the-same-key", digest(scope), f"first {scope}") is None
        for scope in ("book", "wait"):
            assert await claim_key(conn, scope, "the-same-key", digest(scope), "second") == f"first {scope}"
    await tools.db.close()
