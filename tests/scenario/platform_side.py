"""The platform's side of a callback, written for these tests from the public protocol alone.

Nothing of the bot and nothing of the sandbox is used: a mistake would have to be made three times to stay hidden.
Source: WeChat and WeCom docs, message encryption.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha1
from urllib.parse import urlencode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.scenario.places import START, Place

_BLOCK = 32
#: Writes the outer document around an encrypted text.
Envelope = Callable[[str], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """One HTTP request of the platform; `query` is encoded."""

    query: str
    body: bytes
    content_type: str = "text/xml"


def signature(*parts: str) -> str:
    """Return the lower-case hex SHA-1 over the sorted parts."""
    return sha1("".join(sorted(parts)).encode("utf-8", "surrogatepass")).hexdigest()


def padded(data: bytes) -> bytes:
    """Return `data` with PKCS#7 padding to blocks of 32 bytes."""
    count = _BLOCK - len(data) % _BLOCK
    return data + bytes([count]) * count


def framed(message: bytes, receiver: str) -> bytes:
    """Return random bytes, length, message and receiver, as they stand inside the ciphertext before padding."""
    return os.urandom(16) + len(message).to_bytes(4, "big") + message + receiver.encode()


def encrypted(plain: bytes, aes_key: str) -> str:
    """Return padded bytes encrypted under an EncodingAESKey, as base64."""
    key = base64.b64decode(aes_key + "=")
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()


def sealed(message: bytes, place: Place) -> str:
    """Return a message sealed for an account."""
    return encrypted(padded(framed(message, place.realm)), place.aes_key)


def xml_envelope(secret: str) -> bytes:
    """Return the XML document of safe mode."""
    return f"<xml><ToUserName><![CDATA[to]]></ToUserName><Encrypt><![CDATA[{secret}]]></Encrypt></xml>".encode()


def json_envelope(secret: str) -> bytes:
    """Return the JSON document of safe mode."""
    return json.dumps({"ToUserName": "to", "Encrypt": secret}).encode()


def sealed_query(secret: str, token: str, *, moment: int = START, nonce: str = "1320562132") -> str:
    """Return the query that signs an encrypted text."""
    stamp = str(moment)
    fields = {"signature": signature(token, stamp, nonce), "timestamp": stamp, "nonce": nonce, "openid": "o"}
    return urlencode({**fields, "encrypt_type": "aes", "msg_signature": signature(token, stamp, nonce, secret)})


def sealed_callback(
    place: Place, message: bytes, *, write: Envelope = xml_envelope, moment: int = START, nonce: str = "1320562132"
) -> Callback:
    """Return a push of `message` to an account in safe mode."""
    secret = sealed(message, place)
    content_type = "application/json" if write is json_envelope else "text/xml"
    query = sealed_query(secret, place.token, moment=moment, nonce=nonce)
    return Callback(query=query, body=write(secret), content_type=content_type)


def text_message(place: Place, sender: str, *, words: str, number: int, moment: int = START) -> bytes:
    """Return the XML of a text message."""
    return (
        f"<xml><ToUserName><![CDATA[{place.original_id}]]></ToUserName>"
        f"<FromUserName><![CDATA[{sender}]]></FromUserName><CreateTime>{moment}</CreateTime>"
        f"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{words}]]></Content><MsgId>{number}</MsgId></xml>"
    ).encode()
