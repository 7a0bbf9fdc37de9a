"""Every benchmark works; how fast things are is not judged here."""

from pathlib import Path

import psutil
import pytest

from tests.benchmarks.catalogue import BENCHMARKS
from tests.benchmarks.rows import markdown
from tests.benchmarks.site import TINY, Site
from tests.support import forked
from tests.support.stack import Backend


@pytest.mark.parametrize("name", BENCHMARKS)
async def test_a_benchmark_measures(name: str, stack: Backend, tmp_path: Path) -> None:
    forked.prepare()
    before = set(psutil.Process().children(recursive=True))
    rows = await BENCHMARKS[name](Site(stack, tmp_path, TINY))
    _, left = psutil.wait_procs(set(psutil.Process().children(recursive=True)) - before, timeout=5)
    assert left == [], "what it started has ended"
    assert len(markdown(rows).splitlines()) == len(rows) + 2 > 2
