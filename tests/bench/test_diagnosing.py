"""`diagnose` of all Services of a large cluster, against kubectl reading the same objects."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.crowd_server import crowd_server
from tests.bench.ratio import command, median_ratio, report, timed
from tests.fakes.script import write_kubeconfig

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

SERVICES = 500
"""With ten pods each."""
KINDS = "namespaces,nodes,services,endpointslices,pods,mutatingwebhookconfigurations"


def test_diagnosing_500_services_against_kubectl_get(tmp_path: Path) -> None:
    with crowd_server(SERVICES) as server:
        config = str(write_kubeconfig(tmp_path / "config", server))
        diagnose = ("grpcdemo", "diagnose", "--all-namespaces", "--output", "json", "--kubeconfig", config)
        ours = command(*diagnose)
        theirs = command("kubectl", "get", KINDS, "--all-namespaces", "--output", "json", "--kubeconfig", config)
        ratio = median_ratio(lambda: timed(ours), lambda: timed(theirs), rounds=3)
        megabytes = most_megabytes(*diagnose)
    report("diagnose -A / kubectl get -A -o json", ratio, 1.5)
    report("megabytes of diagnose -A", megabytes, 200)


def most_megabytes(program: str, *arguments: str) -> float:
    path = Path(sys.executable).parent / program
    process = subprocess.Popen((path, *arguments), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss / 1024
