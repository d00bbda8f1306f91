"""`zhike demo`: make a world, start the sandbox and the bot in it, then stay up or play the scripted day."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import typer

from bot import log_commands, menus
from bot.clock import RealClock
from bot.demo.counter_day import play_counter_day
from bot.demo.day import DayFailed, play_day
from bot.demo.handover_day import play_handover_day
from bot.demo.home import take_home
from bot.demo.kept import check_kept
from bot.demo.policy_day import load_drop, play_policy_day
from bot.demo.privacy_day import play_privacy_day
from bot.demo.processes import Child, StartFailed, free_port
from bot.demo.staff_day import play_staff_day
from bot.demo.ticking import CLOCK, ticking
from bot.demo.world import ACCOUNTS, ASSISTANT, COUNTER, PASSWORD, STAFF, write_world
from bot.people import build_people
from bot.settings import Settings, load_settings
from storage.database import open_database
from storage.migrate import migrate

SANDBOX_PORT = 9700


async def run_demo(*, script: bool, port: int, sandbox_port: int, home: Path | None) -> int:
    """Run the demonstration; return the exit code. Raises ForeignHome when the folder is not its own."""
    home = home or Path.cwd() / ".zhike" / ("script" if script else "demo")
    take_home(home, fresh=script)  # a scripted day starts with nothing behind it
    bot_port, sandbox_port = (free_port(), free_port()) if script else (port, sandbox_port)
    bot_url, sandbox_url = f"http://127.0.0.1:{bot_port}", f"http://127.0.0.1:{sandbox_port}"
    # The scripted day has a night and a morning: its time is the sandbox's.
    config = write_world(home, bot_url=bot_url, sandbox_url=sandbox_url, clock=dict(CLOCK) if script else None)
    # Nothing of the caller's environment, here and in the children: it may name the database that is in use.
    settings = load_settings(home, {})
    database = open_database(settings.database_url, home=home)
    await migrate(database, now=datetime.now(UTC))
    await database.close()
    async with AsyncExitStack() as stack:
        sandbox = Child("sandbox", ["bot.sandbox", "--config", str(config), "--port", str(sandbox_port)], home=home)
        bot = Child("bot", ["bot", "serve"], home=home)
        try:
            for child in (sandbox, bot):
                stack.push_async_callback(child.stop)
                await child.start()
        except StartFailed as failed:
            typer.echo(f"zhike demo: {failed}", err=True)
            return 1
        await menus.publish(settings)
        await give_passwords(settings)
        await load_drop(settings)
        if not script:
            _say_addresses(bot_url, sandbox_url, home)
            return await _until_told((sandbox, bot))
        return await _play(sandbox_url, bot_url, settings, bot)


async def give_passwords(settings: Settings) -> None:
    """Let everybody of the demonstration sign in to the console."""
    database = open_database(settings.database_url, home=settings.home)
    try:
        people = build_people(database, clock=RealClock(), settings=settings)
        for person in STAFF:
            staff_id = await people.organisation.find(person["userid"])
            await people.sign_in.set_password(staff_id, PASSWORD)
    finally:
        await database.close()


async def _play(sandbox_url: str, bot_url: str, settings: Settings, bot: Child) -> int:
    try:
        async with aiohttp.ClientSession() as http, ticking(http, sandbox_url):
            await play_day(http, sandbox_url=sandbox_url, bot_url=bot_url, say=typer.echo)
            await play_counter_day(http, sandbox_url=sandbox_url, say=typer.echo)
            await play_staff_day(http, sandbox_url=sandbox_url, bot_url=bot_url, say=typer.echo)
            await play_policy_day(http, sandbox_url=sandbox_url, settings=settings, say=typer.echo)
            await play_privacy_day(http, sandbox_url=sandbox_url, bot_url=bot_url, say=typer.echo)
            await play_handover_day(http, sandbox_url=sandbox_url, say=typer.echo)
        code = await bot.stop()
        if code != 0:
            typer.echo(f"zhike demo: {bot.ended(code)}", err=True)
            return 1
        await check_kept(settings, say=typer.echo)
    except DayFailed as failed:
        typer.echo(f"\n演示失败：{failed}\n日志：{settings.home}", err=True)
        return 1
    reports = await log_commands.verify(settings)
    typer.echo("\n—— 日志校验 ——")
    for report in reports:
        typer.echo(log_commands.sentence(report))
    return 1 if any(report.flaw for report in reports) else 0


def _say_addresses(bot_url: str, sandbox_url: str, home: Path) -> None:
    typer.echo("知客演示已启动，按 Ctrl+C 结束。\n")
    typer.echo(f"  手机页面（扮演客户或员工）  {sandbox_url}/phone")
    typer.echo(f"  员工控制台                  {bot_url}/console")
    typer.echo(f"    账号 {'、'.join(person['userid'].lower() for person in STAFF)}，密码都是 {PASSWORD}")
    typer.echo(f"  接口文档（OpenAPI）         {bot_url}/api/v1/openapi.json")
    typer.echo(f"  机器人就绪检查              {bot_url}/health/ready")
    typer.echo(f"  指标                        {bot_url}/metrics")
    for name in (*(account.name for account in ACCOUNTS), ASSISTANT, COUNTER):
        typer.echo(f"  回调地址                    {bot_url}/callback/{name}")
    typer.echo(f"  数据与日志                  {home}")


async def _until_told(children: Sequence[Child]) -> int:
    """Wait for Ctrl+C, or for a child that ends by itself; return the exit code."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    ends = {asyncio.ensure_future(child.wait()): child for child in children}
    told = asyncio.ensure_future(stop.wait())
    await asyncio.wait([told, *ends], return_when=asyncio.FIRST_COMPLETED)
    gone = [child.ended(end.result()) for end, child in ends.items() if end.done()]
    for task in (told, *ends):
        task.cancel()
    # Ctrl+C reaches the children too: that they end then is what was asked for.
    if stop.is_set():
        return 0
    for sentence in gone:
        typer.echo(f"zhike demo: {sentence}", err=True)
    return 1
