"""A call centre's own desk serves a customer over the API, through real HTTP: takes, replies once, passes on, ends."""

from __future__ import annotations

import http.client
import json
import re
from typing import Any

from tests.scenario.conftest import OpenTown
from tests.scenario.handover import Counter
from tests.scenario.places import ASSISTANT, SERVICE
from tests.scenario.town import Town


class _Desk:
    """Another system, with its key."""

    def __init__(self, town: Town) -> None:
        permissions = [
            word for name in ("handovers.read", "handovers.serve", "conversations.read") for word in ("--may", name)
        ]
        made = town.command("key", "add", "call centre", *permissions)
        assert made.returncode == 0, made.stderr
        found = re.search(r"zk_[A-Za-z0-9_-]+", made.stdout)
        assert found is not None
        self._secret = found[0]
        self._town = town

    def ask(self, method: str, path: str, *, word: str = "", **body: Any) -> tuple[int, dict[str, Any], bool]:
        """Return the status, what is said, and whether it was said before."""
        headers = {"Authorization": f"Bearer {self._secret}"}
        if word:
            headers |= {"Idempotency-Key": word, "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self._town.bot.port, timeout=20)
        try:
            connection.request(method, f"/api/v1{path}", body=json.dumps(body) if word else None, headers=headers)
            response = connection.getresponse()
            said = json.loads(response.read())
            return response.status, said, response.headers.get("Idempotency-Replayed") == "true"
        finally:
            connection.close()


def test_a_waiting_customer_is_taken_answered_once_passed_on_and_asked_how_it_was(open_town: OpenTown) -> None:
    town = open_town(places=[SERVICE, ASSISTANT])
    counter, desk = Counter(town), _Desk(town)
    counter.until_open()
    town.follow(SERVICE, "lin")
    counter.customer_says("lin", "转人工")
    [waiting] = desk.ask("GET", "/handovers?state=waiting")[1]["handovers"]
    at = f"/handovers/{waiting['id']}"

    assert desk.ask("POST", f"{at}/take", word="early", userid="zhangwei")[1]["type"].endswith(":not-on-duty")
    for userid in ("zhangwei", "lina"):
        assert desk.ask("PUT", "/duty", word=f"on-{userid}", userid=userid, on=True)[0] == 200
    assert desk.ask("POST", f"{at}/take", word="take", userid="zhangwei")[1]["state"] == "running"
    counter.waits_for("lin", "张伟 正在为您服务")

    first = desk.ask("POST", f"{at}/reply", word="r1", userid="zhangwei", words="理赔款今天到账。")
    second = desk.ask("POST", f"{at}/reply", word="r1", userid="zhangwei", words="理赔款今天到账。")
    assert (first[0], second) == (200, (200, first[1], True))
    counter.waits_for("lin", "理赔款今天到账。")
    talk = desk.ask("GET", at)[1]["talk"]
    assert [message["fields"].get("by") for message in talk if "到账" in str(message["fields"])] == ["zhangwei"]

    assert desk.ask("POST", f"{at}/pass", word="pass", userid="zhangwei", to="lina")[1]["state"] == "offered"
    assert desk.ask("POST", f"{at}/reply", word="r2", userid="zhangwei", words="晚了")[0] == 404, "out of their sight"
    assert desk.ask("POST", f"{at}/take", word="take-2", userid="lina")[1]["staff"] == "李娜"
    assert desk.ask("POST", f"{at}/close", word="close", userid="lina")[1]["state"] == "closed"
    counter.goes(lambda: any(m.get("kind") == "menu" for m in town.chat(SERVICE, "lin")), "the closing question")
    assert "谢谢您的评价" in counter.customer_says("lin", "5")[0]

    heard = counter.heard("lin")
    assert sum("理赔款今天到账。" in words for words in heard) == 1
    assert not any("晚了" in words for words in heard)
    assert town.rows("SELECT state, closed_by, satisfaction FROM handover") == [("closed", "staff", 5)]
    assert desk.ask("GET", at)[1]["satisfaction"] == 5
