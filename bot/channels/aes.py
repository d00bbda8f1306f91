"""The one cipher of WeChat and WeCom callbacks: AES-256-CBC over `random16 | length4 | message | receiver`.

wechatpy has the same primitive, but it reads only the last padding byte and compares the receiver with `!=`; here every
padding byte and the receiver are compared in constant time, base64 is strict, and every length is checked.
Source: WeChat and WeCom docs, "message encryption".
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable
from hmac import compare_digest

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.channels.callback import BadCallback

#: PKCS#7 pads to 32 bytes here, not to AES's own 16: pads of 17 to 32 are legal.
_BLOCK = 32
_PADS = tuple(bytes([n]) * n for n in range(_BLOCK + 1))
_HEAD = 20


class MessageCipher:
    """Opens and seals messages with one EncodingAESKey for one receiver id."""

    def __init__(self, aes_key: str, receiver: str, *, random: Callable[[int], bytes] = os.urandom) -> None:
        """Take the 43 characters of the EncodingAESKey. Raises ValueError when they are not a key."""
        key = _decode_key(aes_key)
        # The key schedule and mode are set up once an account, not once a message.
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16]))
        # One context opens all messages: CBC decrypts a block with nothing but the ciphertext before it, so whatever
        # came before, the block behind the initialisation vector opens as the first one of a message.
        self._start = key[:16]
        self._opener = self._cipher.decryptor()
        self._receiver = receiver.encode("utf-8")
        self._random = random

    def open(self, encrypted: str) -> bytes:
        """Return the message inside base64 text. Raises BadCallback on anything but an exactly sealed message."""
        try:
            data = binascii.a2b_base64(encrypted, strict_mode=True)
        except ValueError as error:
            raise BadCallback("bad_base64", "Encrypt is not strict base64; send it without spaces or breaks") from error
        if not data or len(data) % _BLOCK:
            raise BadCallback("truncated", f"the ciphertext has {len(data)} bytes, not a multiple of {_BLOCK}")
        plain = self._opener.update(self._start + data)[len(self._start) :]
        end = len(plain) - _padding(plain)
        message_end = _HEAD + int.from_bytes(plain[16:_HEAD], "big")
        if message_end > end:
            raise BadCallback("truncated", "the length inside the ciphertext reaches beyond its end; check the AES key")
        if not compare_digest(plain[message_end:end], self._receiver):
            raise BadCallback(
                "wrong_receiver",
                "the encrypted receiver id is not this account's; check app_id or corp_id in the settings",
                status=403,
            )
        return plain[_HEAD:message_end]

    def seal(self, message: bytes) -> str:
        """Return base64 text that only the holder of the key can open."""
        data = b"".join((self._random(16), len(message).to_bytes(4, "big"), message, self._receiver))
        encryptor = self._cipher.encryptor()
        sealed = encryptor.update(data + _PADS[_BLOCK - len(data) % _BLOCK]) + encryptor.finalize()
        return binascii.b2a_base64(sealed, newline=False).decode("ascii")


def _padding(plain: bytes) -> int:
    """Return the number of padding bytes after checking each of them; a fixed 32 bytes are compared."""
    tail = plain[-_BLOCK:]
    count = tail[-1]
    if 1 <= count <= _BLOCK and compare_digest(tail, tail[: _BLOCK - count] + _PADS[count]):
        return count
    raise BadCallback("bad_padding", "the decrypted message is not padded as agreed; check the AES key in the settings")


def _decode_key(aes_key: str) -> bytes:
    # Not strict about the last character: its two lowest bits are not part of the key and need not be zero
    # (the platform's own published example ends in "R").
    if len(aes_key) == 43:
        try:
            key = base64.b64decode(aes_key + "=", validate=True)
        except ValueError:
            key = b""
        if len(key) == 32:
            return key
    raise ValueError("an EncodingAESKey is 43 characters of A-Z a-z 0-9 + /; copy it again from the platform's console")
