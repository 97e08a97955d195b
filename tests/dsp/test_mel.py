"""Mel scale and filters."""

import numpy as np

from auricle.dsp.mel import hz_to_mel, mel_filterbank, mel_to_hz


def test_scale_has_slaneys_fixed_points():
    # Auditory Toolbox: 1000 Hz is mel 15, each mel below is 66.67 Hz, 27 mels above are a factor of 6.4.
    np.testing.assert_allclose(hz_to_mel(np.array([0.0, 200.0, 1000.0, 6400.0])), [0.0, 3.0, 15.0, 42.0])


def test_scale_inverts():
    hz = np.linspace(0, 20000, 101)
    np.testing.assert_allclose(mel_to_hz(hz_to_mel(hz)), hz, atol=1e-6)


def test_filters_have_unit_area_and_cover_the_band():
    filters = mel_filterbank(16000, 2048, 40)
    assert filters.shape == (40, 1025)
    np.testing.assert_allclose(filters.sum(1) * 16000 / 2048, 1.0, rtol=0.05)
    assert (filters[:, 1:-1].sum(0) > 0).all()
