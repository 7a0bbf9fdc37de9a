"""A service made of nothing but the kernel, and ways to look at what it did."""

from typing import Any

import pytest

from tests.shared.kit import Bench, make_bench


@pytest.fixture
async def bench(stack: Any, topic_prefix: str) -> Bench:
    """A bench on the run's shared stack."""
    return await make_bench(stack.bootstrap, stack.url, topic_prefix)
