"""Settings of the platform and of a service: environment variables only, read once when a process starts."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, Literal, Self, TypeVar

from pydantic import Field, FilePath, IPvAnyNetwork, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from shared.city import known_cities
from shared.keys import DatabaseUrl, Key, KeyPair, OwnDatabaseUrl, PublicKey, Servers

SECRETS = ("people_secret", "link_secret", "session_secret")
"""The keys a service has for itself: fields of its settings, base64, 32 bytes."""
SERVICES = tuple(sorted(each.parent.name for each in (Path(__file__).parents[1] / "services").glob("*/app.py")))
"""The names of all services: of each folder that has an application. More of them only `deploy/services.py` knows."""


def development_secret(name: str) -> str:
    """A fixed, public 32-byte key for development, base64. Production refuses it."""
    return b64encode(sha256(f"nahbar development secret {name}".encode()).digest()).decode()


DEVELOPMENT_CLIENT_SECRET = SecretStr("nahbar-development")
"""What the laptop stack's issuer knows the pages of staff by. Production refuses it."""


def development_private_key(service: str) -> SecretStr:
    """The private key for sealed values a service has in development, as "key id:base64"."""
    return SecretStr(f"dev:{development_secret(f'{service} private key')}")


class Platform(BaseSettings):
    """What all services share, `NAHBAR_...` in the environment.

    `kafka` is the list of bootstrap servers, reached with TLS if `kafka_tls` says so (`kafka_ca`: file with the
    authority's certificate; the system's where left out), and as `kafka_user` with a password (SASL, SCRAM-SHA-512)
    where one is named. `postgres` the server's URL without a database. `person_secret` (base64, 32 bytes) is the
    city-wide key of person keys, and of the numbers of appointments. `public_keys` names each service's public key for
    sealed values ("key id:base64"); development derives them. `oidc_client` and its secret are what the identity
    provider knows the pages of staff by. `online` names services that people reach at the public address although
    another process serves them: the portal leads to them too. `drain_seconds` is how long a process goes on answering
    after SIGTERM. What `trusted_proxies` (addresses or networks) say in X-Forwarded-For of where a request comes from
    is believed.
    """

    model_config = SettingsConfigDict(env_prefix="NAHBAR_", extra="ignore", frozen=True, hide_input_in_errors=True)

    environment: Literal["development", "production"] = "development"
    city: str = "duisburg"
    public_url: str = "http://127.0.0.1:8000"
    kafka: Servers = "127.0.0.1:9092"
    kafka_tls: bool = False
    kafka_ca: FilePath | None = None
    kafka_user: str = ""
    kafka_password: SecretStr = SecretStr("")
    postgres: DatabaseUrl = "postgresql://postgres:postgres@127.0.0.1:5432"
    topic_prefix: str = Field(default="nahbar", pattern=r"^[A-Za-z0-9._-]{1,100}$")
    partitions: int = Field(default=12, ge=1)
    replication: int = Field(default=1, ge=1)
    clock_file: Path | None = None
    person_secret: Key = SecretStr(development_secret("person"))
    public_keys: dict[str, PublicKey] = {}
    oidc_issuer: str = "http://127.0.0.1:8000/simulator/issuer"
    oidc_audience: str = "nahbar"
    oidc_client: str = "nahbar-pages"
    oidc_client_secret: SecretStr = DEVELOPMENT_CLIENT_SECRET
    online: list[str] = []
    trusted_proxies: list[IPvAnyNetwork] = []
    drain_seconds: float = Field(default=0, ge=0, le=30)
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("city")
    @classmethod
    def _city_is_known(cls, name: str) -> str:
        if name not in known_cities():
            raise ValueError(f"there is no such city; there are: {', '.join(known_cities())}")
        return name

    @model_validator(mode="after")
    def _user_has_a_password(self) -> Self:
        if self.kafka_user and not self.kafka_password.get_secret_value():
            raise ValueError("NAHBAR_KAFKA_PASSWORD is missing; NAHBAR_KAFKA_USER needs it.")
        return self

    @model_validator(mode="after")
    def _production_is_real(self) -> Self:
        if self.environment == "production":
            if self.clock_file:
                raise ValueError("NAHBAR_CLOCK_FILE moves the clock of tests and demos; production refuses it.")
            if self.person_secret.get_secret_value() in ("", development_secret("person")):
                raise ValueError("NAHBAR_PERSON_SECRET is the development secret, or empty; production needs its own.")
            if self.oidc_client_secret in (SecretStr(""), DEVELOPMENT_CLIENT_SECRET):
                raise ValueError("NAHBAR_OIDC_CLIENT_SECRET is the development secret; production needs its own.")
            for name in ("public_url", "oidc_issuer"):
                if not getattr(self, name).startswith("https://"):
                    raise ValueError(f"NAHBAR_{name.upper()} must be an https address in production.")
            if missing := [name for name in SERVICES if name not in self.public_keys]:
                raise ValueError(f"NAHBAR_PUBLIC_KEYS lacks the keys of: {', '.join(missing)}.")
        return self


