"""The sandbox's crypto, held to the published WeCom vector and to wechatpy's independent implementation."""

from __future__ import annotations

import base64
import struct

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.enterprise.crypto import WeChatCrypto

from bot.sandbox.crypto import CryptoError, Sealer, sign

TOKEN = "123456"
AES_KEY = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
CORP_ID = "wx49f0ab532d5d035a"
ECHO = "4ByGGj+sVCYcvGeQYhaKIk1o0pQRNbRjxybjTGblXrBaXlTXeOo1+bXFXDQQb1o6co6Yh9Bv41n7hOchLF6p+Q=="


def _raw(plain: bytes) -> str:
    key = base64.b64decode(AES_KEY + "=")
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()


def test_the_published_wecom_vector_carries_its_published_signature() -> None:
    assert sign(TOKEN, "1411443780", "437374425", ECHO) == "dd6b9c95b495b3f7e2901bfbc76c664930ffdb96"


def test_the_published_wecom_vector_decrypts() -> None:
    assert Sealer.of(AES_KEY, CORP_ID).decrypt(ECHO) == b"5927782489442352469"


def test_the_signature_of_the_documentation_example_sorts_before_it_joins() -> None:
    assert sign("AAAAA", "1714037059", "486452656") == sign("486452656", "AAAAA", "1714037059")
    assert sign("AAAAA", "1714037059", "486452656") == "899cf89e464efb63f54ddac96b0a0a235f53aa78"


def test_wechatpy_reads_what_the_sandbox_encrypts() -> None:
    encrypted = Sealer.of(AES_KEY, CORP_ID).encrypt("<xml>理赔😀</xml>".encode())
    signature = sign(TOKEN, "1411443780", "n", encrypted)
    body = f"<xml><Encrypt>{encrypted}</Encrypt></xml>"
    assert WeChatCrypto(TOKEN, AES_KEY, CORP_ID).decrypt_message(body, signature, "1411443780", "n") == (
        "<xml>理赔😀</xml>"
    )


@given(st.binary(max_size=300), st.text(max_size=30))
def test_whatever_is_encrypted_comes_back_in_whole_blocks_of_32(message: bytes, receiver: str) -> None:
    sealer = Sealer.of(AES_KEY, receiver)
    encrypted = sealer.encrypt(message)
    assert sealer.decrypt(encrypted) == message
    assert len(base64.b64decode(encrypted)) % 32 == 0


@pytest.mark.parametrize(
    ("encrypted", "complaint"),
    [
        ("not base64!", "base64"),
        ("", "blocks"),
        (base64.b64encode(b"x" * 17).decode(), "blocks"),
        (_raw(b"a" * 31 + b"\x21"), "padding"),
        (_raw(b"a" * 30 + b"\x01\x02"), "padding"),
        (_raw(b"\x00" * 32), "padding"),
        (_raw(b"\x10" * 16 + b"\x10" * 16), "shorter"),
    ],
)
def test_damaged_ciphertexts_are_refused_with_the_check_they_failed(encrypted: str, complaint: str) -> None:
    with pytest.raises(CryptoError, match=complaint):
        Sealer.of(AES_KEY, CORP_ID).decrypt(encrypted)


def test_a_message_for_another_receiver_is_refused() -> None:
    with pytest.raises(CryptoError, match="receiver id"):
        Sealer.of(AES_KEY, CORP_ID).decrypt(Sealer.of(AES_KEY, "wxother").encrypt(b"hello"))


def test_a_length_field_beyond_the_end_is_refused() -> None:
    plain = b"a" * 16 + struct.pack(">I", 999) + b"message"
    pad = 32 - len(plain) % 32
    with pytest.raises(CryptoError, match="length"):
        Sealer.of(AES_KEY, CORP_ID).decrypt(_raw(plain + bytes([pad]) * pad))
