"""The URLs of the project of these tests."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("devino/", include("devino_contrib.django.urls")),
    path("awaited/", include("devino_contrib.django.async_urls", namespace="awaited")),
]
