"""All public names of :mod:`devino_core`, under the name of the distribution.

``from devino import Client, Message``. The import itself takes no time: a name is looked up when it
is first used.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devino_core import *  # noqa: F403 - whatever names it has
    from devino_core import __all__ as __all__
    from devino_core import __version__ as __version__
else:

    def __getattr__(name: str) -> object:
        if name.startswith("__") and name not in ("__all__", "__version__"):
            # Tools ask every module for such names, and that is no use of it.
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import devino_core

        if name != "__all__" and name not in devino_core.__all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = globals()[name] = getattr(devino_core, name)
        return found

    def __dir__() -> list[str]:
        import devino_core

        return sorted({*globals(), *devino_core.__all__})
