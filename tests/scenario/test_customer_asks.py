"""A customer taps, asks, speaks, opts out and back in; every answer is the authored one and everything is logged."""

from __future__ import annotations

import pytest

from tests.scenario.places import ACCOUNTS, PASSIVE_ONLY, SERVICE, SILENT, Place
from tests.scenario.town import Town

_MARKETING = (
    "SELECT c.state FROM consent_entry c JOIN identity i ON i.customer_id = c.customer_id "
    "WHERE i.external_id = :person AND c.consent = 'marketing' ORDER BY c.id"
)


def test_a_menu_tap_gets_the_menus_answer(town: Town) -> None:
    town.follow(SERVICE, "taps")
    done = town.act(SERVICE, "taps", "click", key="renewal")
    assert "续期缴费" in done["shown"][0]["text"]
    assert town.log_of(SERVICE, "taps") == [("in", "menu_click"), ("out", "text")]


def test_a_menu_of_choices_can_be_answered_by_typing_a_number(town: Town) -> None:
    town.follow(SERVICE, "chooses")
    offered = town.act(SERVICE, "chooses", "click", key="claim")
    chosen = town.says(SERVICE, "chooses", "2")
    assert "您想了解理赔的哪一步" in offered["shown"][0]["text"]
    assert "理赔一般会用到" in chosen["shown"][0]["text"]


def test_a_tapped_option_gets_its_answer(town: Town) -> None:
    town.follow(SERVICE, "taps-option")
    town.act(SERVICE, "taps-option", "click", key="claim")
    done = town.says(SERVICE, "taps-option", "查理赔进度", option="claim_progress")
    assert "查理赔进度" in done["shown"][0]["text"]


def test_a_question_in_other_words_is_answered_by_its_keyword(town: Town) -> None:
    town.follow(SERVICE, "asks")
    done = town.says(SERVICE, "asks", "请问犹豫期一共有几天呀？")
    assert "犹豫期（也叫冷静期）" in done["shown"][0]["text"]


def test_a_question_nobody_wrote_an_answer_for_gets_an_honest_fallback_and_the_way_to_a_person(town: Town) -> None:
    town.follow(SERVICE, "asks-anything")
    done = town.says(SERVICE, "asks-anything", "今天股市怎么样")
    assert "暂时答不上来" in done["shown"][0]["text"]
    assert "人工" in done["shown"][0]["text"]


def test_recognised_speech_is_answered_like_writing(town: Town) -> None:
    town.follow(SERVICE, "speaks")
    done = town.act(SERVICE, "speaks", "voice", recognition="怎么交续期保费")
    assert "续期缴费" in done["shown"][0]["text"]
    assert town.log_of(SERVICE, "speaks") == [("in", "voice"), ("out", "text")]


def test_speech_without_words_gets_an_excuse_and_the_offer_of_a_person(town: Town) -> None:
    town.follow(SERVICE, "mumbles")
    done = town.act(SERVICE, "mumbles", "voice")
    assert "没能听清" in done["shown"][0]["text"]
    assert "人工" in done["shown"][0]["text"]


@pytest.mark.parametrize(
    ("act", "words"),
    [("image", "图片收到了"), ("video", "视频收到了"), ("location", "位置收到了"), ("link", "链接收到了")],
)
def test_what_has_no_words_is_received_and_explained(town: Town, act: str, words: str) -> None:
    town.follow(SERVICE, f"sends-{act}")
    done = town.act(SERVICE, f"sends-{act}", act, url="https://example.com/a")
    assert words in done["shown"][0]["text"]


def test_opting_out_and_back_in_is_confirmed_and_kept_and_service_answers_go_on(town: Town) -> None:
    town.follow(SERVICE, "opts")
    out = town.says(SERVICE, "opts", "退订")
    still = town.says(SERVICE, "opts", "保单怎么查")
    back = town.says(SERVICE, "opts", "恢复订阅")
    assert "已为您关闭" in out["shown"][0]["text"]
    assert "查保单可以这样" in still["shown"][0]["text"]
    assert "已为您恢复" in back["shown"][0]["text"]
    assert town.rows(_MARKETING, person=SERVICE.openid("opts")) == [("withdrawn",), ("granted",)]


@pytest.mark.parametrize("place", ACCOUNTS, ids=lambda place: place.name)
def test_every_mode_and_format_verifies_its_address_and_answers(town: Town, place: Place) -> None:
    proved = town.control("POST", "/sandbox/verify", {"account": place.name})
    town.follow(place, "everywhere")
    done = town.says(place, "everywhere", '怎么报案 & <b>"😊"</b> ]]>')
    assert proved["ok"]
    assert done["result"] == "reply"
    assert "先照顾好人，再报案" in done["shown"][0]["text"]
    assert town.log_of(place, "everywhere") == [("in", "text"), ("out", "text")]


@pytest.mark.parametrize("place", ACCOUNTS, ids=lambda place: place.name)
def test_words_come_back_unchanged_in_every_mode_and_format(town: Town, place: Place) -> None:
    words = "<xml> & ]]> 「引号」 \"'\\ 😊 第二"
    town.follow(place, "echoes")
    done = town.says(place, "echoes", f"回声 {words}")
    assert done["shown"][0]["text"] == f"收到：{words}"


def test_an_account_that_only_logs_is_silent_and_logs(town: Town) -> None:
    town.follow(SILENT, "talks")
    done = town.says(SILENT, "talks", "怎么报案")
    assert (done["result"], done["shown"]) == ("empty", [])
    assert town.log_of(SILENT, "talks") == [("in", "text")]


def test_an_account_that_may_not_write_by_itself_answers_in_the_callback(town: Town) -> None:
    town.follow(PASSIVE_ONLY, "asks")
    done = town.says(PASSIVE_ONLY, "asks", "怎么报案")
    assert "先照顾好人" in done["shown"][0]["text"]
    assert town.deliveries(PASSIVE_ONLY, "asks") == []
