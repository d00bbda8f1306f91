"""`zhike menu`: the bottom menu of official accounts."""

from __future__ import annotations

from typing import Annotated

import typer

from bot import menus
from bot.commands.running import with_settings

app = typer.Typer(no_args_is_help=True, help="The bottom menu of official accounts.")


@app.command()
def publish(account: Annotated[str | None, typer.Option(help="Only this account.")] = None) -> None:
    """Bring the authored menu (content/menu.yaml) to the official accounts."""
    for name in with_settings(lambda settings: menus.publish(settings, account=account)):
        typer.echo(f"menu published: {name}")
