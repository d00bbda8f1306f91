"""Which part of an official account's push is to be believed, by the account's encryption mode.

Plain mode: the body as it is. Safe and compatible mode: what Encrypt decrypts to and nothing else; the plain fields
that stand beside Encrypt in compatible mode are signed by nobody and are ignored. The mode is the account's setting,
never the push's claim. Source: WeChat doc, "message encryption".
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from bot.channels.callback import BadCallback, BodyFormat
from bot.channels.document import Document, looks_like_json, read_document, text_of
from bot.channels.envelope import Envelopes, OpenKeys
from bot.channels.wechat.signature import check_query
from content.value import value


class Mode(StrEnum):
    """The account's message encryption mode, as set in the platform's console."""

    SAFE = "safe"
    COMPATIBLE = "compatible"
    PLAIN = "plain"


@value
class OpenedPush:
    """A push whose signature holds."""

    document: Document
    #: The text the document was read from.
    text: str
    #: How the outer body was written.
    format: BodyFormat
    keys: OpenKeys | None


def open_push(
    query: Mapping[str, str], body: bytes, *, content_type: str, mode: Mode, envelopes: Envelopes
) -> OpenedPush:
    """Return the believable part of a push. Raises BadCallback."""
    is_json = looks_like_json(body, content_type)
    body_format = BodyFormat.JSON if is_json else BodyFormat.XML
    if mode is Mode.PLAIN:
        check_query(query, envelopes)
        document, text = read_document(body, is_json=is_json)
        if "Encrypt" in document:
            raise BadCallback("wrong_mode", "the push is encrypted but the account's mode is plain; correct the mode")
        return OpenedPush(document=document, text=text, format=body_format, keys=None)
    outer, _ = read_document(body, is_json=is_json)
    if "Encrypt" not in outer or "msg_signature" not in query:
        raise BadCallback("wrong_mode", f"the push is not encrypted but the account's mode is {mode}; correct the mode")
    message, keys = envelopes.open(query, text_of(outer, "Encrypt"))
    document, text = read_document(message, is_json=looks_like_json(message, ""))
    return OpenedPush(document=document, text=text, format=body_format, keys=keys)
