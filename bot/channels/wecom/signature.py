"""Signatures of WeCom callbacks.

There is one, `msg_signature`: lowercase hex SHA-1 over the byte-sorted concatenation of token, timestamp, nonce and the
encrypted text, which is Encrypt in a push and `echostr` in a URL verification. Source: WeCom doc 90238.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.channels.callback import BadCallback
from bot.channels.envelope import Envelopes, parameter


def read_echo(query: Mapping[str, str], envelopes: Envelopes) -> str:
    """Return the echo of a URL verification: the decrypted `echostr`, nothing around it. Raises BadCallback."""
    message, _ = envelopes.open(query, parameter(query, "echostr"))
    try:
        return message.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadCallback("bad_utf8", "the decrypted echostr is not UTF-8") from error
