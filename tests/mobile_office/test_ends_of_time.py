"""Days no calendar can count from are refused, not stumbled over."""

from typing import Any
from uuid import uuid4

import pytest

from tests.mobile_office.kit import API, ONE, Client, plan
from tests.mobile_office.kit import NEXT as WEEK_AHEAD

ID = uuid4()
STOP = plan("marxloh", WEEK_AHEAD) | {"week_version": 1}


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
async def test_the_ends_of_time_are_refused(client: Client, moment: str) -> None:
    day = moment[:10]
    breakdown: dict[str, Any] = {"vehicle": ONE, "from_time": moment, "reason": {"known": "weather"}}
    line = {"vehicle": ONE, "place": "marxloh", "weekday": 0, "arrives": "09:00", "departs": "12:00", "version": 0}
    for method, path, body, query in (
        ("PUT", f"/staff/weeks/{day}", None, None),
        ("GET", f"/staff/weeks/{day}/preview", None, None),
        ("PUT", f"/staff/weeks/{WEEK_AHEAD}/stops/{ID}", {**STOP, "arrives_at": moment}, None),
        ("PUT", f"/staff/weeks/{WEEK_AHEAD}/stops/{ID}", {**STOP, "departs_at": moment}, None),
        ("GET", "/staff/breakdowns/preview", None, {"vehicle": ONE, "from_time": moment}),
        ("PUT", f"/staff/breakdowns/{ID}", {**breakdown, "answers": {str(ID): {"decision": "cancel"}}}, None),
        ("PUT", f"/staff/weekly-stops/{ID}", {**line, "valid_from": day}, None),
    ):
        answer = await client.request(method, f"{API}{path}", json=body, params=query)
        assert answer.status_code == 422, path
