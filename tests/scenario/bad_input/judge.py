"""An independent judge of callbacks: whether one is authentic, from the public protocol alone.

Nothing of the bot is used: signatures with hashlib, decryption with cryptography, XML with SAX, JSON with json. A
callback is authentic when it is fresh, signed and sealed for the account, addressed to it, and says something that a
platform can say: the fields that tell who, when and what are there, once, and of the right type.
Source: WeChat and WeCom docs, receiving messages and events, message encryption.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from dataclasses import dataclass
from io import BytesIO
from typing import Any, NoReturn
from urllib.parse import parse_qsl
from xml.sax import SAXException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import InputSource

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from defusedxml.common import DefusedXmlException
from defusedxml.sax import make_parser

from tests.scenario.places import Place
from tests.scenario.platform_side import signature

_SKEW_SECONDS = 300
_BODY_BYTES = 262_144
#: No platform nests deeper than 5; the bot draws its line here.
_DEPTH = 16
#: Of the name of a kind nobody knows so many characters are kept.
_KIND_CHARACTERS = 64
#: What must be there, as text, and what may be there, as text, by kind of message.
_MESSAGES = {
    "text": (("Content",), ("bizmsgmenuid",)),
    "image": (("MediaId",), ("PicUrl",)),
    "voice": (("MediaId",), ("Format", "Recognition")),
    "location": (("Location_X", "Location_Y"), ("Scale", "Label")),
    "link": (("Url",), ("Title", "Description")),
}
_EVENTS = {
    "subscribe": ((), ("Ticket",)),
    "unsubscribe": ((), ()),
    "scan": (("EventKey",), ("Ticket",)),
    "click": (("EventKey",), ()),
    "view": (("EventKey",), ()),
}
_KINDS = {"subscribe": "follow", "unsubscribe": "unfollow", "scan": "scan", "click": "menu_click", "view": "menu_view"}
_WECOM_EVENTS = {name: _EVENTS[name] for name in ("unsubscribe", "click", "view")} | {"subscribe": ((), ())}


class NotAuthentic(Exception):
    """The callback must be refused; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentic:
    """What must be in the log of an authentic callback: once for each `key`."""

    account: str
    key: str
    sender: str
    moment: int
    kind: str


def judge(place: Place, query: str, body: bytes, *, now: int) -> Authentic:
    """Return what the callback says. Raises NotAuthentic."""
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        parameters.setdefault(name, value)
    stamp = parameters.get("timestamp", "")
    if not _is_number(stamp, 12) or abs(now - int(stamp)) > _SKEW_SECONDS:
        raise NotAuthentic("stale or no timestamp")
    if len(body) > _BODY_BYTES:
        raise NotAuthentic("too large")
    outer = _document(body)
    if place.mode == "plain":
        expected = signature(place.token, stamp, parameters.get("nonce") or _refuse("no nonce"))
        if parameters.get("signature") != expected or "Encrypt" in outer:
            raise NotAuthentic("wrong signature, or encrypted in plain mode")
        return _said(place, outer)
    secret = outer.get("Encrypt")
    if not isinstance(secret, str):
        raise NotAuthentic("no Encrypt, or several")
    expected = signature(place.token, stamp, parameters.get("nonce") or _refuse("no nonce"), secret)
    if parameters.get("msg_signature") != expected:
        raise NotAuthentic("wrong signature")
    return _said(place, _document(_opened(place, secret)))


def _refuse(why: str) -> NoReturn:
    raise NotAuthentic(why)


def _is_number(text: Any, digits: int) -> bool:
    return isinstance(text, str) and 0 < len(text) <= digits and set(text) <= set("0123456789")


