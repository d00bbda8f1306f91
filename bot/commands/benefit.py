"""`zhike benefit`: the catalogue, its stock and codes, and what becomes of a code."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer

from bot.commands.exits import EXIT_FLAW
from bot.commands.running import bring_in_benefits, with_people
from bot.people import People
from content.local_time import local
from handlers.benefits.office import Imported, Overview, Shelved, cost_per_claim, redeem_rate
from handlers.clock import Clock
from storage.benefit_list import Claim
from storage.benefit_moves import Exchanged, Moved, Turned
from storage.benefit_reserving import Refusal
from storage.benefit_rows import last_day
from storage.benefit_stock import StockFigures
from storage.benefits import to_yuan
from storage.tables.benefits import UnitState
from storage.viewer import COMMAND_LINE

app = typer.Typer(no_args_is_help=True, help="Benefits: the catalogue, stock, codes and what becomes of them.")
codes = typer.Typer(no_args_is_help=True, help="A supplier's own codes.")
app.add_typer(codes, name="codes")

T = TypeVar("T")
Key = Annotated[str, typer.Argument(help="The benefit's id, as in benefits.yaml.")]
Code = Annotated[str, typer.Argument(help="The code; blanks, dashes and case do not count.")]
Reason = Annotated[str, typer.Option(help="Why; it stands on the unit.")]


@app.command("list")
def list_() -> None:
    """Show the catalogue with stock and money, as JSON Lines; those of benefits.yaml are brought in first."""
    found = _run(lambda people, _: people.benefits.page(COMMAND_LINE, limit=10_000))
    for each in found:
        typer.echo(json.dumps(_shown(each), ensure_ascii=False))


@app.command()
def show(key: Key, limit: Annotated[int, typer.Option(help="How many claims at most, the last first.")] = 50) -> None:
    """Show one benefit, then who claimed it, as JSON Lines; codes are hidden, and the look is in the audit."""

    async def work(people: People, _clock: Clock) -> tuple[Shelved, list[Claim]]:
        found = await _named(people, key)
        return found, await people.benefits.claims(COMMAND_LINE, found.benefit.id, limit=limit) or []

    found, claims = _run(work)
    typer.echo(json.dumps(_shown(found), ensure_ascii=False))
    for claim in claims:
        typer.echo(json.dumps(_claim(claim), ensure_ascii=False))


@app.command()
def overview() -> None:
    """Show stock and money by owner, a line each as JSON Lines, and their sums in the last."""
    found: Overview = _run(lambda people, _: people.benefits.overview(COMMAND_LINE))
    for line in found.owners:
        money = {"spent": str(line.money.spent), "bound": str(line.money.bound), "worth": str(line.money.worth)}
        shown = {"owner": line.owner, "benefits": line.benefits, **_states(line.figures), **money}
        typer.echo(json.dumps(shown, ensure_ascii=False))
    money = {"spent": str(found.money.spent), "bound": str(found.money.bound), "worth": str(found.money.worth)}
    typer.echo(json.dumps({"all": True, "benefits": found.benefits, **_states(found.figures), **money}))


@app.command()
def stock(
    key: Key,
    total: Annotated[int | None, typer.Option(min=0, help="Make codes until so many were ever put in.")] = None,
) -> None:
    """Show how many units are in each state; with --total make more first. The same again makes none."""

    async def work(people: People, _clock: Clock) -> tuple[int, Shelved]:
        found = await _named(people, key)
        made = 0
        if total is not None:
            made = await people.benefits.raise_stock(COMMAND_LINE, found.benefit.id, total) or 0
        return made, await _named(people, key)

    made, found = _run(work)
    typer.echo(json.dumps({"benefit": key, "made": made, **_states(found.figures)}))


@codes.command("import")
def import_(key: Key, file: Annotated[Path, typer.Argument(help="CSV; the first column holds the codes.")]) -> None:
    """Put a supplier's codes in, each once; lines that are no code or were there are named, exit 1."""
    # A file of another encoding, or of no text at all, has lines that are no codes, and these are named.
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        rows = _rows(lines)

    async def work(people: People, _clock: Clock) -> Imported:
        found = await _named(people, key)
        put = await people.benefits.import_codes(COMMAND_LINE, found.benefit.id, [code for _, code in rows])
        assert put is not None  # it was there a moment ago, and none ever goes
        return put

    put = _run(work)
    typer.echo(json.dumps({"benefit": key, "added": put.added, "known": len(put.known), "bad": len(put.bad)}))
    for place in put.bad:
        typer.echo(f"第 {rows[place - 1][0]} 行不是券码：须为 4 到 64 个字母、数字或 . _ / -。", err=True)
    for place in put.known:
        typer.echo(f"第 {rows[place - 1][0]} 行的券码已经有了，没有再次导入。", err=True)
    if put.bad or put.known:
        raise typer.Exit(EXIT_FLAW)


