"""Content over the API: the list, one item with its versions, and the stops that stand."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field, StringConstraints

from bot.web.api.cursor import CursorForm
from bot.web.api.problem import NOT_FOUND, Refused
from bot.web.api.route import AnyRoute, Call, Id, Listing, NoBody, Page, Parameters, Route, cursor_field
from content.finding import Finding
from content.piece import Kind, Piece
from content.rights import Permission
from content.violations import Severity
from handlers.contents.reading import ContentReading
from handlers.contents.stopping import StopDesk
from storage.content_rows import ItemRow, VersionRow
from storage.tables.contents import VersionState

_LIST: Final = CursorForm(letter="c")


class ContentQuery(Listing):
    """Which content."""

    cursor: Annotated[str, StringConstraints(pattern=_LIST.pattern)] | None = cursor_field()
    kind: Literal["text", "card", "article", "poster", "mini_program"] | None = Field(
        default=None, description="Only of this kind."
    )
    state: Literal["draft", "in_review", "returned", "approved", "replaced", "withdrawn"] | None = Field(
        default=None, description="Only what has a version in this state."
    )


class ContentPath(Parameters):
    """Which content."""

    content_id: Id = Field(description="The number of the content.", examples=[1])


class StopQuery(Parameters):
    """Nothing to choose."""


class ShownFinding(BaseModel):
    """One thing that the machine found."""

    id: str = Field(description="What an answer refers to.")
    category: str
    label: str
    severity: Severity = Field(description="`critical` keeps the version from review; the others want a reason.")
    variant: str = Field(description="Empty for what is about the whole content.")
    field: str
    line: int
    column: int
    quote: str = Field(description="Verbatim from the field; empty where something is missing.")
    what: str
    mend: str
    answer: str | None = Field(description="The author's reason.")


class ShownVersion(BaseModel):
    """One version."""

    number: int
    state: VersionState
    revision: int = Field(description="Counts changes; a change names the one that it was made of.")
    digest: str = Field(description="SHA-256 of the words, which are frozen from the review on.")
    author: str
    editor: str
    edited_at: datetime
    reviewer: str | None
    reviewed_at: datetime | None
    reason: str | None = Field(description="Why it was returned.")
    expires_at: datetime | None
    piece: Piece
    findings: list[ShownFinding]


class ShownContent(BaseModel):
    """One content item, as it stands."""

    id: int
    key: str
    kind: Kind
    name: str
    branch: str | None = Field(description="Null for head office.")
    created_at: datetime
    number: int = Field(description="Of the newest version.")
    revision: int = Field(description="Of the newest version.")
    state: VersionState = Field(description="Of the newest version.")
    sendable: bool = Field(description="A version is approved, unexpired and not stopped.")
    approved: int | None = Field(description="Number of the approved version.")
    expires_at: datetime | None
    stopped: str | None = Field(description="Why it is stopped; null when it is not.")


class ContentWithVersions(ShownContent):
    """One content item with its versions, the newest first, and how many of its messages wait in the outbox."""

    waiting: int
    versions: list[ShownVersion]


class ContentPage(Page):
    """Content items, the newest first."""

    contents: list[ShownContent]


class ShownStop(BaseModel):
    """One stop that stands."""

    id: int
    content: str | None = Field(description="Its key; null for the stop of a product.")
    product: str | None
    reason: str
    by: str | None
    stopped_at: datetime
    waiting: int = Field(description="Messages that waited in the outbox when it was made.")


class StopList(BaseModel):
    """The stops that stand, the newest first, a hundred at most."""

    stops: list[ShownStop]


class ContentRoutes:
    """Shows content of a key's scope."""

    def __init__(self, reading: ContentReading, stopping: StopDesk) -> None:
        self._reading = reading
        self._stopping = stopping

    def routes(self) -> tuple[AnyRoute, ...]:
        """Return the routes."""
        read = Permission.CONTENTS_READ
        return (
            Route(
                method="GET",
                path="/contents",
                name="listContents",
                summary="Content of the scope and of head office, the newest first",
                permission=read,
                parameters=ContentQuery,
                body=NoBody,
                answer=ContentPage,
                handle=self._list,
            ),
            Route(
                method="GET",
                path="/contents/{content_id}",
                name="getContent",
                summary="One content item with its versions and what was found in them",
                permission=read,
                parameters=ContentPath,
                body=NoBody,
                answer=ContentWithVersions,
                problems=(NOT_FOUND,),
                handle=self._one,
            ),
            Route(
                method="GET",
                path="/content-stops",
                name="listContentStops",
                summary="The stops of products, and of content of the scope, that stand",
                permission=read,
                parameters=StopQuery,
                body=NoBody,
                answer=StopList,
                handle=self._stops,
            ),
        )

    async def _list(self, call: Call[ContentQuery, NoBody]) -> ContentPage:
        query = call.parameters
        before = None if query.cursor is None else _LIST.decode(query.cursor)[0]
        found = await self._reading.page(
            call.viewer, limit=query.limit + 1, before=before, kind=query.kind, state=query.state
        )
        shown = found[: query.limit]
        following = _LIST.encode(shown[-1].id) if len(found) > query.limit else None
        return ContentPage(contents=[shown_content(item, self._reading.now) for item in shown], next=following)

    async def _one(self, call: Call[ContentPath, NoBody]) -> ContentWithVersions:
        seen = await self._reading.one(call.viewer, call.parameters.content_id)
        if seen is None:
            raise no_content(call.parameters.content_id)
        return ContentWithVersions(
            **shown_content(seen.item, self._reading.now).model_dump(),
            waiting=seen.waiting,
            versions=[_version(version) for version in seen.versions],
        )

    async def _stops(self, call: Call[StopQuery, NoBody]) -> StopList:
        return StopList(
            stops=[
                ShownStop(
                    id=stop.id,
                    content=stop.item,
                    product=stop.product,
                    reason=stop.reason,
                    by=stop.by,
                    stopped_at=stop.stopped_at,
                    waiting=stop.waiting,
                )
                for stop in await self._stopping.standing(call.viewer)
            ]
        )


