"""Completion in a new process, as a shell starts it: what it has to import takes longer than the API may."""

import pytest

from tests.contract.tools import Running
from tests.sandbox.user import PROGRAM, SandboxUser

pytestmark = pytest.mark.sandbox


def test_a_new_process_offers_names_in_time(sandbox: SandboxUser) -> None:
    sandbox.run("sandbox", "start")
    asked = {"_GRPCDEMO_COMPLETE": "complete_bash", "COMP_WORDS": "grpcdemo status -n d", "COMP_CWORD": "3"}
    offered = ""
    while not offered:  # a machine that is too busy offers nothing, once
        offered = Running(PROGRAM, {**sandbox.environment, **asked}).result().check(0).out.strip()
    assert offered == "default"
