"""A real Apache Kafka broker (KRaft, one node) from its Maven jars."""

import base64
import subprocess
import uuid
from pathlib import Path

from deploy.local.java import find_java, kafka_jars
from deploy.local.processes import Child, Progress, StackError, free_port, listens, remembered_port, stays_taken

_MEMORY = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
# With the defaults a broker that was killed needs four times as long to come back.
broker.session.timeout.ms=1500
broker.heartbeat.interval.ms=300
"""
"""The broker's settings; `port`, `controller` (a port) and `data` (a folder) are filled in."""


class Kafka(Child):
    """One broker with its data in a folder.

    Args:
        folder: keeps data, port and log; made if absent.
        port: of the listener for clients; None keeps the port of the last start, or takes a free one.
        heap: of the Java process, in MiB; 256 are enough for hundreds of partitions, not for thousands.
    """

    def __init__(self, folder: Path, port: int | None = None, heap: int = 256) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__("kafka", folder)
        self._folder = folder
        self._heap = heap
        self._port = remembered_port(folder, "kafka", port)

    @property
    def bootstrap(self) -> str:
        """The bootstrap server."""
        return f"127.0.0.1:{self._port}"

    def start(self, progress: Progress = lambda _: None, timeout: float = 60) -> None:
        """Start the broker, or keep the one that still runs; format its data once.

        Raises:
            StackError: no Java, no jars, the port is taken, or it does not come up.
        """
        if self.running and listens(self._port):
            return
        self.kill()
        if stays_taken(self._port):
            raise StackError(f"Port {self._port}, which Kafka needs, is taken by another program.")
        java, jars = find_java(), kafka_jars(progress)
        progress("Starting Apache Kafka")
        properties = self._folder / "kafka.properties"
        data = self._folder / "kafka-data"
        properties.write_text(PROPERTIES.format(port=self._port, controller=free_port(), data=data))
        classpath = ["-cp", f"{jars}/*"]
        if not (data / "meta.properties").exists():
            cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            tool = [
                *java,
                *_MEMORY,
                *classpath,
                "kafka.tools.StorageTool",
                "format",
                f"--cluster-id={cluster}",  # may begin with a minus
                f"--config={properties}",
            ]
            done = subprocess.run(tool, capture_output=True, text=True, timeout=60, check=False)
            if done.returncode:
                raise StackError(f"Kafka could not prepare {data}: {done.stderr.strip().splitlines()[-1:]}")
        self.spawn([*java, f"-Xmx{self._heap}m", *_MEMORY, *classpath, "kafka.Kafka", str(properties)])
        self.wait_until(lambda: listens(self._port), timeout)
