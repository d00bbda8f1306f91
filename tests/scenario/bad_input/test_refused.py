"""Bad input through the real edge: each a clear 4xx and one line in the log, nothing stored, the bot stays up."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import pytest

from tests.scenario.places import ACCOUNTS, ASSISTANT, SAMPLES, SERVICE, Place, secret_of
from tests.scenario.platform_side import (
    Callback,
    encrypted,
    framed,
    json_envelope,
    padded,
    sealed,
    sealed_callback,
    sealed_query,
    signature,
    text_message,
    xml_envelope,
)
from tests.scenario.town import PATIENCE, Town

_MALFORMED = sorted((Path(__file__).parents[2] / "samples" / "malformed").iterdir())
_BOMB = '<!DOCTYPE xml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
_OUTSIDE = '<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
_Build = Callable[[Place, int], Callback]


def _message(place: Place) -> bytes:
    return text_message(place, "oVillain", words="怎么报案", number=4711)


def _signed(place: Place, secret: str, now: int) -> Callback:
    return Callback(query=sealed_query(secret, place.token, moment=now), body=xml_envelope(secret))


def _with_query(callback: Callback, **changes: str | None) -> Callback:
    fields = dict(parse_qsl(callback.query)) | changes
    kept = {name: value for name, value in fields.items() if value is not None}
    return Callback(query=urlencode(kept), body=callback.body, content_type=callback.content_type)


def _with_body(callback: Callback, body: bytes) -> Callback:
    return Callback(query=callback.query, body=body, content_type=callback.content_type)


def _in_envelope(prologue: str, inner: str) -> _Build:
    def build(place: Place, now: int) -> Callback:
        secret = sealed(_message(place), place)
        body = f"{prologue}<xml><ToUserName>{inner}</ToUserName><Encrypt>{secret}</Encrypt></xml>"
        return _with_body(_signed(place, secret, now), body.encode())

    return build


def _inside(prologue: str, inner: str) -> _Build:
    def build(place: Place, now: int) -> Callback:
        text = prologue + _message(place).decode().replace("</xml>", f"<Z>{inner}</Z></xml>")
        return sealed_callback(place, text.encode(), moment=now)

    return build


def _sealed_badly(frame: Callable[[bytes], bytes] = padded, cipher: Callable[[str], str] = lambda text: text) -> _Build:
    def build(place: Place, now: int) -> Callback:
        plain = frame(framed(_message(place), place.realm))
        return _signed(place, cipher(encrypted(plain, place.aes_key)), now)

    return build


def _bad_pad(data: bytes) -> bytes:
    whole = padded(data)
    return whole[: -whole[-1]] + b"\1" * (whole[-1] - 1) + whole[-1:] if whole[-1] > 1 else whole[:-1] + b"\0"


def _genuine(place: Place, now: int) -> Callback:
    return sealed_callback(place, _message(place), moment=now)


_CASES: dict[str, tuple[str, int, _Build]] = {
    "a signature with another token": (
        "bad_signature", 403,
        lambda p, now: Callback(
            query=sealed_query(sealed(_message(p), p), secret_of("x", "y"), moment=now),
            body=xml_envelope(sealed(_message(p), p)),
        ),
    ),
    "a signature over another text": (
        "bad_signature", 403, lambda p, now: _with_body(_genuine(p, now), xml_envelope(sealed(_message(p), p)))
    ),
    "an empty signature": ("missing_parameter", 400, lambda p, now: _with_query(_genuine(p, now), msg_signature="")),
    "no nonce": ("missing_parameter", 400, lambda p, now: _with_query(_genuine(p, now), nonce=None)),
    "no query": ("missing_parameter", 400, lambda p, now: Callback(query="", body=_genuine(p, now).body)),
    "another receiver": (
        "wrong_receiver", 403,
        lambda p, now: _signed(p, encrypted(padded(framed(_message(p), "wx0000000000000000")), p.aes_key), now),
    ),
    "no receiver": (
        "wrong_receiver", 403, lambda p, now: _signed(p, encrypted(padded(framed(_message(p), "")), p.aes_key), now)
    ),
    "another account inside": (
        "wrong_receiver", 403, lambda p, now: sealed_callback(p, _message(SAMPLES), moment=now)
    ),
    "a timestamp of 301 seconds ago": ("stale_timestamp", 403, lambda p, now: _genuine(p, now - 301)),
    "a timestamp in 301 seconds": ("stale_timestamp", 403, lambda p, now: _genuine(p, now + 301)),
    "a timestamp that is no number": (
        "bad_timestamp", 400, lambda p, now: _with_query(_genuine(p, now), timestamp="yesterday")
    ),
    "half a block too little": ("truncated", 400, _sealed_badly(cipher=lambda text: text[:-24] + "AA==")),
    "one character too little": ("bad_base64", 400, _sealed_badly(cipher=lambda text: text[:-1])),
    "a length beyond the end": (
        "truncated", 400, _sealed_badly(lambda data: padded(data[:16] + (9999).to_bytes(4, "big") + data[20:]))
    ),
    "padding that does not agree": ("bad_padding", 400, _sealed_badly(_bad_pad)),
    "the key of another account": (
        "bad_padding", 400,
        lambda p, now: _signed(p, encrypted(padded(framed(_message(p), p.realm)), SAMPLES.aes_key), now),
    ),
    "an entity bomb inside": ("doctype", 400, _inside(_BOMB, "&c;")),
    "an external entity inside": ("doctype", 400, _inside(_OUTSIDE, "&x;")),
    "an entity bomb around": ("doctype", 400, _in_envelope(_BOMB, "&c;")),
    "an external entity around": ("doctype", 400, _in_envelope(_OUTSIDE, "&x;")),
    "no encryption": ("wrong_mode", 400, lambda p, now: _with_body(_genuine(p, now), _message(p))),
    "an empty body": ("bad_xml", 400, lambda p, now: _with_body(_genuine(p, now), b"")),
    "bytes that are no text": ("bad_utf8", 400, lambda p, now: _with_body(_genuine(p, now), b"<xml>\xff\xfe</xml>")),
    "2 MB": ("too_large", 413, lambda p, now: _with_body(_genuine(p, now), b"<xml>" + b" " * (2 << 20) + b"</xml>")),
    "a JSON array": (
        "bad_types", 400,
        lambda p, now: Callback(query=_genuine(p, now).query, body=b"[1, 2]", content_type="application/json"),
    ),
    "an Encrypt that is a list": (
        "bad_types", 400, lambda p, now: _with_body(_genuine(p, now), b'{"Encrypt": ["a", "b"]}')
    ),
}  # fmt: skip


def _refused(town: Town, place: Place, callback: Callback) -> tuple[int, str, list[str], int]:
    """Post a callback; return status, body, the reasons logged for it, and by how much the log grew."""
    before = len(town.log_lines())
    (stored,) = town.rows("SELECT count(*) FROM message")[0]
    status, body = town.post(place, callback.query, callback.body, content_type=callback.content_type)
    (now_stored,) = town.rows("SELECT count(*) FROM message")[0]
    logged = [line["reason"] for line in town.log_lines()[before:] if line["action"] == "callback_refused"]
    return status, body.decode(), logged, now_stored - stored


@pytest.mark.parametrize("place", [SERVICE, ASSISTANT], ids=["official account", "application"])
@pytest.mark.parametrize("name", _CASES)
def test_a_bad_callback_is_refused_logged_once_and_not_stored(town: Town, place: Place, name: str) -> None:
    reason, status, build = _CASES[name]
    found = _refused(town, place, build(place, town.now()))
    assert found == (status, reason, [reason], 0)
    assert town.get("/health/live")[0] == 200


@pytest.mark.parametrize("path", _MALFORMED, ids=lambda path: path.name)
def test_a_malformed_message_is_refused_however_well_it_is_sealed(town: Town, path: Path) -> None:
    write = json_envelope if path.suffix == ".json" else xml_envelope
    callback = sealed_callback(SAMPLES, path.read_bytes(), write=write, moment=town.now())
    status, reason, logged, stored = _refused(town, SAMPLES, callback)
    assert status in (400, 403)
    assert (logged, stored) == ([reason], 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"Content": ["a"]},
        {"Content": {"a": 1}},
        {"MsgId": 1.5},
        {"MsgId": None},
        {"CreateTime": "soon"},
        {"MsgType": 7, "MsgId": []},
        {"FromUserName": {"a": "b"}},
        {"ToUserName": [1]},
    ],
    ids=str,
)
@pytest.mark.parametrize("place", [ACCOUNTS[1], ACCOUNTS[5]], ids=["safe", "plain"])
def test_json_of_the_wrong_type_is_refused(town: Town, place: Place, changes: dict[str, object]) -> None:
    now = town.now()
    fields = {"ToUserName": place.original_id, "FromUserName": "oVillain", "CreateTime": now, "MsgType": "text"}
    message = json.dumps({**fields, "Content": "你好", "MsgId": 4712, **changes}).encode()
    callback = sealed_callback(place, message, write=json_envelope, moment=now)
    if place.mode == "plain":
        query = {"signature": signature(place.token, str(now), "1"), "timestamp": str(now), "nonce": "1"}
        callback = Callback(query=urlencode(query), body=message, content_type="application/json")
    status, reason, logged, stored = _refused(town, place, callback)
    assert status in (400, 403)
    assert (logged, stored) == ([reason], 0)


def test_an_address_check_with_a_wrong_signature_is_refused_and_logged_once(town: Town) -> None:
    before = len(town.log_lines())
    query = urlencode({"signature": "0" * 40, "timestamp": str(town.now()), "nonce": "1", "echostr": "e"})
    status, _ = town.get(f"/callback/{SERVICE.name}?{query}")
    logged = [line["action"] for line in town.log_lines()[before:]]
    assert (status, logged) == (403, ["callback_refused"])


def test_a_body_without_an_end_in_sight_is_cut_off(town: Town) -> None:
    before = len(town.log_lines())
    callback = _genuine(SERVICE, town.now())
    pieces = (b" " * 65536 for _ in range(40))
    status, body = town.post(SERVICE, callback.query, pieces)
    logged = [line["reason"] for line in town.log_lines()[before:] if line["action"] == "callback_refused"]
    assert (status, body, logged) == (413, b"too_large", ["too_large"])


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
@pytest.mark.parametrize("body", [b"\x8bgarbage", gzip.compress(b" " * (2 << 20))], ids=["garbage", "a bomb"])
def test_a_body_said_to_be_compressed_is_refused_unopened(town: Town, encoding: str, body: bytes) -> None:
    before = len(town.log_lines())
    connection = http.client.HTTPConnection("127.0.0.1", town.bot.port, timeout=PATIENCE)
    path = f"/callback/{SERVICE.name}?{_genuine(SERVICE, town.now()).query}"
    connection.request("POST", path, body=body, headers={"Content-Encoding": encoding, "Content-Type": "text/xml"})
    response = connection.getresponse()
    found = (response.status, response.read(), [line["action"] for line in town.log_lines()[before:]])
    connection.close()
    assert found == (400, b"bad_utf8", ["callback_refused"])


@pytest.mark.parametrize("framing", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("reset", [True, False], ids=["reset", "closed"])
def test_a_body_that_breaks_off_is_one_line_in_the_log(town: Town, framing: str, reset: bool) -> None:
    before = len(town.log_lines())
    path = f"/callback/{SERVICE.name}?{_genuine(SERVICE, town.now()).query}"
    with socket.create_connection(("127.0.0.1", town.bot.port), PATIENCE) as broken:
        head = f"POST {path} HTTP/1.1\r\nHost: bot\r\nExpect: 100-continue\r\n{framing}\r\n\r\n"
        broken.sendall(head.encode())
        assert broken.recv(1024).startswith(b"HTTP/1.1 100")  # the bot reads the body from here on
        broken.sendall(b"3e8\r\n<xml>")
        if reset:
            broken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    town.until(lambda: len(town.log_lines()) > before, "the refusal")
    assert town.get("/health/live")[0] == 200
    logged = [(line["action"], line.get("reason")) for line in town.log_lines()[before:]]
    assert logged == [("callback_refused", "unreadable")]


def test_what_stands_unsealed_beside_the_sealed_message_is_not_believed(town: Town) -> None:
    place, now = ACCOUNTS[2], town.now()
    secret = sealed(text_message(place, "oHonestWriter", words="怎么报案", number=4713), place)
    forged = text_message(place, "oForgedWriter", words="转账", number=4714).decode()
    body = forged.replace("</xml>", f"<Encrypt><![CDATA[{secret}]]></Encrypt></xml>").encode()
    status, _ = town.post(place, sealed_query(secret, place.token, moment=now), body)
    query = "SELECT external_id FROM identity WHERE external_id IN ('oHonestWriter', 'oForgedWriter')"
    assert (status, town.rows(query)) == (200, [("oHonestWriter",)])
