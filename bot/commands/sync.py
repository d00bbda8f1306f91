"""`zhike sync`: bring followers, tags, departments and members to what the platforms say, and report what differed."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer

from bot.accounts import UnknownAccount
from bot.app import Stores
from bot.commands.exits import EXIT_FLAW
from bot.commands.running import note, with_stores_and_time, with_syncs
from handlers.clock import Clock
from handlers.sync.syncs import Syncs, Work
from storage.database import Database
from storage.leave_notices import LeaveNotices, UntoldCustomer
from storage.leaving import Leaving, LeftStaff
from storage.sync_runs import Difference, SyncRow, SyncRuns
from storage.tables.sync import SyncState

app = typer.Typer(
    invoke_without_command=True,
    help="Bring followers, tags, departments and members to what the platforms say.",
)
_ZONE: Final = ZoneInfo("Asia/Shanghai")
#: Differences of each kind that a run keeps, and customers of each kind that are printed by their numbers.
_SHOWN: Final = 2_000
_NUMBERS: Final = 20
#: Customers who have not been told that are printed.
_UNTOLD: Final = 50
#: The subject of a difference that is a customer's.
_CUSTOMER: Final = "follower"
_WHAT: Final[Mapping[str, str]] = {"departments": "部门和成员", "followers": "关注者和标签"}
_STATES: Final[Mapping[str, str]] = {
    SyncState.RUNNING: "正在进行",
    SyncState.WAITING: "等待平台额度",
    SyncState.FINISHED: "已完成",
    SyncState.STOPPED: "已停下，没有改动",
    SyncState.FAILED: "没有完成",
    SyncState.ABANDONED: "已放弃",
}
_KINDS: Final[Mapping[str, str]] = {
    "new": "新增",
    "changed": "变更",
    "gone": "离开",
    "unmapped": "没有对应机构",
    "refused": "没有采纳",
}
_SUBJECTS: Final[Mapping[str, str]] = {"member": "成员", "department": "部门", "tag": "标签"}


class What(StrEnum):
    """What to reconcile."""

    DEPARTMENTS = "departments"
    FOLLOWERS = "followers"
    ALL = "all"


@app.callback()
def sync(
    context: typer.Context,
    what: Annotated[What, typer.Option(help="departments (with members), followers (with tags), or all.")] = What.ALL,
    account: Annotated[str | None, typer.Option(help="Only this account; all when none is named.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report what would change.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the last run that is not at its end.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Let it remove more than the settings allow.")] = False,
) -> None:
    """Reconcile with the platforms; exit 1 when a run did not reach its end."""
    if context.invoked_subcommand is not None:
        return

    async def work(syncs: Syncs, database: Database, clock: Clock) -> bool:
        wanted = [each for each in syncs.works if what in (What.ALL, each.what) and account in (None, each.account)]
        if not wanted and account is None:
            typer.echo("没有可以同步的账号：zhike.toml 里没有这一类账号。")
        elif not wanted:
            known = sorted({each.account for each in syncs.works if what in (What.ALL, each.what)})
            raise UnknownAccount(account or "", known, where="可以同步的账号里")
        is_whole = True
        for each in wanted:
            if not dry_run:
                words = f"{each.what} of {each.account}{', resumed' if resume else ''}"
                await note(database, clock, "forced" if force else "synced", "sync", detail=words)
            run = await _carried(syncs, each, dry_run=dry_run, resume=resume, force=force)
            is_whole &= await _told(syncs.runs, run, each, resume=resume)
        return is_whole

    if not with_syncs(work, holder=f"command-{os.getpid()}-{secrets.token_hex(4)}"):
        raise typer.Exit(EXIT_FLAW)


@app.command()
def report() -> None:
    """Show the last run of each subject with its differences, and what is left of the hand-overs."""

    async def work(stores: Stores, clock: Clock) -> list[str]:
        runs, now = SyncRuns(stores.database), clock.now()
        lines: list[str] = []
        for run in await runs.latest():
            lines += run_lines(run, await runs.differences(run.id, limit=_SHOWN))
        await note(stores.database, clock, "read", "sync", detail="report")
        leavers = await Leaving(stores.database).left(now=now)
        untold = await LeaveNotices(stores.database).untold(limit=_UNTOLD)
        return [*(lines or ["还没有同步过：运行 zhike sync。"]), *leaver_lines(leavers, untold)]

    for line in with_stores_and_time(work):
        typer.echo(line)


async def _carried(syncs: Syncs, work: Work, *, dry_run: bool, resume: bool, force: bool) -> SyncRow | None:
    if resume:
        return await syncs.resume(work, is_forced=force)
    return await syncs.start(work, started_by="command line", is_dry_run=dry_run, is_forced=force)


async def _told(runs: SyncRuns, run: SyncRow | None, work: Work, *, resume: bool) -> bool:
    """Print what became of a run; return whether nothing is left to do."""
    if run is None:
        name = _WHAT[work.what]
        typer.echo(
            f"{name}（{work.account}）：没有可以继续的同步。"
            if resume
            else f"{name}（{work.account}）：另一个进程正在同步，请等它结束，或稍后加 --resume。"
        )
        return resume
    for line in run_lines(run, await runs.differences(run.id, limit=_SHOWN)):
        typer.echo(line)
    return run.state == SyncState.FINISHED


def run_lines(run: SyncRow, differences: Sequence[Difference]) -> list[str]:
    """Return what a run did, in words."""
    head = f"{_WHAT.get(run.what, run.what)}（{run.account}）：{_STATES.get(run.state, run.state)}"
    when = f"，{_local(run.ended_at or run.started_at)}"
    counts = f"  共 {run.seen}：新增 {run.new}，变更 {run.changed}，离开 {run.gone}"
    more = [
        f"，{word} {count}"
        for word, count in (
            ("没有对应机构", run.unmapped),
            ("没有采纳", run.refused),
            ("加标签", run.tagged),
            ("去标签", run.untagged),
        )
        if count
    ]
    lines = [f"{head}{'（只看不改）' if run.is_dry_run else ''}{when}", counts + "".join(more)]
    if run.detail:
        lines.append(f"  {run.detail}")
    if run.state in (SyncState.WAITING, SyncState.FAILED, SyncState.RUNNING):
        lines.append("  接着做：zhike sync --resume")
    lines += [
        f"  · {_KINDS.get(each.kind, each.kind)}{_SUBJECTS.get(each.subject, each.subject)} {each.detail}"
        for each in differences
        if each.subject != _CUSTOMER
    ]
    for kind, word in _KINDS.items():
        customers = [str(each.subject_id) for each in differences if (each.kind, each.subject) == (kind, _CUSTOMER)]
        if customers:
            rest = "……" if len(customers) > _NUMBERS else ""
            lines.append(f"  · {word}客户 {'、'.join(customers[:_NUMBERS])}{rest}")
    return lines


def leaver_lines(leavers: Sequence[LeftStaff], untold: Sequence[UntoldCustomer]) -> list[str]:
    """Return whose customers wait, and who was not told, in words."""
    lines = [
        f"离职：{leaver.name}（{leaver.userid}）{_local(leaver.left_at)}，名下还有 {leaver.customers} 位客户，"
        f"未交接 {leaver.undone}，已过期 {leaver.overdue}，待告知 {leaver.untold}，期限 {_local(leaver.due_at)}"
        for leaver in leavers
    ]
    whys = {"unreachable": "暂时联系不上", "refused": "没有发出", "failed": "发送失败", "unknown": "不知是否送达"}
    lines += [
        f"待告知：客户 {customer.customer_id}（原由 {customer.left} 服务），{whys.get(customer.why, customer.why)}，"
        f"期限 {_local(customer.due_at)}"
        for customer in untold
    ]
    return lines


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(_ZONE):%Y-%m-%d %H:%M}"
