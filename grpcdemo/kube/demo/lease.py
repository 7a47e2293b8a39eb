"""One demo at a time in a namespace: a Lease, which the demo that runs there holds and renews.

Whether its holder still lives is judged as in client-go's leader election: by whether the Lease changes while we look.
The clocks of two machines need not agree for that, and a demo that was killed blocks nobody for long.
"""

from __future__ import annotations

import asyncio
import getpass
import socket
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone

from grpcdemo.errors import ApiError, Conflict, DemoRunning, Forbidden, GrpcdemoError, NotFound, Rejected
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.namespace import find_namespace
from grpcdemo.model.progress import Reporter, Waiting, Warned
from grpcdemo.resources.labels import MANAGED_BY
from grpcdemo.resources.objects import Object, is_terminating
from grpcdemo.resources.resource import LEASES

NAME = "grpcdemo"


@dataclass(frozen=True)
class LeaseTiming:
    """How often a holder renews its Lease, and how often others look before they take it for abandoned."""

    renew_s: float = 2.0
    look_s: float = 0.5
    looks: int = 16
    """Looks are counted, not seconds: while the API server is down, nobody can renew and nobody looks."""


class Lease:
    """The Lease of a namespace, as one run of `demo` holds it. An async context manager: it is released at the end."""

    def __init__(self, api: Api, namespace: str, timing: LeaseTiming | None = None) -> None:
        self._api = api
        self._namespace = namespace
        self._timing = timing or LeaseTiming()
        self._holder = f"{_user()}@{socket.gethostname()} {uuid.uuid4()}"
        self._held: Object | None = None
        self._loss: GrpcdemoError | None = None
        self._renewal: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Lease:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        if self._renewal:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)
        if self._held and not self._loss:
            with suppress(ApiError):  # it is abandoned soon
                await self._delete(self._held)

    async def exists(self) -> bool:
        """Whether a demo runs here, or ran and was killed."""
        return await self._find() is not None

    async def acquire(self, report: Reporter) -> None:
        """Hold the Lease from now on. Raises DemoRunning if another demo does."""
        try:
            while self._held is None:
                lease = await self.require_free(report)
                with suppress(Conflict):  # somebody was faster
                    self._held = await (self._create() if lease is None else self._write(lease))
        except (Forbidden, NotFound, Rejected) as error:
            report(Warned(f"could not check whether another demo runs here: {error.message}"))
            return
        self._renewal = asyncio.create_task(self._keep_renewing())

    async def require_free(self, report: Reporter) -> Object | None:
        """The Lease that is there, if any: ours or abandoned. Raises DemoRunning if another demo holds it.

        Without the right to read it, there is none.
        """
        lease = await self._find()
        if lease is None or self._is_ours(lease):
            return lease
        holder = _holder_of(lease).split(" ")[0]
        report(Waiting(f"{holder}'s demo here to show whether it still runs"))
        for _ in range(self._timing.looks):
            await asyncio.sleep(self._timing.look_s)
            now = await self._find()
            if now is None:
                return None
            if _version(now) != _version(lease):
                raise DemoRunning(
                    f"{holder} is running a demo in namespace {self._namespace}",
                    hint="wait until it ends, end it with Ctrl-C, or choose another namespace with --namespace",
                )
        return lease

    async def remove_abandoned(self, lease: Object | None) -> None:
        """Delete what `require_free` has returned, unless we hold it."""
        if lease is not None and not self._is_ours(lease):
            await self._delete(lease)

    def check(self) -> None:
        """Raise if the Lease was lost, as far as that is known."""
        if self._loss:
            raise self._loss

    async def confirm(self) -> None:
        """Look now, and raise if the Lease was lost, or goes with its namespace; not if the API server cannot tell."""
        if self._held and not self._loss:
            with suppress(ApiError):
                await self._renew()
                namespace = await find_namespace(self._api, self._namespace)
                if namespace is None or is_terminating(namespace):
                    self._loss = self._deleted()
        self.check()

    async def _keep_renewing(self) -> None:
        while not self._loss:
            await asyncio.sleep(self._timing.renew_s)
            with suppress(ApiError):  # the next renewal may come through
                await self._renew()

    async def _renew(self) -> None:
        assert self._held is not None, "only a held Lease is renewed"
        try:
            self._held = await self._write(self._held)
        except (Conflict, NotFound):
            await self._look_who_holds_it()

    async def _look_who_holds_it(self) -> None:
        """Go on if it is us: the answer to an earlier renewal was lost."""
        lease = await self._api.find(LEASES, NAME, namespace=self._namespace)
        if lease is not None and self._is_ours(lease):
            self._held = lease
        elif lease is not None:
            holder = _holder_of(lease).split(" ")[0]
            self._loss = DemoRunning(
                f"{holder} has started another demo in namespace {self._namespace}, because this one did not respond",
                hint="wait until it ends, or choose another namespace with --namespace",
            )
        else:
            self._loss = self._deleted()

    def _deleted(self) -> GrpcdemoError:
        return GrpcdemoError(
            f"somebody has deleted the demo in namespace {self._namespace} while it ran",
            hint="run it again, or in a namespace of its own with --namespace",
        )

    async def _find(self) -> Object | None:
        try:
            return await self._api.find(LEASES, NAME, namespace=self._namespace)
        except Forbidden:
            return None

    async def _create(self) -> Object:
        metadata = {"name": NAME, "namespace": self._namespace, "labels": {MANAGED_BY: "grpcdemo"}}
        spec = {**self._spec(), "acquireTime": _now()}
        body = {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": metadata, "spec": spec}
        return await self._api.create(LEASES, body, namespace=self._namespace)

    async def _write(self, lease: Object) -> Object:
        """Raises Conflict if *lease* has changed meanwhile."""
        body = {"metadata": {"resourceVersion": _version(lease)}, "spec": self._spec()}
        return await self._api.patch(LEASES, NAME, body, namespace=self._namespace)

    async def _delete(self, lease: Object) -> None:
        with suppress(NotFound, Conflict):
            await self._api.delete(LEASES, NAME, uid=lease["metadata"]["uid"], namespace=self._namespace)

    def _spec(self) -> Object:
        seconds = max(1, round(self._timing.looks * self._timing.look_s))
        return {"holderIdentity": self._holder, "leaseDurationSeconds": seconds, "renewTime": _now()}

    def _is_ours(self, lease: Object) -> bool:
        return _holder_of(lease) == self._holder


def _holder_of(lease: Object) -> str:
    return (lease.get("spec") or {}).get("holderIdentity") or "somebody"


def _version(lease: Object) -> str:
    return str(lease["metadata"]["resourceVersion"])


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="microseconds")


def _user() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # a container's user may have no name
        return "somebody"
