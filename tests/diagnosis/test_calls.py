"""What is read out of the statistics of a server's sidecar, and what is not."""

from urllib.parse import unquote

from grpcdemo.diagnosis.mesh.calls import NOBODY_KNOWN, Caller, read_calls, stats_path
from grpcdemo.diagnosis.traffic import Requests
from tests.fakes.envoy import STATS, sample

HERE = "istio-grpc-demo"


def read(*samples: str) -> dict[Caller, Requests]:
    calls = read_calls(STATS.format(samples="\n".join(samples)), "grpc-server", HERE)
    assert calls.are_counted
    return dict(calls.by_caller)


def test_who_calls_how_often() -> None:
    assert read(sample(7, "web"), sample(2), sample(5, "web", namespace="shop"), sample(1, "web", status="5")) == {
        Caller("web", HERE): Requests(8, 8),
        Caller("web", "shop"): Requests(5, 5),
        NOBODY_KNOWN: Requests(2, 2),
    }
    assert [caller.text(HERE) for caller in (Caller("web", HERE), Caller("web", "shop"), NOBODY_KNOWN)] == [
        "web",
        "web in shop",
        "unknown",
    ]


def test_an_identity_without_a_name() -> None:
    (caller,) = read(sample(7, principal="spiffe://mesh/ns/shop/sa/web"))
    assert caller.text(HERE) == "spiffe://mesh/ns/shop/sa/web"


def test_what_becomes_of_a_request() -> None:
    """By gRPC's status, or by HTTP's where there is none: answered, failed, or given up by the caller."""
    for code, status, requests in [
        ("200", "0", Requests(9, 9)),
        ("200", "7", Requests(9, 9)),
        ("200", "14", Requests(9, 0, 9)),
        ("200", "2", Requests(9, 0, 9)),
        ("503", "", Requests(9, 0, 9)),
        ("0", "", Requests(9)),
    ]:
        assert read(sample(9, "web", code=code, status=status)) == {Caller("web", HERE): requests}


def test_only_grpc_to_this_service_as_the_server_tells() -> None:
    others = [
        sample(9, "web", protocol="http"),
        sample(9, "web", name="cart"),
        sample(9, "web", here="shop"),
        sample(9, "web").replace('reporter="destination"', 'reporter="source"'),
        sample(9, "web").replace("istio_requests_total", "istio_request_messages_total"),
    ]
    assert read(*others) == {}


def test_large_numbers_and_quotes() -> None:
    escaped = r"a\"b"
    (counted,) = read(sample(0, escaped).replace("} 0", "} 1.2e+07")).items()
    assert counted == (Caller(escaped, HERE), Requests(12_000_000, 12_000_000))


def test_a_sidecar_without_istios_statistics() -> None:
    assert not read_calls("# TYPE envoy_server_live gauge\nenvoy_server_live{} 1\n", "grpc-server", HERE).are_counted


def test_the_filter_takes_both() -> None:
    assert unquote(stats_path()) == "/stats/prometheus?filter=istio_build|istio_requests_total"
