from datetime import UTC, datetime
from pathlib import Path

from deploy.local.far_ends.courier import ATTEMPTS, LONGEST_WAIT, Courier
from deploy.local.far_ends.records import Channel, NewReport, Report, ReportKind
from deploy.local.far_ends.store import Store
from tests.support.wait import eventually


async def test_waits_grow_until_a_report_is_given_up(tmp_path: Path) -> None:
    async def refuse(_: Report) -> None:
        raise ConnectionRefusedError

    store = Store(tmp_path)
    store.add_report(Channel.SMS, None, "+491713920000", NewReport(ReportKind.REPLY, "STOP", 0))
    courier = Courier(store, Channel.SMS, refuse)
    waits = []
    while (due_at := (report := store.reports()[0]).due_at) is not None:
        waits.append((due_at - datetime.now(UTC)).total_seconds())
        await courier.send(report)
    store.close()
    assert len(waits) == report.attempts == ATTEMPTS
    assert [round(wait, 1) for wait in waits[1:5]] == [0.5, 1, 2, 4]
    assert round(waits[-1]) == LONGEST_WAIT
    assert report.sent_at is None


async def test_one_broken_report_does_not_hold_up_the_others(tmp_path: Path) -> None:
    delivered = []

    async def deliver(report: Report) -> None:
        if report.detail == "broken":
            raise KeyError(report.detail)
        delivered.append(report.detail)

    store = Store(tmp_path)
    for text in ("broken", "whole"):
        store.add_report(Channel.SMS, None, "+491713920000", NewReport(ReportKind.REPLY, text, 0))
    store.add_report(Channel.MAIL, None, "anna@example.org", NewReport(ReportKind.COMPLAINT, "not its own", 0))
    async with Courier(store, Channel.SMS, deliver).running():
        await eventually(lambda: store.reports()[0].attempts >= 2)
    assert delivered == ["whole"]
    store.close()
