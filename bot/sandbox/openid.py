"""How ids are derived: the same person has another openid on every official account, and the same one in every run."""

from __future__ import annotations

import base64
import hashlib
import itertools

#: Above 2**53, so that a reader who takes MsgIds for floating-point numbers is found out.
_FIRST_MESSAGE_ID = 2**62


def openid_of(app_id: str, person: str) -> str:
    """Return the openid of `person` on the account `app_id`: "o" and 27 url-safe characters."""
    digest = hashlib.sha256(f"{app_id}:{person}".encode()).digest()
    return "o" + base64.urlsafe_b64encode(digest).decode()[:27]


class MessageIds:
    """64-bit MsgIds that go up and never come back, also when the sandbox is started again on the same record."""

    def __init__(self, *, lines_on_record: int) -> None:
        # One line of the record never stands for more than a few ids, so 64 a line cannot catch up with an earlier run.
        self._ids = itertools.count(_FIRST_MESSAGE_ID + lines_on_record * 64)

    def next(self) -> int:
        """Return a MsgId that was not issued before."""
        return next(self._ids)
