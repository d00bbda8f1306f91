"""`zhike sync` against the platforms' own registers: imported, reconciled, killed and resumed, guarded; who leaves."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final

import pytest

from tests.scenario.places import ACCOUNTS, ASSISTANT, CORP_ID, SERVICE, Place, block, secret_of
from tests.scenario.processes import ROOT, environment
from tests.scenario.town import Town

_ASSISTANT: Final = Place(
    name=ASSISTANT.name, channel="wecom", settings={"contact_secret": secret_of(CORP_ID, "contacts")}
)
_KILLED, _BUSY, _SHORT = ACCOUNTS[1:4]
_BATCH: Final = "/cgi-bin/user/info/batchget"
#: Longer than a run's lease.
_LEASE: Final = 200


@pytest.fixture(scope="module")
def corporation(
    kind: str, new_town_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """Return a town with official accounts and an application whose registers come in small pages."""
    home: Path = tmp_path_factory.mktemp("town")
    places = [SERVICE, _KILLED, _BUSY, _SHORT, _ASSISTANT]
    with Town(home, new_town_database(), places=places, rules={"list_page": 50}) as town:
        rule = {"realm": CORP_ID, "department": 2, "branch": "上海分公司", "team": "一组"}
        with (home / "zhike.toml").open("a", encoding="utf-8") as settings:
            settings.write("\n" + block("[[departments]]", rule))
        department = {"id": 2, "name": "上海分公司"}
        town.control("POST", "/sandbox/departments", {"corp_id": CORP_ID, "department": department})
        for userid, name in (("WangFang", "王芳"), ("ChenJie", "陈杰"), ("ZhangWei", "张伟")):
            member = {"userid": userid, "name": name, "parties": [2]}
            town.control("POST", "/sandbox/members", {"corp_id": CORP_ID, "member": member})
        yield town


def _gather(town: Town, place: Place, count: int, *, prefix: str = "crowd") -> None:
    town.control("POST", "/sandbox/crowds", {"account": place.name, "count": count, "prefix": prefix})


def _unfollow(town: Town, place: Place, *people: str) -> None:
    order = {"account": place.name, "people": list(people), "following": False}
    town.control("POST", "/sandbox/relations", order)


def _tag(town: Town, name: str, *people: str) -> None:
    town.control("POST", "/sandbox/tags", {"account": SERVICE.name, "name": name, "people": people})


def _sync(town: Town, place: Place, *options: str) -> CompletedProcess[str]:
    return town.command("sync", "--account", place.name, *options)


def _follows(town: Town, place: Place) -> int:
    query = "SELECT count(*) FROM reach r JOIN account a ON a.id = r.account_id WHERE r.followed AND a.name = :name"
    [(count,)] = town.rows(query, name=place.name)
    return int(count)


def _crowd(*numbers: int) -> list[str]:
    return [f"crowd{number:08}" for number in numbers]


@pytest.mark.only_on("sqlite")
def test_what_a_platform_lists_of_followers_is_imported_and_what_has_changed_is_reported(corporation: Town) -> None:
    town = corporation
    _gather(town, SERVICE, 120)
    _tag(town, "车险客户", *_crowd(*range(1, 61)))
    dry = _sync(town, SERVICE, "--dry-run")
    before = _follows(town, SERVICE)
    first = _sync(town, SERVICE)
    after = _follows(town, SERVICE)
    town.advance(60, step=60)
    _unfollow(town, SERVICE, *_crowd(1, 2))
    _gather(town, SERVICE, 1, prefix="late")
    _tag(town, "车险客户", *_crowd(3), "late00000001")
    second = _sync(town, SERVICE)
    report = town.command("sync", "report")
    noted = "SELECT count(*) FROM audit_entry WHERE action = 'synced' AND detail = :detail"

    assert (dry.returncode, first.returncode, second.returncode) == (0, 0, 0), dry.stderr + first.stderr
    assert "（只看不改）" in dry.stdout
    assert "共 120：新增 120，变更 0，离开 0，加标签 60" in dry.stdout
    assert (before, after) == (0, 120)
    assert "关注者和标签（safe-xml）：已完成" in first.stdout
    assert "共 120：新增 120，变更 0，离开 0，加标签 60" in first.stdout
    assert "新增标签 车险客户" in first.stdout
    assert "共 119：新增 1，变更 0，离开 2，加标签 1，去标签 59" in second.stdout
    assert _follows(town, SERVICE) == 119
    assert "离开客户 " in second.stdout
    assert second.stdout.splitlines()[1] in report.stdout
    assert town.rows(noted, detail=f"followers of {SERVICE.name}") == [(2,)]


def test_members_become_staff_where_a_rule_says_so(corporation: Town) -> None:
    town = corporation
    done = town.command("sync", "--what", "departments")
    staff = town.rows("SELECT userid, role, branch, source FROM staff WHERE active ORDER BY userid")

    assert done.returncode == 0, done.stderr
    assert "部门和成员（assistant）：已完成" in done.stdout
    assert "没有对应机构部门 安和人寿（编号 1）" in done.stdout
    assert ("chenjie", "agent", "上海分公司", "wecom") in staff
    assert ("zhangwei", "agent", "上海分公司", "settings") in staff, "the settings win"


@pytest.mark.only_on("postgresql")
def test_a_sync_that_was_killed_goes_on_where_it_stood(corporation: Town) -> None:
    town = corporation
    _gather(town, _KILLED, 230)
    with town.fault("slow", path="/cgi-bin/tags/get", seconds=3600) as fault:
        running = subprocess.Popen(
            [sys.executable, "-m", "bot", "sync", "--account", _KILLED.name],
            cwd=ROOT,
            env=environment(town.home, town.database_url),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            town.until_fault_hits(fault)
        finally:
            running.kill()
            running.wait()
    runs = "SELECT r.stage, r.state FROM sync_run r JOIN account a ON a.id = r.account_id WHERE a.name = :name"
    [stood] = town.rows(runs, name=_KILLED.name)
    busy = _sync(town, _KILLED, "--resume")
    town.advance(_LEASE, step=50)
    mark = town.mark()
    resumed = _sync(town, _KILLED, "--resume")
    asked = {line["path"] for line in town.record(after=mark, what="call")}

    assert stood == ("tags", "running")
    assert "没有可以继续的同步" in busy.stdout, "its process may be alive"
    assert "共 230：新增 230" in resumed.stdout, resumed.stderr
    assert asked.isdisjoint({"/cgi-bin/user/get", _BATCH})
    assert _follows(town, _KILLED) == 230
    assert town.rows(runs, name=_KILLED.name) == [("done", "finished")]


@pytest.mark.only_on("sqlite")
def test_a_quota_that_is_used_up_is_waited_for(corporation: Town) -> None:
    town = corporation
    _gather(town, _BUSY, 30)
    with town.fault("busy", path=_BATCH, errcode=45009):
        waiting = _sync(town, _BUSY)
    resumed = _sync(town, _BUSY, "--resume")

    assert waiting.returncode == 1
    assert "等待平台额度" in waiting.stdout
    assert "zhike sync --resume" in waiting.stdout
    assert (resumed.returncode, "共 30：新增 30" in resumed.stdout) == (0, True)


@pytest.mark.only_on("sqlite")
def test_a_list_that_came_back_short_changes_nothing_without_somebodys_word(corporation: Town) -> None:
    town = corporation
    _gather(town, _SHORT, 40)
    _sync(town, _SHORT)
    town.advance(60, step=60)
    _unfollow(town, _SHORT, *_crowd(*range(1, 21)))
    stopped = _sync(town, _SHORT)
    kept = _follows(town, _SHORT)
    forced = _sync(town, _SHORT, "--resume", "--force")

    assert (stopped.returncode, kept) == (1, 40)
    assert "40 关注者里有 20 个不在平台给出的名单上" in stopped.stdout
    assert (forced.returncode, _follows(town, _SHORT)) == (0, 20)
    assert town.rows("SELECT count(*) FROM audit_entry WHERE action = 'forced'") == [(1,)]


@pytest.mark.only_on("postgresql")
def test_a_leavers_customer_gets_another_agent_and_hears_of_it_once(corporation: Town) -> None:
    town = corporation
    assert town.command("sync", "--what", "departments").returncode == 0
    town.act(SERVICE, "alice", "follow")
    town.says(SERVICE, "alice", "你好")
    [(customer,)] = town.rows("SELECT customer_id FROM identity WHERE external_id = :who", who=SERVICE.openid("alice"))
    assert town.command("customer", "assign", str(customer), "wangfang").returncode == 0
    leaver = {"corp_id": CORP_ID, "userid": "WangFang", "tell": ASSISTANT.name}
    town.control("POST", "/sandbox/leavers", leaver)
    tasks = "SELECT state FROM task WHERE cause = 'leaver' AND customer_id = :customer"
    town.until(lambda: town.rows(tasks, customer=customer) != [], "a task to hand the customer over")
    left = [json.loads(line) for line in town.command("staff", "leavers").stdout.splitlines()]
    assert town.command("customer", "assign", str(customer), "chenjie").returncode == 0
    town.until(lambda: _heard(town) != [], "the customer to hear of the new agent")

    assert town.rows("SELECT active FROM staff WHERE userid = 'wangfang'") in ([(0,)], [(False,)])
    assert [(row["staff"], row["customers"], row["undone"], row["overdue"]) for row in left] == [("wangfang", 1, 1, 0)]
    assert town.rows(tasks, customer=customer) == [("done",)]
    [words] = _heard(town)
    assert "王芳已离职，今后由陈杰为您服务" in words
    assert "待告知" not in town.command("sync", "report").stdout


def _heard(town: Town) -> list[str]:
    town.advance(0.5)
    return [words for words in town.seen(SERVICE, "alice") if "已离职" in words]
