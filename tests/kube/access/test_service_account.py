"""In a pod, the cluster around it is the target, if no kubeconfig names another."""

import os
from pathlib import Path

import pytest

from grpcdemo.errors import UsageError
from grpcdemo.kube.access.kubeconfig import Kubeconfig, find_kubeconfig
from grpcdemo.kube.access.service_account import FOLDER, Pod, find_pod
from grpcdemo.kube.client.connect import connect
from grpcdemo.model.target import Target
from tests.fakes.authority import authority
from tests.kube.access.kubeconfigs import Recorder, write_config

IN_POD = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}


def nothing(folder: Path) -> Kubeconfig:
    return find_kubeconfig(None, {"HOME": str(folder)})


@pytest.fixture
def account(tmp_path: Path, server: Recorder) -> tuple[dict[str, str], Path]:
    """The environment of a pod whose API server is *server*, and its service account."""
    folder = tmp_path / "serviceaccount"
    folder.mkdir()
    (folder / "token").write_text("from-pod\n")
    (folder / "ca.crt").write_bytes(authority().cert_pem.bytes())
    host, port = server.url.removeprefix("https://").split(":")
    return {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}, folder


async def test_its_service_account_asks(tmp_path: Path, server: Recorder, account: tuple[dict[str, str], Path]) -> None:
    environment, folder = account
    async with await connect(nothing(tmp_path), pod=find_pod(environment, folder), environment={}) as api:
        await api.version()
        assert api.target == Target("in-cluster", server.url, implied=False, local=True, in_cluster=True)
        assert api.target.kubectl_flags == ()
        assert str(api.target) == f"the cluster of this pod ({server.url})"
    assert server.authorizations == ["Bearer from-pod"]


async def test_a_kubeconfig_goes_before_it(
    tmp_path: Path, server: Recorder, account: tuple[dict[str, str], Path]
) -> None:
    environment, folder = account
    path = write_config(tmp_path / "config", {"token": "t"}, {"server": server.url})
    async with await connect(find_kubeconfig(str(path)), pod=find_pod(environment, folder), environment={}) as api:
        await api.version()
    assert server.authorizations == ["Bearer t"]


@pytest.mark.parametrize("named", [{"context": "dev"}, {"kubeconfig": "/gone"}, {"kubeconfig": os.devnull}])
async def test_who_names_a_cluster_means_no_pod(
    tmp_path: Path, account: tuple[dict[str, str], Path], named: dict[str, str]
) -> None:
    kubeconfig = find_kubeconfig(named.get("kubeconfig"), {"HOME": str(tmp_path)})
    with pytest.raises(UsageError):
        await connect(kubeconfig, context=named.get("context"), pod=find_pod(*account), environment={})


async def test_a_pod_without_a_token(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="this pod has no token of a service account") as caught:
        await connect(nothing(tmp_path), pod=find_pod(IN_POD, tmp_path), environment={})
    assert "automountServiceAccountToken" in str(caught.value.hint)
    assert "--sandbox" in str(caught.value.hint)


def test_only_both_variables_mean_a_pod() -> None:
    assert find_pod(IN_POD) == Pod("10.96.0.1", "443", FOLDER)
    assert find_pod({"KUBERNETES_SERVICE_HOST": "10.96.0.1"}) is None
    assert find_pod({}) is None
    assert Pod("fd00::1", "443").cluster.server == "https://[fd00::1]:443"
