"""The callback cipher: everything sealed opens, and nothing that is not exactly sealed does."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import PrpCrypto

from bot.channels.aes import MessageCipher
from bot.channels.callback import BadCallback
from tests.unit.bot.channels.platform_side import AES_KEY

KEY = base64.b64decode(AES_KEY + "=")
CIPHER = MessageCipher(AES_KEY, "wx1")


def _encrypt_raw(plain: bytes) -> str:
    encryptor = Cipher(algorithms.AES(KEY), modes.CBC(KEY[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()


def _plain(message: bytes, *, receiver: bytes = b"wx1", length: int | None = None) -> bytes:
    return b"r" * 16 + (len(message) if length is None else length).to_bytes(4, "big") + message + receiver


def _padded(plain: bytes) -> bytes:
    count = 32 - len(plain) % 32
    return plain + bytes([count]) * count


def _reason(encrypted: str) -> str:
    with pytest.raises(BadCallback) as caught:
        CIPHER.open(encrypted)
    return caught.value.reason


@given(st.binary(max_size=200))
def test_what_is_sealed_opens_again(message: bytes) -> None:
    assert CIPHER.open(CIPHER.seal(message)) == message


@given(st.text(max_size=100))
def test_wechatpy_opens_what_is_sealed(message: str) -> None:
    assert PrpCrypto(KEY).decrypt(CIPHER.seal(message.encode()), "wx1") == message


@given(st.text(max_size=100))
def test_what_wechatpy_seals_opens(message: str) -> None:
    assert CIPHER.open(PrpCrypto(KEY).encrypt(message, "wx1").decode()) == message.encode()


@pytest.mark.parametrize("size", range(64))
def test_every_padding_from_one_to_thirty_two_opens(size: int) -> None:
    assert CIPHER.open(_encrypt_raw(_padded(_plain(b"x" * size)))) == b"x" * size


def test_the_length_counts_bytes_not_characters() -> None:
    assert CIPHER.open(_encrypt_raw(_padded(_plain("险😊".encode())))).decode() == "险😊"


@pytest.mark.parametrize("position", range(1, 10))
def test_a_single_wrong_padding_byte_is_refused(position: int) -> None:
    plain = bytearray(_padded(_plain(b"12345678901234567890")))
    assert plain[-1] > 10
    plain[-1 - position] ^= 1
    assert _reason(_encrypt_raw(bytes(plain))) == "bad_padding"


@pytest.mark.parametrize("last", [0, 33, 255])
def test_a_padding_count_out_of_range_is_refused(last: int) -> None:
    plain = _padded(_plain(b"m"))[:-1] + bytes([last])
    assert _reason(_encrypt_raw(plain)) == "bad_padding"


@pytest.mark.parametrize("length", [2, 2**31, 2**32 - 1])
def test_a_length_that_cuts_into_or_passes_the_receiver_is_refused(length: int) -> None:
    assert _reason(_encrypt_raw(_padded(_plain(b"m", length=length)))) in ("wrong_receiver", "truncated")


@pytest.mark.parametrize("receiver", [b"", b"wx", b"wx11", b"wx2", b"WX1"])
def test_another_receiver_is_refused(receiver: bytes) -> None:
    assert _reason(_encrypt_raw(_padded(_plain(b"m", receiver=receiver)))) == "wrong_receiver"


def test_an_empty_receiver_is_a_receiver() -> None:
    # AI bots of a corporation's own have none.
    cipher = MessageCipher(AES_KEY, "")
    assert cipher.open(cipher.seal(b"m")) == b"m"


def test_a_ciphertext_that_is_cut_off_is_refused() -> None:
    data = base64.b64decode(CIPHER.seal(b"m" * 100))
    assert {_reason(base64.b64encode(data[:size]).decode()) for size in (0, 1, 16, 33, len(data) - 1)} == {"truncated"}


def test_a_ciphertext_without_its_last_block_is_refused() -> None:
    data = base64.b64decode(CIPHER.seal(b"m" * 100))
    assert _reason(base64.b64encode(data[:-32]).decode()) in ("bad_padding", "truncated", "wrong_receiver")


@pytest.mark.parametrize("spoil", ["{} ", " {}", "{}\n", "{}=", "{}!", "é{}", "-{}"])
def test_base64_is_strict(spoil: str) -> None:
    assert _reason(spoil.format(CIPHER.seal(b"m"))) == "bad_base64"


@pytest.mark.parametrize("key", ["", "a" * 42, "a" * 44, "a" * 42 + "!", "a" * 42 + "="])
def test_what_is_not_an_encoding_aes_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="43 characters"):
        MessageCipher(key, "wx1")
