"""What a client's Envoy has counted, from its admin's `/clusters?format=json`: the requests to each host.

A request is answered where its gRPC status is the server's answer, such as OK or NOT_FOUND, and has failed where an
HTTP status of 500 or more stands for it, such as for UNAVAILABLE or INTERNAL. One that is tried again counts again. A
connection that Envoy does not look into counts as one request. The default statistics of Istio's sidecar leave these
numbers out; the admin has them in any case.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from grpcdemo.diagnosis.traffic import NONE, Counters, Requests
from grpcdemo.resources.objects import Object

BEGUN, ANSWERED, FAILED, UNDER_WAY, CONNECTIONS = "rq_total", "rq_success", "rq_error", "rq_active", "cx_total"


def clusters_path(name: str, namespace: str, port: int) -> str:
    """Where to ask. An Envoy that does not know the filter answers with all of its clusters."""
    pattern = rf"outbound\|{port}\|.*\|{re.escape(f'{name}.{namespace}.svc.')}.*"
    return f"/clusters?format=json&filter={quote(pattern, safe='')}"


def requests_by_host(clusters: Object, name: str, namespace: str, port: int) -> Counters | None:
    """To each address, over all subsets; None where the sidecar does not know the Service."""
    counters: dict[str, Requests] = {}
    is_known = False
    for cluster in clusters.get("cluster_statuses") or []:
        direction, _, rest = str(cluster["name"]).partition("|")
        number, _, rest = rest.partition("|")
        host = rest.rpartition("|")[2]
        if direction == "outbound" and number == str(port) and host.startswith(f"{name}.{namespace}.svc."):
            is_known = True
            for address, requests in _requests(cluster.get("host_statuses") or []):
                counters[address] = counters.get(address, NONE).plus(requests)
    return counters if is_known else None


def _requests(hosts: Sequence[Object]) -> Iterator[tuple[str, Requests]]:
    """Of each host of a cluster. A connection that Envoy does not look into has no answer that it could count."""
    stats = [(_address(host["address"]), _stats(host)) for host in hosts]
    is_opaque = all(not one[ANSWERED] and not one[FAILED] and one[BEGUN] <= one[CONNECTIONS] for _, one in stats)
    for address, one in stats:
        yield address, Requests(one[BEGUN], one[BEGUN if is_opaque else ANSWERED], one[FAILED], one[UNDER_WAY])


def _address(address: Object) -> str:
    """Without the port. In a tunnel of the mesh, the host that it leads to."""
    if "socket_address" in address:
        return str(address["socket_address"]["address"])
    endpoint = str((address.get("envoy_internal_address") or {}).get("endpoint_id", ""))
    return endpoint.rpartition(":")[0].strip("[]")


def _stats(host: Object) -> Counter[str]:
    """Envoy leaves out a zero."""
    return Counter({str(stat["name"]): int(stat.get("value", 0)) for stat in host.get("stats") or []})
