# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # First steps
#
# Sound in, latents, sound out. Ten minutes, no graphics card. `pip install auricle matplotlib` is all it needs.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import auricle

# %% tags=["parameters"]
SOUND = Path(auricle.__file__).parent / "demo" / "sounds" / "speech_1.flac"
SECONDS = 5.0
OUT = Path("first_steps")

# %% [markdown]
# `auricle.read` gives float32 samples `(channels, samples)` and the rate, whatever the file is.

# %%
OUT.mkdir(exist_ok=True)
audio, rate = auricle.read(SOUND)
audio = audio[:1, : int(SECONDS * rate)]
auricle.write(OUT / "talk.wav", audio, rate, force=True)
print(audio.shape, rate)

# %% [markdown]
# ## The three numbers of a codec
#
# How many bits, how far from the original, how long it took. `quality` is the dial; `kbps` asks for a bitrate
# instead.

# %%
for quality in (0, 2, 4, 8):
    auricle.compress(OUT / "talk.wav", OUT / f"talk-{quality}.aur", model="speech", quality=quality, force=True)
    auricle.decompress(OUT / f"talk-{quality}.aur", OUT / f"talk-{quality}.wav", force=True)
    decoded, _ = auricle.read(OUT / f"talk-{quality}.wav")
    error = np.sqrt(np.square(decoded - audio).mean() / np.square(audio).mean())
    kbps = auricle.info(OUT / f"talk-{quality}.aur").kbps
    print(f"quality {quality}: {kbps:5.2f} kb/s, error {error:.2f} of the signal")

# %% [markdown]
# Listen to `first_steps/talk-0.wav` and `talk-8.wav`. The error at low qualities is large, and still you understand
# nearly every word: the network puts noise where noise was, and the samples of noise are never the same twice. A
# distance of samples is a poor judge of sound.
#
# ## Latents
#
# Between encoder and decoder stands a sequence of frames `(b, n, d)`, about 50 a second. This is what gets rounded
# into files, what a prior learns to make, and what a classifier looks at.

# %%
model = auricle.load("speech")
resampled = auricle.resample(audio, rate, model.sample_rate)  # a model hears one rate; `compress` does this by itself
z = model.encode(resampled[0], sample_rate=model.sample_rate)
codes = model.codes(resampled[0], quality=2)
print(z.shape, codes.shape, codes.dtype, f"{model.sample_rate / model.hop_length:.0f} frames a second")

# %%
figure, axes = plt.subplots(2, 1, figsize=(9, 5), sharex=True, layout="constrained")
axes[0].imshow(z[0].T, aspect="auto", origin="lower", cmap="RdBu", vmin=-3, vmax=3)
axes[0].set(title="latents", ylabel="dimension")
axes[1].imshow(np.abs(codes[0].T), aspect="auto", origin="lower", cmap="magma", vmax=6)
axes[1].set(title="magnitudes of codes at quality 2: most are zero, and cost next to nothing", xlabel="frame")
figure.savefig(OUT / "latents.png")

# %% [markdown]
# `decode` of `encode` is the sound as the model rebuilds it; `from_codes` of `codes` is what a file gives.

# %%
length = resampled.shape[1]
at_best, as_file = model.decode(z, length), model.from_codes(codes, length, quality=2)
print(at_best.shape, as_file.shape)

# %% [markdown]
# ## Change one thing
#
# Turn the latents around in time and decode. Words become something else; the voice stays.

# %%
backwards = model.decode(np.ascontiguousarray(z[:, ::-1]), length)
auricle.write(OUT / "backwards.wav", backwards, model.sample_rate, force=True)

# %% [markdown]
# Next: the small recurrent autoencoder, or train on your own sound.
