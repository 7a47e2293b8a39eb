"""The last picture of `demo`, and its document."""

from grpcdemo.model.result import DemoResult, Phase
from grpcdemo.views.demo import demo_view
from grpcdemo.views.document import demo_document

from .conftest import Golden
from .samples import BALANCED, PINNED


def test_demo(golden: Golden) -> None:
    result = DemoResult(Phase("Istio off", PINNED), Phase("Istio on", BALANCED), seconds=41.25)
    golden("demo", lambda width: demo_view(result, width), demo_document(result))
