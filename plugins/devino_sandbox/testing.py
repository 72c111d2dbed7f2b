"""A case of :mod:`unittest` with the platform on this machine; of Django's, too.

::

    class SignUp(SandboxTestCase):
        def test_a_code_is_sent(self) -> None:
            sign_up("79031234567")
            self.devino.assert_sent(to="79031234567", text="code")

    class SignUpView(SandboxTestCase, django.test.TestCase): ...
"""

from __future__ import annotations

import os
import unittest
from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import ClassVar, Literal
from unittest import mock

from . import LocalSandbox, Pace

__all__ = ["SandboxTestCase"]


class SandboxTestCase(unittest.TestCase):
    """Each test has a sandbox of its own, empty, and an environment that leads there.

    One sandbox serves all tests of a process, and is reset before each: a client that an
    application keeps works on. Its clock is driven. The class attributes say what the sandbox is
    like. A :meth:`setUp` of yours calls ``super().setUp()`` first.
    """

    devino: LocalSandbox
    """The sandbox; there from :meth:`setUp` on."""
    devino_kinds: ClassVar[Sequence[str]] = ("rest",)
    """The channels that the environment configures."""
    devino_senders: ClassVar[Collection[str] | None] = None
    """The approved senders; None: every well-formed one."""
    devino_balance: ClassVar[str | Decimal | None] = None
    """What the account can spend; None: a million."""
    devino_strict: ClassVar[bool | None] = None
    devino_pace: ClassVar[Pace | Literal["instant"] | None] = None
    """How fast messages live."""

    def setUp(self) -> None:
        super().setUp()
        self.devino = _server()
        self.devino.reset()
        self.devino.configure(
            senders=self.devino_senders,
            balance=self.devino_balance,
            strict=self.devino_strict,
            pace=self.devino_pace,
        )
        others = [name for name in os.environ if name.upper().startswith("DEVINO_")]
        patched = mock.patch.dict(os.environ)
        patched.start()
        self.addCleanup(patched.stop)
        for name in others:
            del os.environ[name]
        os.environ.update(self.devino.environ(*self.devino_kinds))


_running: list[LocalSandbox] = []


def _server() -> LocalSandbox:
    """The sandbox of this process. It ends at the exit of the interpreter."""
    # A forked worker inherits its parent's, whose thread stayed there.
    if not (_running and _running[0].is_running):
        _running[:] = [LocalSandbox(clock="driven").start()]
    return _running[0]
