"""The last picture of `demo`, and its document."""

from grpcdemo.model.result import DemoResult, Phase
from grpcdemo.views.demo import demo_view
from grpcdemo.views.document import demo_document

from .conftest import Golden, draw
from .samples import BALANCED, PINNED

RESULT = DemoResult(Phase("Istio off", PINNED), Phase("Istio on", BALANCED), seconds=41.25)


def test_demo(golden: Golden) -> None:
    golden("demo", lambda width: demo_view(RESULT, width), demo_document(RESULT))


def test_the_sandbox_is_no_cluster() -> None:
    drawn = draw(demo_view(RESULT, 80, sandbox=True), 80)
    assert drawn == draw(demo_view(RESULT, 80), 80) + "measured in the sandbox, not on a cluster\n"
