"""The callbacks of one account of WeChat customer service: doorbells, acknowledged and never answered with words."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from bot.channels.callback import Answer, BadCallback, CallbackKeys, Received
from bot.channels.envelope import Envelopes
from bot.channels.kf.crypto import open_push, read_doorbell
from bot.channels.kf.signature import read_echo
from content.messages import Outgoing

#: An empty 200 acknowledges.
_ACKNOWLEDGED = Answer(body=b"", content_type="text/plain")


class KfCallbacks:
    """Reads and acknowledges the callbacks of one account."""

    def __init__(
        self,
        *,
        account: str,
        corp_id: str,
        keys: Sequence[CallbackKeys],
        max_skew: timedelta = timedelta(seconds=300),
        max_body_bytes: int = 262_144,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Take the account's name, its corporation and its live keys, newest first. Raises ValueError on bad keys."""
        if not all(key.aes_key for key in keys):
            raise ValueError("WeChat customer service needs callback_aes_key: copy the EncodingAESKey from the console")
        self._account = account
        self._corp_id = corp_id
        self._max_body_bytes = max_body_bytes
        self._envelopes = Envelopes(keys, max_skew=max_skew, random=random)

    def verify_url(self, query: Mapping[str, str], *, now: datetime) -> str:
        """Return the decrypted echostr when the query is signed with a live token. Raises BadCallback."""
        self._envelopes.check_time(query, now)
        return read_echo(query, self._envelopes)

    def read(self, query: Mapping[str, str], body: bytes, *, content_type: str, now: datetime) -> Received:
        """Verify, decrypt and parse one callback. Raises BadCallback, and nothing else."""
        if len(body) > self._max_body_bytes:
            raise BadCallback("too_large", f"the body is larger than {self._max_body_bytes} bytes", status=413)
        self._envelopes.check_time(query, now)
        push = open_push(query, body, content_type=content_type, envelopes=self._envelopes)
        inbound = read_doorbell(push.document, account=self._account)
        return Received(
            inbound=inbound, format=push.format, keys=push.keys, person=inbound.sender, account_id=self._corp_id
        )

    def answer(self, received: Received, reply: Outgoing | None, *, now: datetime) -> Answer:
        """Return the bare acknowledgement: this channel has no passive reply."""
        return _ACKNOWLEDGED
