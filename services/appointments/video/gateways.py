"""The city's Jitsi server, which lets in whoever brings a token signed with the secret it shares with us."""

import hmac
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit
from uuid import UUID

import jwt

from services.appointments.settings import Settings
from services.appointments.video.domain import opens_at

TEST_LENGTH = timedelta(minutes=30)


class VideoRooms:
    """Makes the links into rooms; it never talks to the server. Tokens follow lib-jitsi-meet, doc/tokens.md (HS256).

    A token names neither the person nor the matter, because it travels in an address.
    """

    def __init__(self, settings: Settings) -> None:
        self._url = settings.video_url.rstrip("/")
        self._app = settings.video_app_id
        self._secret = settings.video_app_secret.get_secret_value()

    def guest_link(self, appointment: UUID, starts_at: datetime, ends_at: datetime) -> str:
        """The link for the person who booked; valid while the room is open."""
        return self._link(self._room("room", appointment), "guest", opens_at(starts_at), ends_at)

    def moderator_link(self, appointment: UUID, starts_at: datetime, ends_at: datetime) -> str:
        """The link for the member of the staff who leads the appointment."""
        return self._link(self._room("room", appointment), "moderator", opens_at(starts_at), ends_at)

    def test_link(self, appointment: UUID, now: datetime) -> str:
        """The link into a room of the person's own, to try camera and microphone; valid for half an hour."""
        return self._link(self._room("test", appointment), "guest", now, now + TEST_LENGTH)

    def _room(self, use: str, appointment: UUID) -> str:
        """A name nobody can guess; the same for everybody who comes to the appointment."""
        return hmac.new(self._secret.encode(), f"{use} {appointment}".encode(), sha256).hexdigest()[:32]

    def _link(self, room: str, role: str, begins: datetime, ends: datetime) -> str:
        moderator = role == "moderator"
        claims = {
            "iss": self._app,
            "aud": self._app,
            "sub": urlsplit(self._url).hostname,
            "room": room,
            "nbf": int(begins.timestamp()),
            "exp": int(ends.timestamp()),
            "context": {
                "user": {
                    "id": role,
                    "name": "Bürgerservice" if moderator else "Gast",
                    # Jitsi as a service reads the first, the plug-ins of own servers read the second.
                    "moderator": "true" if moderator else "false",
                    "affiliation": "owner" if moderator else "member",
                }
            },
        }
        return f"{self._url}/{room}?jwt={jwt.encode(claims, self._secret, 'HS256')}"
