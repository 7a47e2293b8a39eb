"""What is read out of a server's own metrics, in the form that each library writes them."""

import pytest

from grpcdemo.diagnosis.app_metrics import read_requests
from grpcdemo.diagnosis.traffic import Requests

GO = """\
# HELP grpc_server_handled_total Total number of RPCs completed on the server, regardless of success or failure.
# TYPE grpc_server_handled_total counter
grpc_server_handled_total{grpc_code="OK",grpc_method="Add",grpc_service="shop.v1.Cart",grpc_type="unary"} 40
grpc_server_handled_total{grpc_code="NotFound",grpc_method="Add",grpc_service="shop.v1.Cart",grpc_type="unary"} 2
grpc_server_handled_total{grpc_code="Unavailable",grpc_method="Add",grpc_service="shop.v1.Cart",grpc_type="unary"} 3
grpc_server_handled_total{grpc_code="Canceled",grpc_method="Add",grpc_service="shop.v1.Cart",grpc_type="unary"} 5
grpc_server_handled_total{grpc_code="OK",grpc_method="Check",grpc_service="grpc.health.v1.Health",grpc_type="unary"} 900
# TYPE grpc_server_started_total counter
grpc_server_started_total{grpc_method="Add",grpc_service="shop.v1.Cart",grpc_type="unary"} 51
"""
PYTHON = """\
# HELP grpc_server_handled_total Total number of RPCs completed on the server, regardless of success or failure.
# TYPE grpc_server_handled_total counter
grpc_server_handled_total{grpc_code="OK",grpc_method="Add",grpc_service="shop.v1.Cart",grpc_type="UNARY"} 42.0
grpc_server_handled_total{grpc_code="DEADLINE_EXCEEDED",grpc_service="shop.v1.Cart",grpc_type="UNARY"} 3.0
grpc_server_handled_total{grpc_code="CANCELLED",grpc_method="Add",grpc_service="shop.v1.Cart",grpc_type="UNARY"} 5.0
# TYPE grpc_server_handled_created gauge
grpc_server_handled_created{grpc_code="OK",grpc_method="Add",grpc_service="shop.v1.Cart",grpc_type="UNARY"} 1.8e+09
"""
OPENTELEMETRY = """\
# TYPE rpc_server_call_duration_seconds histogram
rpc_server_call_duration_seconds_bucket{rpc_method="shop.v1.Cart/Add",rpc_response_status_code="OK",le="+Inf"} 42
rpc_server_call_duration_seconds_sum{rpc_method="shop.v1.Cart/Add",rpc_response_status_code="OK"} 0.3
rpc_server_call_duration_seconds_count{rpc_method="shop.v1.Cart/Add",rpc_response_status_code="OK",rpc_system="grpc"} 42
rpc_server_call_duration_seconds_count{rpc_method="/shop.v1.Cart/Add",rpc_response_status_code="UNAVAILABLE"} 3
rpc_server_call_duration_seconds_count{rpc_method="shop.v1.Cart/Add",rpc_response_status_code="CANCELLED"} 5
rpc_server_call_duration_seconds_count{rpc_method="/grpc.health.v1.Health/Check",rpc_response_status_code="OK"} 900
"""
OLD_OPENTELEMETRY = """\
# TYPE otelcol_rpc_server_duration histogram
otelcol_rpc_server_duration_bucket{rpc_grpc_status_code="0",rpc_method="Add",rpc_service="shop.v1.Cart",le="5"} 40
otelcol_rpc_server_duration_count{rpc_grpc_status_code="0",rpc_method="Add",rpc_service="shop.v1.Cart"} 42
otelcol_rpc_server_duration_count{rpc_grpc_status_code="14",rpc_method="Add",rpc_service="shop.v1.Cart"} 3
otelcol_rpc_server_duration_count{rpc_grpc_status_code="1",rpc_method="Add",rpc_service="shop.v1.Cart"} 5
otelcol_rpc_server_duration_count{rpc_grpc_status_code="0",rpc_method="Check",rpc_service="grpc.health.v1.Health"} 900
"""
PLUGIN = """\
grpc_server_call_duration_seconds_count{grpc_method="shop.v1.Cart/Add",grpc_status="OK",otel_scope_name="grpc-java"} 42
grpc_server_call_duration_seconds_count{grpc_method="shop.v1.Cart/Add",grpc_status="UNKNOWN"} 3
grpc_server_call_duration_seconds_count{grpc_method="shop.v1.Cart/Add",grpc_status="CANCELLED"} 5
grpc_server_call_duration_seconds_count{grpc_method="grpc.reflection.v1.ServerReflection/ServerReflectionInfo",\
grpc_status="OK"} 900
"""
OPENCENSUS = """\
oc_grpc_io_server_completed_rpcs{grpc_server_method="shop.v1.Cart/Add",grpc_server_status="OK"} 42
oc_grpc_io_server_completed_rpcs{grpc_server_method="shop.v1.Cart/Add",grpc_server_status="INTERNAL"} 3
oc_grpc_io_server_completed_rpcs{grpc_server_method="shop.v1.Cart/Add",grpc_server_status="CANCELLED"} 5
oc_grpc_io_server_completed_rpcs{grpc_server_method="grpc.channelz.v1.Channelz/GetServers",grpc_server_status="OK"} 900
"""
MICROMETER = """\
# TYPE grpc_server_processing_duration_seconds summary
grpc_server_processing_duration_seconds_count{method="Add",service="shop.v1.Cart",statusCode="OK",} 42.0
grpc_server_processing_duration_seconds_count{method="Add",service="shop.v1.Cart",statusCode="DATA_LOSS",} 3.0
grpc_server_processing_duration_seconds_count{method="Add",service="shop.v1.Cart",statusCode="CANCELLED",} 5.0
grpc_server_processing_duration_seconds_count{method="Check",service="grpc.health.v1.Health",statusCode="OK",} 900.0
"""


