"""A case of a test that takes seconds, where the test's other cases are quick."""

from functools import partial

import pytest

exhaustive = partial(pytest.param, marks=pytest.mark.exhaustive)
