"""Settings of this service: `APPOINTMENTS_...` in the environment."""

from typing import ClassVar

from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """Nothing beyond what every service has."""

    model_config = SettingsConfigDict(env_prefix="APPOINTMENTS_", extra="ignore")
    service: ClassVar[str] = "appointments"
