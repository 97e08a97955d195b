"""What the tests of watching share."""

import pytest

from auricle.watch import recorder


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine drawing takes long: don't leave anything out for that."""
    monkeypatch.setattr(recorder, "_GRACE_SECONDS", 300.0)
