"""What an API key is and may, for whoever holds it."""

from __future__ import annotations

from pydantic import BaseModel, Field

from bot.web.api.route import AnyRoute, Call, NoBody, Parameters, Route
from content.rights import Permission, Scope


class Me(BaseModel):
    """The key that asks."""

    name: str = Field(description="As the audit calls it.")
    permissions: list[Permission]
    scope: Scope


class MeRoutes:
    """Says who asks."""

    def routes(self) -> tuple[AnyRoute, ...]:
        """Return the routes."""
        return (
            Route(
                method="GET",
                path="/me",
                name="getMe",
                summary="The key that asks: its name, permissions and scope",
                permission=None,
                parameters=Parameters,
                body=NoBody,
                answer=Me,
                handle=self._me,
            ),
        )

    async def _me(self, call: Call[Parameters, NoBody]) -> Me:
        viewer = call.viewer
        return Me(name=viewer.name, permissions=sorted(viewer.permissions), scope=viewer.scope)
