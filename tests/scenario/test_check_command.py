"""`zhike init` and `zhike check`: the real commands; each misconfiguration gets a sentence and its mend."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.scenario.places import (
    ASSISTANT,
    COUNTER,
    DESK,
    HOTLINE,
    SERVICE,
    Place,
    aes_key_of,
    sandbox_configuration,
    settings_text,
)
from tests.scenario.processes import Child, run_command

_PLACES = (SERVICE, ASSISTANT, COUNTER)
#: The platform knows it, but not this machine's address.
_UNLISTED = Place(name="unlisted")
_UNLISTED_COUNTER = Place(name="unlisted-counter", channel="kf")
_UNLISTED_DESK = Place(name="unlisted-desk", channel="wecom", agent_id=1000004)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """What is wrong, and what `check` must say of it: the sentence's words and the mend's."""

    says: str
    mend: str
    #: Old text and new text in zhike.toml.
    change: tuple[str, str] = ("", "")
    places: tuple[Place, ...] = _PLACES
    database_url: str = ""
    prepare: Callable[[Path], None] = field(default=lambda home: None)


def _write(name: str, text: str) -> Callable[[Path], None]:
    def prepare(home: Path) -> None:
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_text(text, "utf-8")

    return prepare


def _line(key: str, value: str) -> str:
    return f'{key} = "{value}"'


_SERVICE_SECRET = _line("secret", SERVICE.secret)
#: How the errors themselves end; `check` has mends of its own, and one is enough.
_ENGLISH_MENDS = ("run `zhike migrate`", "check [database] url", "write sqlite", "start the sandbox")
_MISTAKES: dict[str, Mistake] = {
    "a hotline that was not filled in": Mistake(
        change=(_line("hotline", HOTLINE), _line("hotline", "")), says="没有填写客服热线", mend="[insurer]"
    ),
    "a settings file that is no TOML": Mistake(change=("[clock]", "[clock"), says="不是合法的 TOML", mend="行列"),
    "a setting that does not exist": Mistake(
        change=("[log]", "[log]\ncolour = 1"), says="log.colour", mend="请"
    ),
    "a placeholder that was left": Mistake(
        change=(_SERVICE_SECRET, _line("secret", "填写 AppSecret")), says="还是示例里的占位文字", mend="请"
    ),
    "a secret from an environment variable that is not set": Mistake(
        change=(_SERVICE_SECRET, _line("secret", "env:ZHIKE_NOT_SET")),
        says="环境变量 ZHIKE_NOT_SET 没有设置",
        mend="请在启动前设置 ZHIKE_NOT_SET",
    ),
    "a secret from a file that is not there": Mistake(
        change=(_SERVICE_SECRET, _line("secret", "file:secrets/none")), says="读不了文件", mend="请检查路径与权限"
    ),
    "a callback token with other characters": Mistake(
        change=(SERVICE.token, "not a token!"), says="callback_token 不是 3 到 32 位", mend="令牌（Token）"
    ),
    "an AES key that was copied in part": Mistake(
        change=(SERVICE.aes_key, SERVICE.aes_key[:-1]), says="callback_aes_key 有 42 个字符", mend="EncodingAESKey"
    ),
    "half of a previous pair": Mistake(
        change=(_SERVICE_SECRET, _SERVICE_SECRET + "\n" + _line("previous_callback_aes_key", aes_key_of("before"))),
        says="只填了一个",
        mend="请两个都填旧的那一对",
    ),
    "two accounts with one app id": Mistake(
        change=("[[staff]]", SERVICE.block("http://127.0.0.1:9").replace('"safe-xml"', '"again"', 1) + "[[staff]]"),
        says="与账号 safe-xml 的 app_id 相同",
        mend="请改正，或删去其中一段",
    ),
    "a deadline beyond the platform's": Mistake(
        change=("[log]", "[conversation]\ndeadline_seconds = 5.5\nlease_seconds = 7\n[log]"),
        says="平台只等 5 秒",
        mend="请改为 4.5",
    ),
    "a lease shorter than the deadline": Mistake(
        change=("[log]", "[conversation]\nlease_seconds = 4\n[log]"), says="不比 deadline_seconds", mend="请改为 6"
    ),
    "answers that nothing can carry": Mistake(
        change=(_SERVICE_SECRET, _SERVICE_SECRET + '\nanswers = "active"\nactive_messages = false'),
        says="没有办法回复",
        mend='answers = "passive"',
    ),
    "a reserve that leaves nothing": Mistake(
        change=("[log]", "[delivery]\nreply_reserve = 5\n[log]"), says="机器人一条也发不了", mend="请改为 1"
    ),
    "no accounts": Mistake(places=(), says="没有设置任何账号", mend="[[accounts]]"),
    "a database that was not migrated": Mistake(
        prepare=_write("empty.db", ""),
        database_url="sqlite+aiosqlite:///empty.db",
        says="表结构比程序旧",
        mend="请运行 zhike migrate",
    ),
    "a database that is not there": Mistake(
        database_url="sqlite+aiosqlite:///none.db", says="还没有数据库", mend="请运行 zhike migrate"
    ),
    "a database that does not answer": Mistake(
        database_url="postgresql+asyncpg://nobody:hidden-word@127.0.0.1:9/none",
        says="连不上",
        mend="请检查 database.url",
    ),
    "a database of another kind": Mistake(database_url="mysql://127.0.0.1/x", says="mysql", mend="sqlite+aiosqlite"),
    "a wrong secret": Mistake(
        change=(SERVICE.secret, "0" * 32), says="平台拒绝发给访问凭证", mend="请核对 AppID（企业 ID）与 secret"
    ),
    "an address that is not on the platform's list": Mistake(
        places=(_UNLISTED,), says="平台拒绝发给访问凭证", mend="IP 白名单"
    ),
    "the number of another application": Mistake(
        change=(f"agent_id = {ASSISTANT.agent_id}", f"agent_id = {DESK.agent_id}"),
        says="agent_id 与 secret 不是同一个应用的（GET /cgi-bin/agent/get was refused with 301002",
        mend="请在 zhike.toml 里把账号 assistant 的 agent_id 改为应用详情页的 AgentId",
    ),
    "the number of no application": Mistake(
        change=(f"agent_id = {ASSISTANT.agent_id}", "agent_id = 1000099"),
        says="agent_id 与 secret 不是同一个应用的（GET /cgi-bin/agent/get was refused with 40056",
        mend="请在 zhike.toml 里把账号 assistant 的 agent_id 改为应用详情页的 AgentId",
    ),
    "an address that the application does not trust": Mistake(
        places=(_UNLISTED_DESK,),
        says="本机的出口 IP 不在应用的企业可信 IP 里（GET /cgi-bin/agent/get was refused with 60020",
        mend="加入「企业可信 IP」",
    ),
    "another account of customer service": Mistake(
        change=(COUNTER.open_kfid, "wk" + "0" * 30),
        says="这个 secret 管不到 open_kfid 所指的客服账号",
        mend="请在 zhike.toml 里把账号 counter 的 open_kfid 改为",
    ),
    "an application's secret for customer service": Mistake(
        change=(_line("secret", COUNTER.secret), _line("secret", ASSISTANT.secret)),
        says="secret 不能调用微信客服的接口（POST /cgi-bin/kf/account/list was refused with 95012",
        mend="账号 counter 的 secret 取自那个应用",
    ),
    "an address that the customer service's application does not trust": Mistake(
        places=(_UNLISTED_COUNTER,),
        says="本机的出口 IP 不在应用的企业可信 IP 里（POST /cgi-bin/kf/account/list was refused with 60020",
        mend="加入「企业可信 IP」",
    ),
    "customer service that is to answer in its callbacks": Mistake(
        change=(_line("channel", "kf"), _line("channel", "kf") + "\n" + _line("answers", "passive")),
        says="accounts[counter].answers",
        mend="可选",
    ),
    "a platform that cannot be reached": Mistake(
        change=("/wecom\"", ":1/wecom\""), says="api_base_url", mend="请"
    ),
    "a sandbox clock that is not there": Mistake(
        change=("sandbox_url = \"", "sandbox_url = \"http://127.0.0.1:9\" # \""),
        says="沙箱时钟",
        mend="请启动沙箱，或清空 clock.sandbox_url",
    ),
    "authored content that cannot be read": Mistake(
        prepare=_write("content/answers.yaml", "rules: [{id: }"), says="answers.yaml:1", mend=""
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a sandbox in real time that knows the accounts of a right configuration."""
    home = tmp_path_factory.mktemp("sandbox")
    config = sandbox_configuration(clock="real", places=(*_PLACES, _UNLISTED, DESK, _UNLISTED_DESK, _UNLISTED_COUNTER))
    for account in (*config["oa"], *config["wecom"][0]["apps"], *config["wecom"][0]["kf"]):
        if account["name"].startswith("unlisted"):
            account["ip_allow_list"] = ["10.1.1.1"]
    (home / "sandbox.json").write_text(json.dumps(config), "utf-8")
    child = Child("sandbox", ["bot.sandbox", "--config", str(home / "sandbox.json"), "--port", "0"], home=home)
    child.start()
    yield f"http://127.0.0.1:{child.port}"
    child.kill()


