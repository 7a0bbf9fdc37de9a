"""Takings: a network address is known by a pseudonym only its service can make, and hears how long to wait."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from shared.origins import Origins
from shared.settings import development_secret
from shared.takings import WINDOW, UsedUp, check_takings

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_without_the_services_key_no_address_can_be_tried() -> None:
    one, other = (
        Origins(SecretStr(development_secret(name)), [], 1).pseudonym("192.0.2.1") for name in ("one", "other")
    )
    assert one != other


@pytest.mark.parametrize(("seconds", "told"), [(0, "1"), (0.2, "1"), (59.1, "60"), (60, "60")])
def test_the_wait_is_told_in_whole_seconds_and_never_too_short(seconds: float, told: str) -> None:
    with pytest.raises(UsedUp) as refused:
        check_takings([NOW - WINDOW + timedelta(seconds=seconds), NOW], 2, NOW, UsedUp)
    assert refused.value.headers == {"Retry-After": told}
    check_takings([NOW], 2, NOW, UsedUp)
    check_takings(None, 2, NOW, UsedUp)
