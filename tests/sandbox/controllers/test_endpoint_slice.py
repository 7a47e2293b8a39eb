"""EndpointSlices follow the pods of a Service and their readiness."""

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import ENDPOINT_SLICES, PODS, SERVICES
from grpcdemo.sandbox.controllers.endpoint_slice import resolve_ports
from tests.fakes.hollow_node import NOT_READY, SLOW_TO_STOP
from tests.sandbox.controllers.world import NAMESPACE, World, build_service, deployed, running, serve


def slices(world: World) -> list[Object]:
    return world.store.list(ENDPOINT_SLICES, NAMESPACE)


def readiness(world: World) -> dict[str, tuple[bool, bool, bool]]:
    """Ready, serving and terminating, by the pod's name."""
    return {
        endpoint["targetRef"]["name"]: tuple(endpoint["conditions"].values())
        for found in slices(world)
        for endpoint in found["endpoints"]
    }


async def test_a_service_without_pods_has_an_empty_slice() -> None:
    world = World()
    service = serve(world)
    async with running(world):
        (empty,) = slices(world)
        assert (empty["endpoints"], empty["ports"]) == ([], [])
        assert empty["addressType"] == "IPv4"
        assert empty["metadata"]["labels"] == {
            "team": "red",
            "kubernetes.io/service-name": "server",
            "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        }
        assert empty["metadata"]["ownerReferences"][0]["uid"] == service["metadata"]["uid"]
        world.deploy(1)
        await world.settle()
        (filled,) = slices(world)
        assert filled["metadata"]["uid"] == empty["metadata"]["uid"]
        assert filled["ports"] == [{"name": "grpc", "port": 50051, "protocol": "TCP", "appProtocol": "grpc"}]
        (pod,) = world.pods()
        assert filled["endpoints"] == [
            {
                "addresses": [pod["status"]["podIP"]],
                "conditions": {"ready": True, "serving": True, "terminating": False},
                "targetRef": {
                    "kind": "Pod",
                    "namespace": NAMESPACE,
                    "name": pod["metadata"]["name"],
                    "uid": pod["metadata"]["uid"],
                },
                "nodeName": pod["spec"]["nodeName"],
            }
        ]


async def test_the_conditions_of_an_endpoint() -> None:
    async with deployed(2, service={}) as world:
        first, second = (pod["metadata"]["name"] for pod in world.pods())
        assert readiness(world) == {first: (True, True, False), second: (True, True, False)}
        world.node.set_ready(world.pods()[0], False)
        await world.settle()
        assert readiness(world)[first] == (False, False, False)
        world.node.behavior = lambda pod: SLOW_TO_STOP
        world.registry.delete(PODS, NAMESPACE, second)
        await world.settle()
        assert readiness(world)[second] == (False, True, True)
        world.store.remove(PODS, NAMESPACE, second)
        await world.settle()
        assert second not in readiness(world)


async def test_a_relabeled_pod_is_no_endpoint() -> None:
    async with deployed(1, service={}) as world:
        (pod,) = world.pods()
        world.set_metadata(PODS, NAMESPACE, pod["metadata"]["name"], labels={"app": "other"})
        await world.settle()
        assert pod["metadata"]["name"] not in readiness(world)


async def test_publish_not_ready_addresses() -> None:
    unready_too = {"publishNotReadyAddresses": True, "clusterIP": "None"}
    async with deployed(1, behavior=NOT_READY, service=unready_too) as world:
        assert list(readiness(world).values()) == [(True, False, False)]
        assert slices(world)[0]["metadata"]["labels"]["service.kubernetes.io/headless"] == ""


async def test_a_deleted_slice_is_restored() -> None:
    async with deployed(1, service={}) as world:
        world.store.remove(ENDPOINT_SLICES, NAMESPACE, slices(world)[0]["metadata"]["name"])
        await world.settle()
        assert len(readiness(world)) == 1


async def test_no_slices_without_a_service_or_a_selector() -> None:
    world = World()
    serve(world)
    async with running(world):
        world.registry.delete(SERVICES, NAMESPACE, "server")
        await world.settle()
        assert slices(world) == []
        serve(world, selector={})
        await world.settle()
        assert slices(world) == []


async def test_pods_with_another_port_number_get_their_own_slice() -> None:
    surge_only = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    async with deployed(2, strategy=surge_only, service={}) as world:
        world.node.behavior = lambda pod: NOT_READY
        port = {"name": "grpc", "containerPort": 50052}
        await world.change(lambda spec: spec["template"]["spec"]["containers"][0].update(ports=[port]))
        numbers = {found["ports"][0]["port"]: len(found["endpoints"]) for found in slices(world)}
        assert numbers == {50051: 2, 50052: 1}


def test_a_target_port_by_number_by_name_and_in_a_sidecar() -> None:
    port = {"name": "grpc", "containerPort": 7}
    sidecar: Object = {"restartPolicy": "Always"}
    pod = {"spec": {"containers": [{"ports": [port]}], "initContainers": [sidecar]}}
    assert resolve_ports(build_service(), pod) == (("grpc", 7, "TCP", "grpc"),)
    assert resolve_ports(build_service(ports=[{"port": 80}]), pod) == (("", 80, "TCP", ""),)
    assert resolve_ports(build_service(ports=[{"port": 80, "targetPort": 81}]), pod) == (("", 81, "TCP", ""),)
    assert resolve_ports(build_service(ports=[{"port": 80, "targetPort": "http"}]), pod) == ()
    sidecar["ports"] = [{"name": "http", "containerPort": 8}]
    assert resolve_ports(build_service(ports=[{"port": 80, "targetPort": "http"}]), pod) == (("", 8, "TCP", ""),)
