"""No address of any service is logged with the token in it."""

from uuid import uuid4

import pytest

from shared.settings import SERVICES
from shared.telemetry import mask
from shared.tools import Tools
from tests.services.conftest import new_app, settings_class
from tests.support.routes import routes_of


@pytest.mark.parametrize("name", SERVICES)
def test_tokens_are_masked_in_every_path(name: str) -> None:
    settings = settings_class(name)()
    links = Tools(settings).links
    paths = {route.path for route in routes_of(new_app(settings)) if "{token}" in route.path}
    assert paths or name == "mobile_office"
    for path in paths:
        token = links.token("any", uuid4(), 1)
        for prefix in ("", "/en", "https://duisburg.example"):
            filled = prefix + path.replace("{token}", token)
            assert token[:20] not in mask(f"GET {filled} HTTP/1.1"), path
            assert mask(filled) == prefix + path.replace("{token}", "***")
