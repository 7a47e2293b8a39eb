"""The fixtures that benchmarks share with the contract suite and the sandbox's tests."""

from tests.contract.conftest import demo as demo
from tests.sandbox.conftest import sandbox as sandbox
