"""A primary server with a standby, both of these tests alone, and a service on top of them."""

from collections.abc import Iterator

import pytest
import pytest_asyncio

from deploy.local.postgres import Postgres
from tests.shared.database.kit import Pair
from tests.shared.kit import Bench, make_bench
from tests.support.stack import Backend
from tests.support.standby import Standby


@pytest.fixture(scope="package")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two servers for these tests, each of which leaves them as they were."""
    folder = tmp_path_factory.mktemp("servers")
    primary = Postgres(folder / "primary", durable=False)
    standby = Standby(folder / "standby", primary)
    try:
        primary.start()
        standby.start()
        yield Pair(primary, standby)
    finally:
        for server in (standby, primary):
            server.kill()
            server.remove()


@pytest_asyncio.fixture
async def bench(stack: Backend, pair: Pair, topic_prefix: str) -> Bench:
    """A bench whose database is on the primary."""
    return await make_bench(stack.bootstrap, pair.primary.url, topic_prefix)
