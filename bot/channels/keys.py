"""Identity keys of callbacks: the platform's own composite identity, never MsgId alone.

MsgIds of different people have collided on the real platform, and events have none; hence the composite. The parts
stand as they came, joined by colons. A key longer than an index entry may be (an event key can be a whole address)
keeps its head and gets a digest for its tail.
"""

from __future__ import annotations

from hashlib import sha256

#: Characters; well under PostgreSQL's limit for a btree entry, whatever the characters are.
MAX_KEY = 512


def identity_key(*parts: str) -> str:
    """Return the parts as one key of at most `MAX_KEY` characters."""
    key = ":".join(parts)
    if len(key) <= MAX_KEY:
        return key
    return f"{key[: MAX_KEY - 65]}#{sha256(key.encode('utf-8')).hexdigest()}"
