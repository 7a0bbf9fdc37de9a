"""Names of headers that are not UTF-8.

Kafka takes any bytes as the name of a header. aiokafka 0.14 demands UTF-8 and otherwise reads nothing of the whole
batch, so one record of a foreign publisher would stop a partition for ever. Batches it cannot read are read here.
"""

from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy


def take_any_header_name() -> None:
    """Let every consumer of this process read names with `\\x..` for each byte that is not UTF-8."""
    fetcher.MemoryRecords = _Batches


class _Batches(_MemoryRecordsPy):  # type: ignore[misc]  # aiokafka has no types
    """The batches of one fetch."""

    def next_batch(self) -> Any:
        content = self._next_slice
        batch = super().next_batch()
        return batch and _Batch(batch, content)


class _Batch:
    """A batch as aiokafka reads it, or, if that fails for a name, as Python does, more slowly."""

    def __init__(self, batch: Any, content: memoryview) -> None:
        self._batch = batch
        self._content = content

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._batch))
        except UnicodeDecodeError:
            return iter(_BatchWithAnyNames(self._content))


class _BatchWithAnyNames(_DefaultRecordBatchPy):  # type: ignore[misc]
    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer: bytearray = _Bytes(self._buffer)


class _Bytes(bytearray):
    """Bytes of which every part can be decoded; only names are decoded."""

    def __getitem__(self, part: Any) -> Any:
        found = super().__getitem__(part)
        return _Bytes(found) if isinstance(part, slice) else found

    def decode(self, *_: Any) -> str:
        return super().decode("utf-8", "backslashreplace")