def no_content(number: int) -> Refused:
    """Return the problem of an item that is not there, or not for this key: nothing tells which."""
    return Refused(NOT_FOUND, f"there is no content {number} in your scope")


def shown_content(item: ItemRow, now: datetime) -> ShownContent:
    """Return an item as it stands at `now`."""
    approved = item.approved
    return ShownContent(
        id=item.id,
        key=item.key,
        kind=Kind(item.kind),
        name=item.name,
        branch=item.branch,
        created_at=item.created_at,
        number=item.newest.number,
        revision=item.newest.revision,
        state=item.newest.state,
        sendable=item.is_sendable(now),
        approved=None if approved is None else approved.number,
        expires_at=None if approved is None else approved.expires_at,
        stopped=item.stopped,
    )


def shown_finding(finding: Finding, answers: dict[str, str]) -> ShownFinding:
    """Return a finding with the reason that was given for it."""
    return ShownFinding(
        id=finding.id,
        category=finding.category,
        label=finding.label,
        severity=finding.severity,
        variant=finding.variant,
        field=finding.field,
        line=finding.line,
        column=finding.column,
        quote=finding.quote,
        what=finding.what,
        mend=finding.mend,
        answer=answers.get(finding.id),
    )


def _version(version: VersionRow) -> ShownVersion:
    return ShownVersion(
        number=version.number,
        state=version.state,
        revision=version.revision,
        digest=version.digest,
        author=version.author,
        editor=version.editor,
        edited_at=version.edited_at,
        reviewer=version.reviewer or None,
        reviewed_at=version.reviewed_at,
        reason=version.reason,
        expires_at=version.expires_at,
        piece=version.piece,
        findings=[shown_finding(each, dict(version.answers)) for each in version.findings],
    )
