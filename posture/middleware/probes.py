"""Health checks and monitors name a machine by its address, which is no name of the site."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]

PROBES = ("/health", "/health/live", "/health/ready", "/metrics")


class ProbesByAddress:
    """Lets these, and nothing else, be asked by any name: no answer of theirs repeats it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info in PROBES and settings.ALLOWED_HOSTS[0] != "*":
            request.META["HTTP_HOST"] = settings.ALLOWED_HOSTS[0].lstrip(".")
        return self.get_response(request)
