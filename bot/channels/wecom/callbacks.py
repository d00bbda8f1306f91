"""The callbacks of one WeCom application: `CallbackReader` for WeCom."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from bot.channels.callback import Answer, BadCallback, BodyFormat, CallbackKeys, Received
from bot.channels.envelope import Envelopes
from bot.channels.wecom import render
from bot.channels.wecom.crypto import open_push
from bot.channels.wecom.parse import parse
from bot.channels.wecom.signature import read_echo
from content.messages import Outgoing

#: An empty 200 acknowledges a push without a reply.
_ACKNOWLEDGED = Answer(body=b"", content_type="text/plain")


class WecomCallbacks:
    """Reads and answers the callbacks of one WeCom application."""

    def __init__(
        self,
        *,
        account: str,
        corp_id: str,
        agent_id: int,
        keys: Sequence[CallbackKeys],
        max_skew: timedelta = timedelta(seconds=300),
        max_body_bytes: int = 262_144,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Take the account's name, its ids and its live keys (the newest first). Raises ValueError on bad keys."""
        if not all(key.aes_key for key in keys):
            raise ValueError("WeCom needs callback_aes_key: copy the EncodingAESKey from the console")
        self._account = account
        self._corp_id = corp_id
        self._agent_id = agent_id
        self._max_body_bytes = max_body_bytes
        self._envelopes = Envelopes(keys, max_skew=max_skew, random=random)

    def verify_url(self, query: Mapping[str, str], *, now: datetime) -> str:
        """Return the decrypted echostr when the query is signed with a live token. Raises BadCallback."""
        self._envelopes.check_time(query, now)
        return read_echo(query, self._envelopes)

    def read(self, query: Mapping[str, str], body: bytes, *, content_type: str, now: datetime) -> Received:
        """Verify, decrypt and parse one push. Raises BadCallback, and nothing else."""
        if len(body) > self._max_body_bytes:
            raise BadCallback("too_large", f"the body is larger than {self._max_body_bytes} bytes", status=413)
        self._envelopes.check_time(query, now)
        push = open_push(query, body, content_type=content_type, envelopes=self._envelopes)
        inbound = parse(push.document, push.text, account=self._account, corp_id=self._corp_id, agent_id=self._agent_id)
        return Received(
            inbound=inbound,
            format=push.format,
            keys=push.keys,
            person=inbound.sender,
            account_id=self._corp_id,
        )

    def answer(self, received: Received, reply: Outgoing | None, *, now: datetime) -> Answer:
        """Return the encrypted passive reply in the push's own format and keys, or an empty body when there is none."""
        if reply is None or received.keys is None:
            return _ACKNOWLEDGED
        rendered = render.passive(reply)
        write = render.passive_xml if received.format is BodyFormat.XML else render.passive_json
        message = write(
            rendered,
            to=received.person,
            sender=received.account_id,
            seconds=int(now.timestamp()),
            agent_id=self._agent_id,
        )
        return self._envelopes.seal(
            message, received.keys, body_format=received.format, now=now, truncated=rendered.truncated
        )
