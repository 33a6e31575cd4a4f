"""Metrics: counted by route, told to a monitor inside the network, and to nobody else."""

from __future__ import annotations

import os
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from posture.metrics import Measure
from posture.tasks import heartbeat
from tests.factories import make_report

INSIDE = "10.1.2.3"


@pytest.fixture
def monitored(settings: Settings) -> None:
    settings.METRICS_FROM = [ip_network("10.0.0.0/8")]


def told(client: Client) -> str:
    response = client.get("/metrics", REMOTE_ADDR=INSIDE)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.django_db
def test_requests_are_counted_under_their_route(monitored: None, owner_client: Client) -> None:
    missing = "/assessments/00000000-0000-4000-8000-000000000000/"

    owner_client.get(missing)

    lines = [line for line in told(owner_client).splitlines() if "posture_requests_total{" in line]
    route = 'method="GET",route="assessments/<uuid:pk>/",status="404"'
    assert any(route in line for line in lines)
    assert not any("00000000" in line for line in lines)


@pytest.mark.django_db
def test_a_method_that_does_not_exist_is_one_label(monitored: None, client: Client) -> None:
    client.generic("X" * 30, "/")

    assert 'method="other"' in told(client)
    assert "XXX" not in told(client)


@pytest.mark.django_db
def test_reports_and_the_worker_are_told(monitored: None, client: Client, owner: User) -> None:
    make_report(owner)
    heartbeat()

    said = told(client)

    assert 'posture_reports{report_type="standard",status="pending"} 1.0' in said
    assert "posture_worker_heartbeat_seconds 0." in said
    assert owner.email not in said


@pytest.mark.django_db
def test_only_a_monitor_inside_may_ask(monitored: None, settings: Settings, client: Client) -> None:
    settings.CLIENT_IP_HEADER = "Fly-Client-IP"

    assert client.get("/metrics", REMOTE_ADDR=INSIDE).status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.1").status_code == 404
    # The proxy is inside too, but says for whom it asks.
    proxied = client.get("/metrics", REMOTE_ADDR=INSIDE, headers={"Fly-Client-IP": "192.0.2.1"})
    assert proxied.status_code == 404


@pytest.mark.django_db
def test_without_a_network_there_are_no_metrics(client: Client) -> None:
    assert client.get("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 404
    with pytest.raises(MiddlewareNotUsed):
        Measure(lambda _: HttpResponse())


def test_the_counts_of_all_processes_are_added_up(tmp_path: Path) -> None:
    count = "from posture.metrics import REQUESTS; REQUESTS.labels('GET', 'r', '200').inc()"
    ask = (
        "from ipaddress import ip_network; from django.conf import settings;"
        "settings.METRICS_FROM = [ip_network('127.0.0.0/8')];"
        "from django.core.cache import cache; cache.set('metrics', []);"
        "from django.test import Client; print(Client().get('/metrics').content.decode())"
    )
    env = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    begin = "import django; django.setup();"
    for code in (count, count, ask):
        done = subprocess.run(
            [sys.executable, "-c", begin + code],
            env=env,
            capture_output=True,
            text=True,
            check=True,
        )

    assert 'posture_requests_total{method="GET",route="r",status="200"} 2.0' in done.stdout
