"""Where the platform posts, under ASGI: ``include("devino_contrib.django.async_urls")``.

The URL to register ends in ``/<secret>/<source>``; without the secret where it is the password of
Basic authentication.
"""

from __future__ import annotations

from devino_contrib._needs import needs

from .views import areceive

with needs("django"):
    from django.urls import re_path

__all__ = ["app_name", "urlpatterns"]

app_name = "devino"
# A slash too many must not end in a 404 of Django itself: it logs the path, and there the secret.
urlpatterns = [
    re_path(r"^(?P<secret>[^/]+)/(?P<source>[^/]+)/?$", areceive, name="callback"),
    re_path(r"^(?P<source>[^/]+)/?$", areceive, name="callback-with-password"),
]
