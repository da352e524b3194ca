"""All addresses of the portal."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from portal import links, pages

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", pages.home, name="home"),
    path("healthz", pages.healthz, name="healthz"),
    path("readyz", pages.readyz, name="readyz"),
    path("to/<slug:slug>", links.follow, name="short_link"),
    path("kb/", include("kb.urls")),
    path("feedback/", include("portal.feedback.urls")),
    path("accounts/", include("allauth.urls")),
    path("", include("accounts.urls")),
    path("", include("tickets.urls")),
    path("api/v1/", include("portal.api")),
    path("admin/", admin.site.urls),
]
