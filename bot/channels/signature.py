"""The digest both platforms sign callbacks with: SHA-1 over sorted strings, and its constant-time comparison."""

from __future__ import annotations

from hashlib import sha1
from hmac import compare_digest


def digest(*parts: str) -> str:
    """Return the lowercase hex SHA-1 of the parts, sorted by byte and joined without a separator.

    Python sorts strings by code point, which is the order of their UTF-8 bytes. Lone surrogates cannot be in a genuine
    signature but may be in a hostile query; they are hashed, not refused, and simply never match.
    """
    return sha1("".join(sorted(parts)).encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def matches(given: str, *parts: str) -> bool:
    """Tell in constant time whether `given` is the digest of the parts."""
    return compare_digest(given.encode("utf-8", "surrogatepass"), digest(*parts).encode("ascii"))
