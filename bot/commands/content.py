"""`zhike content`: what goes out to customers, and its way through review."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.commands.exits import EXIT_FLAW
from bot.commands.running import with_people
from bot.people import People
from content.finding import Finding, is_blocked
from content.piece import Kind
from content.piece_file import read_piece_file
from handlers.clock import Clock
from handlers.contents.trial import Tried
from handlers.people.rights import viewer_of
from storage.content_drafts import Moved
from storage.content_rows import ItemRow, VersionRow
from storage.content_stops import Stopped
from storage.errors import StorageError
from storage.tables.contents import VersionState
from storage.viewer import COMMAND_LINE, Viewer

app = typer.Typer(no_args_is_help=True, help="Content and its way through review.")
Key = Annotated[str, typer.Argument(help="The content's key.")]
By = Annotated[str, typer.Option(help="Userid of the member of staff who does it; their rights count.")]
#: What is told when nothing was done.
_WHY = {
    Moved.NOT_THERE: "这名员工的范围里没有这项内容",
    Moved.LATE: "内容已被别人改动，或已不在这个状态，请重新查看",
    Moved.OWN_WORK: "写过这一版的人不能审它，请换一个人",
    Moved.KEY_TAKEN: "这个 key 已被别的内容用了",
    Moved.BLOCKED: "有严重问题，改好才能送审",
    Moved.UNANSWERED: "有发现没有说明，请改，或用 --answer 编号=理由 说明",
    Moved.NO_REASON: "请写理由",
}


_NOT_TRIED = {
    Tried.NOT_APPROVED: "还没有批准的版本",
    Tried.NOBODY: "contents.testers 里没有这个渠道的试发对象",
    Tried.NO_MESSAGE: "这类内容还不能单独发给一个人",
    Tried.NO_VARIANT: "没有这个版式",
    Tried.NOT_YOURS: "这名员工的范围里没有这项内容",
}


@app.command("list")
def list_(
    kind: Annotated[Kind | None, typer.Option(help="Only of this kind.")] = None,
    state: Annotated[VersionState | None, typer.Option(help="Only what has a version in this state.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most, the newest first.")] = 50,
) -> None:
    """Show content as JSON Lines."""

    async def work(people: People, clock: Clock) -> list[dict[str, Any]]:
        found = await people.contents.reading.page(COMMAND_LINE, limit=limit, kind=kind, state=state)
        return [_shown(item, clock.now()) for item in found]

    for row in with_people(work):
        typer.echo(json.dumps(row, ensure_ascii=False))


@app.command()
def show(key: Key) -> None:
    """Show one content item with its versions and what was found in them."""

    async def work(people: People, clock: Clock) -> dict[str, Any]:
        item = await _item(people, COMMAND_LINE, key)
        seen = await people.contents.reading.one(COMMAND_LINE, item.id)
        assert seen is not None
        versions = [_version(version) for version in seen.versions]
        return {**_shown(item, clock.now()), "waiting": seen.waiting, "versions": versions}

    typer.echo(json.dumps(with_people(work), ensure_ascii=False, indent=2))


@app.command()
def check(files: Annotated[list[Path], typer.Argument(help="YAML files, one content item each.")]) -> None:
    """Say what the machine finds in files; exit 1 when something critical is in one of them."""
    read = [read_piece_file(file) for file in files]

    async def work(people: People, clock: Clock) -> list[tuple[Finding, ...]]:
        return [
            await people.contents.desk.look(each.piece, with_pictures={picture.digest for picture in each.pictures})
            for each in read
        ]

    found = with_people(work)
    for each, findings in zip(read, found, strict=True):
        for finding in findings:
            typer.echo(str(each.problem(finding)))
    if any(is_blocked(findings) for findings in found):
        raise typer.Exit(EXIT_FLAW)


@app.command()
def draft(file: Annotated[Path, typer.Argument(help="A YAML file with one content item.")], by: By) -> None:
    """Write a file as the draft of its content item, new or known, with its pictures."""
    read = read_piece_file(file)

    async def work(people: People, clock: Clock) -> Moved:
        desk, viewer = people.contents.desk, await _acting(people, clock, by)
        for picture in read.pictures:
            await desk.add_picture(viewer, picture.body)
        known = await people.contents.reading.keyed(viewer, read.piece.key)
        if known is None:
            return (await desk.create(viewer, read.piece))[0]
        newest = known.newest
        return await desk.save(viewer, known, read.piece, based_on=(newest.number, newest.revision))

    _end(with_people(work), {"content": read.piece.key, "state": "draft"})


@app.command()
def submit(
    key: Key,
    by: By,
    answer: Annotated[list[str] | None, typer.Option(help="ID=REASON for what was found and is right.")] = None,
) -> None:
    """Ask for the review of a draft."""
    answers = dict(each.partition("=")[::2] for each in answer or ())

    async def work(people: People, clock: Clock) -> tuple[Moved, tuple[Finding, ...]]:
        viewer = await _acting(people, clock, by)
        item = await _item(people, viewer, key)
        asked = await people.contents.desk.submit(viewer, item, revision=item.newest.revision, answers=answers)
        return asked.moved, asked.findings

    moved, findings = with_people(work)
    _end(moved, {"content": key, "state": "in_review"}, findings)


@app.command()
def approve(key: Key, by: By) -> None:
    """Approve the version that waits; nobody who wrote at it may."""

    async def work(people: People, clock: Clock) -> tuple[Moved, tuple[Finding, ...]]:
        viewer = await _acting(people, clock, by)
        item = await _item(people, viewer, key)
        newest = item.newest
        asked = await people.contents.review.approve(viewer, item.id, number=newest.number, revision=newest.revision)
        return asked.moved, asked.findings

    moved, findings = with_people(work)
    _end(moved, {"content": key, "state": "approved"}, findings)


@app.command("return")
def return_(key: Key, by: By, reason: Annotated[str, typer.Option(help="What the author should mend.")]) -> None:
    """Return the version that waits to its author."""

    async def work(people: People, clock: Clock) -> Moved:
        viewer = await _acting(people, clock, by)
        item = await _item(people, viewer, key)
        newest = item.newest
        return await people.contents.review.give_back(
            viewer, item.id, reason, number=newest.number, revision=newest.revision
        )

    _end(with_people(work), {"content": key, "state": "returned"})


@app.command("try")
def try_(key: Key, by: By, variant: Annotated[str, typer.Option(help="Which variant.")] = "A") -> None:
    """Send the approved version, filled with its examples, to the testers of the settings."""

    async def work(people: People, clock: Clock) -> Tried:
        viewer = await _acting(people, clock, by)
        item = await _item(people, viewer, key)
        writable = await people.contents.reading.to_write(viewer, item.id)
        if writable is None:
            return Tried.NOT_YOURS
        return await people.contents.trial.send(viewer, writable, variant, key=secrets.token_hex(16))

    tried = with_people(work)
    if tried is not Tried.PLANNED:
        typer.echo(f"没有试发：{_NOT_TRIED[tried]}。", err=True)
        raise typer.Exit(EXIT_FLAW)
    typer.echo(json.dumps({"content": key, "variant": variant, "tried": True}, ensure_ascii=False))


@app.command()
def stop(
    reason: Annotated[str, typer.Option(help="Why.")],
    key: Annotated[str, typer.Argument(help="The content's key; empty with --product.")] = "",
    product: Annotated[str, typer.Option(help="Everything that names this product, in all branches.")] = "",
) -> None:
    """Stop a content item or a product at once and list the messages that this holds back."""
    _one_of(key, product)

    async def work(people: People, clock: Clock) -> Stopped | None:
        stopping = people.contents.stopping
        if product:
            return await stopping.stop_product(COMMAND_LINE, product, reason)
        return await stopping.stop_item(COMMAND_LINE, (await _item(people, COMMAND_LINE, key)).id, reason)

    stopped = with_people(work)
    assert stopped is not None
    done = {"stopped": product or key, "waiting": stopped.waiting, "new": stopped.is_new}
    typer.echo(json.dumps(done, ensure_ascii=False))
    for row in stopped.rows:
        shown = {"delivery": row.delivery, "account": row.account, "content": row.item, "version": row.version}
        typer.echo(json.dumps({**shown, "due_at": row.due_at.isoformat()}, ensure_ascii=False))


@app.command()
def lift(
    key: Annotated[str, typer.Argument(help="The content's key; empty with --product.")] = "",
    product: Annotated[str, typer.Option(help="The product whose stop ends.")] = "",
) -> None:
    """End a stop; exit 1 when none stands."""
    _one_of(key, product)

    async def work(people: People, clock: Clock) -> bool:
        stopping = people.contents.stopping
        if product:
            return await stopping.lift_product(COMMAND_LINE, product)
        return await stopping.lift_item(COMMAND_LINE, (await _item(people, COMMAND_LINE, key)).id)

    if not with_people(work):
        typer.echo(f"{product or key} 没有被叫停。", err=True)
        raise typer.Exit(EXIT_FLAW)
    typer.echo(json.dumps({"lifted": product or key}, ensure_ascii=False))


async def _acting(people: People, clock: Clock, userid: str) -> Viewer:
    """Return a member of staff as a viewer. Raises StorageError when nobody active has the userid."""
    staff_id = await people.organisation.find(userid)
    member = await people.organisation.member(staff_id, now=clock.now())
    assert member is not None
    return viewer_of(member)


async def _item(people: People, viewer: Viewer, key: str) -> ItemRow:
    item = await people.contents.reading.keyed(viewer, key)
    if item is None:
        raise StorageError(f"there is no content {key!r} that they may see; `zhike content list` shows all")
    return item


def _one_of(key: str, product: str) -> None:
    if bool(key) is bool(product):
        raise typer.BadParameter("name a content's key, or --product")


def _end(moved: Moved, done: dict[str, Any], findings: Sequence[Finding] = ()) -> None:
    if moved is Moved.DONE:
        typer.echo(json.dumps(done, ensure_ascii=False))
        return
    typer.echo(f"{_WHY[moved]}。", err=True)
    for each in findings:
        place = ".".join(part for part in (each.variant, each.field) if part)
        told = f"{each.label}：{each.what}「{each.quote}」；{each.mend}"
        typer.echo(f"[{each.severity} {each.id}] {place} {told}", err=True)
    raise typer.Exit(EXIT_FLAW)


def _shown(item: ItemRow, now: datetime) -> dict[str, Any]:
    approved = item.approved
    expires = None if approved is None or approved.expires_at is None else approved.expires_at.isoformat()
    return {
        "content": item.key,
        "kind": item.kind,
        "name": item.name,
        "branch": item.branch,
        "version": item.newest.number,
        "state": item.newest.state.value,
        "sendable": item.is_sendable(now),
        "approved": None if approved is None else approved.number,
        "expires_at": expires,
        "stopped": item.stopped,
    }


def _version(version: VersionRow) -> dict[str, Any]:
    return {
        "version": version.number,
        "state": version.state.value,
        "revision": version.revision,
        "digest": version.digest,
        "author": version.author,
        "editor": version.editor,
        "reviewer": version.reviewer or None,
        "reason": version.reason,
        "piece": json.loads(version.spec),
        "findings": [
            {
                "id": each.id,
                "severity": each.severity.value,
                "category": each.category,
                "place": ".".join(part for part in (each.variant, each.field) if part),
                "quote": each.quote,
                "mend": each.mend,
                "answer": version.answers.get(each.id),
            }
            for each in version.findings
        ],
    }
