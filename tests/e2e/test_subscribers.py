"""News from a closed station to its subscribers (flow 7): confirmed first, told exactly once, ended by one click."""

from datetime import timedelta
from uuid import uuid4

from sqlalchemy import text

from deploy.local.far_ends.records import Channel
from shared.clock import Clock
from tests.e2e.kit import City
from tests.e2e.subscribers import subscribe, texts, to
from tests.support.wait import eventually

CLOSURES = "/appointments/api/v1/staff/closures"
SMS = "+4917604069000"


def mail_to(name: str) -> tuple[str, str]:
    return Channel.MAIL, f"{name}@simulator.stadt.example"


async def lead(city: City) -> dict[str, str]:
    return {"Authorization": f"Bearer {await city.staff_token(city.platform.oidc_issuer, 'leitung')}"}


async def test_from_the_form_to_the_news_and_its_end(city: City) -> None:
    by_mail, by_sms = mail_to("delivered+a"), (Channel.SMS, SMS)
    daily, leaves, elsewhere = mail_to("delivered+d"), mail_to("unsubscribe+u"), mail_to("delivered+e")
    await subscribe(city, by_mail, language="en")
    await subscribe(city, by_sms)
    await subscribe(city, daily, digest=True, districts=[], quarters=[501])
    await subscribe(city, leaves)
    await subscribe(city, elsewhere, districts=[100])

    await city.stop("notifications")
    day, id = city.day(5).date(), str(uuid4())
    closing = {"station": "mitte", "first_day": str(day), "last_day": str(day), "reason": "Umzug"}
    headers = await lead(city)
    for _ in range(2):
        closed = await city.client.put(f"{CLOSURES}/{id}", json=closing, headers=headers)
        assert closed.status_code == 200, closed.text
    await city.start("notifications")

    told = {by_mail: 2, by_sms: 2, leaves: 2, daily: 1, elsewhere: 1}
    await city.until_received(told)
    news = list(to(city, by_mail))[1]
    assert "Reason: Umzug" in texts(news)
    assert "mitte" not in texts(news), "places are named, not keyed"

    await once_more(city)
    now = Clock(city.platform.clock_file).now()
    city.move_to(now.replace(hour=16, minute=0, second=1) + timedelta(hours=1))
    await city.until_received(told | {daily: 2})
    assert "Neues aus Ihrem Stadtteil" in texts(list(to(city, daily))[1])

    assert await subscriptions(city) == 4, "one was ended by the mail program"
    lifted = await city.client.post(f"{CLOSURES}/{id}/lifting", headers=headers)
    assert lifted.status_code == 200, lifted.text
    await city.until_received(told | {daily: 2, by_mail: 3, by_sms: 3})


async def once_more(city: City) -> None:
    """Publish the fact of the closure once more."""
    tools = city.tools("appointments")
    async with tools.db.transaction() as conn:
        again = text("update outbox set published_at = null where type like '%StationClosed' returning id")
        assert (await conn.execute(again)).all()
    consumed = city.tools("notifications").metrics.duplicates
    await eventually(lambda: consumed._value.get() >= 1, timeout=20)


async def subscriptions(city: City) -> int:
    async with city.tools("notifications").db.transaction() as conn:
        count: int = (await conn.execute(text("select count(*) from subscriptions"))).scalar_one()
    return count
