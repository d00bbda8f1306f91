"""Passive replies, read as strictly as the platform reads them.

WeChat doc: passive replies; WeCom doc: passive replies. An answer is a reply, empty (`success` or no body), or invalid;
an invalid one counts as no answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hmac import compare_digest
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from bot.sandbox.crypto import CryptoError, Sealer, sign
from bot.sandbox.envelope import Format, Mode
from bot.sandbox.replies import InvalidReply, read_reply
from bot.sandbox.shown import Shown

_EMPTY = (b"", b"success")
_ENVELOPE = ("Encrypt", "MsgSignature", "TimeStamp", "Nonce")


class Result(StrEnum):
    """What became of one attempt."""

    REPLY = "reply"
    EMPTY = "empty"
    INVALID = "invalid"
    TIMEOUT = "timeout"
    RESET = "reset"
    REFUSED = "refused"
    STATUS = "status"

    @property
    def settles(self) -> bool:
        """Whether the push is over."""
        return self in (Result.REPLY, Result.EMPTY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One attempt's end; `shown` is what the person gets to see, `problem` why it does not count."""

    result: Result
    status: int | None = None
    shown: Shown | None = None
    problem: str = ""


def read_doorbell(status: int, body: bytes) -> Answer:
    """Return what an answer to a doorbell of customer service is worth: it can only be acknowledged."""
    if status != 200:
        return Answer(result=Result.STATUS, status=status, problem=f"status {status}")
    if body.strip() not in _EMPTY:
        return Answer(result=Result.INVALID, status=status, problem="a doorbell has no passive reply")
    return Answer(result=Result.EMPTY, status=status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What an account accepts as an answer to a push: `account_id` and `person_id` must come back swapped."""

    channel: str
    mode: Mode
    format: Format
    token: str
    sealer: Sealer
    account_id: str
    person_id: str
    #: Whether the platform keeps a file of this media id.
    has_media: Callable[[str], bool]
    xml_for_json: bool = True
    max_articles: int = 8

    def read(self, status: int, body: bytes) -> Answer:
        """Return what the answer with this status and body is."""
        if status != 200:
            return Answer(result=Result.STATUS, status=status, problem=f"the status is {status}, not 200")
        if body in _EMPTY:
            return Answer(result=Result.EMPTY, status=status)
        try:
            shown = self._message(body)
        except InvalidReply as problem:
            return Answer(result=Result.INVALID, status=status, problem=str(problem))
        return Answer(result=Result.REPLY, status=status, shown=shown)

    def _message(self, body: bytes) -> Shown | None:
        document = self._document(body)
        if "Encrypt" in document:
            if self.mode == "plain":
                raise InvalidReply("the reply is encrypted, but the account is in plaintext mode")
            document = self._document(self._open(document))
        elif self.mode == "safe":
            raise InvalidReply("the reply is not encrypted, but the account is in safe mode")
        self._check_address(document)
        return read_reply(document, channel=self.channel, max_articles=self.max_articles, has_media=self.has_media)

    def _document(self, body: bytes) -> Mapping[str, Any]:
        if self.format == "json" and body.lstrip()[:1] == b"{":
            return _from_json(body)
        if self.format == "json" and not self.xml_for_json:
            raise InvalidReply("the account uses JSON, the reply is something else")
        return _from_xml(body)

    def _open(self, document: Mapping[str, Any]) -> bytes:
        missing = [name for name in _ENVELOPE if not str(document.get(name) or "")]
        if missing:
            raise InvalidReply(f"the encrypted reply lacks {', '.join(missing)}")
        encrypted, signature, timestamp, nonce = (str(document[name]) for name in _ENVELOPE)
        if not timestamp.isdecimal():
            raise InvalidReply("TimeStamp is not a number")
        expected = sign(self.token, timestamp, nonce, encrypted)
        if not compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
            raise InvalidReply("MsgSignature is wrong")
        try:
            return self.sealer.decrypt(encrypted)
        except CryptoError as error:
            raise InvalidReply(str(error)) from error

    def _check_address(self, document: Mapping[str, Any]) -> None:
        if document.get("ToUserName") != self.person_id:
            raise InvalidReply("ToUserName is not the person who wrote")
        if document.get("FromUserName") != self.account_id:
            raise InvalidReply("FromUserName is not this account")
        if not str(document.get("CreateTime") or "").isdecimal():
            raise InvalidReply("CreateTime is not a number")


def _from_json(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except ValueError as error:
        raise InvalidReply(f"the reply is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise InvalidReply("the reply is not a JSON object")
    return document


def _from_xml(body: bytes) -> Mapping[str, Any]:
    try:
        root = fromstring(body.strip(), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise InvalidReply(f"the reply is not XML: {error}") from error
    if root.tag != "xml":
        raise InvalidReply(f"the root element is {root.tag}, not xml")
    content = _content(root)
    if not isinstance(content, dict):
        raise InvalidReply("the reply has no elements")
    return content


def _content(element: Element) -> Any:
    if not len(element):
        return element.text or ""
    content: dict[str, Any] = {}
    for child in element:
        value = _content(child)
        if child.tag in content:
            before = content[child.tag]
            content[child.tag] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            content[child.tag] = value
    return content
