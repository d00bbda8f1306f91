"""`zhike segment`: whom a segment finds, and lists of customers brought in as facts."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from bot.commands.exits import EXIT_FLAW
from bot.commands.running import with_people
from bot.lists.sheets import open_sheet
from bot.people import People
from content.facts import CONFIDENCES, Source
from content.local_time import ZONE
from content.segment_checks import SegmentFlawed
from handlers.clock import Clock
from handlers.facts.lists import ListReport
from handlers.facts.sheets import ListRefused
from handlers.segments.reading import MOST_SAMPLED, Reason, short_person
from handlers.segments.shelf import Known, SegmentMissing
from storage.customer_cards import CustomerCard
from storage.viewer import COMMAND_LINE

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, help="Segments, and lists of customers.")
#: Rows after which the progress is told.
_TOLD = 10_000


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX: a header, then a customer a row.")],
    source: Annotated[Source, typer.Option(help="Who says so: " + ", ".join(CONFIDENCES))] = Source.LIST,
    as_of: Annotated[datetime | None, typer.Option(help="As of when; now unless told.", formats=["%Y-%m-%d"])] = None,
) -> None:
    """Take a list down as facts about its customers; rows that cannot be used are named, exit 1.

    The same file again changes nothing; killed midway it goes on.
    """

    async def work(people: People, clock: Clock) -> ListReport:
        return await people.lists.run(
            open_sheet(file),
            viewer=COMMAND_LINE,
            source=source,
            as_of=None if as_of is None else as_of.replace(tzinfo=ZONE),
            progress=_tell,
        )

    try:
        report = with_people(work)
    except ListRefused as refused:
        used = f"只使用了这份名单的前 {refused.taken} 行" if refused.taken else "没有使用这份名单"
        typer.echo(f"{used}：{refused}", err=True)
        raise typer.Exit(EXIT_FLAW) from None
    counts = {"rows": report.rows, "used": report.used, "facts": report.new, "bad": report.bad_count}
    typer.echo(json.dumps({"list": report.list_id, "as_of": report.as_of.isoformat(), **counts}))
    for cell in report.bad:
        typer.echo(str(cell), err=True)
    if report.bad_count > len(report.bad):
        typer.echo(f"另有 {report.bad_count - len(report.bad)} 处，先改好以上各处再导入。", err=True)
    if report.bad_count:
        raise typer.Exit(EXIT_FLAW)


@app.command("list")
def list_() -> None:
    """Show every segment as JSON Lines; exit 1 when some that staff made are hidden or fit no more."""

    async def work(people: People, clock: Clock) -> tuple[dict[str, Known], list[str]]:
        return await people.shelf.all(), await people.shelf.hidden()

    known, hidden = with_people(work)
    for name, each in known.items():
        origin = "file" if each.version is None else f"version {each.version}"
        shown = {"name": name, "title": each.segment.title, "origin": origin, "note": each.segment.note}
        typer.echo(json.dumps(shown, ensure_ascii=False))
    for name in hidden:
        typer.echo(f"客群 {name} 用不了：文件里有同名的，或规则里的资料项已经没有。", err=True)
    if hidden:
        raise typer.Exit(EXIT_FLAW)


@app.command()
def count(name: str) -> None:
    """Count a segment's customers."""

    async def work(people: People, clock: Clock) -> int:
        return await people.segments.count(COMMAND_LINE, await people.segments.rule_of(name), name=name)

    typer.echo(json.dumps({"name": name, "count": _with_segment(name, work)}))


@app.command()
def sample(
    name: str,
    limit: Annotated[int, typer.Option(min=1, max=MOST_SAMPLED)] = 10,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same customers.")] = 1,
) -> None:
    """Show some of a segment's customers as JSON Lines; the audit notes it."""

    async def work(people: People, clock: Clock) -> list[CustomerCard]:
        rule = await people.segments.rule_of(name)
        return await people.segments.sample(COMMAND_LINE, rule, limit=limit, seed=seed, name=name)

    for card in _with_segment(name, work):
        persons = [short_person(contact.person) for contact in card.contacts]
        shown = {"customer": card.id, "owner": card.owner, "branch": card.branch, "persons": persons}
        typer.echo(json.dumps(shown, ensure_ascii=False))


@app.command()
def why(name: str, customer: int) -> None:
    """Say why a customer is in a segment or not: each condition with its truth and what it was answered by."""

    async def work(people: People, clock: Clock) -> list[Reason] | None:
        return await people.segments.why(COMMAND_LINE, await people.segments.rule_of(name), customer, name=name)

    reasons = _with_segment(name, work)
    if reasons is None:
        typer.echo(f"没有客户 {customer}：用 zhike customer find 查看。", err=True)
        raise typer.Exit(EXIT_FLAW)
    for each in reasons:
        by = "" if not each.evidence else "：" + "、".join(each.evidence)
        typer.echo(f"{'  ' * each.depth}{'✓' if each.is_true else '✗'} {each.words.removesuffix('：')}{by}")


def _with_segment(name: str, work: Callable[[People, Clock], Coroutine[Any, Any, T]]) -> T:
    try:
        return with_people(work)
    except SegmentMissing:
        typer.echo(f"没有客群 {name}：用 zhike segment list 查看。", err=True)
    except SegmentFlawed as flawed:
        typer.echo(f"客群 {name} 的规则用不了：{flawed}", err=True)
    raise typer.Exit(EXIT_FLAW)


def _tell(rows: int) -> None:
    if rows % _TOLD == 0:
        typer.echo(f"已读 {rows} 行", err=True)
