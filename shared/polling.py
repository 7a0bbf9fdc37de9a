"""The Kafka client of a consumer: it shows that it polls, and says what it could not read."""

from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import ConsumerStoppedError, KafkaError

from shared.header_names import take_any_header_name
from shared.progress import Progress
from shared.telemetry import Heartbeat

log = structlog.get_logger()

take_any_header_name()


class PatientConsumer(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka has no types
    """Beats a heart at each poll, and polls patiently: data wakes it, so waiting longer costs no latency."""

    def __init__(self, *args: Any, heartbeat: Heartbeat, progress: Progress, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._heartbeat = heartbeat
        self._progress = progress

    async def getmany(
        self,
        *partitions: TopicPartition,
        timeout_ms: int = 0,
        max_records: int | None = None,
    ) -> Any:
        """Records to take; whatever keeps them from being read is a `KafkaError`: FastStream then polls again."""
        self._heartbeat.beat()
        try:
            return await super().getmany(*partitions, timeout_ms=500, max_records=max_records)
        except ConsumerStoppedError:
            raise
        except Exception as error:
            if self._progress.failed(error):
                log.error("records_not_read", error=type(error).__name__, exc_info=error)
            if isinstance(error, KafkaError):
                raise
            raise KafkaError from error
