"""Settings of this service: `MOBILE_OFFICE_...` in the environment."""

from typing import ClassVar

from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """What every service is told."""

    model_config = SettingsConfigDict(env_prefix="MOBILE_OFFICE_", extra="ignore")
    service: ClassVar[str] = "mobile_office"
