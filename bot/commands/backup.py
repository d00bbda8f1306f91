"""`zhike backup` and `zhike restore`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from bot.app import open_stores
from bot.clock import open_clock
from bot.commands.running import note, with_settings
from bot.outbound import open_http
from bot.privacy import build_erasing
from bot.scheduler.build import SEALS
from bot.settings import Settings
from content.loader import load_content
from handlers.clock import Clock
from storage.backup import write_backup
from storage.database import Database
from storage.erased_again import brought_back
from storage.erasure_file import ERASURES, ErasureFile
from storage.erasures import Erasures, Wish
from storage.errors import StorageError
from storage.migrate import check_schema
from storage.restore import Restore

_DUE: Final = timedelta(days=15)


def backup(
    file: Annotated[Path, typer.Argument(help="The new file; it holds people's words, and no secrets.")],
) -> None:
    """Write a backup while the bot runs: all rows as one moment saw them, seals, list of erasures, content."""

    async def work(settings: Settings, database: Database, clock: Clock) -> dict[str, Any]:
        await check_schema(database)
        await note(database, clock, "backed_up", "database")
        return await write_backup(database, file, files=dict(_beside(settings.home)), now=clock.now())

    manifest = with_settings(lambda settings: _with_database(settings, work))
    typer.echo(json.dumps({"file": str(file), "made_at": manifest["made_at"], "rows": manifest["rows"]}))


def restore(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    erasures: Annotated[
        Path | None, typer.Option(help="The newest erasures.jsonl, when it is not in the home already.")
    ] = None,
) -> None:
    """Restore a backup into an empty place, and erase again whoever was erased after it."""

    async def work(settings: Settings, database: Database, clock: Clock) -> dict[str, Any]:
        source, listed = Restore(database, file), settings.home / ERASURES
        source.manifest()
        if erasures is not None and erasures != listed:
            if listed.exists():
                raise StorageError(f"{listed} is there already; put the newest list there, or move it away")
            shutil.copyfile(erasures, listed)
            listed.chmod(0o600)
        has_newer = listed.exists()
        # The rows first: they refuse a place that is not empty.
        rows = await source.rows(now=clock.now())
        source.files(settings.home)
        again = await _erase_again(settings, database, clock)
        await note(database, clock, "restored", "database", detail=f"{len(again)} erased again")
        return {
            "rows": sum(rows.values()),
            "erased_again": again,
            "list_of_erasures": "home" if has_newer else "backup",
        }

    told = with_settings(lambda settings: _with_database(settings, work))
    typer.echo(json.dumps(told))
    if told["list_of_erasures"] == "backup":
        typer.echo(
            "没有找到比备份更新的 erasures.jsonl：备份之后删除的客户可能又回来了。"
            "请把最新的 erasures.jsonl 放到数据目录，再恢复到一个空的地方。",
            err=True,
        )


async def _erase_again(settings: Settings, database: Database, clock: Clock) -> list[int]:
    customers = await brought_back(database, ErasureFile(settings.home / ERASURES))
    for customer in customers:
        now = clock.now()
        wish = Wish(
            customer_id=customer,
            origin="restore",
            requested_by="restore",
            reason="erased after the backup",
            now=now,
            lock_after=now,
            due_at=now + _DUE,
        )
        await Erasures(database).request(wish)
    if customers:
        retention = load_content(settings.home).retention
        await build_erasing(database, retention, settings=settings, clock=clock).run()
    return customers


def _beside(home: Path) -> Iterator[tuple[str, Path]]:
    """Yield what belongs to a backup beside the database: seals, list of erasures, authored content; no settings."""
    for name in (SEALS, ERASURES):
        if (home / name).exists():
            yield name, home / name
    for path in sorted((home / "content").rglob("*")):
        if path.is_file():
            yield path.relative_to(home).as_posix(), path


async def _with_database(settings: Settings, work: Any) -> dict[str, Any]:
    async with open_http(settings) as http:
        clock = await open_clock(settings.clock.sandbox_url, http)
    stores = open_stores(settings)
    try:
        found: dict[str, Any] = await work(settings, stores.database, clock)
        return found
    finally:
        await stores.database.close()
