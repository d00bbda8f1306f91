"""The policies of the demonstration, as files of a nightly drop, and their part of the scripted day."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import aiohttp

from bot.clock import open_clock
from bot.demo.day import DayFailed, Step, play_step
from bot.outbound import open_http
from bot.policies.build import drop_folder
from bot.policies.drop import DONE, DropLoader
from bot.settings import Settings
from storage.database import open_database
from storage.policy_drops import PolicyDrops

Say = Callable[[str], None]
#: People, numbers and products are made up.
_PHONE: Final = "13900001234"
_FILES: Final = {
    "holders": ("holder,name,id_tail,phone", f"H1,林晓燕,01234X,{_PHONE}"),
    "policies": (
        "holder,number,product,insured,status,start,end,premium,paid_until,next_due,sum_insured,callback_due",
        "H1,DEMO20240001,安和长护重疾险（演示）,林小宝,有效,2024-03-01,2074-03-01,12000,2026-03-01,2027-03-01,500000,",
        "H1,DEMO20260002,安和年金险（演示）,林晓燕,有效,2026-04-20,2056-04-20,860.5,,,,2026-05-20",
    ),
    "cases": (
        "holder,number,kind,step,since,next_step",
        "H1,DEMOC77001,理赔,资料审核中,2026-04-28,等待医院病历",
    ),
}
_CODE: Final = re.compile(r"验证码 (\d{6})")


async def load_drop(settings: Settings, *, hours_old: float = 0.0) -> None:
    """Write a drop that is so old into the demonstration's folder, and load it."""
    folder = drop_folder(settings)
    async with open_http(settings) as http:
        clock = await open_clock(settings.clock.sandbox_url, http)
    _write(folder, clock.now() - timedelta(hours=hours_old))
    database = open_database(settings.database_url, home=settings.home)
    try:
        await DropLoader(PolicyDrops(database), clock=clock).load(folder)
    finally:
        await database.close()


async def play_policy_day(http: aiohttp.ClientSession, *, sandbox_url: str, settings: Settings, say: Say) -> None:
    """Bind, prove who it is, ask, answer some of the call-back; then the source is silent. Raises DayFailed."""
    say("\n—— 我的保单：绑定、验证、查询、回访，然后保单系统断供 ——")

    async def lin(words: str, *sees: str) -> None:
        step = Step(who="lin", act="text", says=words, sees=sees, fields={"text": words})
        await play_step(http, sandbox_url, "service", step, say)

    await lin("我的保单", "您还没有绑定保单")
    await lin("林晓燕 DEMO20240001 01234X", "已绑定林晓燕名下的保单")
    await lin("我的保单", "验证码已发到尾号 1234 的手机")
    await lin(await _code(http, sandbox_url, say), "安和长护重疾险（演示）（保单尾号 0001）", "下次应缴日 2027-03-01")
    await lin("我的理赔进度", "资料审核中", "下一步：等待医院病历")
    await lin("回访", "安和年金险（演示）（保单尾号 0002）的回访", "第 1 题")
    await lin("是我签的", "第 2 题")
    await lin("不清楚", "会有我们的同事联系您讲清楚", "第 3 题")
    await lin("退出", "已答的都存下了")
    await load_drop(settings, hours_old=settings.policies.stale_hours + 1)
    say("  （保单系统两天没有送来新文件）")
    await lin("我的保单", "保单系统暂时查不到", "这里什么都没有显示")


async def _code(http: aiohttp.ClientSession, sandbox_url: str, say: Say) -> str:
    async with http.get(f"{sandbox_url}/sandbox/sms", params={"phone": _PHONE}) as response:
        messages = (await response.json())["messages"]
    found = _CODE.search(messages[-1]["text"]) if messages else None
    if found is None:
        raise DayFailed("林晓燕的手机没有收到验证码")
    say(f"    （短信到尾号 1234 的手机）{messages[-1]['text']}")
    return found[1]


def _write(folder: Path, as_of: datetime) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in _FILES.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", "utf-8")
    rows = {name: len(lines) - 1 for name, lines in _FILES.items()}
    (folder / DONE).write_text(json.dumps({"as_of": as_of.isoformat(), **rows}), "utf-8")
