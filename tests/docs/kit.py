"""What tests of the documents share."""

import json
from pathlib import Path

from shared.sealing import new_key_pair
from shared.settings import SERVICES, development_secret

ROOT = Path(__file__).parents[2]


def production(service: str) -> dict[str, str]:
    """An environment in which production starts."""
    prefix, secret = service.upper(), development_secret("one of our own")
    return {
        "NAHBAR_ENVIRONMENT": "production",
        "NAHBAR_PUBLIC_URL": "https://stadt.example",
        "NAHBAR_OIDC_ISSUER": "https://login.stadt.example",
        "NAHBAR_PERSON_SECRET": secret,
        "NAHBAR_PUBLIC_KEYS": json.dumps({name: f"k:{new_key_pair()[1]}" for name in SERVICES}),
        f"{prefix}_PRIVATE_KEYS": f'["k:{new_key_pair()[0]}"]',
        f"{prefix}_PEOPLE_SECRET": secret,
        f"{prefix}_LINK_SECRET": secret,
        "APPOINTMENTS_VIDEO_URL": "https://meet.stadt.example",
        "APPOINTMENTS_VIDEO_APP_SECRET": secret,
        f"{prefix}_SESSION_SECRET": secret,
        "NAHBAR_OIDC_CLIENT_SECRET": "three",
        "NOTIFICATIONS_SMS_KEY": "one",
        "NOTIFICATIONS_SMS_WEBHOOK_KEY": "two",
    }
