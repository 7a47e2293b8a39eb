"""`diagnose` from the API to the findings: which Service, which port, who calls, and that nothing is changed."""

import pytest

from grpcdemo.diagnosis.examination import Conclusion, Diagnosis
from grpcdemo.diagnosis.finding import Severity
from grpcdemo.errors import Forbidden, Hint, NotEnoughResponses, NotFound, UsageError
from grpcdemo.kube.client.api import Api
from grpcdemo.resources.references import ObjectReference
from grpcdemo.resources.resource import DEPLOYMENTS, MUTATING_WEBHOOKS, NAMESPACES, PODS, SERVICES
from grpcdemo.steps.diagnose import DiagnoseConfig, diagnose, diagnose_all
from grpcdemo.steps.subject import Subject
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.script import refuse

DEMO = "istio-grpc-demo"
FORBIDDEN = refuse(403, 'User "jane" cannot list resource')
CLIENT = ObjectReference(DEPLOYMENTS, "grpc-client", DEMO)
SERVICE = DiagnoseConfig(Subject("svc/grpc-server", DEMO))


def ids(diagnosis: Diagnosis) -> list[str]:
    return [finding.id for finding in diagnosis.findings]


@pytest.mark.parametrize("named", [None, "deploy/grpc-client", "deployments.apps/grpc-client", "grpc-client"])
async def test_the_demo_before_and_after_its_cure(cluster: HollowCluster, demo_api: Api, named: str | None) -> None:
    await cluster.settle()
    config = DiagnoseConfig(Subject("grpc-server", DEMO, client=named))
    cluster.faults.asked.clear()
    pinned = await diagnose(demo_api, config)
    assert (pinned.conclusion, ids(pinned)) == (Conclusion.CAUSED, ["client-without-sidecar"])
    assert (pinned.clients, pinned.named) == ((CLIENT,), named is not None)
    assert cluster.faults.changes == []
    cluster.set_metadata(NAMESPACES, "", DEMO, labels={"istio-injection": "enabled"})
    assert ids(await diagnose(demo_api, config)) == ["client-older-than-injection"]
    cluster.set_spec(DEPLOYMENTS, DEMO, "grpc-client", replicas=0)
    await cluster.settle()
    cluster.set_spec(DEPLOYMENTS, DEMO, "grpc-client", replicas=1)
    await cluster.settle()
    assert (await diagnose(demo_api, config)).findings == ()


async def test_all_services(cluster: HollowCluster, demo_api: Api) -> None:
    await cluster.settle()
    cluster.create(SERVICES, DEMO, "web", spec={"ports": [{"name": "http", "port": 80}]})
    cluster.create_namespace("shop")
    cluster.create(
        SERVICES, "shop", "cart", spec={"ports": [{"name": "grpc", "port": 80}, {"name": "metrics", "port": 81}]}
    )
    everywhere = await diagnose_all(demo_api, None, everywhere=True)
    assert [(one.service.name, one.port, ids(one)[0]) for one in everywhere] == [
        ("grpc-server", 50051, "client-without-sidecar"),
        ("cart", 80, "no-ready-endpoint"),
    ]
    assert [one.service.name for one in await diagnose_all(demo_api, "shop")] == ["cart"]
    assert await diagnose_all(demo_api, "nowhere") == []


async def test_single_pods_are_no_risk_in_a_list(cluster: HollowCluster, demo_api: Api) -> None:
    """Unless something else is, or the Service is the only one."""
    cluster.set_metadata(NAMESPACES, "", DEMO, labels={"istio-injection": "enabled"})
    for name, replicas in (("grpc-client", 0), ("grpc-client", 1), ("grpc-server", 1)):
        cluster.set_spec(DEPLOYMENTS, DEMO, name, replicas=replicas)
        await cluster.settle()
    (alone,) = await diagnose_all(demo_api, DEMO)
    assert (ids(alone), alone.conclusion) == (["single-endpoint"], Conclusion.CAUSED)
    cluster.create_namespace("shop")
    cluster.create(SERVICES, "shop", "cart", spec={"ports": [{"name": "grpc", "port": 80}]})
    listed, _ = await diagnose_all(demo_api, None, everywhere=True)
    assert (ids(listed), listed.conclusion) == (["single-endpoint"], Conclusion.CLEAR)


@pytest.mark.parametrize("labels", [{"app": "istiod"}, {"linkerd.io/control-plane-component": "destination"}])
async def test_control_planes_are_listed_only_in_their_namespace(
    cluster: HollowCluster, demo_api: Api, labels: dict[str, str]
) -> None:
    await cluster.settle()
    cluster.create_namespace("mesh")
    ports = [{"name": "grpc-xds", "port": 15010}]
    cluster.create(SERVICES, "mesh", "control", metadata={"labels": labels}, spec={"ports": ports})
    everywhere = await diagnose_all(demo_api, None, everywhere=True)
    assert [one.service.name for one in everywhere] == ["grpc-server"]
    assert [one.service.name for one in await diagnose_all(demo_api, "mesh")] == ["control"]


