"""The callbacks of one official account: `CallbackReader` for WeChat."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from bot.channels.callback import Answer, BadCallback, BodyFormat, CallbackKeys, Received
from bot.channels.envelope import Envelopes, plain_answer
from bot.channels.wechat import render
from bot.channels.wechat.crypto import Mode, open_push
from bot.channels.wechat.parse import parse
from bot.channels.wechat.signature import read_echo
from content.messages import Outgoing

#: What acknowledges a push without a reply, in every mode.
_ACKNOWLEDGED = Answer(body=b"success", content_type="text/plain")


class WechatCallbacks:
    """Reads and answers the callbacks of one official account."""

    def __init__(
        self,
        *,
        account: str,
        original_id: str,
        keys: Sequence[CallbackKeys],
        mode: Mode,
        max_skew: timedelta = timedelta(seconds=300),
        max_body_bytes: int = 262_144,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Take the account's name, its gh_… id and its live keys (the newest first). Raises ValueError on bad keys."""
        if mode is not Mode.PLAIN and not all(key.aes_key for key in keys):
            raise ValueError(f"mode {mode} needs callback_aes_key: copy the EncodingAESKey from the platform's console")
        self._account = account
        self._original_id = original_id
        self._mode = mode
        self._max_body_bytes = max_body_bytes
        self._envelopes = Envelopes(keys, max_skew=max_skew, random=random)

    def verify_url(self, query: Mapping[str, str], *, now: datetime) -> str:
        """Return echostr when the query is signed with a live token. Raises BadCallback."""
        self._envelopes.check_time(query, now)
        return read_echo(query, self._envelopes)

    def read(self, query: Mapping[str, str], body: bytes, *, content_type: str, now: datetime) -> Received:
        """Verify, decrypt and parse one push. Raises BadCallback, and nothing else."""
        if len(body) > self._max_body_bytes:
            raise BadCallback("too_large", f"the body is larger than {self._max_body_bytes} bytes", status=413)
        self._envelopes.check_time(query, now)
        push = open_push(query, body, content_type=content_type, mode=self._mode, envelopes=self._envelopes)
        inbound = parse(push.document, push.text, account=self._account, original_id=self._original_id)
        return Received(
            inbound=inbound,
            format=push.format,
            keys=push.keys,
            person=inbound.sender,
            account_id=self._original_id,
        )

    def answer(self, received: Received, reply: Outgoing | None, *, now: datetime) -> Answer:
        """Return the passive reply in the push's own format and keys, or `success` when there is none."""
        if reply is None:
            return _ACKNOWLEDGED
        rendered = render.passive(reply)
        write = render.passive_xml if received.format is BodyFormat.XML else render.passive_json
        message = write(rendered, to=received.person, sender=received.account_id, seconds=int(now.timestamp()))
        if received.keys is None:
            return plain_answer(message, body_format=received.format, truncated=rendered.truncated)
        return self._envelopes.seal(
            message, received.keys, body_format=received.format, now=now, truncated=rendered.truncated
        )
