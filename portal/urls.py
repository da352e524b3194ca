"""All addresses of the portal."""

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from kb import machines
from portal import health, links, pages, programs

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", pages.home, name="home"),
    path("about-support/", pages.about_support, name="about_support"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("to/<slug:slug>", links.follow, name="short_link"),
    path("robots.txt", machines.robots, name="robots"),
    path("sitemap.xml", machines.sitemap, name="sitemap"),
    path("sitemap-<int:number>.xml", machines.sitemap_part, name="sitemap_part"),
    path("kb/", include("kb.urls")),
    path("feedback/", include("portal.feedback.urls")),
    path("accounts/", include("allauth.urls")),
    path("", include("accounts.urls")),
    path("desk/jobs/", include("portal.jobs.urls")),
    path("", include("portal.delivery.urls")),
    path("", include("tickets.urls")),
    path("api/v1/", include("portal.api")),
    path("admin/", admin.site.urls),
]

if settings.DEBUG:
    urlpatterns.append(path("design/", pages.design, name="design"))

handler400 = programs.or_json(pages.bad_request, status=400)
handler403 = programs.or_json(pages.permission_denied, status=403)
handler404 = programs.or_json(pages.not_found, status=404)
handler500 = programs.or_json(pages.server_error, status=500)
