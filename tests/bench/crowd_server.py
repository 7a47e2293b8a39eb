"""A program that serves a cluster of many Services as a Kubernetes API does, its pods without a kubelet.

It is a process of its own, so that its work does not count as the reader's.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from grpcdemo.resources.labels import SERVICE_NAME
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import ENDPOINT_SLICES, NAMESPACES, NODES, PODS, SERVICES
from tests.fakes.hollow_cluster import HollowCluster, log_in
from tests.fakes.listener import Listener
from tests.fakes.script import TOKEN

NAMESPACE = "shop"
PODS_EACH = 10
NODE_COUNT = 50
PORT = 50051


def service(number: int) -> Object:
    spec = {
        "clusterIP": f"10.96.{number // 250}.{number % 250}",
        "selector": {"app": f"app-{number}"},
        "ports": [{"name": "grpc", "port": PORT, "targetPort": PORT, "protocol": "TCP"}],
    }
    return {"metadata": {"name": f"app-{number}", "namespace": NAMESPACE}, "spec": spec}


def pod(number: int, index: int, calls: str) -> Object:
    """One of a Service, with a sidecar and the usual many settings, that names the Service that it *calls*."""
    env = [{"name": f"SETTING_{at}", "value": f"the value of setting {at}"} for at in range(20)]
    app = {"name": "app", "image": "example.com/app:1", "env": [*env, {"name": "TARGET", "value": f"{calls}:{PORT}"}]}
    metadata = {
        "name": f"app-{number}-7d4b9c8f6-{index:05}",
        "namespace": NAMESPACE,
        "labels": {"app": f"app-{number}", "pod-template-hash": "7d4b9c8f6"},
        "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"app-{number}-7d4b9c8f6", "controller": True}
        ],
    }
    spec = {"nodeName": node_name(index), "containers": [app, {"name": "istio-proxy", "image": "example.com/proxy:1"}]}
    status = {"phase": "Running", "podIP": address(number, index), "conditions": [{"type": "Ready", "status": "True"}]}
    return {"metadata": metadata, "spec": spec, "status": status}


def slice_of(number: int) -> Object:
    endpoints = [
        {
            "addresses": [address(number, index)],
            "conditions": {"ready": True},
            "nodeName": node_name(index),
            "targetRef": {"kind": "Pod", "name": f"app-{number}-7d4b9c8f6-{index:05}"},
        }
        for index in range(PODS_EACH)
    ]
    labels = {SERVICE_NAME: f"app-{number}"}
    return {
        "metadata": {"name": f"app-{number}-x", "namespace": NAMESPACE, "labels": labels},
        "addressType": "IPv4",
        "ports": [{"name": "grpc", "port": PORT}],
        "endpoints": endpoints,
    }


def address(number: int, index: int) -> str:
    return f"10.{number // 250}.{number % 250}.{index}"


def node_name(index: int) -> str:
    return f"node-{index % NODE_COUNT}"


def crowded(services: int) -> HollowCluster:
    cluster = HollowCluster()
    store = cluster.store
    labels = {"istio-injection": "enabled"}
    store.create(NAMESPACES, {"metadata": {"name": NAMESPACE, "labels": labels}})
    for index in range(NODE_COUNT):
        store.create(NODES, {"metadata": {"name": node_name(index)}})
    for number in range(services):
        store.create(SERVICES, service(number))
        store.create(ENDPOINT_SLICES, slice_of(number))
        for index in range(PODS_EACH):
            store.create(PODS, pod(number, index, calls=f"app-{(number + 1) % services}"))
    return cluster


@contextmanager
def crowd_server(services: int) -> Iterator[str]:
    """Run this program; its URL."""
    command = [sys.executable, "-m", __spec__.name, str(services)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


async def main() -> None:
    cluster = crowded(int(sys.argv[1]))
    app = cluster.build_app(cluster.node, token=TOKEN, version=cluster.version)
    app.middlewares.insert(0, log_in)
    async with Listener(app) as listener:
        print(listener.url, flush=True)  # noqa: T201  (how the benchmark finds it)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
