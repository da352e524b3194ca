"""What only the recipient may read: encrypted while it waits, gone once it has left."""

import base64
import hashlib
import json
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings


def seal(values: dict[str, Any]) -> bytes:
    """Encrypt values for the time they wait in the outbox."""
    return _box().encrypt(json.dumps(values).encode())


def unseal(sealed: bytes | memoryview) -> dict[str, Any]:
    """Decrypt what seal() made; nothing stays nothing."""
    if not sealed:
        return {}
    values: dict[str, Any] = json.loads(_box().decrypt(bytes(sealed)))
    return values


def _box() -> Fernet:
    key = hashlib.sha256(b"delivery:" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
