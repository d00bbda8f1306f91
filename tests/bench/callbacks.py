"""Distinct encrypted callbacks, written to a file as whole HTTP requests before anything is measured.

They are made with the sandbox's crypto, which shares no code with the channels that read them.
"""

from __future__ import annotations

import base64
import itertools
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Final

from bot.sandbox.crypto import Sealer
from bot.sandbox.envelope import Stamp, official_callback
from tests.derived_account import DerivedAccount

SEED: Final = 20260501
SENDERS: Final = 20_000
#: Digits of the length that stands before each request in the file.
LENGTH_DIGITS: Final = 6
#: Above 2**53, as real ones are.
_FIRST_MESSAGE_ID: Final = 2**62
_CHUNK: Final = 5_000


class Account(DerivedAccount):
    """An official account in safe mode, as both sides know it."""


class CallbackFiles:
    """Writes files of requests that are never repeated, not even between files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = itertools.count(1)
        self._written = 0
        # Forked workers would inherit whatever the caller has open.
        self._pool = ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn"))

    def write(self, accounts: Sequence[Account], count: int) -> Path:
        """Write `count` requests, to the accounts in turn, and return the file."""
        path = self._folder / f"callbacks-{next(self._files)}.bin"
        first, self._written = self._written, self._written + count
        starts = range(first, first + count, _CHUNK)
        sizes = [min(_CHUNK, first + count - start) for start in starts]
        with path.open("wb") as file:
            for part in self._pool.map(_requests, itertools.repeat(tuple(accounts)), starts, sizes):
                file.write(part)
        return path

    def close(self) -> None:
        """End the workers."""
        self._pool.shutdown()


def read_requests(path: Path) -> Iterator[bytes]:
    """Yield the requests of a file."""
    data = path.read_bytes()
    place = 0
    while place < len(data):
        start = place + LENGTH_DIGITS
        place = start + int(data[place:start])
        yield data[start:place]


def _requests(accounts: Sequence[Account], first: int, count: int) -> bytes:
    rng = Random(SEED + first)
    sealers = [Sealer.of(account.aes_key, account.app_id) for account in accounts]
    parts: list[bytes] = []
    for number in range(first, first + count):
        index = number % len(accounts)
        request = _request(accounts[index], sealers[index], number, rng)
        parts.append(b"%0*d" % (LENGTH_DIGITS, len(request)) + request)
    return b"".join(parts)


def _request(account: Account, sealer: Sealer, number: int, rng: Random) -> bytes:
    sender = _sender(rng.randrange(SENDERS))
    fields = {
        "ToUserName": account.original_id,
        "FromUserName": sender,
        "CreateTime": int(time.time()),
        "MsgType": "text",
        "Content": f"回声 {number}",
        "MsgId": _FIRST_MESSAGE_ID + number,
    }
    callback = official_callback(
        fields,
        mode="safe",
        format="xml",
        token=account.secret("token"),
        sealer=sealer,
        stamp=Stamp(timestamp=int(time.time()), nonce=str(rng.randrange(10**9, 10**10))),
        openid=sender,
    )
    head = (
        f"POST /callback/{account.name}?{callback.query} HTTP/1.1\r\n"
        "Host: bench\r\nUser-Agent: Mozilla/4.0\r\nAccept: */*\r\n"
        f"Content-Type: {callback.content_type}\r\nContent-Length: {len(callback.body)}\r\n\r\n"
    )
    return head.encode() + callback.body


def _sender(number: int) -> str:
    return "o" + base64.urlsafe_b64encode(sha256(f"sender:{number}".encode()).digest()).decode()[:27]
