"""Settings of this service: `APPOINTMENTS_...` in the environment."""

from typing import ClassVar, Self

from pydantic import Field, IPvAnyNetwork, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings, development_secret

DEVELOPMENT_KEY = SecretStr(development_secret("video rooms"))


class Settings(ServiceSettings):
    """What the public may take, and where appointments by video take place.

    `person_limit` is how many appointments to come and places on the waiting list one person may have; `address_limit`
    how often one network address may take a time or a number of the hall in an hour, or try to arrive by the number of
    an appointment. Limits of network addresses do not hold for `unlimited_networks`, such as those of terminals and of
    the halls in the city's own houses. `video_url` is the city's Jitsi server, which lets in tokens of `video_app_id`
    signed with `video_app_secret`.
    """

    model_config = SettingsConfigDict(env_prefix="APPOINTMENTS_", extra="ignore")
    service: ClassVar[str] = "appointments"

    person_limit: int = Field(default=3, ge=1)
    address_limit: int = Field(default=60, ge=1)
    unlimited_networks: list[IPvAnyNetwork] = []

    video_url: str = "http://127.0.0.1:8026/video"
    video_app_id: str = "nahbar"
    video_app_secret: SecretStr = DEVELOPMENT_KEY

    @model_validator(mode="after")
    def _rooms_are_safe(self) -> Self:
        if self.platform.environment == "production":
            if self.video_app_secret in (SecretStr(""), DEVELOPMENT_KEY):
                raise ValueError(
                    "APPOINTMENTS_VIDEO_APP_SECRET is the development secret, or empty; production needs its own."
                )
            if not self.video_url.startswith("https://"):
                raise ValueError("APPOINTMENTS_VIDEO_URL must be an https address in production.")
        return self
