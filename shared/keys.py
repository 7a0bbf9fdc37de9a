"""Settings that are keys or addresses of servers, checked when they are read: a wrong one is named at the start."""

from base64 import b64decode
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

_LENGTH = 32


def _is_key(value: str) -> bool:
    try:
        return len(b64decode(value.strip(), validate=True)) == _LENGTH
    except ValueError:
        return False


def _check_key(secret: SecretStr) -> SecretStr:
    if secret.get_secret_value() and not _is_key(secret.get_secret_value()):
        raise ValueError("it must be 32 bytes in base64; `nahbar keys` or `openssl rand -base64 32` print such")
    return secret


def _check_entry(entry: str) -> str:
    name, _, value = entry.partition(":")
    if not name or not _is_key(value):
        raise ValueError('it must be "key id:key", with 32 bytes in base64 as the key; `nahbar keys` prints such')
    return entry


def _check_pair(entry: SecretStr) -> SecretStr:
    _check_entry(entry.get_secret_value())
    return entry


def _check_servers(servers: str) -> str:
    for each in servers.split(","):
        host, _, port = each.strip().rpartition(":")
        if not host or not _is_port(port):
            raise ValueError('it must be "host:port", or several, with commas between them')
    return servers


def _check_database(url: str) -> str:
    parts = urlsplit(url)
    hosts = parts.netloc.rpartition("@")[2].split(",")
    ports = [port for _, colon, port in (host.rpartition("]")[2].rpartition(":") for host in hosts) if colon]
    if parts.scheme not in ("postgresql", "postgres") or not all(hosts) or not all(map(_is_port, ports)):
        raise ValueError('it must be like "postgresql://user:password@host:5432"')
    return url


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < int(text) < 2**16


Key = Annotated[SecretStr, AfterValidator(_check_key)]
"""32 bytes in base64; empty where it is not given."""
KeyPair = Annotated[SecretStr, AfterValidator(_check_pair)]
"""A private key as "key id:base64"."""
PublicKey = Annotated[str, AfterValidator(_check_entry)]
"""A public key as "key id:base64"."""
Servers = Annotated[str, AfterValidator(_check_servers)]
"""Addresses of servers, as "host:port,host:port"."""
DatabaseUrl = Annotated[str, AfterValidator(_check_database)]
"""The URL of a database, or without one, on one server or several."""
OwnDatabaseUrl = Annotated[str, AfterValidator(lambda url: url and _check_database(url))]
"""The same; empty where it is not given."""
