"""Reports of a gateway, signed as it does."""

import hashlib
import hmac
import time
from uuid import uuid4

from pydantic import SecretStr

KEY = SecretStr("key")


URL = "https://stadt.example/notifications/api/v1/receipts/sms"


def signed(body: bytes, url: str = URL, key: SecretStr = KEY, at: int | None = None) -> dict[str, str]:
    """What the SMS gateway says to prove itself."""
    timestamp, nonce = str(at or int(time.time())), uuid4().hex
    text = f"{timestamp}\n{nonce}\nPOST\n{url}\n{hashlib.md5(body).hexdigest()}"
    signature = hmac.new(key.get_secret_value().encode(), text.encode(), hashlib.sha256).hexdigest()
    return {"timestamp": timestamp, "nonce": nonce, "signature": signature}


def proof(body: bytes, url: str, key: SecretStr) -> dict[str, str]:
    return {f"X-{name.title()}": value for name, value in signed(body, url, key).items()}
