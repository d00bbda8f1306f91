"""Handovers through real HTTP: a night's message until the service is judged; six customers of two agents at once."""

from __future__ import annotations

import json
import re
from collections import Counter as Counted
from random import Random
from typing import Any, Final

from tests.scenario.conftest import OpenTown
from tests.scenario.handover import Counter
from tests.scenario.places import ASSISTANT, SERVICE


def test_a_night_message_is_served_in_the_morning_by_the_next_one_and_judged(open_town: OpenTown) -> None:
    town = open_town(places=[SERVICE, ASSISTANT])
    counter = Counter(town)
    town.act(SERVICE, "lin", "scan", scene="agent:ZhangWei")
    [answer] = counter.customer_says("lin", "转人工")
    assert "现在不是人工服务时间" in answer
    assert "5月6日（周三） 09:00" in answer
    assert "已替您记下" in counter.customer_says("lin", "我的理赔款三天没到，13812345678")[0]
    assert "不是人工服务时间" in counter.staff_says("ZhangWei", "上班")[0]

    counter.until_open()
    assert "您已上班" in counter.staff_says("ZhangWei", "上班")[0]
    counter.staff_says("LiNa", "上班")
    counter.customer_says("lin", "在吗")
    counter.waits_for("lin", "我们上班了")
    counter.goes(lambda: counter.offers("ZhangWei"), "the offer to the own agent")
    [number] = counter.offers("ZhangWei")
    assert counter.offers("LiNa") == []

    counter.pass_time(95)
    counter.is_told("ZhangWei", f"#{number} 超时未接")
    counter.goes(lambda: counter.offers("LiNa"), "the offer to the next one")
    assert counter.tap("LiNa", counter.cards("LiNa")[-1], "接待") == []
    counter.waits_for("lin", "李娜 正在为您服务")
    counter.is_told("LiNa", "我的理赔款三天没到")
    assert "13812345678" not in "".join(counter.told("LiNa"))
    assert counter.tap("ZhangWei", counter.cards("ZhangWei")[-1], "接待")[0].endswith("已由别人接待或已结束。")

    assert counter.customer_says("lin", "怎么报案") == [], "the bot is silent while somebody serves"
    counter.is_told("LiNa", f"【客户 #{number}】\n怎么报案")
    [sent] = counter.staff_says("LiNa", f"#{number} 您好，已帮您催办，今天到账。")
    assert sent.startswith(f"已发给 客户 #{number}，还能回复 ")
    counter.waits_for("lin", "您好，已帮您催办，今天到账。")

    assert "已结束" in counter.staff_says("LiNa", f"结束 {number}")[0]
    counter.goes(lambda: any(m.get("kind") == "menu" for m in town.chat(SERVICE, "lin")), "the closing question")
    assert "谢谢您的评价" in counter.customer_says("lin", "5")[0]
    assert town.rows("SELECT state, closed_by, satisfaction FROM handover") == [("closed", "staff", 5)]
    assert "报案" in counter.customer_says("lin", "怎么报案")[0], "the bot is back"
    log = town.export(SERVICE)
    assert [line["content"].get("by") for line in log if "催办" in str(line["content"])] == ["lina"]


CUSTOMERS: Final = ("chen", "zhao", "zhou", "wu", "zheng", "feng")
AGENTS: Final = ("ZhangWei", "LiNa")
MESSAGES: Final = 200


