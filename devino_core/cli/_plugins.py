"""``plugins``: what is installed, where it comes from, and what it brings."""

from __future__ import annotations

import rich_click as click

from .toolkit import App, json_option, pass_app

__all__ = ["plugins"]

_BRINGS = ("channels", "services", "sources", "commands")


@click.command()
@json_option
@pass_app
def plugins(app: App) -> None:
    """List the plugins, the distribution of each, and what it brings.

    A plugin is a package with an entry point in the group devino, or a module that DEVINO_PLUGINS
    names. DEVINO_DISABLED_PLUGINS leaves some out. One that cannot be loaded is told on stderr, and
    under --json as a problem.

    \b
    Examples:
      devino plugins
      devino plugins --json
    """
    listed = app.plugins.listing()
    if app.json:
        app.show({"plugins": listed, "problems": app.plugins.problems})
        return
    rows = [
        {
            "name": one.name,
            "from": one.origin,
            "brings": "; ".join(
                f"{what} {', '.join(names)}" for what in _BRINGS if (names := getattr(one, what))
            ),
        }
        for one in listed
    ]
    app.table(("name", "from", "brings"), rows)
