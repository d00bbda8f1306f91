"""One-time codes: made of the message that asked for them, so that a turn made anew sends the same code again."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

_DIGITS: Final = 6


def code_of(key: bytes, *, identity_id: int, seed: str) -> str:
    """Return the code of a person's message: six digits, by truncation as in RFC 4226, 5.3, over HMAC-SHA-256.

    Without the installation's `key` it cannot be told from chance; it is stored nowhere.
    """
    digest = hmac.new(key, f"policy-code:{identity_id}:{seed}".encode(), hashlib.sha256).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**_DIGITS).zfill(_DIGITS)


def is_code(said: str, code: str) -> bool:
    """Tell in constant time whether somebody said the code."""
    return hmac.compare_digest(said.encode(), code.encode())
