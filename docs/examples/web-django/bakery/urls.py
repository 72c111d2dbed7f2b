"""The URLs. The platform posts to /devino/<secret>/<source>."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from . import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("orders/", views.order),
    path("orders/<int:number>", views.state),
    path("devino/", include("devino_contrib.django.urls")),
]
