"""Which shipped model is for which sounds."""

import pytest

from auricle.model import default_model, default_model_for


@pytest.mark.parametrize(
    ("rate", "name"), [(8_000, "speech"), (24_000, "speech"), (24_001, "music"), (48_000, "music")]
)
def test_a_sound_has_the_model_that_hears_all_of_it(rate: int, name: str):
    assert default_model(rate) == default_model_for({rate: 3.0}) == name


def test_several_sounds_have_the_model_that_is_for_half_of_their_length():
    assert default_model_for({16_000: 2.0, 22_050: 1.0, 44_100: 3.0}) == "speech"
    assert default_model_for({16_000: 2.0, 44_100: 1.0, 48_000: 1.5}) == "music"
    assert default_model_for({}) == "speech"
