"""The encrypted envelope around callbacks and their answers, the same on both platforms.

An `Envelopes` knows the live key sets of one account (two during a rotation), checks the time stamp and the signature,
opens what came and seals what goes. The signature is checked before anything is decrypted.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from bot.channels.aes import MessageCipher
from bot.channels.callback import Answer, BadCallback, BodyFormat, CallbackKeys
from bot.channels.signature import digest, matches
from content.value import value

_SEALED_XML = (
    "<xml><Encrypt><![CDATA[{}]]></Encrypt><MsgSignature><![CDATA[{}]]></MsgSignature>"
    "<TimeStamp>{}</TimeStamp><Nonce><![CDATA[{}]]></Nonce></xml>"
)
CONTENT_TYPES = {BodyFormat.XML: "application/xml", BodyFormat.JSON: "application/json"}


@value
class OpenKeys:
    """One live key set, ready for use."""

    token: str
    #: None where the account has no EncodingAESKey (plain mode).
    cipher: MessageCipher | None


class Envelopes:
    """Opens and seals the envelopes of one account."""

    def __init__(
        self,
        keys: Sequence[CallbackKeys],
        *,
        max_skew: timedelta,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Take the live key sets, the newest first. Raises ValueError on a key that is not an EncodingAESKey."""
        if not keys or not all(key.token for key in keys):
            raise ValueError("a callback needs a token: set callback_token to the one in the platform's console")
        self._keys = tuple(
            OpenKeys(
                token=key.token,
                cipher=MessageCipher(key.aes_key, key.receiver, random=random) if key.aes_key else None,
            )
            for key in keys
        )
        #: Every live callback token, the newest first.
        self.tokens = tuple(key.token for key in keys)
        self._max_skew_seconds = max_skew.total_seconds()
        self._random = random

    def check_time(self, query: Mapping[str, str], now: datetime) -> None:
        """Refuse a time stamp further from `now` than the allowed skew. Raises BadCallback."""
        stamp = parameter(query, "timestamp")
        if len(stamp) > 12 or not (stamp.isascii() and stamp.isdigit()):
            raise BadCallback("bad_timestamp", "the query's timestamp is not a count of seconds")
        skew = now.timestamp() - int(stamp)
        if abs(skew) > self._max_skew_seconds:
            raise BadCallback(
                "stale_timestamp",
                f"the query's timestamp is {skew:.0f} s from this machine's clock, allowed are "
                f"{self._max_skew_seconds:.0f} s; check the clock, or raise callbacks.max_skew_seconds",
                status=403,
            )

    def open(self, query: Mapping[str, str], encrypted: str) -> tuple[bytes, OpenKeys]:
        """Check `msg_signature` over `encrypted` and decrypt it; return the message and the keys that fitted.

        Two live sets may share a token and differ in the AES key, so every set whose signature matches is tried.
        Raises BadCallback.
        """
        given = parameter(query, "msg_signature")
        stamp, nonce = parameter(query, "timestamp"), parameter(query, "nonce")
        refusal: BadCallback | None = None
        for keys in self._keys:
            if keys.cipher is not None and matches(given, keys.token, stamp, nonce, encrypted):
                try:
                    return keys.cipher.open(encrypted), keys
                except BadCallback as error:
                    refusal = error
        raise refusal or bad_signature("msg_signature")

    def seal(self, message: str, keys: OpenKeys, *, body_format: BodyFormat, now: datetime, truncated: bool) -> Answer:
        """Return `message` encrypted and signed under `keys`, or as it is where the keys hold no cipher."""
        if keys.cipher is None:
            return plain_answer(message, body_format=body_format, truncated=truncated)
        encrypted = keys.cipher.seal(message.encode("utf-8"))
        stamp, nonce = str(int(now.timestamp())), self._random(8).hex()
        signature = digest(keys.token, stamp, nonce, encrypted)
        if body_format is BodyFormat.XML:
            body = _SEALED_XML.format(encrypted, signature, stamp, nonce)
        else:
            body = json.dumps(
                {"Encrypt": encrypted, "MsgSignature": signature, "TimeStamp": int(stamp), "Nonce": nonce}
            )
        return Answer(body=body.encode("ascii"), content_type=CONTENT_TYPES[body_format], truncated=truncated)


def plain_answer(message: str, *, body_format: BodyFormat, truncated: bool) -> Answer:
    """Return `message` as an unencrypted answer."""
    return Answer(body=message.encode("utf-8"), content_type=CONTENT_TYPES[body_format], truncated=truncated)


def parameter(query: Mapping[str, str], name: str) -> str:
    """Return a query parameter. Raises BadCallback when it is missing."""
    value = query.get(name)
    if not value:
        raise BadCallback("missing_parameter", f"the query has no {name}")
    return value


def bad_signature(name: str) -> BadCallback:
    """Return the refusal of a signature that no live token explains."""
    return BadCallback(
        "bad_signature",
        f"{name} does not match; check that callback_token equals the token in the platform's console",
        status=403,
    )
