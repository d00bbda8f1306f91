"""The platform's side of a callback, for tests: seals pushes with wechatpy's own crypto, opens answers with it.

wechatpy's crypto is not used by the channels, so a mistake would have to be made twice to stay hidden.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import xmltodict
from wechatpy.crypto import PrpCrypto, WeChatCrypto

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))
AES_KEY = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
OTHER_AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
TOKEN = "callback-token"
NONCE = "437374425"


def sha1_of_sorted(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def plain_query(*, token: str = TOKEN, stamp: str = STAMP) -> dict[str, str]:
    signature = sha1_of_sorted(token, stamp, NONCE)
    return {"signature": signature, "timestamp": stamp, "nonce": NONCE, "openid": "oPerson"}


def encrypt(message: str | bytes, *, receiver: str, aes_key: str = AES_KEY) -> str:
    crypto = WeChatCrypto("unused", aes_key, receiver)
    sealed: bytes = PrpCrypto(crypto.key).encrypt(message, receiver)
    return sealed.decode()


def sealed_query(encrypted: str, *, token: str = TOKEN, stamp: str = STAMP) -> dict[str, str]:
    signature = sha1_of_sorted(token, stamp, NONCE, encrypted)
    return {**plain_query(token=token, stamp=stamp), "encrypt_type": "aes", "msg_signature": signature}


def xml_envelope(encrypted: str, *, beside: str = "<ToUserName><![CDATA[gh_1]]></ToUserName>") -> bytes:
    return f"<xml>{beside}<Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>".encode()


def json_envelope(encrypted: str) -> bytes:
    return json.dumps({"ToUserName": "gh_1", "Encrypt": encrypted}).encode()


def open_answer(body: bytes, *, receiver: str, token: str = TOKEN, aes_key: str = AES_KEY) -> Any:
    """Return the fields of an encrypted answer after wechatpy has checked its signature and receiver."""
    outer = json.loads(body) if body.startswith(b"{") else xmltodict.parse(body)["xml"]
    text = WeChatCrypto(token, aes_key, receiver).decrypt_message(
        outer, outer["MsgSignature"], str(outer["TimeStamp"]), outer["Nonce"]
    )
    return json.loads(text) if text.startswith("{") else xmltodict.parse(text)["xml"]
