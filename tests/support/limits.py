"""Settings under which tests book as often as they like."""

from typing import Any

NO_LIMITS: dict[str, Any] = {"person_limit": 100_000, "unlimited_networks": ["127.0.0.0/8"]}
NO_LIMITS_ENVIRONMENT = {
    "APPOINTMENTS_PERSON_LIMIT": "100000",
    "APPOINTMENTS_UNLIMITED_NETWORKS": '["127.0.0.0/8"]',
}
