"""What the web edge knows of a platform's callbacks: read one, answer one, refuse one.

Nothing here knows HTTP. `BadCallback` carries the status the edge answers with and a short reason for the log;
`CallbackReader` is implemented once a platform (`wechat/callbacks.py`, `wecom/callbacks.py`), one object an account.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from content.messages import Inbound, Outgoing
from content.value import value

if TYPE_CHECKING:
    from bot.channels.envelope import OpenKeys


class BadCallback(Exception):
    """A callback that is refused: nothing of it may be stored.

    `status` is the HTTP status to answer with (always 4xx), `reason` a stable short word for logs and counters, the
    message a sentence that says what is wrong and how to mend it.
    """

    def __init__(self, reason: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.reason = reason
        self.status = status


class BodyFormat(StrEnum):
    """How a callback was written, and so how its answer is written."""

    XML = "xml"
    JSON = "json"


@value
class CallbackKeys:
    """One live pair of callback token and EncodingAESKey; during a rotation an account has two."""

    token: str
    #: EncodingAESKey, 43 characters; empty on an account in plain mode.
    aes_key: str
    #: The id inside every encrypted message: app id (official account) or corp id (WeCom).
    receiver: str


@value
class Received:
    """One verified callback and what is needed to answer it."""

    inbound: Inbound
    format: BodyFormat
    #: The keys that opened it, and that seal its answer; None when it came in the plain.
    keys: OpenKeys | None
    #: The platform's name of the person (the answer's ToUserName).
    person: str
    #: The platform's name of the account (the answer's FromUserName).
    account_id: str


@value
class Answer:
    """The body of the HTTP answer to a callback."""

    body: bytes
    content_type: str
    #: True when the words did not fit the platform's limit and were cut.
    truncated: bool = False


class CallbackReader(Protocol):
    """Reads and answers the callbacks of one account."""

    def verify_url(self, query: Mapping[str, str], *, now: datetime) -> str:
        """Return the body that proves to the platform that this URL is ours. Raises BadCallback."""
        ...

    def read(self, query: Mapping[str, str], body: bytes, *, content_type: str, now: datetime) -> Received:
        """Verify, decrypt and parse one push. Raises BadCallback, and nothing else, whatever the bytes are."""
        ...

    def answer(self, received: Received, reply: Outgoing | None, *, now: datetime) -> Answer:
        """Return the answer that carries `reply`, or the bare acknowledgement when there is none."""
        ...