@app.command("open")
def open_(key: Key) -> None:
    """Let a benefit be claimed."""
    _switch(key, on=True)


@app.command()
def close(key: Key) -> None:
    """Let a benefit be claimed no more; what was granted stays."""
    _switch(key, on=False)


@app.command()
def redeem(code: Code, place: Annotated[str, typer.Option(help="Where it is used.")]) -> None:
    """Redeem a code; exit 1 when it was redeemed before, and then say when and where."""
    _told(_run(lambda people, _: people.counter.redeem(COMMAND_LINE, code, place=place)))


@app.command()
def reverse(code: Code, reason: Reason) -> None:
    """Take a redemption back; the customer may claim again."""
    _told(_run(lambda people, _: people.counter.reverse(COMMAND_LINE, code, reason=reason)))


@app.command()
def expire(code: Code, reason: Reason) -> None:
    """End what was granted before its time."""
    _told(_run(lambda people, _: people.counter.expire(COMMAND_LINE, code, reason=reason)))


@app.command()
def exchange(code: Code, key: Key) -> None:
    """Give the customer one of another benefit in the place of one not used; they find its code among their own."""
    found = _run(lambda people, _: people.counter.exchange(COMMAND_LINE, code, key))
    if isinstance(found, Exchanged):
        typer.echo(json.dumps({"unit": found.old.unit.id, "new_unit": found.new.unit.id, "benefit": key}))
        return
    if isinstance(found, Refusal):
        _refuse(f"不能换：{found.value}（见 docs/benefits.md）。")
    _told(found)


def _switch(key: str, *, on: bool) -> None:
    async def work(people: People, _clock: Clock) -> None:
        found = await _named(people, key)
        await people.benefits.open(COMMAND_LINE, found.benefit.id, on=on)

    _run(work)
    typer.echo(json.dumps({"benefit": key, "open": on}))


def _run(work: Callable[[People, Clock], Coroutine[Any, Any, T]]) -> T:
    """Run `work` after the file's benefits were brought in: a command may come before the first start."""
    return with_people(work, prepare=bring_in_benefits)


async def _named(people: People, key: str) -> Shelved:
    found = await people.benefits.named(COMMAND_LINE, key)
    if found is None:
        _refuse(f"没有权益 {key}：用 zhike benefit list 查看目录。")
    return found


def _rows(lines: Iterable[str]) -> list[tuple[int, str]]:
    """Return the first column with the lines it stands on; empty lines are none."""
    reader = csv.reader(lines)
    return [(reader.line_num, row[0]) for row in reader if row and row[0].strip()]


def _told(found: Moved | None) -> None:
    if found is None:
        _refuse("没有这个券码，或者还没有人领取它。")
    unit = found.unit
    match found.turned:
        case Turned.REDEEMED:
            when = "" if unit.redeemed_at is None else f"{local(unit.redeemed_at):%Y-%m-%d %H:%M} "
            _refuse(f"已经在 {when}于「{unit.redeemed_place}」用过了。")
        case Turned.REVERSED:
            _refuse("核销已经撤回，这个券码不能再用。")
        case Turned.NOT_REDEEMED:
            _refuse("还没有核销，没有什么可撤回。")
        case Turned.EXPIRED:
            _refuse("已经过期。")
    typer.echo(json.dumps({"unit": unit.id, "benefit": found.benefit.key, "state": unit.state.value}))


def _refuse(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(EXIT_FLAW)


def _states(figures: StockFigures) -> dict[str, int]:
    return {state.value: getattr(figures, state.value) for state in UnitState}


def _shown(each: Shelved) -> dict[str, Any]:
    cost, rate = cost_per_claim(each.figures, each.money), redeem_rate(each.figures)
    return {
        "benefit": each.benefit.key,
        "title": each.benefit.title,
        "owner": each.benefit.branch,
        "supplier": each.benefit.supplier,
        "open": each.benefit.is_open,
        "cost": str(to_yuan(each.benefit.cost)),
        **_states(each.figures),
        "spent": str(each.money.spent),
        "cost_per_claim": None if cost is None else str(cost),
        "redeem_rate": None if rate is None else round(rate, 4),
    }


def _claim(claim: Claim) -> dict[str, Any]:
    return {
        "unit": claim.unit_id,
        "code": claim.code,
        "state": claim.state.value,
        "customer": claim.customer_id,
        "granted_at": claim.granted_at.isoformat(),
        "last_day": None if claim.expires_at is None else f"{last_day(claim.expires_at)}",
        "redeemed_at": None if claim.redeemed_at is None else claim.redeemed_at.isoformat(),
        "redeemed_place": claim.redeemed_place,
    }