def _opened(place: Place, secret: str) -> bytes:
    try:
        data = base64.b64decode(secret, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotAuthentic("not base64") from error
    if not data or len(data) % 32:
        raise NotAuthentic("not whole blocks")
    key = base64.b64decode(place.aes_key + "=")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    plain = decryptor.update(data) + decryptor.finalize()
    pad = plain[-1]
    if not 1 <= pad <= 32 or plain[-pad:] != bytes([pad]) * pad:
        raise NotAuthentic("bad padding")
    plain = plain[:-pad]
    length = int.from_bytes(plain[16:20], "big")
    message, receiver = plain[20 : 20 + length], plain[20 + length :]
    if len(message) != length or receiver != place.realm.encode():
        raise NotAuthentic("wrong length or receiver")
    return message


def _document(body: bytes) -> dict[str, Any]:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotAuthentic("not UTF-8") from error
    if text.lstrip(" \t\r\n\v\f")[:1] in ("{", "["):
        return _json_document(text)
    handler = _Reader()
    source = InputSource()
    source.setByteStream(BytesIO(text.encode()))
    source.setEncoding("utf-8")  # whatever the document says of itself: the platforms write UTF-8
    parser = make_parser()
    parser.forbid_dtd = True
    parser.setContentHandler(handler)
    try:
        parser.parse(source)
    except (SAXException, DefusedXmlException, ValueError) as error:
        raise NotAuthentic("not XML") from error
    root = handler.root.get("xml")
    return root if isinstance(root, dict) else _refuse("no <xml>")


class _Reader(ContentHandler):
    """Elements with children become dicts, repeated ones lists, all others their text."""

    def __init__(self) -> None:
        super().__init__()
        self.root: dict[str, Any] = {}
        self._open: list[tuple[dict[str, Any], list[str]]] = [(self.root, [])]

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802 - SAX's own name
        if len(self._open) > _DEPTH + 1:
            raise NotAuthentic("nested too deep")
        self._open.append(({}, []))

    def characters(self, content: str) -> None:
        self._open[-1][1].append(content)

    def endElement(self, name: str) -> None:  # noqa: N802 - SAX's own name
        children, words = self._open.pop()
        value: Any = children or "".join(words)
        parent = self._open[-1][0]
        if name in parent:
            before = parent[name]
            parent[name] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            parent[name] = value


def _json_document(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text, parse_int=str, parse_float=str, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise NotAuthentic("not JSON") from error
    if not isinstance(value, dict):
        raise NotAuthentic("no object")
    plain = _texts(value, 1)
    assert isinstance(plain, dict)
    return plain


def _texts(value: Any, depth: int) -> Any:
    if isinstance(value, dict | list) and depth > _DEPTH:
        raise NotAuthentic("nested too deep")
    if isinstance(value, dict):
        return {_texts(name, depth): _texts(item, depth + 1) for name, item in value.items()}
    if isinstance(value, list):
        return [_texts(item, depth + 1) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise NotAuthentic("characters that are none")
    return value


def _text(document: dict[str, Any], name: str, *, needed: bool = True) -> str:
    value = document.get(name)
    if value is None and not needed:
        return ""
    return value if isinstance(value, str) else _refuse(f"{name} is not text")


def _said(place: Place, document: dict[str, Any]) -> Authentic:
    if _text(document, "ToUserName") != place.original_id:
        raise NotAuthentic("addressed to somebody else")
    owner = place.original_id
    if place.channel == "wecom":
        owner = str(place.agent_id)
        agent = _text(document, "AgentID", needed=False) or _text(document, "AgentId", needed=False)
        if agent not in ("", owner):
            raise NotAuthentic("addressed to another application")
    sender, moment = _text(document, "FromUserName"), _text(document, "CreateTime")
    if not 1 <= len(sender) <= 128 or not _is_number(moment, 10):
        raise NotAuthentic("no sender or time")
    kind = _text(document, "MsgType").lower()
    said = _event if kind == "event" else _message
    key, stored = said(place, document, kind)
    return Authentic(account=place.name, key=f"{owner}:{sender}:{key}", sender=sender, moment=int(moment), kind=stored)


def _message(place: Place, document: dict[str, Any], kind: str) -> tuple[str, str]:
    if kind not in _MESSAGES:
        number = _text(document, "MsgId", needed=False)
        return (
            f"m:{number}" if number else f"e:{document['CreateTime']}:{document['MsgType']}:"
        ), f"event:message:{kind[:_KIND_CHARACTERS]}"
    if not _is_number(document.get("MsgId"), 20):
        raise NotAuthentic("MsgId is no number")
    _check_fields(document, *_MESSAGES[kind])
    if kind == "location":
        _check_degrees(document)
    return f"m:{document['MsgId']}", kind


def _event(place: Place, document: dict[str, Any], kind: str) -> tuple[str, str]:
    name = _text(document, "Event")
    parts = [_text(document, part, needed=False) for part in ("CreateTime", "Event", "EventKey", "MsgID")]
    known = _EVENTS if place.channel == "wechat" else _WECOM_EVENTS
    if name.lower() in known:
        _check_fields(document, *known[name.lower()])
        return "e:" + ":".join(parts), _KINDS[name.lower()]
    return "e:" + ":".join(parts), f"event:{name.lower()[:_KIND_CHARACTERS]}"


def _check_fields(document: dict[str, Any], needed: tuple[str, ...], optional: tuple[str, ...]) -> None:
    for name in needed:
        _text(document, name)
    for name in optional:
        _text(document, name, needed=False)


def _check_degrees(document: dict[str, Any]) -> None:
    for name in ("Location_X", "Location_Y"):
        try:
            degrees = float(document[name])
        except ValueError as error:
            raise NotAuthentic(f"{name} is no number") from error
        if not math.isfinite(degrees):
            raise NotAuthentic(f"{name} is not finite")