@pytest.mark.parametrize("text", [GO, PYTHON, OPENTELEMETRY, OLD_OPENTELEMETRY, PLUGIN, OPENCENSUS, MICROMETER])
def test_what_becomes_of_a_request(text: str) -> None:
    """Answered, failed, or given up by its caller; probes and tools do not count."""
    assert read_requests(text) == Requests(50, 42, 3)


def test_the_unit_may_be_in_the_name() -> None:
    renamed = OLD_OPENTELEMETRY.replace("otelcol_rpc_server_duration", "rpc_server_duration_milliseconds")
    assert read_requests(renamed) == Requests(50, 42, 3)


def test_a_counter_without_a_status_counts_answers() -> None:
    text = 'grpc_requests_received_total{service="shop.v1.Cart",method="Add"} 7\ngrpc_requests_received_total 1\n'
    assert read_requests(text) == Requests(8, 8)


def test_the_same_requests_do_not_count_twice() -> None:
    """Two libraries count, or one of them under two names."""
    for first, second in [(GO, OPENTELEMETRY), (OPENTELEMETRY, PLUGIN), (PLUGIN, MICROMETER)]:
        twice = f"{second.replace(' 42', ' 41')}{first}"
        assert read_requests(twice) == read_requests(first) == Requests(50, 42, 3)
    assert read_requests(GO + GO.replace("grpc_server", "shop_grpc_server").replace(" 40", " 9")) == read_requests(GO)


def test_a_server_that_nobody_but_probes_has_called() -> None:
    """Some libraries tell of a metric before it has a sample."""
    uncalled = "\n".join(line for line in GO.splitlines() if "Cart" not in line)
    types = ("# TYPE grpc_server_handled_total counter", "# TYPE otelcol_rpc_server_duration histogram")
    assert [read_requests(text) for text in (uncalled, *types)] == [Requests()] * 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>grpc_server_handled_total</html>",
        "# TYPE\n# TYPE grpc_server_started_total counter\n",
        GO.replace("handled", "msg_received"),
        OPENTELEMETRY.replace("rpc_server", "rpc_client"),
    ],
)
def test_no_counter_that_is_known(text: str) -> None:
    assert read_requests(text) is None


def test_quotes_braces_exemplars_and_large_numbers() -> None:
    sample = r'grpc_server_handled_total{grpc_code="OK",grpc_service="a}\"b"} 1.2e+07 1760000000 # {trace_id="x"} 0.7 9'
    assert read_requests(sample) == Requests(12_000_000, 12_000_000)
