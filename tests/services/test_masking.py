"""No address of any service is logged with the token in it."""

from uuid import uuid4

from deploy.services import create, settings_class
from shared.settings import SERVICES
from shared.telemetry import mask
from shared.tools import Tools
from tests.support.routes import routes_of


def test_tokens_are_masked_in_every_path() -> None:
    masked = 0
    for name in SERVICES:
        settings = settings_class(name)()
        links = Tools(settings).links
        for path in {route.path for route in routes_of(create(settings)) if "{token}" in route.path}:
            token = links.token("any", uuid4(), 1)
            for prefix in ("", "/en", "https://duisburg.example"):
                filled = prefix + path.replace("{token}", token)
                assert token[:20] not in mask(f"GET {filled} HTTP/1.1"), path
                assert mask(filled) == prefix + path.replace("{token}", "***")
                masked += 1
    assert masked > 100
