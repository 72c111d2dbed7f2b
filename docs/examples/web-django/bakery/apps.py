"""The app."""

from __future__ import annotations

from django.apps import AppConfig


class BakeryConfig(AppConfig):
    name = "bakery"

    def ready(self) -> None:
        from . import receivers  # noqa: F401 - it connects them
