"""Facts that Kubernetes only puts into messages: the only place that parses their text.

No field of a `Status`, a condition or an event tells who refused an object, or why no node fits. These words have
been the same since Kubernetes 1.18. Their sources in kubernetes/kubernetes:

    exceeded quota, failed quota         .../admission/plugin/resourcequota/controller.go
    usage per, limit to request ratio    .../plugin/pkg/admission/limitranger/admission.go
    violates PodSecurity                 .../pod-security-admission/admission/admission.go
    PodSecurityPolicy: unable to admit   .../plugin/pkg/admission/security/podsecuritypolicy, until 1.24
    security context constraint          OpenShift's admission plugin
    admission webhook … denied           .../admission/plugin/webhook/errors/statuserror.go
    failed calling webhook               .../util/webhook/error.go
    ValidatingAdmissionPolicy … denied   .../admission/plugin/policy/validating/dispatcher.go
    policy … denied                      .../admission/plugin/policy/generic/policy_dispatcher.go
    serviceaccount "default" not found   .../admission/serviceaccount/admission.go
    User … cannot                        .../endpoints/handlers/responsewriters/errors.go
    node(s) had, Insufficient            .../pkg/scheduler/framework/plugins, a reason after a count of nodes
    Back-off pulling image               .../pkg/kubelet/images/image_manager.go, without a cause before 1.31
    pull QPS exceeded                    .../pkg/kubelet/images/puller.go
    is reserved for                      a container runtime that is still busy with an earlier attempt
    is waiting to start                  .../pkg/kubelet/kubelet_pods.go
    pods "…" not found                   .../apimachinery/pkg/api/errors/errors.go
    Get "…": dial tcp                    an error of Go's net/http client, which talks to the kubelet
    resource instances, some groups      .../pkg/controller/namespace/deletion/status_condition_utils.go
    unexpected items still remain        .../pkg/controller/namespace/deletion/namespaced_resources_deleter.go
    preemption:                          .../pkg/scheduler/framework/preemption, about pods that it would not evict

What passes by itself is mostly in the words of Go's net/http, of a registry, or of etcd.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from enum import Enum, auto

SHORT = 200
"""Characters of a message that is a part of a line."""
BODY_LIMIT = 4096
"""Bytes of an HTML page, in which its title is."""


class Refuser(Enum):
    """Who refused an object."""

    QUOTA = auto()
    """A ResourceQuota is used up."""
    STRICT_QUOTA = auto()
    """A ResourceQuota wants requests or limits that a container does not have."""
    LIMIT_RANGE = auto()
    SECURITY_CONTEXT = auto()
    """OpenShift's SecurityContextConstraints, or a PodSecurityPolicy: none admits the pod."""
    POD_SECURITY = auto()
    WEBHOOK = auto()
    """A webhook answered, and said no."""
    NO_DRY_RUN = auto()
    """A webhook with side effects is not asked in a dry run."""
    UNREACHABLE_WEBHOOK = auto()
    """The API server could not call a webhook that it must ask."""
    POLICY = auto()
    """A ValidatingAdmissionPolicy or a MutatingAdmissionPolicy."""
    NEW_NAMESPACE = auto()
    """The namespace's controllers are not ready for pods; they will be in a moment."""


class NodeProblem(Enum):
    """Why the scheduler finds no node."""

    NOT_READY = auto()
    CORDONED = auto()
    FULL = auto()
    TAINTED = auto()
    UNMATCHED = auto()
    """No label of a node matches the pod's node selector or affinity."""


_REFUSALS = {
    Refuser.QUOTA: r"exceeded quota: ([^,\s]+)",
    Refuser.STRICT_QUOTA: r"failed quota: ([^:\s]+)",
    Refuser.LIMIT_RANGE: r"m(?:in|ax)imum (\S+) usage per|(\S+) max limit to request ratio per",
    Refuser.SECURITY_CONTEXT: r"any (security context constraint)|(PodSecurityPolicy): unable to",
    Refuser.POD_SECURITY: r'violates PodSecurity "([^"]+)"',
    Refuser.WEBHOOK: r'admission webhook "([^"]+)" denied the request',
    Refuser.NO_DRY_RUN: r'admission webhook "([^"]+)" does not support dry run',
    Refuser.UNREACHABLE_WEBHOOK: r'failed calling webhook "([^"]+)"',
    Refuser.POLICY: r"(?:ValidatingAdmissionP|\bp)olicy ['\"]([^'\"]+)['\"] .*denied request",
    Refuser.NEW_NAMESPACE: r'serviceaccount "(default)" not found|status unknown for quota: ([^,\s]+)',
}
_NO_PERMISSION = re.compile(r'User ".*" cannot \S+ (resource|path) ')
_NODE_PROBLEMS = {
    NodeProblem.NOT_READY: r"node\.kubernetes\.io/(not-ready|unreachable)",
    NodeProblem.CORDONED: r"node\(s\) were unschedulable",
    NodeProblem.FULL: r"Insufficient \S+|Too many pods",
    NodeProblem.TAINTED: r"node\(s\) had (untolerated )?taint",
    NodeProblem.UNMATCHED: r"node\(s\) didn't match (Pod's node affinity|node selector)",
}
"""The first that a message has counts: a taint usually keeps a node apart on purpose, a full node says more."""
_WAITING_TO_START = re.compile(
    r'container "[^"]*" in pod "[^"]*" is (waiting to start|not available)|does not have a host assigned'
)
_REMAINING = re.compile(r"Some resources are remaining: (.*)")
_RESOURCE_COUNT = re.compile(r"(\S+?)\.? has (\d+) resource instances?")
_FINALIZERS = re.compile(r"Some (?:content in the namespace has finalizers remaining|finalizers are remaining): (.*)")
_FINALIZER_COUNT = re.compile(r"(\S+) in (\d+) resource instances?")
_UNDISCOVERED = re.compile(r"unable to retrieve the complete list of server APIs: (.*)", re.DOTALL)
_API = re.compile(r"(?:^|, )([a-z0-9.-]+/v\w+): ")
_UNDELETED = re.compile(r"Failed to delete all resource types, \d+ remaining: (.*)", re.DOTALL)
_STILL_THERE = re.compile(r"unexpected items still remain in namespace: \S+ for gvr: \S*, Resource=[^\s,]+(?:, )?")
_PREEMPTION = re.compile(r"[.,]? (?:no new claims to deallocate, )?preemption: .*", re.DOTALL)
_REQUEST_LINE = re.compile(r'\b(Get|Post) "[^"]*": ')
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_HTML = re.compile(r"\s*<(!doctype|html|head|body)\b", re.IGNORECASE)
_TRANSIENT = re.compile(
    r"pull QPS exceeded|is reserved for|toomanyrequests|\b(429|500|502|503|504) [A-Z]"
    r"|i/o timeout|handshake timeout|deadline exceeded|connection reset by peer|Client\.Timeout"
    r"|server misbehaving|Temporary failure in name resolution"
    r"|etcdserver:|request did not complete|currently unable to handle the request"
    r'|^Back-off pulling image "[^"]*"$'
)
_FINAL_REFUSAL = re.compile(r"\b(forbidden|is invalid): |denied")
_NOT_EXECUTABLE = re.compile(
    r"executable file not found|no such file or directory|permission denied|not permitted|exec format error"
    r"|(is a|not a) directory"
)


