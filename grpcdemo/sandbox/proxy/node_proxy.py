"""Plays kube-proxy: each connection to a cluster IP goes to one of the Service's pods.

One Envoy serves the whole sandbox. It balances connections, as iptables rules do, so everything that a gRPC client
sends over its one connection goes to one pod.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from grpcdemo.resources.resource import HEADLESS
from grpcdemo.sandbox.api.store import Store
from grpcdemo.sandbox.child import LAUNCH, Command, RunningProcess, start_process
from grpcdemo.sandbox.network import Network
from grpcdemo.sandbox.proxy.config import build_cluster, build_listener, build_load_assignment
from grpcdemo.sandbox.proxy.envoy import build_command, find_envoy, wait_until_ready
from grpcdemo.sandbox.proxy.services import ServicePort, follow_services, list_service_ports
from grpcdemo.sandbox.proxy.xds import Snapshot, XdsFolder, build_bootstrap

NAME = "node-proxy"
STOP_S = 2.0
FIRST_RESTART_S = 0.1
LAST_RESTART_S = 10.0

log = logging.getLogger(__name__)


class NodeProxy:
    """*root* is a folder of its own; `ready` is set once connections are accepted."""

    def __init__(self, store: Store, network: Network, root: Path, *, launch: Path = LAUNCH) -> None:
        self._store = store
        self._network = network
        self._folder = XdsFolder(root)
        self._launch = launch
        self.ready = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled. Raises GrpcdemoError if Envoy does not start; one that dies later is restarted."""
        envoy = find_envoy()
        process = await self._start(envoy)
        following = asyncio.create_task(follow_services(self._store, lambda: self._folder.update(self._configure())))
        self.ready.set()
        try:
            while True:
                code = await asyncio.shield(process.ended)
                log.warning("the node proxy exited with code %d; restarting it", code)
                process = await self._restart(envoy)
        finally:
            following.cancel()
            await process.stop(STOP_S)

    async def _restart(self, envoy: str) -> RunningProcess:
        delay_s = FIRST_RESTART_S
        while True:
            await asyncio.sleep(delay_s)
            try:
                return await self._start(envoy)
            except Exception:
                log.exception("the node proxy does not start")
                delay_s = min(2 * delay_s, LAST_RESTART_S)

    async def _start(self, envoy: str) -> RunningProcess:
        self._folder.create(build_bootstrap(NAME, self._folder), self._configure())
        file = self._folder.log.open("wb", buffering=0)
        command = Command("exec", build_command(envoy, self._folder), {}, self._folder.root)
        try:
            process = await start_process(command, lambda stream, data: _write(file, data), launch=self._launch)
        except BaseException:
            file.close()
            raise
        process.ended.add_done_callback(lambda ended: file.close())
        try:
            await wait_until_ready(self._folder, process.ended)
        except BaseException:
            await process.stop(STOP_S)
            raise
        return process

    def _configure(self) -> Snapshot:
        return configure_node(list_service_ports(self._store), self._network, self._folder)


def configure_node(service_ports: Iterable[ServicePort], network: Network, folder: XdsFolder) -> Snapshot:
    listeners, clusters, assignments = [], [], []
    for port in service_ports:
        if port.cluster_ip == HEADLESS:
            continue
        name = port.name
        endpoints = [network.reach(*endpoint) for endpoint in port.usable]
        clusters.append(build_cluster(name, eds_path=folder.eds_path(name), balancing="RANDOM", http=False))
        assignments.append(build_load_assignment(name, endpoints))
        listeners.append(build_listener(name, network.reach(port.cluster_ip, port.port), http=False))
    return Snapshot(listeners, clusters, assignments)


def _write(file: BinaryIO, data: bytes) -> None:
    try:
        file.write(data)
    except OSError as error:  # a full disk must not stop the proxy
        log.error("cannot write the node proxy's log: %s", error)
