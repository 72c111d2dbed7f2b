"""Names of a package that are imported at first use.

Every client and command imports all plugins to see what they bring. A plugin's package therefore
must not import a transport, but must still show its classes::

    if TYPE_CHECKING:
        from ._channel import RestChannel
    else:
        __getattr__ = lazy(__name__, {"RestChannel": "_channel"})

The imports under ``TYPE_CHECKING`` are for type checkers. They do not see ``__getattr__``, so they
still find a misspelt name.
"""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

__all__ = ["lazy", "resolve", "without_collector"]


def lazy(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """A package's ``__getattr__``: ``homes`` says which of its modules holds each name.

    The first use of a name imports that module and puts the value into the package.
    """

    def load(name: str) -> object:
        try:
            home = homes[name]
        except KeyError:
            raise AttributeError(f"module {package!r} has no attribute {name!r}") from None
        with without_collector():
            module = importlib.import_module(f"{package}.{home}")
        value: object = getattr(module, name)
        setattr(sys.modules[package], name, value)
        return value

    return load


def resolve(reference: str) -> object:
    """Import the object that a manifest names as ``"package.module:name"``.

    Raises ImportError, AttributeError, and ValueError for another form.
    """
    from pkgutil import resolve_name

    if ":" not in reference:
        raise ValueError("it must be of the form 'package.module:name'")
    return resolve_name(reference)


@contextmanager
def without_collector() -> Iterator[None]:
    """Let Python's garbage collector rest while many modules are imported.

    What they make is kept. To look through it again and again takes a tenth of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        # Of several threads the first that disabled it enables it.
        if was_enabled:
            gc.enable()
