"""Callbacks as they leave the platform: query, body and content type in every mode and format.

WeChat doc: receiving messages. The XML is written by hand from the platform's side: texts in CDATA, numbers bare.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from bot.sandbox.crypto import Sealer, sign

Mode = Literal["safe", "compatible", "plain"]
Format = Literal["xml", "json"]

#: Characters that XML 1.0 cannot hold, and carriage returns, which a reader would turn into line feeds.
_UNSENDABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def sendable(text: str) -> str:
    """Return `text` as a phone would send it: without what no callback can carry, line ends as line feeds."""
    return _UNSENDABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """One HTTP request to the bot; `query` is already encoded."""

    query: str
    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What is new in every attempt: the platform's time (epoch seconds) and a nonce."""

    timestamp: int
    nonce: str
    #: Faults: sign with something else than the account's token.
    wrong_signature: bool = False

    def sign(self, token: str, *parts: str) -> str:
        """Return the signature over this stamp and `parts`."""
        secret = token + "-wrong" if self.wrong_signature else token
        return sign(secret, str(self.timestamp), self.nonce, *parts)


def render_xml(fields: Mapping[str, Any], *, root: str = "xml") -> str:
    """Return `fields` as an XML document; nested mappings become elements, lists repeated `item` elements."""
    return f"<{root}>{_elements(fields)}</{root}>"


def render_json(fields: Mapping[str, Any]) -> str:
    """Return `fields` as a JSON object in raw UTF-8."""
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def official_callback(
    fields: Mapping[str, Any], *, mode: Mode, format: Format, token: str, sealer: Sealer, stamp: Stamp, openid: str
) -> Callback:
    """Return the push of `fields` to an official account's server."""
    query = {
        "signature": stamp.sign(token),
        "timestamp": str(stamp.timestamp),
        "nonce": stamp.nonce,
        "openid": openid,
    }
    document: Mapping[str, Any] = fields
    if mode != "plain":
        encrypted = sealer.encrypt(_render(fields, format=format).encode())
        query["encrypt_type"] = "aes"
        query["msg_signature"] = stamp.sign(token, encrypted)
        visible = fields if mode == "compatible" else {"ToUserName": fields["ToUserName"]}
        document = {**visible, "Encrypt": encrypted}
    content_type = "application/json" if format == "json" else "text/xml"
    body = _render(document, format=format).encode()
    return Callback(query=urlencode(query), body=body, content_type=content_type)


def wecom_callback(
    fields: Mapping[str, Any], *, corp_id: str, agent_id: int | None, token: str, sealer: Sealer, stamp: Stamp
) -> Callback:
    """Return the push of `fields` to a WeCom application's server; there is no plaintext mode.

    Customer service has no `agent_id`.
    """
    encrypted = sealer.encrypt(render_xml(fields).encode())
    query = {
        "msg_signature": stamp.sign(token, encrypted),
        "timestamp": str(stamp.timestamp),
        "nonce": stamp.nonce,
    }
    document = {"ToUserName": corp_id, "AgentID": "" if agent_id is None else str(agent_id), "Encrypt": encrypted}
    return Callback(query=urlencode(query), body=render_xml(document).encode(), content_type="text/xml")


def _render(fields: Mapping[str, Any], *, format: Format) -> str:
    return render_json(fields) if format == "json" else render_xml(fields)


def _elements(fields: Mapping[str, Any]) -> str:
    return "".join(f"<{name}>{_content(value)}</{name}>" for name, value in fields.items())


def _content(value: Any) -> str:
    if isinstance(value, Mapping):
        return _elements(value)
    if isinstance(value, list | tuple):
        return "".join(f"<item>{_content(item)}</item>" for item in value)
    if isinstance(value, int | float):
        return str(value)
    return "<![CDATA[" + str(value).replace("]]>", "]]]]><![CDATA[>") + "]]>"
