"""No request, however malformed, gets an answer of the 5xx kind, or one the OpenAPI document does not know."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from deploy.services import create, settings_class
from shared.runtime import Role
from shared.settings import SERVICES, Platform
from tests.deploy.far_ends import web_server
from tests.support.days import run_clock
from tests.support.stack import Backend

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]


@pytest_asyncio.fixture(params=SERVICES)
async def document(
    request: pytest.FixtureRequest,
    stack: Backend,
    topic_prefix: str,
    database: Callable[[str], Awaitable[str]],
    tmp_path: Path,
) -> AsyncIterator[str]:
    """The address of the OpenAPI document of a served service, with a city where it needs one."""
    name = request.param
    platform = Platform(
        kafka=stack.bootstrap, postgres=stack.url, topic_prefix=topic_prefix, clock_file=run_clock(tmp_path)
    )
    service_settings = settings_class(name)(platform=platform, database=await database(name))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        app = create(service_settings, frozenset({Role.HTTP}))
        with web_server(app, listener):
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/{name}/api/openapi.json"


def _usable(found: Any) -> Any:
    return found.ok()


def test_no_request_breaks_the_api(document: str) -> None:
    operations = list(map(_usable, schemathesis.openapi.from_url(document).get_all_operations()))
    assert len(operations) >= 2
    for operation in operations:
        cases = st.one_of(*[operation.as_strategy(mode) for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)])

        @settings(
            max_examples=30,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(cases)
        def call(case: Case[Any]) -> None:
            case.call_and_validate(checks=CHECKS)

        call()
