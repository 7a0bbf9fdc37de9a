"""The tools of a service: what its use cases need besides an open transaction, made once from its settings.

All state of a service in a process is held here and in its runtime (`shared/runtime.py`); nothing lives at module
level, so the same service can run twice in one process.
"""

from shared.auth import TokenCheck
from shared.city import City
from shared.clock import Clock
from shared.db import Database
from shared.due import Due
from shared.links import Links
from shared.outbox import Outbox
from shared.people import People
from shared.sealing import Sealer, public_key_of
from shared.settings import SERVICES, ServiceSettings, development_private_key
from shared.telemetry import Metrics
from shared.wakeup import Wakeup
from shared.web.staff.session import Sessions
from shared.web.staff.sign_in import SignIn


class Tools:
    """The database, clock, outbox, due work, people, links, keys and sign-in of a service.

    Args:
        settings: read once, as the process starts.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        platform = settings.platform
        self.name = settings.service
        self.settings = settings
        self.db = Database(settings.database, settings.pool_size)
        self.clock = Clock(platform.clock_file)
        self.city = City.load(platform.city)
        self.metrics = Metrics(self.name)
        self.recorded = Wakeup()
        self.prompt_work = Wakeup()
        self.bulk_work = Wakeup()
        self.outbox = Outbox(platform.topic_prefix, self.clock, self.recorded)
        self.due = Due(self.clock, (self.prompt_work, self.bulk_work))
        self.people = People(settings.people_secret, platform.person_secret)
        self.links = Links(settings.link_secret)
        self.sealer = Sealer(settings.private_keys, platform.public_keys or _development_keys())
        self.tokens = TokenCheck(platform.oidc_issuer, platform.oidc_audience)
        self.sessions = Sessions(self.name, settings.session_secret, platform.public_url.startswith("https://"))
        self.sign_in = SignIn(
            self.tokens,
            platform.oidc_client,
            platform.oidc_client_secret,
            f"{platform.public_url}/{self.name}/staff/signed-in",
        )


def _development_keys() -> dict[str, str]:
    """The public keys that belong to the development private keys of all services."""
    return {name: public_key_of(development_private_key(name)) for name in SERVICES}
