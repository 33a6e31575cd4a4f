"""Who is calling, as far as an address can say. The one place that decides it."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The client's address. What a proxy says counts only if the proxy is one we trust."""
    peer = ipaddress.ip_address(request.META.get("REMOTE_ADDR") or "127.0.0.1")
    header = settings.CLIENT_IP_HEADER
    if header and any(
        peer in network for network in settings.TRUSTED_PROXIES if network.version == peer.version
    ):
        try:
            return str(ipaddress.ip_address(request.headers.get(header, "").strip()))
        except ValueError:
            return str(peer)
    return str(peer)


def household(request: HttpRequest) -> str:
    """What is counted as one caller: an IPv4 address, or the network that one home has."""
    address = ipaddress.ip_address(client_address(request))
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False).network_address)
    return str(address)
