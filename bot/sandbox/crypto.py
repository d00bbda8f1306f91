"""Encryption and signatures of callbacks, as the platform does them.

WeChat doc: message encryption (official accounts and WeCom share it). AES-256-CBC, IV = the first 16 bytes of the key;
plaintext = 16 random bytes, 4 bytes big-endian length, message, receiver id; padded to 32-byte blocks, at least 1.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import struct
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BLOCK = 32


class CryptoError(Exception):
    """What came back is not a message of this account; the text says which check it failed."""


def sign(*parts: str) -> str:
    """Return the lowercase hex SHA1 of the sorted, concatenated `parts` (token, timestamp, nonce and so on)."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Sealer:
    """Encrypts and decrypts for one account. `receiver` is the AppID or CorpID at the end of every plaintext."""

    key: bytes
    receiver: bytes

    @classmethod
    def of(cls, aes_key: str, receiver: str) -> Sealer:
        """Return the sealer for a 43-character EncodingAESKey."""
        return cls(base64.b64decode(aes_key + "="), receiver.encode())

    def encrypt(self, message: bytes, *, lot: bytes | None = None) -> str:
        """Return `message` encrypted, base64; `lot` are the 16 random bytes, drawn when not given."""
        plain = (lot or os.urandom(16)) + struct.pack(">I", len(message)) + message + self.receiver
        pad = _BLOCK - len(plain) % _BLOCK
        encryptor = Cipher(algorithms.AES(self.key), modes.CBC(self.key[:16])).encryptor()
        return base64.b64encode(encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()).decode()

    def decrypt(self, encrypted: str) -> bytes:
        """Return the message inside `encrypted` (base64).

        Raises:
            CryptoError: Base64, block size, padding, length or receiver is wrong.
        """
        try:
            data = base64.b64decode(encrypted, validate=True)
        except (binascii.Error, ValueError) as error:
            raise CryptoError("the encrypted text is not base64") from error
        if not data or len(data) % 16:
            raise CryptoError("the encrypted text is not a whole number of blocks")
        decryptor = Cipher(algorithms.AES(self.key), modes.CBC(self.key[:16])).decryptor()
        plain = decryptor.update(data) + decryptor.finalize()
        pad = plain[-1]
        if not 1 <= pad <= _BLOCK or plain[-pad:] != bytes([pad]) * pad:
            raise CryptoError("the padding is wrong; was it encrypted with another key?")
        return self._unframe(plain[:-pad])

    def _unframe(self, plain: bytes) -> bytes:
        if len(plain) < 20:
            raise CryptoError("the plaintext is shorter than its frame")
        (length,) = struct.unpack(">I", plain[16:20])
        message, receiver = plain[20 : 20 + length], plain[20 + length :]
        if len(message) != length:
            raise CryptoError("the length field counts more bytes than there are")
        if receiver != self.receiver:
            raise CryptoError(f"the receiver id is {receiver!r}, not {self.receiver!r}")
        return message
