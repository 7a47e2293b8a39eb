"""The row of `kubectl get pods -o wide`: what the server adds to READY, STATUS and the number of restarts."""

from datetime import datetime, timezone

from grpcdemo.resources.resource import PODS
from grpcdemo.sandbox.api.tables import COLUMNS
from tests.resources.samples import pod, running

NOW = datetime(2026, 5, 4, 10, 21, 12, tzinfo=timezone.utc)


def test_a_new_pod() -> None:
    row = COLUMNS[PODS].cells(pod("p"), NOW)
    assert row == ["p", "1/1", "Running", "0", "10m", "10.244.0.7", "kind-worker", "<none>", "<none>"]


def test_the_age_of_the_last_restart_and_the_readiness_gates() -> None:
    ended = {"lastState": {"terminated": {"exitCode": 1, "finishedAt": "2026-05-04T10:20:12Z"}}}
    restarted = pod("p", containers=[{**running("c", restarts=2), **ended}])
    restarted["spec"]["readinessGates"] = [{"conditionType": "x"}, {"conditionType": "y"}]
    restarted["status"]["conditions"] = [{"type": "x", "status": "True"}, {"type": "y", "status": "False"}]
    row = COLUMNS[PODS].cells(restarted, NOW)
    assert (row[3], row[-1]) == ("2 (60s ago)", "1/2")
