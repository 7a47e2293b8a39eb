"""What Istio's statistics call the workload of a pod."""

from grpcdemo.diagnosis.workloads import name_in_mesh
from grpcdemo.resources.objects import Object


def pod(env: dict[str, str], **metadata: object) -> Object:
    entries = [{"name": name, "value": value} for name, value in env.items()]
    containers = [{"name": "app", "env": [{"name": "ISTIO_META_WORKLOAD_NAME", "value": "app"}]}]
    sidecar = {"name": "istio-proxy", "restartPolicy": "Always", "env": entries}
    spec = {"containers": containers, "initContainers": [sidecar]}
    return {"metadata": {"name": "web-1", "namespace": "shop", **metadata}, "spec": spec}


def test_the_name_of_a_workload_in_the_mesh() -> None:
    owner = {"kind": "StatefulSet", "name": "web", "controller": True}
    assert name_in_mesh(pod({"ISTIO_META_WORKLOAD_NAME": "front"}, ownerReferences=[owner])) == "front"
    assert name_in_mesh(pod({}, ownerReferences=[owner])) == "web"
    assert name_in_mesh(pod({})) == "web-1"
