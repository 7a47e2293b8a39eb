"""What is read out of the metrics of Linkerd's proxy beside a client, and what is not."""

import pytest

from grpcdemo.diagnosis.mesh.outbound import read_outbound
from grpcdemo.diagnosis.traffic import Counters, Requests
from tests.fakes.linkerd import HERE, connections, endpoint, page, pod, request, response

FIRST, SECOND = "10.0.0.1", "fd00::2"


def read(*samples: str, port: int = 50051, pod_port: int = 50051) -> Counters:
    outbound = read_outbound(page(*samples), "grpc-server", HERE, port)
    return outbound.counters({FIRST, SECOND}, {pod_port})


def test_requests_by_the_pod_that_answered() -> None:
    first, second = endpoint(FIRST), endpoint(SECOND)
    assert read(request(9, first), response(7, first), request(3, second), response(3, second)) == {
        FIRST: Requests(9, 7),
        SECOND: Requests(3, 3),
    }
    assert read(request(0, first)) == {FIRST: Requests()}
    assert read() == {}


@pytest.mark.parametrize(
    ("classification", "status", "error", "requests"),
    [
        ("success", "0", "", Requests(answered=5)),
        ("success", "5", "", Requests(answered=5)),
        ("failure", "7", "", Requests(answered=5)),
        ("success", "12", "", Requests(failed=5)),
        ("failure", "14", "", Requests(failed=5)),
        ("failure", "2", "", Requests(failed=5)),
        ("success", "2", "", Requests()),
        ("success", "1", "", Requests()),
        ("failure", "", "h2(REFUSED_STREAM)", Requests(failed=5)),
        ("success", "", "", Requests(answered=5)),
    ],
)
def test_what_becomes_of_a_request(classification: str, status: str, error: str, requests: Requests) -> None:
    """As other sources tell failures, whatever this proxy calls them; a status that never came is no failure."""
    ended = response(5, endpoint(FIRST), classification=classification, status=status, error=error)
    assert read(ended) == {FIRST: requests}


def test_only_this_port_of_this_service() -> None:
    others = [
        request(9, endpoint(FIRST, port=9000)),
        request(9, endpoint(FIRST, service="cart")),
        request(9, endpoint(FIRST, namespace="shop")),
        request(9, endpoint(FIRST).replace("outbound", "inbound")),
        f"control_{request(9, endpoint(FIRST))}",
    ]
    assert read(*others) == {}
    assert read(request(9, endpoint(FIRST, port=80)), port=80) == {FIRST: Requests(9)}, "80 is left out of an authority"


def test_a_client_that_chooses_the_pod_itself() -> None:
    """As with a headless Service: the proxy knows the pod alone."""
    called = request(9, pod(FIRST)), response(8, pod(FIRST))
    others = request(9, pod(FIRST, port=9000)), request(9, pod("10.0.0.3")), request(9, pod(SECOND, namespace="shop"))
    assert read(*called, *others) == {FIRST: Requests(9, 8)}
    assert read(*called, *others, pod_port=9000) == {FIRST: Requests(9)}
    assert read(*called, request(1, endpoint(FIRST))) == {FIRST: Requests(10, 8)}


def test_a_connection_that_the_proxy_does_not_look_into() -> None:
    opaque = connections(2, 1, endpoint(FIRST))
    assert read(*opaque) == {FIRST: Requests(2, 2, under_way=1)}
    assert read(*opaque, request(9, endpoint(FIRST))) == {FIRST: Requests(9)}
