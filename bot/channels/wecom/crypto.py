"""Which part of a WeCom push is to be believed: what Encrypt decrypts to, and nothing else.

WeCom has no plain mode. ToUserName and AgentID beside Encrypt are routing hints that nobody signed; the ones inside the
message count. Source: WeCom doc 90238.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.channels.callback import BadCallback, BodyFormat
from bot.channels.document import Document, looks_like_json, read_document, text_of
from bot.channels.envelope import Envelopes, OpenKeys
from content.value import value


@value
class OpenedPush:
    """A push whose signature holds."""

    document: Document
    #: The text the document was read from.
    text: str
    format: BodyFormat
    keys: OpenKeys


def open_push(query: Mapping[str, str], body: bytes, *, content_type: str, envelopes: Envelopes) -> OpenedPush:
    """Return the believable part of a push. Raises BadCallback."""
    is_json = looks_like_json(body, content_type)
    outer, _ = read_document(body, is_json=is_json)
    if "Encrypt" not in outer:
        raise BadCallback("wrong_mode", "the push holds no Encrypt; WeCom encrypts every callback")
    message, keys = envelopes.open(query, text_of(outer, "Encrypt"))
    document, text = read_document(message, is_json=looks_like_json(message, ""))
    body_format = BodyFormat.JSON if is_json else BodyFormat.XML
    return OpenedPush(document=document, text=text, format=body_format, keys=keys)
