"""BD-rate."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auricle.errors import MissingPackageError
from auricle.metrics import bd_rate

pytest.importorskip("scipy")
CURVE = [(3.0, 1.5), (6.0, 2.4), (12.0, 3.3), (24.0, 4.0)]


@settings(deadline=None)
@given(factor=st.floats(0.2, 5.0))
def test_the_same_quality_for_a_share_of_the_bits(factor: float) -> None:
    scaled = [(factor * rate, quality) for rate, quality in CURVE]
    assert bd_rate(CURVE, scaled) == pytest.approx((factor - 1) * 100, abs=1e-6)


def test_straight_lines_have_a_closed_form() -> None:
    first = [(np.exp(quality), quality) for quality in (1.0, 2.0, 3.0)]
    second = [(np.exp(0.5 * quality), quality) for quality in (1.5, 2.0, 4.0)]
    assert bd_rate(first, second) == pytest.approx((np.exp(-0.5 * (1.5 + 3.0) / 2) - 1) * 100)


def test_back_and_forth_cancel() -> None:
    other = [(2.0, 1.2), (5.0, 2.8), (20.0, 4.1)]
    there, back = bd_rate(CURVE, other), bd_rate(other, CURVE)
    assert there is not None and back is not None
    assert (1 + there / 100) * (1 + back / 100) == pytest.approx(1)


def test_order_and_points_that_are_no_better_do_not_count() -> None:
    more = [*CURVE[::-1], (9.0, 2.4), (30.0, 3.9), (12.5, 3.3)]
    assert bd_rate(CURVE, more) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("other", [[], [(3.0, 2.0)], [(3.0, 2.0), (4.0, 2.0)], [(1.0, 4.5), (2.0, 4.9)]])
def test_nothing_in_common(other: list[tuple[float, float]]) -> None:
    assert bd_rate(CURVE, other) is None
    assert bd_rate(other, CURVE) is None


def test_scipy_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.interpolate", None)
    with pytest.raises(MissingPackageError, match="scipy"):
        bd_rate(CURVE, CURVE)
