"""The generator's requests: distinct, whole, and readable for wechatpy, which has not made them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto

from tests.bench.callbacks import Account, CallbackFiles, read_requests

ACCOUNT = Account(name="recorded")


@pytest.fixture(scope="module")
def requests(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    files = CallbackFiles(tmp_path_factory.mktemp("callbacks"))
    paths: list[Path] = [files.write((ACCOUNT,), 30), files.write((ACCOUNT,), 30)]
    files.close()
    return [request for path in paths for request in read_requests(path)]


def test_wechatpy_reads_every_request_and_no_message_id_comes_twice(requests: list[bytes]) -> None:
    crypto = WeChatCrypto(ACCOUNT.secret("token"), ACCOUNT.aes_key, ACCOUNT.app_id)
    found = set()
    for request in requests:
        head, _, body = request.partition(b"\r\n\r\n")
        query = dict(parse_qsl(urlsplit(head.split(b" ")[1].decode()).query))
        xml = crypto.decrypt_message(body, query["msg_signature"], query["timestamp"], query["nonce"])
        found.add((parse_message(xml).source, parse_message(xml).id))
    assert len(found) == len({number for _, number in found}) == 60


def test_the_length_of_each_body_is_what_its_head_says(requests: list[bytes]) -> None:
    for request in requests:
        head, _, body = request.partition(b"\r\n\r\n")
        assert f"Content-Length: {len(body)}".encode() in head
