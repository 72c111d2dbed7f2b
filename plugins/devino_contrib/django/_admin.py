"""Pages of the admin that show messages: nothing is changed there, and people are masked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from devino_contrib._needs import needs

with needs("django"):
    from django import VERSION
    from django.contrib import admin
    from django.http import HttpRequest

__all__ = ["LookingAdmin"]


class LookingAdmin(admin.ModelAdmin):
    """Only looks. ``unmasked`` names, for a field, the one that users with the permission
    ``see_content`` get in its place; a field in ``hidden`` only they get."""

    unmasked: ClassVar[Mapping[str, str]] = {}
    hidden: ClassVar[frozenset[str]] = frozenset()
    private: ClassVar[frozenset[str]] = frozenset()
    """Columns that tell of people: a filter by them in a URL would answer questions about them."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nobody writes here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nobody deletes here."""
        return False

    def sees_content(self, request: HttpRequest) -> bool:
        """Whether this user may see numbers and texts."""
        return bool(request.user.has_perm(f"{self.opts.app_label}.see_content"))

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Whether a URL may filter by this."""
        if lookup.partition("__")[0] in self.private:
            return False
        # Django 4.2 does not hand on the request.
        given = (request,) if VERSION >= (5,) else ()
        return bool(super().lookup_allowed(lookup, value, *given))

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        """The columns, as far as this user may see them."""
        return self._seen(request, super().get_list_display(request))

    def get_fields(self, request: HttpRequest, obj: object = None) -> tuple[Any, ...]:
        """The fields, as far as this user may see them."""
        return self._seen(request, super().get_fields(request, obj))

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> tuple[Any, ...]:
        """All fields."""
        return self.get_fields(request, obj)

    def _seen(self, request: HttpRequest, names: Iterable[Any]) -> tuple[Any, ...]:
        if self.sees_content(request):
            return tuple(self.unmasked.get(name, name) for name in names)
        return tuple(name for name in names if name not in self.hidden)
