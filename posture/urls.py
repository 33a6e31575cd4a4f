from allauth.account.decorators import secure_admin_login
from allauth.mfa.base.views import AuthenticateView
from django.contrib import admin
from django.urls import include, path

from accounts import second_factor
from posture import console, health, metrics, views

# The console's own sign-in form has no limits; the site's has.
admin.site.login = secure_admin_login(views.console_door)  # type: ignore[method-assign]  # as allauth documents it
admin.site.has_permission = second_factor.may_open_console  # type: ignore[method-assign]  # likewise
admin.site.index = console.index  # type: ignore[method-assign,assignment]  # likewise
admin.site.index_template = "admin/console.html"
admin.site.site_header = "Posture console"
admin.site.site_title = "Posture console"
admin.site.index_title = "Console"
admin.site.site_url = "/assessments/"

handler400 = views.bad_request
handler403 = views.permission_denied
handler404 = views.not_found
handler500 = views.server_error

urlpatterns = [
    path("", views.home, name="home"),
    path("method/", views.method, name="method"),
    path("", include("assessments.urls")),
    path("", include("reports.urls")),
    path("account/", include("accounts.urls")),
    path("account/", include("allauth.account.urls")),
    path("account/code/", AuthenticateView.as_view(), name="mfa_authenticate"),
    # Django's short cut to a page of the site fails on ids that are none, and nothing uses it.
    path("console/r/<path:anything>", views.nowhere, name="nowhere"),
    path("console/", admin.site.urls),
    path("", include("posture.api_urls")),
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
    path("health", health.health, name="health"),
    path("metrics", metrics.metrics, name="metrics"),
]
