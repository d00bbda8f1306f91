"""Signatures of official account callbacks.

`signature` covers token, timestamp and nonce, so it proves that the caller knows the token and says nothing about the
body; `msg_signature` covers those and the text of Encrypt and is checked by `bot.channels.envelope`. Both are lowercase
hex SHA-1 over the byte-sorted concatenation. Source: WeChat doc, "receiving messages", "message encryption".
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.channels.envelope import Envelopes, bad_signature, parameter
from bot.channels.signature import matches


def check_query(query: Mapping[str, str], envelopes: Envelopes) -> None:
    """Check `signature` against every live token. Raises BadCallback."""
    given = parameter(query, "signature")
    stamp, nonce = parameter(query, "timestamp"), parameter(query, "nonce")
    if not any(matches(given, token, stamp, nonce) for token in envelopes.tokens):
        raise bad_signature("signature")


def read_echo(query: Mapping[str, str], envelopes: Envelopes) -> str:
    """Return the echo of a URL verification: `echostr` unchanged, also in safe mode. Raises BadCallback."""
    check_query(query, envelopes)
    return parameter(query, "echostr")