async def test_a_client_in_another_namespace(cluster: HollowCluster, demo_api: Api) -> None:
    cluster.create_namespace("front", labels={"istio-injection": "enabled"})
    args = [f"dns:///grpc-server.{DEMO}.svc.cluster.local:50051"]
    cluster.create(PODS, "front", "web", spec={"containers": [{"name": "web", "image": "web", "args": args}]})
    await cluster.settle()
    diagnosis = await diagnose(demo_api, SERVICE)
    assert set(diagnosis.clients) == {CLIENT, ObjectReference(PODS, "web", "front")}
    assert ids(diagnosis) == ["client-without-sidecar"], "the other has one"
    assert set((await diagnose_all(demo_api, DEMO))[0].clients) == set(diagnosis.clients)
    cluster.faults.on("GET", "/api/v1/pods", FORBIDDEN)
    near = await diagnose(demo_api, SERVICE)
    assert (near.clients, ids(near)) == ((CLIENT,), ["client-without-sidecar", "callers-out-of-sight"])
    assert near.findings[-1].severity is Severity.OBSCURES
    assert near.findings[-1].summary.endswith("this user may not list pods")
    named = DiagnoseConfig(Subject("grpc-server", DEMO, client="deploy/grpc-client"))
    assert "callers-out-of-sight" not in ids(await diagnose(demo_api, named))


async def test_a_service_that_is_not_there(cluster: HollowCluster, demo_api: Api) -> None:
    for namespace, name, hint in (
        (DEMO, "grpc-serve", "there is grpc-server"),
        ("default", "grpc-server", f"there is one in namespace {DEMO}: name it with --namespace"),
    ):
        with pytest.raises(NotFound, match=f"no Service {name} in namespace {namespace}") as raised:
            await diagnose(demo_api, DiagnoseConfig(Subject(name, namespace)))
        assert raised.value.hint == Hint(hint)


async def test_wrong_words(cluster: HollowCluster, demo_api: Api) -> None:
    cluster.create(SERVICES, DEMO, "two", spec={"ports": [{"name": "a", "port": 80}, {"name": "b", "port": 81}]})
    for config in (
        DiagnoseConfig(Subject("deploy/grpc-server", DEMO)),
        DiagnoseConfig(Subject("svc/", DEMO)),
        DiagnoseConfig(Subject("two", DEMO)),
        DiagnoseConfig(Subject("two", DEMO, port="82")),
        DiagnoseConfig(Subject("grpc-server", DEMO, client="cron/x")),
    ):
        with pytest.raises(UsageError):
            await diagnose(demo_api, config)
    assert [
        (await diagnose(demo_api, DiagnoseConfig(Subject("two", DEMO, port=port)))).port for port in ("b", "80")
    ] == [81, 80]


async def test_the_only_port_that_declares_grpc_needs_no_name(cluster: HollowCluster, demo_api: Api) -> None:
    ports = [{"name": "http-metrics", "port": 80}, {"name": "grpc", "port": 81}, {"name": "tcp", "port": 82}]
    cluster.create(SERVICES, DEMO, "mixed", spec={"ports": ports})
    assert (await diagnose(demo_api, DiagnoseConfig(Subject("mixed", DEMO)))).port == 81
    assert (await diagnose(demo_api, DiagnoseConfig(Subject("mixed", DEMO, port="80")))).port == 80
    cluster.create(SERVICES, DEMO, "both", spec={"ports": [*ports, {"name": "grpc-admin", "port": 83}]})
    with pytest.raises(UsageError, match="has 4 ports"):
        await diagnose(demo_api, DiagnoseConfig(Subject("both", DEMO)))


async def test_a_client_that_is_not_there(cluster: HollowCluster, demo_api: Api) -> None:
    with pytest.raises(NotFound, match="no deployment/web in namespace"):
        await diagnose(demo_api, DiagnoseConfig(Subject("grpc-server", DEMO, client="deploy/web")))
    cluster.set_spec(DEPLOYMENTS, DEMO, "grpc-client", replicas=0)
    await cluster.settle()
    with pytest.raises(NotEnoughResponses, match="has no pod"):
        await diagnose(demo_api, DiagnoseConfig(Subject("grpc-server", DEMO, client="deploy/grpc-client")))


async def test_a_right_that_is_missing_is_named(cluster: HollowCluster, demo_api: Api) -> None:
    await cluster.settle()
    for path in ("/api/v1/pods", f"/api/v1/namespaces/{DEMO}/pods"):
        cluster.faults.on("GET", path, FORBIDDEN)
    unknown = (await diagnose(demo_api, SERVICE)).of(Severity.UNKNOWN)
    assert "client-not-named" in [finding.id for finding in unknown]
    assert {finding.summary for finding in unknown} == {
        f"could not check: this user may not list pods in namespace {DEMO}"
    }
    cluster.faults.on("GET", f"/api/v1/namespaces/{DEMO}/services", FORBIDDEN)
    with pytest.raises(Forbidden, match=f"may not list services in namespace {DEMO}"):
        await diagnose_all(demo_api, DEMO)


async def test_nothing_is_well_where_nothing_may_be_read(cluster: HollowCluster, demo_api: Api) -> None:
    await cluster.settle()
    for path in (
        MUTATING_WEBHOOKS.path(),
        "/api/v1/pods",
        f"/api/v1/namespaces/{DEMO}/pods",
        f"/apis/discovery.k8s.io/v1/namespaces/{DEMO}/endpointslices",
    ):
        cluster.faults.on("GET", path, FORBIDDEN)
    assert (await diagnose(demo_api, SERVICE)).conclusion is Conclusion.OPEN
