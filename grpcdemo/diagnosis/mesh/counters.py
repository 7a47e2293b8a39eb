"""What the Envoy of a client has counted, out of its admin's `/clusters?format=json`: the requests to each host.

A connection that Envoy does not look into counts as one request. The default statistics of Istio's sidecar leave these
numbers out; the admin has them in any case.
"""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import quote

from grpcdemo.diagnosis.traffic import Counters
from grpcdemo.resources.objects import Object

REQUESTS, UNDER_WAY = "rq_total", "rq_active"


def clusters_path(name: str, namespace: str, port: int) -> str:
    """Where to ask. An Envoy that does not know the filter answers with all of its clusters."""
    pattern = rf"outbound\|{port}\|.*\|{re.escape(f'{name}.{namespace}.svc.')}.*"
    return f"/clusters?format=json&filter={quote(pattern, safe='')}"


def requests_by_host(clusters: Object, name: str, namespace: str, port: int) -> Counters:
    """To each address, over all subsets; no addresses where the sidecar does not know the Service."""
    return _by_host(REQUESTS, clusters, name, namespace, port)


def under_way_by_host(clusters: Object, name: str, namespace: str, port: int) -> Counters:
    """The requests that have not ended yet."""
    return _by_host(UNDER_WAY, clusters, name, namespace, port)


def _by_host(stat: str, clusters: Object, name: str, namespace: str, port: int) -> Counters:
    numbers: Counter[str] = Counter()
    for cluster in clusters.get("cluster_statuses") or []:
        direction, _, rest = str(cluster["name"]).partition("|")
        number, _, rest = rest.partition("|")
        host = rest.rpartition("|")[2]
        if direction == "outbound" and number == str(port) and host.startswith(f"{name}.{namespace}.svc."):
            for status in cluster.get("host_statuses") or []:
                numbers[_address(status["address"])] += _number(status, stat)
    return dict(numbers)


def _address(address: Object) -> str:
    """Without the port. In a tunnel of the mesh, the host that it leads to."""
    if "socket_address" in address:
        return str(address["socket_address"]["address"])
    endpoint = str((address.get("envoy_internal_address") or {}).get("endpoint_id", ""))
    return endpoint.rpartition(":")[0].strip("[]")


def _number(status: Object, name: str) -> int:
    """Envoy leaves out a zero."""
    return sum(int(stat.get("value", 0)) for stat in status.get("stats") or [] if stat["name"] == name)
