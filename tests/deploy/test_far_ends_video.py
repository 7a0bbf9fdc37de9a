"""The simulated Jitsi server lets in whoever our own adapter lets in, and nobody else."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from deploy.local.far_ends.video import create_rooms
from services.appointments.settings import Settings
from services.appointments.video.gateways import VideoRooms
from shared.clock import Clock
from tests.deploy.far_ends import listen, port_of, web_server

APPOINTMENT, START = uuid4(), datetime(2026, 11, 28, 9, tzinfo=UTC)
END = START + timedelta(minutes=20)


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    return tmp_path / "clock"


@pytest.fixture
def server(clock: Path) -> Iterator[str]:
    listening = listen()
    app = FastAPI()
    app.include_router(create_rooms("127.0.0.1", clock), prefix="/video")
    with web_server(app, listening):
        yield f"http://127.0.0.1:{port_of(listening)}/video"


def move(clock: Path, moment: datetime) -> None:
    Clock.move(clock, moment - datetime.now(UTC))


def rooms(server: str, **settings: str) -> VideoRooms:
    return VideoRooms(Settings(video_url=server, **settings))  # type: ignore[arg-type]


def test_guest_and_moderator_meet_in_one_room(server: str, clock: Path) -> None:
    move(clock, START)
    links = [make(APPOINTMENT, START, END) for make in (rooms(server).guest_link, rooms(server).moderator_link)]
    assert len({link.partition("?")[0] for link in links}) == 1
    guest, moderator = (httpx.get(link) for link in links)
    assert {guest.status_code, moderator.status_code} == {200}
    assert "Sie sind Gast" in guest.text
    assert "Sie leiten das Gespräch" in moderator.text


@pytest.mark.parametrize(
    ("after_start", "status"), [(-601, 403), (-600, 200), (0, 200), (1190, 200), (1200, 403), (90_000, 403)]
)
def test_a_link_opens_the_room_only_in_its_time(server: str, clock: Path, after_start: int, status: int) -> None:
    move(clock, START + timedelta(seconds=after_start))
    assert httpx.get(rooms(server).guest_link(APPOINTMENT, START, END)).status_code == status


def test_the_test_room_is_open_at_once(server: str, clock: Path) -> None:
    move(clock, START - timedelta(days=3))
    link = rooms(server).test_link(APPOINTMENT, START - timedelta(days=3))
    assert "Sie sind im Raum" in httpx.get(link).text


def test_a_token_for_another_room_or_server_or_without_the_secret_is_refused(server: str, clock: Path) -> None:
    move(clock, START)
    link = rooms(server).guest_link(APPOINTMENT, START, END)
    other = rooms(server).guest_link(uuid4(), START, END)
    wrong = [
        f"{other.partition('?')[0]}?{link.partition('?')[2]}",
        link.partition("?")[0],
        f"{link}x",
        rooms(server, video_app_secret="guessed" * 6).guest_link(APPOINTMENT, START, END),
        rooms(server, video_app_id="somebody").guest_link(APPOINTMENT, START, END),
        rooms("http://meet.example").guest_link(APPOINTMENT, START, END).replace("http://meet.example", server),
    ]
    answers = [httpx.get(each) for each in wrong]
    assert [each.status_code for each in answers] == [403] * len(wrong)
    assert "Sie kommen hier nicht hinein" in answers[0].text
