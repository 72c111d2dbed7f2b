"""Where the outbox is: in a database of the project."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlencode

from devino_contrib._needs import needs
from devino_contrib.django._project import table
from devino_core import ConfigurationError
from devino_core.outbox import BlockingOutbox, Outbox

with needs("django"):
    from django.db import connections

__all__ = ["alias", "blocking_outbox", "outbox_of_project", "settings", "table_name", "url"]

_SCHEMA = "devino"
# What Django itself reads of a database's OPTIONS; all else goes to libpq.
_DJANGOS = frozenset(
    {"assume_role", "cursor_factory", "isolation_level", "pool", "server_side_binding"}
)


def alias() -> str:
    """The name of the database, a key of ``DATABASES``. Raises ConfigurationError."""
    name = table("outbox").get("using", "default")
    if not isinstance(name, str) or name not in connections:
        known = ", ".join(connections)
        raise ConfigurationError(f"DEVINO: outbox: 'using' is {name!r}; DATABASES has {known}")
    return name


def outbox_of_project(*, borrows: bool = False) -> Outbox:
    """The outbox, not yet open, for a :class:`~devino_core.outbox.Worker` and whoever awaits.

    With ``borrows`` it is to be used over Django's own connection, which may then lead to a
    database in memory. Raises ConfigurationError.
    """
    return Outbox(url(borrows=borrows), settings=settings())


def blocking_outbox() -> BlockingOutbox:
    """The same for who does not await."""
    return BlockingOutbox(url(), settings=settings())


def table_name() -> str:
    """The table of the messages, as a model of Django names it."""
    try:
        if connections[alias()].vendor == "postgresql":
            return f'"{settings().get("schema", _SCHEMA)}"."outbox"'
    except ConfigurationError:
        # A model is made before the system checks can say what is wrong.
        pass
    return "outbox"


def settings() -> dict[str, object]:
    """The keys of ``[outbox]`` but ``url``. Raises ConfigurationError."""
    given = table("outbox")
    given.pop("using", None)
    if "url" in given:
        raise ConfigurationError(
            "DEVINO: outbox: it has no 'url' here, for it is in a database of the project: "
            "'using' names it"
        )
    return given


def url(*, borrows: bool = False) -> str:
    """Where the database is that Django uses now, as a store of the outbox reads it. Raises
    ConfigurationError."""
    connection = connections[alias()]
    # Not DATABASES: in a test this leads to the test's database.
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        if connection.is_in_memory_db() and not borrows:
            raise ConfigurationError(
                f"the outbox is in the database {alias()!r}, which is in memory: messages can be "
                "added to it, and nothing else; in a test give it a file as DATABASES' "
                "TEST['NAME']"
            )
        return f"sqlite:///{Path(str(given['NAME'])).absolute().as_posix().lstrip('/')}"
    if connection.vendor == "postgresql":
        return _libpq(given)
    raise ConfigurationError(
        f"the outbox needs SQLite or PostgreSQL, and the database {alias()!r} is "
        f"{connection.display_name}: name another one as DEVINO['outbox']['using']"
    )


def _libpq(settings: Mapping[str, object]) -> str:
    options = settings.get("OPTIONS")
    given: dict[str, object] = dict(options) if isinstance(options, Mapping) else {}
    given = {key: value for key, value in given.items() if key not in _DJANGOS}
    for key, name in (
        ("NAME", "dbname"),
        ("USER", "user"),
        ("PASSWORD", "password"),
        ("HOST", "host"),
        ("PORT", "port"),
    ):
        if settings.get(key):
            given[name] = settings[key]
    plain = {key: str(value) for key, value in given.items() if isinstance(value, str | int)}
    return f"postgresql://?{urlencode(plain, quote_via=quote)}"
