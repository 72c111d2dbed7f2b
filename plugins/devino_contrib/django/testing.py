"""Tests of a project, against the sandbox: for Django's own test cases.

::

    class SignUp(SandboxMixin, django.test.TestCase):
        def test_a_code_is_sent(self):
            with self.captureOnCommitCallbacks(execute=True):
                self.client.post("/sign-up/", {"phone": "79031234567"})
            self.devino.assert_sent(to="79031234567", text="code")

For pytest :mod:`devino_contrib.django.pytest_plugin` has the fixture ``devino_django``. Needs the
extras ``django`` and ``sandbox``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from devino_contrib._needs import needs
from devino_core import ConfigurationError, Plugins
from devino_sandbox import SandboxControl
from devino_sandbox.testing import SandboxTestCase

from ._project import project_config

with needs("django"):
    from django.conf import settings
    from django.test import override_settings

__all__ = ["SandboxMixin", "led_to"]


class SandboxMixin(SandboxTestCase):
    """Each test has a sandbox of its own, :attr:`devino`, empty, and every channel and service of
    the project leads there (:func:`led_to`). It stands before Django's class. The class attributes
    are those of :class:`~devino_sandbox.testing.SandboxTestCase`."""

    def setUp(self) -> None:
        super().setUp()
        self.enterContext(led_to(self.devino))


@contextmanager
def led_to(sandbox: SandboxControl) -> Iterator[None]:
    """Within the block every channel and service of the project leads to this sandbox, under its
    own name and with its own ``sender``. Kinds that the sandbox does not know stay as they are."""
    config = project_config().sort(Plugins().services())
    given = getattr(settings, "DEVINO", None) or {}
    led = {
        **given,
        "channels": _led(config.channels, sandbox),
        "services": _led(config.services, sandbox),
        "default": config.default,
    }
    with override_settings(DEVINO=led, DEVINO_TEST=False):
        yield


def _led(
    tables: Mapping[str, Mapping[str, object]], sandbox: SandboxControl
) -> dict[str, dict[str, object]]:
    led: dict[str, dict[str, object]] = {}
    for name, values in tables.items():
        kept = {"sender": values["sender"]} if "sender" in values else {}
        try:
            led[name] = sandbox.settings(str(values.get("kind", name)), **kept)
        except ConfigurationError:
            led[name] = dict(values)
    return led
