"""What containers use, from the source that answers."""

from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.usage import Usage, read_usage
from tests.fakes.script import Script, refuse, reply

METRICS = "/apis/metrics.k8s.io/v1beta1/namespaces/demo/pods"
SUMMARY = "/api/v1/nodes/node/proxy/stats/summary"


async def test_of_the_metrics_api(api: Api, script: Script) -> None:
    usage = {"cpu": "1500000n", "memory": "2048Ki"}
    item = {"metadata": {"name": "p"}, "containers": [{"name": "istio-proxy", "usage": usage}]}
    script.on("GET", METRICS, reply({"items": [item], "metadata": {}}))
    assert await read_usage(api, "demo", ["node"]) == [Usage("p", "istio-proxy", 2 * 2**20, 0.0015)]


async def test_of_the_kubelet_where_there_is_no_metrics_server(api: Api, script: Script) -> None:
    container = {"name": "c", "memory": {"workingSetBytes": 4096}, "cpu": {"usageNanoCores": 2_000_000}}
    pods = [
        {"podRef": {"name": "p", "namespace": "demo"}, "containers": [container, {"name": "starting"}]},
        {"podRef": {"name": "q", "namespace": "other"}, "containers": [container]},
    ]
    script.on("GET", METRICS, refuse(404))
    script.on("GET", SUMMARY, reply({"pods": pods}))
    usage = await read_usage(api, "demo", ["node"])
    assert usage == [Usage("p", "c", 4096, 0.002), Usage("p", "starting", 0, 0.0)]
