"""As few settings as will do."""

from __future__ import annotations

SECRET_KEY = "only for this example"
ROOT_URLCONF = "orders.urls"
INSTALLED_APPS = ["orders"]
USE_TZ = True
ALLOWED_HOSTS = ["*"]
