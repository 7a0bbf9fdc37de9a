"""Style sheets, fonts, pictures, a script: read once, named by their content, answered compressed and kept for ever."""

import gzip
import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

FOLDER: Final = Path(__file__).parent / "assets"
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_REFERENCE: Final = re.compile(r'url\("([\w-]+\.\w+)"\)')
_HASHED: Final = re.compile(r"/?([\w.-]+)\.[0-9a-f]{10}(\.\w+)")


@dataclass(frozen=True)
class Asset:
    """One file as it is served."""

    path: str
    media_type: str
    plain: bytes
    gzipped: bytes | None


class Assets:
    """The files of `shared/web/assets` as an ASGI application, to be mounted at `/assets`.

    A name carries a hash of the content, so that an answer may be kept for a year. A name with the hash of another
    release is answered with today's file, uncached: during a rolling update no page is without its style sheet.
    """

    def __init__(self) -> None:
        files = {file.name: file for file in FOLDER.iterdir() if file.suffix in TYPES}
        self._assets: dict[str, Asset] = {}
        for name in sorted(files, key=lambda name: name.endswith(".css")):
            self._assets[name] = self._read(files[name])

    def url(self, name: str) -> str:
        """The path of an asset, with its hash; KeyError for a name that does not exist."""
        return self._assets[name].path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer GET and HEAD for one asset."""
        hashed = _HASHED.fullmatch(scope["path"].rpartition("/assets")[2])
        asset = self._assets.get("".join(hashed.groups())) if hashed else None
        if asset is None:
            raise HTTPException(404)
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        await _answer(asset, scope)(scope, receive, send)

    def _read(self, file: Path) -> Asset:
        content = file.read_bytes()
        if file.suffix == ".css":
            content = _REFERENCE.sub(lambda found: f'url("{self.url(found[1])}")', content.decode()).encode()
        return Asset(
            path=f"/assets/{file.stem}.{sha256(content).hexdigest()[:10]}{file.suffix}",
            media_type=TYPES[file.suffix],
            plain=content,
            gzipped=None if file.suffix == ".woff2" else gzip.compress(content, mtime=0),
        )


@cache
def assets() -> Assets:
    """The files, read and compressed once in a process."""
    return Assets()


def _answer(asset: Asset, scope: Scope) -> Response:
    current = scope["path"].endswith(asset.path)
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable" if current else "no-cache",
        "X-Content-Type-Options": "nosniff",
    }
    content = asset.plain
    if asset.gzipped is not None:
        headers["Vary"] = "Accept-Encoding"
        if "gzip" in Headers(scope=scope).get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            content = asset.gzipped
    return Response(content, media_type=asset.media_type, headers=headers)
