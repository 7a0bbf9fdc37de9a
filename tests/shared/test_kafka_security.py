"""A Kafka that wants a password and speaks TLS only: relay and consumer get through, strangers do not."""

import asyncio
import subprocess
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiokafka.errors import KafkaError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from deploy.local import kafka as local_kafka
from deploy.local.java import find_java, kafka_jars
from deploy.local.kafka import Kafka
from deploy.local.processes import free_port
from shared.events.notifications import NotificationDelivered
from shared.kafka import create_topics, security_of
from shared.runtime import Role
from shared.settings import Platform
from tests.shared.consuming import Effects
from tests.shared.kit import Bench, PlainSettings, new_plain_database, notice
from tests.support.stack import Backend

USER, PASSWORD = "nahbar", "a-long-password"


def certificate() -> tuple[bytes, bytes]:
    """A certificate for 127.0.0.1 that signs itself, and its key, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kafka")]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM), private


@pytest.fixture
def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Kafka, Path]:
    """A broker whose clients need TLS and a password, and the file with its certificate."""
    public, private = certificate()
    pem, authority, internal = tmp_path / "kafka.pem", tmp_path / "authority.pem", free_port()
    pem.write_bytes(private + public)
    authority.write_bytes(public)
    properties = (
        local_kafka.PROPERTIES.replace("PLAINTEXT://127.0.0.1:{port}", "SASL_SSL://127.0.0.1:{port}")
        .replace(",CONTROLLER://", f",INTERNAL://127.0.0.1:{internal},CONTROLLER://", 1)
        .replace("map=PLAINTEXT:PLAINTEXT", "map=SASL_SSL:SASL_SSL,INTERNAL:PLAINTEXT")
        .replace(
            "advertised.listeners=SASL_SSL://127.0.0.1:{port}",
            f"advertised.listeners=SASL_SSL://127.0.0.1:{{port}},INTERNAL://127.0.0.1:{internal}",
        )
    )
    properties += (
        f"inter.broker.listener.name=INTERNAL\nsasl.enabled.mechanisms=SCRAM-SHA-512\n"
        f"ssl.keystore.type=PEM\nssl.keystore.location={pem}\n"
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config="
        "org.apache.kafka.common.security.scram.ScramLoginModule required;\n"
    )
    monkeypatch.setattr(local_kafka, "PROPERTIES", properties)
    kafka = Kafka(tmp_path / "kafka")
    kafka.start()
    command = [*find_java(), "-cp", f"{kafka_jars(print)}/*", "kafka.admin.ConfigCommand"]
    options = ["--bootstrap-server", f"127.0.0.1:{internal}", "--alter", "--entity-type", "users"]
    credential = ["--entity-name", USER, "--add-config", f"SCRAM-SHA-512=[password={PASSWORD}]"]
    subprocess.run([*command, *options, *credential], check=True, capture_output=True, timeout=60)
    return kafka, authority


async def test_services_reach_a_guarded_kafka_and_strangers_do_not(
    stack: Backend, guarded: tuple[Kafka, Path], topic_prefix: str
) -> None:
    kafka, authority = guarded
    try:
        platform = Platform(
            kafka=kafka.bootstrap,
            kafka_tls=True,
            kafka_ca=authority,
            kafka_user=USER,
            kafka_password=SecretStr(PASSWORD),
            topic_prefix=topic_prefix,
        )
        bench = Bench(kafka.bootstrap, stack.url, topic_prefix, await new_plain_database(stack.url))
        bench.settings = PlainSettings(platform=platform, database=bench.settings.database)
        topics = [bench.topic, bench.dead_letter_topic]
        assert await create_topics(kafka.bootstrap, topics, 2, security=security_of(platform)) == topics
        effects = Effects()
        async with bench.running({Role.RELAY, Role.CONSUME}, reactions={NotificationDelivered: effects}):
            await bench.record(notice(purpose="guarded"))
            await bench.until_applied("guarded")
        wrong: list[dict[str, object]] = [
            {"kafka_password": SecretStr("wrong")},
            {"kafka_tls": False},
            {"kafka_user": ""},
            {"kafka_ca": None},
        ]
        for changes in wrong:
            stranger = security_of(platform.model_copy(update=changes))
            with pytest.raises((KafkaError, TimeoutError)):
                async with asyncio.timeout(10):
                    await create_topics(kafka.bootstrap, ["theirs"], 2, security=stranger)
    finally:
        kafka.kill()
