"""Does the API server answer, does its clock agree with this machine's, and may this process open enough files?"""

from __future__ import annotations

import asyncio
import resource

from grpcdemo.kube.client.api import Api
from grpcdemo.model.check import Check, State, failed
from grpcdemo.steps.clock import describe_clocks
from grpcdemo.steps.up import UpConfig

FILES = 256
"""Enough to follow the logs of two hundred clients, each over a connection of its own."""


async def check_target(api: Api) -> Check:
    clock = asyncio.get_running_loop().time
    began = clock()
    version = await api.git_version()
    answered_ms = (clock() - began) * 1000
    return Check("target", State.OK, f"{api.target}: Kubernetes {version} answers in {answered_ms:.0f} ms")


async def check_clock(api: Api, _: UpConfig) -> Check:
    ahead_s = api.clock_ahead_s
    if ahead_s is None:
        return Check("clock", State.UNKNOWN, "the API server's time is not known")
    if difference := describe_clocks(ahead_s):
        return Check("clock", State.WARNING, f"{difference}; times in the demo are by the cluster's clock")
    return Check("clock", State.OK, "this machine's clock agrees with the cluster's")


def check_files(soft: int | None = None) -> Check:
    """Whether the limit *soft* of open files, by default this process's, is enough."""
    if soft is None:
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return Check("files", State.OK, "the number of open files is not limited")
    if soft >= FILES:
        return Check("files", State.OK, f"the limit of open files is {soft}")
    return failed("files", f"the limit of open files is only {soft}", f"raise the limit: `ulimit -n {FILES}`")
