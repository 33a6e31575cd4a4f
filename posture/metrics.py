"""What a monitor counts: requests by route, reports by state, signs of life. No person in it.

Off unless METRICS_FROM names the networks that may ask. Each process of the web counts for itself
in the files of PROMETHEUS_MULTIPROC_DIR, and whoever is asked adds all of them up.
"""

from __future__ import annotations

import ipaddress
import os
import time
from collections.abc import Callable, Iterator

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import MiddlewareNotUsed
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import REGISTRY, Collector

from posture.database.subject import STAFF, acting_as
from posture.tasks import HEARTBEAT
from reports.models import Report

GetResponse = Callable[[HttpRequest], HttpResponse]

FAST_TO_SLOW = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
STATES_LAST = 60
"""Seconds for which the states of all reports are counted once, whoever asks."""

REQUESTS = Counter("posture_requests", "Requests answered.", ("method", "route", "status"))
SECONDS = Histogram(
    "posture_request_seconds", "Time to an answer.", ("method", "route"), buckets=FAST_TO_SLOW
)


class Measure:
    """Counts each request under its route: an address may hold what somebody typed."""

    METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))

    def __init__(self, get_response: GetResponse) -> None:
        if not settings.METRICS_FROM:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        method = request.method if request.method in self.METHODS else "other"
        match = request.resolver_match
        route = match.route if match else ""
        REQUESTS.labels(method, route, str(response.status_code)).inc()
        SECONDS.labels(method, route).observe(time.perf_counter() - started)
        return response


class States(Collector):
    """What the rows and the worker say at the moment somebody asks."""

    def collect(self) -> Iterator[Metric]:
        reports = GaugeMetricFamily(
            "posture_reports", "Reports by type and state.", labels=("report_type", "status")
        )
        for report_type, status, count in cache.get_or_set("metrics", _reports, STATES_LAST) or ():
            reports.add_metric((report_type, status), count)
        yield reports
        worker = GaugeMetricFamily(
            "posture_worker_heartbeat_seconds", "Time since a worker last took a message."
        )
        seen = cache.get(HEARTBEAT)
        if seen is not None:
            worker.add_metric((), max(0.0, time.time() - seen))
        yield worker


def _reports() -> list[tuple[str, str, int]]:
    with acting_as(STAFF):
        by_state = Report.objects.order_by().values_list("report_type", "status")
        return list(by_state.annotate(Count("pk")))


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """For a monitor inside the network. Whoever came through the proxy finds nothing here."""
    if not _is_inside(request):
        raise Http404
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # it has no types
    else:
        registry.register(REGISTRY)
    registry.register(States())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _is_inside(request: HttpRequest) -> bool:
    if settings.CLIENT_IP_HEADER and settings.CLIENT_IP_HEADER in request.headers:
        return False
    peer = ipaddress.ip_address(request.META.get("REMOTE_ADDR") or "127.0.0.1")
    return any(
        peer in network for network in settings.METRICS_FROM if network.version == peer.version
    )
