"""The container's health: `python -m deploy.healthcheck [port]` succeeds while every service on the port is alive.

Only the standard library is used, because this runs every few seconds.
"""

import sys
from http.client import HTTPException
from pkgutil import iter_modules
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import services

TIMEOUT = 3.0


def alive(port: int) -> bool:
    """Whether at least one service answers on a port of this machine, and each that is served there is alive."""
    states = {_status(port, service.name) for service in iter_modules(services.__path__)} - {404}
    return states == {200}


def _status(port: int, service: str) -> int | None:
    try:
        with urlopen(f"http://127.0.0.1:{port}/{service}/health/live", timeout=TIMEOUT) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except (URLError, OSError, HTTPException):
        return None


if __name__ == "__main__":
    sys.exit(not alive(int(sys.argv[1]) if len(sys.argv) > 1 else 8000))
