"""What the real platform does on strange days: twice, out of order, under one number, in vain, in unknown words."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.scenario.places import (
    ASSISTANT,
    ROTATING,
    SAMPLE_DESK,
    SAMPLES,
    SERVICE,
    START,
    Place,
    aes_key_of,
    secret_of,
)
from tests.scenario.platform_side import json_envelope, sealed_callback, xml_envelope
from tests.scenario.town import Town

_FOLDER = Path(__file__).parents[1] / "samples"
_PERSON = "oXk2a5bQ7mVnE0pLwTz9rYs3uHdc"


def test_a_callback_that_comes_twice_at_once_is_logged_once_and_answered_once(town: Town) -> None:
    town.follow(SERVICE, "doubled")
    with town.fault("duplicate_callback", account=SERVICE.name, person="doubled", times=1):
        done = town.says(SERVICE, "doubled", "怎么报案")
    pushed = town.record(what="push", push=done["push"])
    assert len(pushed) == 2
    assert town.log_of(SERVICE, "doubled") == [("in", "text"), ("out", "text")]
    assert [m["text"][:9] for m in done["shown"]] == ["先照顾好人，再报案"[:9]]


def test_two_people_whose_messages_bear_one_msgid_are_both_answered(town: Town) -> None:
    town.follow(SERVICE, "first-of-two", "second-of-two")
    first = town.says(SERVICE, "first-of-two", "怎么报案", msg_id=77001)
    second = town.says(SERVICE, "second-of-two", "犹豫期是什么", msg_id=77001)
    assert "先照顾好人" in first["shown"][0]["text"]
    assert "犹豫期" in second["shown"][0]["text"]
    assert town.log_of(SERVICE, "second-of-two") == [("in", "text"), ("out", "text")]


def test_a_number_that_collides_by_itself_does_no_harm_either(town: Town) -> None:
    town.follow(SERVICE, "collides-a", "collides-b")
    with town.fault("colliding_msgid", account=SERVICE.name, person="collides-b", times=1):
        first = town.says(SERVICE, "collides-a", "怎么报案")
        second = town.says(SERVICE, "collides-b", "怎么报案")
    assert first["message_key"].rsplit(":", 1)[1] == second["message_key"].rsplit(":", 1)[1]
    assert len(first["shown"]) == len(second["shown"]) == 1


def test_two_taps_that_overtake_each_other_are_both_answered_in_the_order_they_came(town: Town) -> None:
    town.follow(SERVICE, "overtakes")
    mark = town.mark()
    with town.fault("reorder_callback", account=SERVICE.name, person="overtakes", times=1):
        town.acts(
            {"account": SERVICE.name, "person": "overtakes", "act": "click", "key": key}
            for key in ("policy", "renewal")
        )
        town.wait_for(2, after=mark, what="shown", person="overtakes")
    asked = [line["text"] for line in town.record(after=mark, what="push", person="overtakes")]
    shown = [line["text"][:4] for line in town.record(after=mark, what="shown", person="overtakes")]
    assert asked == ["renewal", "policy"]
    assert sorted(shown) == ["查保单可", "续期缴费"]
    assert [d for d, _ in town.log_of(SERVICE, "overtakes")].count("in") == 2


def test_an_answer_that_is_lost_on_the_way_is_given_again_and_seen_once(town: Town) -> None:
    town.follow(SERVICE, "unlucky")
    town.listen_through_balancer(SERVICE.name)
    town.balancer.answers_to_lose = 1
    mark = town.mark()
    town.says(SERVICE, "unlucky", "怎么报案", wait=False)
    town.wait_for(1, after=mark, what="answer", result="reset")
    town.advance(5)
    town.wait_for(1, after=mark, what="shown", person="unlucky")
    town.listen_directly(SERVICE.name)
    attempts = town.record(after=mark, what="push", person="unlucky")
    assert [line["attempt"] for line in attempts] == [1, 2]
    assert len(town.seen(SERVICE, "unlucky")) == 1
    assert town.log_of(SERVICE, "unlucky") == [("in", "text"), ("out", "text")]
    assert town.deliveries(SERVICE, "unlucky") == []


def test_an_attempt_with_a_wrong_signature_is_refused_and_the_next_is_answered(town: Town) -> None:
    town.follow(SERVICE, "mis-signed")
    mark = town.mark()
    with town.fault("wrong_signature", account=SERVICE.name, person="mis-signed", times=1):
        town.says(SERVICE, "mis-signed", "怎么报案", wait=False)
        town.wait_for(1, after=mark, what="answer", status=403)
    town.advance(5)
    town.wait_for(1, after=mark, what="shown", person="mis-signed", via="passive")
    assert town.log_of(SERVICE, "mis-signed") == [("in", "text"), ("out", "text")]


@pytest.mark.parametrize(("place", "person"), [(SERVICE, "futurist"), (ASSISTANT, "ChenJie")])
def test_an_event_of_a_kind_nobody_knows_is_logged_whole_and_acknowledged(
    town: Town, place: Place, person: str
) -> None:
    if place is SERVICE:
        town.follow(place, person)
    fields = {"EventKey": "k", "Inner": {"A": "甲", "B": "2"}}
    done = town.act(place, person, "raw_event", event="brand_new_event", fields=fields)
    logged = [line for line in town.export(place) if line["kind"] == "event:brand_new_event"]
    assert (done["result"], done["shown"]) == ("empty", [])
    assert [(line["content"]["Inner"], "<brand_new_event" in line["content"]["raw"]) for line in logged] == [
        ({"A": "甲", "B": "2"}, False)
    ]
    assert "<![CDATA[brand_new_event]]>" in logged[0]["content"]["raw"]


def test_a_message_of_a_kind_nobody_knows_is_logged_whole_and_acknowledged(town: Town) -> None:
    town.follow(SERVICE, "hologram-sender")
    fields = {"Beam": "青"}
    done = town.act(SERVICE, "hologram-sender", "raw_message", msgtype="hologram", fields=fields)
    assert done["result"] == "empty"
    assert town.log_of(SERVICE, "hologram-sender") == [("in", "event:message:hologram")]


def test_while_the_keys_rotate_both_pairs_are_good_and_a_third_is_not(town: Town) -> None:
    town.follow(ROTATING, "rotates")
    previous = {"token": secret_of("rotating", "previous token"), "aes_key": aes_key_of("rotating, previous")}
    town.change_account(ROTATING, **previous)
    with_previous = town.says(ROTATING, "rotates", "怎么报案")
    verified = town.control("POST", "/sandbox/verify", {"account": ROTATING.name})
    town.change_account(ROTATING, token=ROTATING.token, aes_key=ROTATING.aes_key)
    with_present = town.says(ROTATING, "rotates", "犹豫期是什么")
    town.change_account(ROTATING, token=secret_of("rotating", "stolen"))
    mark = town.mark()
    town.says(ROTATING, "rotates", "怎么报案", wait=False)
    town.wait_for(1, after=mark, what="answer", status=403)
    town.change_account(ROTATING, token=ROTATING.token)
    assert verified["ok"]
    assert "先照顾好人" in with_previous["shown"][0]["text"]
    assert "犹豫期" in with_present["shown"][0]["text"]


def _samples() -> list[tuple[Place, str, str, int]]:
    """Return account, file name, sender and time of each sample, all different."""
    found: list[tuple[Place, str, str, int]] = []
    for place, folder in ((SAMPLES, "wechat"), (SAMPLE_DESK, "wecom")):
        for path in sorted((_FOLDER / folder).iterdir()):
            number = len(found)
            found.append((place, f"{folder}/{path.name}", f"oSample{number:021}", START + number % 250))
    return found


def _expectation(name: str) -> dict[str, Any]:
    folder, _, file = name.partition("/")
    table: dict[str, dict[str, Any]] = json.loads((_FOLDER / f"{folder}.expected.json").read_text("utf-8"))
    return table[file]


def test_every_recorded_sample_is_taken_in_through_the_encrypted_edge_and_logged(town: Town) -> None:
    refused = {}
    for place, name, sender, moment in _samples():
        text = (_FOLDER / name).read_text("utf-8").replace(str(START), str(moment))
        text = text.replace(_PERSON, sender).replace("ZhangWei", sender)
        write = json_envelope if name.endswith(".json") else xml_envelope
        callback = sealed_callback(place, text.encode(), write=write, moment=town.now())
        status, body = town.post(place, callback.query, callback.body, content_type=callback.content_type)
        if status != 200:
            refused[name] = (status, body)
    logged = {
        (line["account"], line["person"], line["sent_at"]): line["kind"]
        for place in (SAMPLES, SAMPLE_DESK)
        for line in town.export(place)
        if line["direction"] == "in"
    }
    missing = {
        name: (person, moment)
        for place, name, sender, moment in _samples()
        for person in [
            sender if _expectation(name)["sender"] in (_PERSON, "ZhangWei") else _expectation(name)["sender"]
        ]
        if logged.get((place.name, person, _iso(moment))) != _expectation(name)["kind"]
    }
    assert refused == {}
    assert missing == {}
    assert len(logged) == len(_samples())


def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()
