"""Why a user's own gRPC Service is pinned, by what its objects and the counters of its clients say.

It only reads, unless it is to add probes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from grpcdemo.diagnosis.callers import Callers
from grpcdemo.diagnosis.examination import Diagnosis, add_traffic, among_others, examine_clients
from grpcdemo.diagnosis.inventory import Unreadable
from grpcdemo.diagnosis.scene import Scene
from grpcdemo.diagnosis.speaking import is_of_control_plane, speaks_grpc
from grpcdemo.errors import Forbidden, Hint
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.survey.survey import survey_cluster, survey_namespace, survey_service
from grpcdemo.model.progress import Reporter, unreported
from grpcdemo.resources.resource import SERVICES
from grpcdemo.steps.measure import EVERY_S, measure
from grpcdemo.steps.probes import START_S, Agree, plan_probes, start_probes
from grpcdemo.steps.sources.source import SourceConfig
from grpcdemo.steps.subject import Subject, find_subject


@dataclass(frozen=True)
class ProbeConfig:
    """To count with probes in the server pods."""

    agree: Agree
    image_prefix: str | None = None
    """As `up` has it."""
    start_s: float = START_S


@dataclass(frozen=True)
class DiagnoseConfig:
    """What to look at, and how long."""

    subject: Subject
    traffic_s: float | None = None
    """How long to measure the traffic at most; None for not at all."""
    source: SourceConfig = field(default_factory=SourceConfig)
    every_s: float = EVERY_S
    """Between two polls."""
    probe: ProbeConfig | None = None
    """None to add nothing to the server pods."""


async def diagnose(api: Api, config: DiagnoseConfig, report: Reporter = unreported) -> Diagnosis:
    """Raises UsageError, NotFound, NotEnoughResponses if the client has no pod to look at, or why it cannot probe."""
    service, port, client = await find_subject(api, config.subject)
    survey, clients = await survey_service(api, service, port, client)
    scene = Scene(service, port, survey.inventory, unseen=survey.unseen)
    diagnosis = examine_clients(scene, clients, named=client is not None)
    if config.traffic_s is None:
        return diagnosis
    source = config.source
    if config.probe:
        plan = await plan_probes(api, scene, config.traffic_s, config.probe.image_prefix, config.probe.start_s)
        await config.probe.agree(plan)
        await start_probes(api, plan, report)
        source = replace(source, probes=plan.containers)
    traffic = await measure(api, scene, clients, config.traffic_s, source, every_s=config.every_s, report=report)
    return add_traffic(diagnosis, traffic)


async def diagnose_all(api: Api, namespace: str | None, *, everywhere: bool = False) -> list[Diagnosis]:
    """Each port that speaks gRPC of every Service in the namespace, or everywhere. Raises Forbidden.

    Everywhere, the control planes of meshes are left out: who calls them are proxies, and in streams that do not end.
    """
    here = namespace or api.target.own_namespace
    survey = await (survey_cluster(api) if everywhere else survey_namespace(api, here))
    inventory = survey.inventory
    try:
        services = inventory.read(SERVICES, *([] if everywhere else [here]))
    except Unreadable as error:
        raise Forbidden(
            f"this user may not {error.right}",
            hint=Hint("name a namespace with --namespace, or check with ", error.right.can_i),
        ) from error
    callers = Callers(inventory)
    diagnoses = [
        examine_clients(Scene(service, port, inventory, unseen=survey.unseen), callers.of(service, port), named=False)
        for service in services
        if not (everywhere and is_of_control_plane(service))
        for port in service["spec"].get("ports") or []
        if speaks_grpc(service, port, inventory)
    ]
    return [*map(among_others, diagnoses)] if len(diagnoses) > 1 else diagnoses
