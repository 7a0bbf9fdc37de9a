"""`docs/operating.md` names every setting, metric and time to keep, as they are."""

import re
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr, TypeAdapter
from pydantic.fields import FieldInfo

from deploy.serve import app_of, settings_of
from services.appointments.settings import DEVELOPMENT_KEY as DEVELOPMENT_VIDEO_KEY
from services.notifications.settings import DEVELOPMENT_KEY
from shared import dead_letters, retention
from shared.settings import DEVELOPMENT_CLIENT_SECRET, SERVICES, Platform, ServiceSettings, development_secret
from tests.docs.kit import ROOT, production

PAGE = (ROOT / "docs/operating.md").read_text()
SETTINGS = {
    row[0]: row[1:]
    for row in re.findall(r"^\| `([A-Z<>_]+)` \| (.*?) \| .*? \| (kept|refused) \|$", PAGE, re.MULTILINE)
}
DERIVED = {"<SERVICE>_DATABASE", "NOTIFICATIONS_SMS_WEBHOOK_URL", "NOTIFICATIONS_SECOND_SMS_WEBHOOK_URL"}
DEVELOPMENT = (
    SecretStr(development_secret("person")),
    DEVELOPMENT_KEY,
    DEVELOPMENT_CLIENT_SECRET,
    DEVELOPMENT_VIDEO_KEY,
)


def fields() -> dict[str, FieldInfo]:
    """Every setting by its name in the documentation."""
    found = {f"NAHBAR_{name.upper()}": field for name, field in Platform.model_fields.items()}
    common = ServiceSettings.model_fields.keys() - {"platform"}
    for service in SERVICES:
        for name, field in type(settings_of(service)).model_fields.items():
            if name in common:
                found[f"<SERVICE>_{name.upper()}"] = field
            elif name != "platform":
                found[f"{service.upper()}_{name.upper()}"] = field
    return found


def shown(name: str, field: FieldInfo) -> str:
    """A default as the table shows it."""
    secret = name.endswith(("_PRIVATE_KEYS", "_PEOPLE_SECRET", "_LINK_SECRET", "_SESSION_SECRET"))
    if secret or field.default in DEVELOPMENT:
        return "development secret"
    if name in DERIVED:
        return "derived"
    if field.default in ("", None, {}, SecretStr("")):
        return "none"
    default: Any = field.default
    if isinstance(default, timedelta):
        default = TypeAdapter(timedelta).dump_python(default, mode="json")
    return f"`{f'{default:g}' if field.annotation is float else default}`"


def test_every_setting_stands_in_the_table_with_its_default() -> None:
    assert {name: row[0] for name, row in SETTINGS.items()} == {
        name: shown(name, each) for name, each in fields().items()
    }


@pytest.mark.parametrize("service", SERVICES)
def test_production_refuses_exactly_the_defaults_that_are_marked(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = production(service)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert settings_of(service).platform.environment == "production"
    for name, (_, kept) in SETTINGS.items():
        variable = name.replace("<SERVICE>", service.upper())
        if variable == "NAHBAR_ENVIRONMENT" or not variable.startswith(("NAHBAR_", f"{service.upper()}_")):
            continue
        with monkeypatch.context() as without:
            without.delenv(variable, raising=False)
            if kept == "kept":
                settings_of(service)
            else:
                with pytest.raises(ValueError, match=variable):
                    settings_of(service)


def test_every_metric_stands_in_the_table() -> None:
    found = set()
    for service in SERVICES:
        for metric in app_of(service).state.tools.metrics.registry.collect():
            suffix = "_total" if metric.type == "counter" else ""
            found.add(metric.name.removeprefix(f"nahbar_{service}_") + suffix)
    assert set(re.findall(r"^\| `([a-z_]+)` \|", section("Metrics and alarms"), re.MULTILINE)) == found


def test_the_times_to_keep_are_those_of_the_code() -> None:
    table = dict(re.findall(r"^\| ([a-z][^|]*?) \| (\d+) days", section("How long things are kept"), re.MULTILINE))
    assert {name: timedelta(days=int(days)) for name, days in table.items()} == {
        "facts in Kafka": retention.TOPIC,
        "facts in the outbox": retention.OUTBOX,
        "inbox": retention.INBOX,
        "idempotency keys": retention.IDEMPOTENCY_KEYS,
        "settled dead letters": retention.OUTBOX,
        "audit log of staff": retention.AUDIT,
        "names and contacts": retention.PERSON_AFTER_MATTER,
        "ledger, without persons": retention.LEDGER,
        "tickets of the walk-in queue, without persons": retention.LEDGER,
        "addresses that do not exist": retention.LEDGER,
        "addresses whose owners complained": retention.OBJECTION,
    }
    hours = retention.KEPT_PAGES // timedelta(hours=1)
    assert f"| pages that answered a post | {hours} hours |" in section("How long things are kept")
    assert dead_letters.LIMIT == 20
    assert "Twenty unsettled" in PAGE


def section(title: str) -> str:
    """The text under a heading."""
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