class Crowd:
    """Two agents who serve three customers each, and everything that was meant for somebody."""

    def __init__(self, counter: Counter, rng: Random) -> None:
        self._counter = counter
        self._rng = rng
        #: By customer the number of their handover, and who serves them.
        self.numbers: dict[str, str] = {}
        self.served_by: dict[str, str] = {}
        #: By agent's sentence whom it is for.
        self.meant: dict[str, str] = {}
        self._asking: dict[str, list[tuple[str, str]]] = {userid: [] for userid in AGENTS}
        self._allowed = dict.fromkeys(CUSTOMERS, 0)
        self._seen_cards = dict.fromkeys(AGENTS, 0)

    def come(self) -> None:
        """Let everybody ask for a person and be accepted."""
        counter = self._counter
        for userid in AGENTS:
            counter.staff_says(userid, "上班")
        counter.town.acts({"account": SERVICE.name, "person": who, "act": "text", "text": "人工"} for who in CUSTOMERS)
        counter.goes(lambda: sum(len(counter.offers(userid)) for userid in AGENTS) == len(CUSTOMERS), "six offers")
        rows = counter.town.rows("SELECT h.id, i.external_id FROM handover h JOIN identity i ON i.id = h.identity_id")
        persons = {SERVICE.openid(person): person for person in CUSTOMERS}
        of_number = {str(number): persons[openid] for number, openid in rows}
        for userid in AGENTS:
            for card in counter.cards(userid):
                number = card["main_title"]["title"].partition("#")[2].split()[0]
                self.numbers[of_number[number]], self.served_by[of_number[number]] = number, userid
                counter.tap(userid, card, "接待")
        for person in CUSTOMERS:
            counter.waits_for(person, "正在为您服务")
        self._seen_cards = {userid: len(counter.cards(userid)) for userid in AGENTS}

    def act(self, count: int) -> dict[str, Any]:
        """Return what somebody does next: a customer speaks, or an agent replies with #number, figures or neither."""
        speakers = [person for person in CUSTOMERS if self._allowed[person] == 0] or list(CUSTOMERS)
        person = self._rng.choice(CUSTOMERS)
        userid = self.served_by[person]
        kind = self._rng.choice(("customer", "numbered", "bare", "unnumbered"))
        if self._allowed[person] == 0:
            person, kind = self._rng.choice(speakers), "customer"
        if kind == "customer":
            self._allowed[person] = 2
            return _text(SERVICE.name, person, f"{person} 说的第 {count} 句")
        self._allowed[person] -= 1
        words = f"答{person}的第{count}句"
        if kind == "bare":
            # Without its mark a number is part of the words, even if it is another customer's: 「12 月到期」.
            words = f"{self.numbers[self._rng.choice(CUSTOMERS)]} {words}"
        self.meant[words] = person
        if kind == "numbered":
            return _text(ASSISTANT.name, userid, f"#{self.numbers[person]} {words}")
        self._asking[userid].append((words, person))
        return _text(ASSISTANT.name, userid, words)

    def answer_cards(self) -> None:
        """Let the agents tap whom they meant on every card that asks; each twice, as impatient people do."""
        counter = self._counter
        for userid, asked in self._asking.items():
            expected = self._seen_cards[userid] + len(asked)
            counter.goes(lambda userid=userid, expected=expected: len(counter.cards(userid)) >= expected, "the cards")
            held = counter.town.rows(
                "SELECT o.id, c.fields FROM handover_hold o "
                "JOIN content c ON c.account_id = o.account_id AND c.seq = o.seq"
            )
            meant = dict(asked)
            for card in counter.cards(userid)[self._seen_cards[userid] :]:
                key = card["button_list"][0]["key"]
                [words] = [
                    json.loads(fields)["content"] for number, fields in held if key.startswith(f"handover.to.{number}.")
                ]
                for _ in range(2):
                    counter.tap(userid, card, f".{self.numbers[meant[words]]}")
            self._seen_cards[userid] = expected
            asked.clear()


#: What an agent of the crowd says, perhaps behind figures.
_SAID = re.compile(r"([0-9]+ )?答")


def _text(account: str, person: str, words: str) -> dict[str, Any]:
    return {"account": account, "person": person, "act": "text", "text": words}


def test_no_reply_reaches_the_wrong_customer_and_each_arrives_once(open_town: OpenTown) -> None:
    town = open_town(places=[SERVICE, ASSISTANT], handover={"parallel": 3})
    counter = Counter(town)
    counter.until_open()
    town.follow(SERVICE, *CUSTOMERS)
    crowd = Crowd(counter, Random(7))
    crowd.come()
    assert sorted(Counted(crowd.served_by.values()).values()) == [3, 3]
    for start in range(0, MESSAGES, 10):
        town.acts([crowd.act(start + n) for n in range(10)], wait=True)
        crowd.answer_cards()
        counter.pass_time(20)
    assert len(crowd.meant) > MESSAGES / 3

    def shown() -> list[tuple[str, str]]:
        lines = town.record(what="shown", account=SERVICE.name)
        return sorted((line["text"], line["person"]) for line in lines if _SAID.match(line["text"]))

    counter.goes(lambda: len(shown()) >= len(crowd.meant), "every reply to be shown")
    assert shown() == sorted(crowd.meant.items())
    told = {userid: "\n".join(counter.told(userid)) for userid in AGENTS}
    for person, number in crowd.numbers.items():
        assert f"【客户 #{number}】\n{person} 说的" in told[crowd.served_by[person]]
        assert not any(f"{person} 说的" in words for userid, words in told.items() if userid != crowd.served_by[person])
