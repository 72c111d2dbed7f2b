"""Where the platform posts, under WSGI: ``include("devino_contrib.django.urls")``.

The URL to register ends in ``/<secret>/<source>``; without the secret where it is the password of
Basic authentication.
"""

from __future__ import annotations

from devino_contrib._needs import needs

from .views import receive

with needs("django"):
    from django.urls import path

__all__ = ["app_name", "urlpatterns"]

app_name = "devino"
urlpatterns = [
    path("<str:secret>/<str:source>", receive, name="callback"),
    path("<str:source>", receive, name="callback-with-password"),
]