@pytest.fixture
def furnished(home: Path, sqlite_template: Path) -> Path:
    """Return a data folder with a migrated database."""
    home.mkdir()
    shutil.copy(sqlite_template, home / "zhike.db")
    return home


def _write_settings(home: Path, text: str) -> None:
    (home / "zhike.toml").write_text(text, "utf-8")
    (home / "zhike.toml").chmod(0o600)


def test_a_right_configuration_is_found_right(furnished: Path, sandbox_url: str) -> None:
    _write_settings(furnished, settings_text(sandbox_url, places=_PLACES))
    done = run_command("check", home=furnished)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✗" not in done.stdout
    assert f"账号 {SERVICE.name} 的接口：取得了访问凭证" in done.stdout
    assert f"账号 {ASSISTANT.name} 的应用：agent_id 与 secret 相符" in done.stdout
    assert f"账号 {COUNTER.name} 的客服账号：secret 可以管理这个客服账号" in done.stdout
    assert "可以连接，表结构是最新的" in done.stdout


@pytest.fixture(scope="module")
def checked(
    sandbox_url: str, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[CompletedProcess[str]]]]:
    """Return what the command said of each mistake; the commands run side by side, a core each."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        homes = {name: tmp_path_factory.mktemp("mistake") for name in _MISTAKES}
        for home in homes.values():
            shutil.copy(sqlite_template, home / "zhike.db")
        yield {name: pool.submit(_check, mistake, homes[name], sandbox_url) for name, mistake in _MISTAKES.items()}


def _check(mistake: Mistake, home: Path, sandbox_url: str) -> CompletedProcess[str]:
    text = settings_text(sandbox_url, places=mistake.places)
    assert mistake.change[0] in text, "the right configuration does not hold what is to be spoilt"
    _write_settings(home, text.replace(*mistake.change, 1) if mistake.change[0] else text)
    mistake.prepare(home)
    return run_command("check", home=home, database_url=mistake.database_url)


@pytest.mark.parametrize("name", _MISTAKES)
def test_a_mistake_is_explained_with_its_mend(checked: dict[str, Future[CompletedProcess[str]]], name: str) -> None:
    mistake, done = _MISTAKES[name], checked[name].result()
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said[-1500:]
    strange = [line for line in done.stdout.splitlines() if not line.startswith(("✓ ", "! ", "✗ ", "    → "))]
    assert strange == [], "standard output holds findings only; logs go to standard error"
    assert done.returncode != 0, said
    assert mistake.says in said
    assert mistake.mend in said
    assert [words for words in _ENGLISH_MENDS if words in said] == []
    assert [secret for secret in (SERVICE.secret, SERVICE.aes_key, "hidden-word") if secret in said] == []


def test_a_check_writes_nothing(home: Path, sandbox_url: str) -> None:
    home.mkdir()
    _write_settings(home, settings_text(sandbox_url, places=_PLACES))
    done = run_command("check", home=home)
    assert "请运行 zhike migrate" in done.stdout
    assert [path.name for path in home.iterdir()] == ["zhike.toml"]


def test_a_missing_settings_file_is_explained(home: Path) -> None:
    home.mkdir()
    done = run_command("check", home=home)
    assert done.returncode == 1
    assert "没有这个文件" in done.stdout
    assert "zhike init" in done.stdout


def test_init_writes_settings_to_fill_in_and_check_names_what_is_missing(home: Path) -> None:
    first = run_command("init", home=home)
    check = run_command("check", home=home)
    second = run_command("init", home=home)
    assert first.returncode == 0, first.stderr
    assert "接下来：填写 zhike.toml" in first.stdout
    assert (home / "zhike.toml").stat().st_mode & 0o077 == 0
    assert check.returncode == 1
    assert [
        words for words in ("占位文字", "ZHIKE_SERVICE_SECRET", "ZHIKE_SERVICE_TOKEN") if words not in check.stdout
    ] == []
    assert (second.returncode, "不会覆盖" in second.stderr) == (78, True)


def test_what_init_wrote_serves_once_it_is_filled_in(home: Path, sandbox_url: str) -> None:
    run_command("init", home=home)
    settings = (home / "zhike.toml").read_text("utf-8")
    for before, after in (
        ("填写客服热线", HOTLINE),
        ("填写公众号名称", SERVICE.title),
        ("填写 AppID（wx 开头）", SERVICE.realm),
        ("填写原始 ID（gh_ 开头）", SERVICE.original_id),
        ("https://api.weixin.qq.com", f"{sandbox_url}/oa"),
    ):
        settings = settings.replace(before, after)
    (home / "zhike.toml").write_text(settings, "utf-8")
    secrets = {"SECRET": SERVICE.secret, "TOKEN": SERVICE.token, "AES_KEY": SERVICE.aes_key}
    env = {f"ZHIKE_SERVICE_{name}": value for name, value in secrets.items()}
    migrated = run_command("migrate", home=home, more=env)
    checked = run_command("check", home=home, more=env)
    assert migrated.returncode == 0, migrated.stderr
    assert checked.returncode == 0, checked.stdout + checked.stderr
