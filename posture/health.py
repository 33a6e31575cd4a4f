"""What a supervisor or a load balancer asks."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe


@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """The process answers. Says nothing about what it needs."""
    return JsonResponse({"status": "live"})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Requests can be served: the database answers and has every table it should."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return JsonResponse({"status": "unready", "because": "database"}, status=503)
    if missing:
        return JsonResponse({"status": "unready", "because": "migrations"}, status=503)
    return JsonResponse({"status": "ready"})
