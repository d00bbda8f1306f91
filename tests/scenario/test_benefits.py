"""A customer claims a benefit in chat; its code is redeemed once at a supplier's desk, over real HTTP and a restart."""

from __future__ import annotations

import http.client
import json
import re
from pathlib import Path
from typing import Any

from content.benefit_codes import is_ours
from tests.scenario.conftest import OpenTown
from tests.scenario.places import SERVICE
from tests.scenario.test_my_policies import said
from tests.scenario.town import Town


class _Client:
    """Another system, with its key."""

    def __init__(self, town: Town, name: str, *permissions: str) -> None:
        made = town.command("key", "add", name, *(word for each in permissions for word in ("--may", each)))
        assert made.returncode == 0, made.stderr
        found = re.search(r"zk_[A-Za-z0-9_-]+", made.stdout)
        assert found is not None
        self._secret, self._town, self._count = found[0], town, 0

    def ask(self, method: str, path: str, *, word: str = "", **body: Any) -> tuple[int, dict[str, Any]]:
        """Return the status and what is said; each write under a word of its own unless one is given."""
        self._count += 1
        headers = {"Authorization": f"Bearer {self._secret}"}
        if method != "GET":
            headers |= {"Idempotency-Key": word or f"w{self._count}", "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self._town.bot.port, timeout=20)
        try:
            content = None if method == "GET" else json.dumps(body)
            connection.request(method, f"/api/v1{path}", body=content, headers=headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()


def _code(words: str) -> str:
    found = re.search(r"券码：(\S+)", words)
    assert found is not None, words
    return found[1]


def test_a_benefit_is_claimed_in_chat_and_its_code_redeemed_once(open_town: OpenTown, tmp_path: Path) -> None:
    town = open_town(places=[SERVICE])
    office = _Client(town, "office", "benefits.read", "benefits.write")
    clinic = _Client(town, "clinic", "benefits.redeem")
    dentist = {"id": "dentist", "title": "洗牙", "supplier": "安康口腔", "cost": "80.00", "guide": "提前一天预约。"}
    status, made = office.ask("POST", "/benefits", **dentist)
    assert (status, made["stock"]["available"], made["is_open"]) == (200, 0, True)
    at = f"/benefits/{made['id']}"
    assert office.ask("POST", f"{at}/codes", codes=["ank-0001", "坏"])[1] == {"added": 1, "known": [], "bad": [2]}
    assert office.ask("PUT", f"{at}/stock", total=2)[1]["made"] == 1
    town.follow(SERVICE, "lin", "wang", "zhao")

    assert "洗牙" in said(town, "lin", "领取")
    told = said(town, "lin", "1")
    assert "「洗牙」领取成功" in told
    assert "提前一天预约。" in told
    theirs = _code(told)
    assert theirs == "ank-0001"
    assert "您已经领过「洗牙」了" in said(town, "lin", "领取洗牙")
    ours = _code(said(town, "wang", "领取洗牙"))
    assert is_ours(ours)
    assert "「洗牙」已经领完了" in said(town, "zhao", "领取洗牙")

    town.restart_bot()
    town.listen_directly()
    assert _code(said(town, "lin", "我的权益")) == theirs

    status, first = clinic.ask("POST", "/benefit-codes/redeem", word="r1", code=ours, place="静安门诊")
    assert (status, first["state"], first["title"]) == (200, "redeemed", "洗牙")
    assert clinic.ask("POST", "/benefit-codes/redeem", word="r1", code=ours, place="静安门诊") == (200, first)
    status, second = clinic.ask("POST", "/benefit-codes/redeem", code=ours.lower(), place="浦东门诊")
    assert (status, second["type"]) == (409, "urn:zhike:problem:already-redeemed")
    assert re.search(r"redeemed on [0-9-]+ [0-9:]+ \(China time\) at 静安门诊", second["detail"])
    assert clinic.ask("GET", at)[0] == 403
    assert "「洗牙」已于" in said(town, "wang", "我的权益")

    by_hand = town.command("benefit", "redeem", "ANK 0001", "--place", "总部")
    assert by_hand.returncode == 0, by_hand.stderr
    again = town.command("benefit", "redeem", "ank-0001", "--place", "总部")
    assert again.returncode == 1
    assert "于「总部」用过了" in again.stderr
    shown = json.loads(town.command("benefit", "list").stdout)
    assert (shown["redeemed"], shown["spent"], shown["redeem_rate"]) == (2, "160.00", 1.0)

    claims = office.ask("GET", f"{at}/claims")[1]["claims"]
    assert {claim["redeemed_place"] for claim in claims} == {"静安门诊", "总部"}
    assert not {theirs, ours} & {claim["code"] for claim in claims}
    # What staff read of the talk holds no code; the customer's own words do.
    exported = town.command("log", "export").stdout
    assert ours not in exported
    assert theirs not in exported
    assert ours[-4:] in exported

    # A table as a Chinese Excel saves it: its heading is no code, and is named instead of ending the command.
    table = tmp_path / "codes.csv"
    table.write_bytes("券码\nank-0009\n".encode("gbk"))
    put = town.command("benefit", "codes", "import", "dentist", str(table))
    assert (put.returncode, json.loads(put.stdout)["added"]) == (1, 1), put.stderr
    assert "第 1 行不是券码" in put.stderr
