"""Ten thousand callbacks from a seed: genuine ones, and ones in which something was changed on the way or by a forger.

Each number gives one callback with a sender of its own, so that what is in the log can be told apart.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from tests.scenario.places import ACCOUNTS, ASSISTANT, Place, aes_key_of, secret_of
from tests.scenario.platform_side import encrypted, framed, json_envelope, padded, signature, xml_envelope

#: safe-xml, safe-json, compatible-xml, plain-xml and the application.
TARGETS: Final = (ACCOUNTS[0], ACCOUNTS[1], ACCOUNTS[2], ACCOUNTS[4], ASSISTANT)
_WORDS: Final = ("怎么报案", "犹豫期是什么", "退订", "  two  spaces ", "<b>&amp;]]", "😊" * 20, "1", "你好\n第二行", "")
_ODD: Final[tuple[Any, ...]] = (
    "", "0", "-1", "1.5", "1e3", "9" * 19, "9" * 20, "9" * 21, "9" * 400, "１２３", " 12 ", "0x10", "nan", "inf", "1_0",
    "null", "true", "\u2028", "x" * 129, "TEXT", "event", "image", "hologram", "Unheard_Of", "subscribe", "wx", "%00",
)  # fmt: skip
_ODD_JSON: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1.5, 10**19, 10**25, [], {}, [1], ["a", "b"], {"a": 1}, "\0", "\ud800", [[[]]],
)  # fmt: skip
_FIELDS: Final = (
    "ToUserName", "FromUserName", "CreateTime", "MsgType", "MsgId", "Content", "MediaId", "Event", "EventKey",
    "Location_X", "Ticket", "bizmsgmenuid", "PicUrl", "AgentID", "MsgID",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgery:
    """One request; `change` names what was done to it."""

    place: Place
    change: str
    query: str
    body: bytes
    content_type: str


@dataclass(slots=True, kw_only=True)
class Draft:
    """A callback while it is made: everything that a platform, or a forger, decides."""

    rng: Random
    place: Place
    number: int
    #: The present, and the time the query bears.
    now: int
    moment: int
    fields: dict[str, Any]
    as_json: bool
    envelope_json: bool
    token: str
    aes_key: str
    receiver: str
    #: Changes to the written message, to the frame before encryption, to the padded bytes, to the ciphertext.
    on_text: Callable[[str], str] = lambda text: text
    on_frame: Callable[[bytes], bytes] = lambda data: data
    on_padded: Callable[[bytes], bytes] = lambda data: data
    on_secret: Callable[[str], str] = lambda secret: secret
    #: Changes after it was signed.
    on_body: Callable[[bytes], bytes] = lambda body: body
    on_query: Callable[[list[tuple[str, str]]], list[tuple[str, str]]] = lambda query: query


def make(seed: int, count: int, *, now: int) -> list[Forgery]:
    """Return `count` callbacks; every third is genuine, some of those repeat an earlier one."""
    made: list[Forgery] = []
    genuine: list[Draft] = []
    names = list(_CHANGES)
    for number in range(count):
        rng = Random(f"{seed}:{number}")
        draft = _genuine(rng, number, now=now)
        if number % 3 == 0:
            if genuine and rng.random() < 0.1:
                draft = replace(rng.choice(genuine[-200:]), rng=rng)
                made.append(_written(draft, "repeated"))
                continue
            genuine.append(draft)
            made.append(_written(draft, "genuine"))
            continue
        change = names[number % len(names)]
        _CHANGES[change](draft)
        made.append(_written(draft, change))
    return made


def _genuine(rng: Random, number: int, *, now: int) -> Draft:
    place = rng.choice(TARGETS)
    sender = f"o{number:06d}" + "".join(rng.choices("abcdefghijklmnopqrstuvwxyz-_0123456789", k=21))
    moment = now + rng.randint(-200, 200)
    head = {"ToUserName": place.original_id, "FromUserName": sender, "CreateTime": moment}
    fields = {**head, **_content(rng, place, number)}
    if place.channel == "wecom":
        fields["AgentID"] = place.agent_id
    as_json = place.format == "json" or rng.random() < 0.2
    return Draft(
        rng=rng,
        place=place,
        number=number,
        now=now,
        moment=now + rng.randint(-250, 250),
        fields=fields,
        as_json=as_json,
        envelope_json=as_json if place.mode == "plain" else rng.random() < 0.3,
        token=place.token,
        aes_key=place.aes_key,
        receiver=place.realm,
    )


def _content(rng: Random, place: Place, number: int) -> dict[str, Any]:
    number_of_message = {"MsgId": 2**62 + number}
    words = rng.choice(_WORDS)
    event = {"MsgType": "event"}
    choices: list[dict[str, Any]] = [
        {"MsgType": "text", "Content": words, **number_of_message},
        {"MsgType": "text", "Content": words, **number_of_message},
        {"MsgType": "image", "PicUrl": "http://127.0.0.1/p", "MediaId": f"media{number}", **number_of_message},
        {"MsgType": "voice", "MediaId": f"media{number}", "Format": "amr", "Recognition": words, **number_of_message},
        {
            "MsgType": "location",
            "Location_X": 31.23,
            "Location_Y": 121.47,
            "Scale": 15,
            "Label": "路",
            **number_of_message,
        },
        {"MsgType": "link", "Title": "t", "Description": "d", "Url": "https://example.com/", **number_of_message},
        {**event, "Event": "subscribe", "EventKey": "qrscene_campaign:spring2026"},
        {**event, "Event": "CLICK" if place.channel == "wechat" else "click", "EventKey": "renewal"},
        {**event, "Event": "VIEW" if place.channel == "wechat" else "view", "EventKey": "https://example.com/a?b=c"},
        {**event, "Event": "unsubscribe", "EventKey": ""},
        {**event, "Event": "unheard_of", "EventKey": "k", "Inner": {"A": "1", "B": "乙"}},
    ]
    if place.channel == "wechat":
        choices.append({**event, "Event": "SCAN", "EventKey": "hall", "Ticket": "T"})
    return rng.choice(choices)


def _written(draft: Draft, change: str) -> Forgery:
    text = draft.on_text(_json_text(draft.fields) if draft.as_json else _xml_text(draft.fields))
    message = text.encode("utf-8", "surrogatepass")
    stamp, nonce = str(draft.moment), str(draft.rng.randrange(10**9, 10**10))
    query = [
        ("signature", signature(draft.token, stamp, nonce)),
        ("timestamp", stamp),
        ("nonce", nonce),
        ("openid", "o"),
    ]
    if draft.place.mode == "plain":
        body = message
    else:
        frame = draft.on_frame(framed(message, draft.receiver))
        secret = draft.on_secret(encrypted(draft.on_padded(padded(frame)), draft.aes_key))
        query += [("encrypt_type", "aes"), ("msg_signature", signature(draft.token, stamp, nonce, secret))]
        body = json_envelope(secret) if draft.envelope_json else xml_envelope(secret)
        if draft.place.mode == "compatible" and not draft.envelope_json and not draft.as_json:
            body = b"<xml>" + message.removeprefix(b"<xml>").removesuffix(b"</xml>") + body.removeprefix(b"<xml>")
    content_type = "application/json" if draft.envelope_json else "text/xml"
    return Forgery(
        place=draft.place,
        change=change,
        query=urlencode(draft.on_query(query), errors="surrogatepass"),
        body=draft.on_body(body),
        content_type=content_type,
    )


def _xml_text(fields: dict[str, Any]) -> str:
    return f"<xml>{''.join(_element(name, value) for name, value in fields.items())}</xml>"


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, item) for item in value)
    if isinstance(value, dict):
        return f"<{name}>{''.join(_element(inner, item) for inner, item in value.items())}</{name}>"
    return f"<{name}>{escape(str(value))}</{name}>"


def _json_text(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=any(isinstance(v, str) and "\ud800" in v for v in fields.values()))


# The changes. Those before the signature may leave a callback genuine; the judge says so.


def _flip_body_bits(draft: Draft) -> None:
    def flip(body: bytes) -> bytes:
        changed = bytearray(body)
        for _ in range(draft.rng.randint(1, 4)):
            changed[draft.rng.randrange(len(changed))] ^= 1 << draft.rng.randrange(8)
        return bytes(changed)

    draft.on_body = flip


def _cut_body(draft: Draft) -> None:
    draft.on_body = lambda body: body[: draft.rng.randrange(len(body))]


def _prolong_body(draft: Draft) -> None:
    more = draft.rng.choice((b" ", b"\n\n", b"x", b"<xml/>", b"}", b"\0", b"<!-- c -->", b" " * 300_000))
    draft.on_body = lambda body: body + more if draft.rng.random() < 0.7 else more + body


def _noise(draft: Draft) -> None:
    draft.on_body = lambda body: draft.rng.randbytes(draft.rng.randrange(200))


def _change_query(draft: Draft) -> None:
    def change(query: list[tuple[str, str]]) -> list[tuple[str, str]]:
        at, other = draft.rng.sample(range(len(query)), 2)
        name, value = query[at]
        match draft.rng.randrange(6):
            case 0:
                return query[:at] + query[at + 1 :]
            case 1:
                query[at], query[other] = (name, query[other][1]), (query[other][0], value)
            case 2:
                query[at] = name, value[: draft.rng.randrange(len(value) + 1)]
            case 3:
                return [*query, (name, query[other][1])]
            case 4:
                return [(name, query[other][1]), *query]
            case _:
                query[at] = name, draft.rng.choice((value.upper(), value + " ", "\ud800", "", "0" * 40, "١٢٣"))
        return query

    draft.on_query = change


def _sign_with_other_token(draft: Draft) -> None:
    draft.token = draft.rng.choice((secret_of("nobody", "token"), draft.token.upper(), "", TARGETS[-1].token + "x"))


def _encrypt_with_other_key(draft: Draft) -> None:
    draft.aes_key = aes_key_of("nobody")


def _seal_for_other_receiver(draft: Draft) -> None:
    others = [place.realm for place in TARGETS if place is not draft.place]
    draft.receiver = draft.rng.choice((*others, "", draft.receiver + "x", draft.receiver[:-1], draft.receiver.upper()))


def _move_time(draft: Draft) -> None:
    distance = draft.rng.choice((0, 299, 300, 301, 302, 3600, 10**9))
    draft.moment = draft.now + draft.rng.choice((-1, 1)) * distance


def _flip_ciphertext(draft: Draft) -> None:
    def flip(secret: str) -> str:
        data = bytearray(base64.b64decode(secret))
        data[draft.rng.randrange(len(data))] ^= 1 << draft.rng.randrange(8)
        return base64.b64encode(bytes(data)).decode()

    draft.on_secret = flip


def _cut_ciphertext(draft: Draft) -> None:
    def cut(secret: str) -> str:
        data = base64.b64decode(secret)
        return base64.b64encode(data[: draft.rng.choice((0, 1, 16, 32, len(data) - 32, len(data) - 16, 47))]).decode()

    draft.on_secret = cut


def _spoil_base64(draft: Draft) -> None:
    def spoil(secret: str) -> str:
        at = draft.rng.randrange(len(secret))
        return secret[:at] + draft.rng.choice((" ", "=", "-", "\n", "é", "A", "")) + secret[at:]

    draft.on_secret = spoil


def _spoil_padding(draft: Draft) -> None:
    def spoil(data: bytes) -> bytes:
        count = data[-1]
        wrong = draft.rng.choice(
            (b"\0" * count, bytes([33]) * count, b"\1" * count, draft.rng.randbytes(count - 1) + bytes([count]))
        )
        return data[:-count] + wrong

    draft.on_padded = spoil


def _change_length(draft: Draft) -> None:
    def change(frame: bytes) -> bytes:
        length = int.from_bytes(frame[16:20], "big") + draft.rng.choice((-20, -1, 1, 18, 19, 2**31))
        return frame[:16] + (length % 2**32).to_bytes(4, "big") + frame[20:]

    draft.on_frame = change


def _change_field(draft: Draft) -> None:
    name = draft.rng.choice([name for name in _FIELDS if name in draft.fields])
    match draft.rng.randrange(5):
        case 0:
            del draft.fields[name]
        case 1 if not draft.as_json:
            draft.fields[name] = [draft.fields[name], draft.rng.choice((draft.fields[name], "other"))]
        case 2:
            draft.fields[name] = {"Inner": draft.fields[name]}
        case _:
            draft.fields[name] = draft.rng.choice(_ODD)


def _add_field(draft: Draft) -> None:
    name = draft.rng.choice((*_FIELDS, "Unknown", "Encrypt"))
    value: Any = draft.rng.choice((*_ODD, {"A": {"B": "c"}}))
    draft.fields.setdefault(name, value)


def _change_json_type(draft: Draft) -> None:
    draft.as_json = True
    draft.envelope_json = draft.envelope_json or draft.place.mode == "plain"
    name = draft.rng.choice([name for name in _FIELDS if name in draft.fields])
    draft.fields[name] = draft.rng.choice(_ODD_JSON)


def _change_markup(draft: Draft) -> None:
    draft.as_json = False
    draft.envelope_json = draft.envelope_json and draft.place.mode != "plain"
    bomb = '<!DOCTYPE xml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    outside = '<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    deep = draft.rng.choice((3, 60, 5000))
    changes: tuple[Callable[[str], str], ...] = (
        lambda text: bomb + text.replace("</xml>", "<Z>&b;</Z></xml>"),
        lambda text: outside + text.replace("</xml>", "<Z>&x;</Z></xml>"),
        lambda text: '<!DOCTYPE xml SYSTEM "http://127.0.0.1:9/x.dtd">' + text,
        lambda text: text.replace("</xml>", "<Z>&undeclared;</Z></xml>"),
        lambda text: text.replace("<MsgType>", "<MsgType><!-- c -->"),
        lambda text: text.replace("<xml>", "<?xml version='1.0' encoding='UTF-16'?><xml>", 1),
        lambda text: text.replace("<xml>", "<XML>", 1).replace("</xml>", "</XML>"),
        lambda text: text.replace("</xml>", "<d>" * deep + "</d>" * deep + "</xml>"),
        lambda text: text.replace("<xml>", "<xml a='1' xmlns:x='urn:x'><x:y/>", 1),
        lambda text: text.replace("</xml>", ""),
        lambda text: text.replace("</xml>", "<Z>&#0;</Z></xml>"),
        lambda text: "\ufeff" + text,
        lambda text: "<xml/>",
        lambda text: text + text,
    )
    draft.on_text = draft.rng.choice(changes)


def _change_envelope(draft: Draft) -> None:
    changes: tuple[Callable[[bytes], bytes], ...] = (
        lambda body: body.replace(b"<Encrypt>", b"<Encrypt>x</Encrypt><Encrypt>"),
        lambda body: body.replace(b"<Encrypt>", b"<encrypt>").replace(b"</Encrypt>", b"</encrypt>"),
        lambda body: body.replace(b"<Encrypt>", b"<Encrypt><E>").replace(b"</Encrypt>", b"</E></Encrypt>"),
        lambda body: b'<!DOCTYPE xml [<!ENTITY a "b">]>' + body,
        lambda body: body.replace(b'"Encrypt": "', b'"Encrypt": ["').replace(b'"}', b'"]}'),
        lambda body: body.replace(b'"Encrypt"', b'"Encrypt": 1, "encrypt"'),
        lambda body: b"[" + body + b"]",
        lambda body: body.replace(b"<ToUserName>", b"<ToUserName><![CDATA[other]]></ToUserName><ToUserName>", 1),
        lambda body: body.replace(b"</xml>", b"<Extra>1</Extra></xml>"),
        lambda body: b"\n  " + body + b"\n",
    )
    draft.on_body = draft.rng.choice(changes)


_CHANGES: Final[dict[str, Callable[[Draft], None]]] = {
    "flipped bits of the body": _flip_body_bits,
    "cut the body": _cut_body,
    "prolonged the body": _prolong_body,
    "noise": _noise,
    "changed the query": _change_query,
    "another token": _sign_with_other_token,
    "another key": _encrypt_with_other_key,
    "another receiver": _seal_for_other_receiver,
    "another time": _move_time,
    "flipped the ciphertext": _flip_ciphertext,
    "cut the ciphertext": _cut_ciphertext,
    "spoilt base64": _spoil_base64,
    "spoilt padding": _spoil_padding,
    "another length": _change_length,
    "changed a field": _change_field,
    "changed a field again": _change_field,
    "added a field": _add_field,
    "changed a JSON type": _change_json_type,
    "changed the markup": _change_markup,
    "changed the envelope": _change_envelope,
}
