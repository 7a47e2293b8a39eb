"""What a new pod meets. A policy or a webhook acts only some moments after it was made."""

from __future__ import annotations

import json
import subprocess
import time

from tests.contract.tools import LIMIT_S, find_program

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "trial"}}
SPEC = {"containers": [{"name": "trial", "image": "localhost/trial"}]}


def wait_for_admission(namespace: str, words: str) -> None:
    """Wait until a pod that is tried in *namespace* is answered with *words*, as an error or in the pod."""
    command = [find_program("kubectl"), "--namespace", namespace, "create", "--dry-run=server", "-o", "json", "-f", "-"]
    stdin, deadline, answer = json.dumps({**POD, "spec": SPEC}), time.monotonic() + LIMIT_S, ""
    while words not in answer:
        assert time.monotonic() < deadline, f"a new pod is not answered with {words!r}, but: {answer}"
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        answer = done.stdout + done.stderr
