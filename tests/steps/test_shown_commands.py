"""Each event of a step says which kubectl commands do the same by hand."""

from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.settings import Settings
from grpcdemo.manifests import defaults
from grpcdemo.manifests.render import ManifestValues
from grpcdemo.model.progress import Done
from grpcdemo.resources.resource import NAMESPACES
from grpcdemo.steps.cleanup import CleanupConfig, cleanup
from grpcdemo.steps.istio.switch import SwitchConfig, switch
from grpcdemo.steps.up import UpConfig, apply_command, plan, up
from tests.fakes.hollow_cluster import HollowCluster

from .events import Events

DEMO = defaults.NAMESPACE
HERE = f"--namespace {DEMO}"
CREATE = [
    f"kubectl create namespace {DEMO}",
    f"kubectl label namespace {DEMO} istio-injection=disabled",
    "grpcdemo manifests --servers 2 --rate 20 | kubectl apply --filename -",
]
SMALL = UpConfig(wanted=Settings(servers=2, rate=20))


def told(events: Events) -> list[str]:
    commands = [command.text() for event in events if isinstance(event, Done) for command in event.commands]
    events.clear()
    return commands


def rolled_out() -> set[str]:
    return {f"kubectl rollout status deployment/{name} {HERE}" for name in ("grpc-server", "grpc-client")}


async def test_from_up_to_cleanup(cluster_api: Api, events: Events) -> None:
    await up(cluster_api, SMALL, events.append)
    commands = told(events)
    assert commands[:3] == CREATE
    assert set(commands[3:]) == rolled_out()
    for on, value in ((True, "enabled"), (False, "disabled")):
        await switch(cluster_api, SwitchConfig(on=on), events.append)
        label, restart, *waits, look = told(events)
        assert label == f"kubectl label namespace {DEMO} istio-injection={value} --overwrite"
        assert restart == f"kubectl rollout restart deployment/grpc-server deployment/grpc-client {HERE}"
        assert set(waits) == rolled_out()
        assert look == f"kubectl get pods {HERE}"
    await cleanup(cluster_api, CleanupConfig(), events.append)
    assert told(events) == [
        f"kubectl delete service/grpc-server deployment/grpc-client deployment/grpc-server {HERE}",
        f"kubectl delete namespace {DEMO}",
    ]


async def test_in_a_namespace_that_was_there_before(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    cluster.create_namespace(DEMO)
    cluster.set_metadata(NAMESPACES, "", DEMO, labels={"istio.io/rev": "canary"})
    await up(cluster_api, SMALL, events.append)
    off = f"kubectl label namespace {DEMO} istio-injection=disabled istio.io/rev- --overwrite"
    assert told(events)[:2] == [off, CREATE[-1]]
    await up(cluster_api, SMALL, events.append)
    assert told(events)[0] == f"kubectl get namespace {DEMO} --show-labels"
    await cleanup(cluster_api, CleanupConfig(), events.append)
    assert told(events)[-1] == f"kubectl label namespace {DEMO} istio.io/rev=canary istio-injection- --overwrite"


def test_a_plan(events: Events) -> None:
    plan(SMALL, events.append)
    assert told(events) == CREATE


def test_manifests_with_all_that_is_not_the_default() -> None:
    values = ManifestValues("other", 5, 2, 0.5, "registry.example.com/a", {"limits.cpu": "1", "limits.memory": "1Gi"})
    assert apply_command(values).text(["--context", "kind"]) == (
        "grpcdemo manifests --servers 5 --clients 2 --rate 0.5 --image-prefix registry.example.com/a "
        "--resources limits.cpu=1,limits.memory=1Gi --namespace other --context kind "
        "| kubectl apply --filename - --context kind"
    )
    assert apply_command(ManifestValues()).text() == "grpcdemo manifests | kubectl apply --filename -"