class ServiceSettings(BaseSettings):
    """What every service needs for itself, `<SERVICE>_...` in the environment.

    `private_keys` are the service's key pairs for sealed values, newest first ("key id:base64"); older ones stay until
    the values sealed with them have gone. `people_secret` encrypts its people table, `link_secret` signs its secret
    links, `session_secret` encrypts the sessions of its staff (all base64, 32 bytes).
    """

    model_config = SettingsConfigDict(hide_input_in_errors=True)

    service: ClassVar[str]

    platform: Platform = Field(default_factory=Platform)
    database: OwnDatabaseUrl = ""
    pool_size: int = Field(default=10, ge=2)
    private_keys: list[KeyPair] = []
    people_secret: Key = SecretStr("")
    link_secret: Key = SecretStr("")
    session_secret: Key = SecretStr("")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.database:
            self.database = f"{self.platform.postgres}/nahbar_{self.service}"
        for secret in (*SECRETS, "private_keys"):
            if getattr(self, secret) in (SecretStr(""), []):
                if self.platform.environment == "production":
                    raise ValueError(f"{self.service.upper()}_{secret.upper()} is missing; production needs its own.")
                setattr(self, secret, self._development(secret))
        if self.platform.environment == "production":
            for secret in (*SECRETS, "private_keys"):
                if getattr(self, secret) == self._development(secret):
                    raise ValueError(f"{self.service.upper()}_{secret.upper()} is the development secret.")
        return self

    def _development(self, field: str) -> SecretStr | list[SecretStr]:
        if field == "private_keys":
            return [development_private_key(self.service)]
        return SecretStr(development_secret(f"{self.service} {field}"))


class WrongSettings(ValueError):
    """Settings that cannot be used: a line for each, which names the variable and holds no value."""


_S = TypeVar("_S", bound=BaseSettings)


def read(kind: type[_S]) -> _S:
    """Settings from the environment; raises WrongSettings."""
    try:
        return kind()
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        prefix = _prefix(Platform if error.title == Platform.__name__ else kind)
        said = [f"{_named(prefix, each['loc'])}{each['msg'].removeprefix('Value error, ')}" for each in found]
        raise WrongSettings("\n".join(said)) from None
    except SettingsError as error:
        field = str(error).split('"')[1]
        prefix = _prefix(Platform if field in Platform.model_fields else kind)
        raise WrongSettings(f"{prefix}{field.upper()}: it must be JSON") from None


def _prefix(kind: type[BaseSettings]) -> str:
    return kind.model_config.get("env_prefix", "")


def _named(prefix: str, place: tuple[int | str, ...]) -> str:
    if not place:
        return ""
    field, *within = place
    return f"{prefix}{str(field).upper()}{''.join(f'[{each}]' for each in within)}: "