@dataclass(frozen=True)
class Refusal:
    """A refused object: who refused it, and the name of the quota, level, webhook, policy or resource."""

    by: Refuser
    name: str


def read_refusal(message: str) -> Refusal | None:
    """Who refused the object, if *message* tells: the first one named, because a webhook may quote others."""
    matches = [(match, by) for by, words in _REFUSALS.items() if (match := re.search(words, message))]
    if not matches:
        return None
    match, by = min(matches, key=lambda pair: pair[0].start())
    return Refusal(by, match[match.lastindex or 0])


def is_missing_permission(message: str) -> bool:
    """Whether a 403 comes from authorization; without these words an admission plugin refused."""
    return bool(_NO_PERMISSION.search(message))


def read_remaining(message: str) -> dict[str, int]:
    """How many objects of which resources a terminating namespace holds, if *message* tells: `{"pods": 4}`."""
    return _read_counts(_REMAINING, _RESOURCE_COUNT, message)


def read_finalizers(message: str) -> dict[str, int]:
    """Which finalizers how many objects in a terminating namespace have, if *message* tells."""
    return _read_counts(_FINALIZERS, _FINALIZER_COUNT, message)


def _read_counts(whole: re.Pattern[str], one: re.Pattern[str], message: str) -> dict[str, int]:
    """The counts, or nothing if a part of *message* has other words."""
    listed = whole.fullmatch(message)
    parts = [one.fullmatch(part) for part in listed[1].split(", ")] if listed else []
    counts = {part[1]: int(part[2]) for part in parts if part}
    return counts if len(counts) == len(parts) else {}


def read_silent_apis(message: str) -> list[str]:
    """The APIs that do not answer, so that it is unknown what a namespace holds of them: `metrics.k8s.io/v1beta1`."""
    apis = _UNDISCOVERED.search(message)
    return _API.findall(apis[1]) if apis else []


def read_undeleted(message: str) -> str:
    """Why the content of a namespace cannot be deleted; empty if some of it is just still there."""
    errors = _UNDELETED.fullmatch(message)
    return _STILL_THERE.sub("", errors[1]) if errors else message


def without_preemption(message: str) -> str:
    """The scheduler's *message* without its last part: why evicting other pods would not help either."""
    return _PREEMPTION.sub("", message)


def read_node_problem(message: str) -> NodeProblem | None:
    """Why the scheduler finds no node, if its *message* tells."""
    return next((problem for problem, words in _NODE_PROBLEMS.items() if re.search(words, message)), None)


def is_transient(message: str) -> bool:
    """Whether the same attempt may succeed a little later: a timeout, a busy server; also if the cause is not told."""
    return bool(_TRANSIENT.search(message))


def is_final_refusal(message: str) -> bool:
    """Whether the API server refuses an object for what it is; any other failure to create it may pass."""
    return bool(_FINAL_REFUSAL.search(message))


def is_not_executable(message: str) -> bool:
    """Whether a container runtime cannot run the command of a container; most other failures of it may pass."""
    return bool(_NOT_EXECUTABLE.search(message))


def is_not_started(message: str) -> bool:
    """Whether a container has no log because it has not started yet."""
    return bool(_WAITING_TO_START.search(message))


def is_missing_pod(message: str, pod: str) -> bool:
    """Whether the API server says that there is no such pod; a 404 of anything in between does not."""
    return f'pods "{pod}" not found' in message


def read_text(data: bytes) -> str:
    """What a body that is no `Status` says, in one short line: the title of an HTML page, or the text."""
    text = data[:BODY_LIMIT].decode(errors="replace")
    if _HTML.match(text):
        title = _TITLE.search(text)
        text = html.unescape(title[1] if title else _TAG.sub(" ", text))
    return shorten(text)


def shorten(message: str) -> str:
    """*message* as one short line, without the URLs of requests that the API server made to a kubelet."""
    line = " ".join(_REQUEST_LINE.sub("", message).split())
    return line if len(line) <= SHORT else f"{line[: SHORT - 1]}…"
