"""`zhike demo`: the scripted day from outside, what it would not let pass, and what it says when a part of it dies."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.demo.day import SCENE, DayFailed, play_day
from bot.demo.home import take_home
from bot.demo.kept import check_kept
from bot.demo.processes import free_port
from bot.settings import DatabaseSettings, Settings
from tests.scenario.processes import ROOT, environment, run_command


def test_the_scripted_day_exits_0_with_its_transcript_and_leaves_a_log_that_verifies(home: Path) -> None:
    in_use = home.parent / "in-use.db"
    url = f"sqlite+aiosqlite:///{in_use}"
    done = run_command("demo", "--script", "--home", str(home), home=home, database_url=url, seconds=120)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert [words for words in ("林晓燕", "张伟", "王新", "犹豫期", "已为您关闭") if words not in done.stdout] == []
    assert done.stdout.count("intact") == 5
    assert "日志记下了客户的来源" in done.stdout
    assert "人工接待时机器人没有说话，结束后又由机器人来答" in done.stdout
    # Whichever account's log is read first makes the first task: somebody else spoke of surrendering.
    assert re.search(r"新待办 #[12]：客户投诉", done.stdout)
    assert "张伟（代理人）看到自己的客户和原话" in done.stdout
    assert "王丽（管理员）不能看客户" in done.stdout
    assert "链接只能用一次" in done.stdout
    assert "看到删除已办结的报告" in done.stdout
    assert "夜里留言、自己的代理人、超时转下一位、回复、回到机器人、评价" in done.stdout
    assert not in_use.exists(), "the demonstration used the database that the caller's environment names"


def test_a_folder_of_somebody_elses_is_refused_with_a_sentence(home: Path) -> None:
    home.mkdir()
    (home / "zhike.toml").write_text("mine", "utf-8")
    for options in ((), ("--script",)):
        done = run_command("demo", *options, "--home", str(home), home=home)
        assert (done.returncode, "Traceback" in done.stderr) == (78, False)
        assert "不会覆盖或删除" in done.stderr
    assert [(path.name, path.read_text("utf-8")) for path in home.iterdir()] == [("zhike.toml", "mine")]


@pytest.mark.parametrize("part", ["bot", "sandbox"])
def test_a_part_that_dies_ends_the_demonstration_and_its_log_is_named(home: Path, part: str) -> None:
    ports = ("--port", str(free_port()), "--sandbox-port", str(free_port()))
    demo = subprocess.Popen(
        [sys.executable, "-m", "bot", "demo", "--home", str(home), *ports],
        cwd=ROOT,
        env=environment(home) | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert demo.stdout is not None
    said = next((line for line in iter(demo.stdout.readline, "") if "数据与日志" in line), "")
    if said:
        os.kill(_child(demo.pid, part), signal.SIGKILL)
    _, errors = demo.communicate(timeout=40)
    assert said, errors
    assert demo.returncode == 1
    assert f"{part} 意外结束（退出码 -9）" in errors
    assert str(home / f"{part}.log") in errors


def _child(pid: int, part: str) -> int:
    """Return the process id of the demonstration's bot or sandbox."""
    module = {"bot": b"bot", "sandbox": b"bot.sandbox"}[part]
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        if module in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
            return int(child)
    raise AssertionError(f"the demonstration has no {part}")


async def test_a_welcome_that_knows_nothing_of_the_code_fails_the_day() -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/sandbox/verify":
            return web.json_response({"ok": True})
        shown: list[dict[str, Any]] = [{"text": "您好，欢迎关注！我是智能客服小安，张伟。"}]
        return web.json_response({"result": "replied", "shown": shown})

    app = web.Application()
    app.router.add_post("/sandbox/{what}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        async with aiohttp.ClientSession() as http:
            with pytest.raises(DayFailed, match="您扫码的活动我已经记下"):
                await play_day(http, sandbox_url=f"http://127.0.0.1:{port}", bot_url="", say=lambda line: None)
    finally:
        await runner.cleanup()


async def test_a_log_that_does_not_say_where_the_customer_came_from_fails_the_day(sqlite_url: str, home: Path) -> None:
    take_home(home, fresh=True)
    settings = Settings(home=home, database=DatabaseSettings(url=sqlite_url))
    with pytest.raises(DayFailed, match=SCENE):
        await check_kept(settings, say=lambda line: None)
