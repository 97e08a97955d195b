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
# # Make and morph
#
# New sounds, sounds between sounds, and sounds moved along a direction.

# %%
from dataclasses import replace
from pathlib import Path

import numpy as np

import auricle

# %% tags=["parameters"]
COUNT = 8
OUT = Path("make_and_morph")

# %% [markdown]
# ## Make
#
# A prior has learned which latents occur. Drawing from it and decoding gives sounds that nobody recorded. The seed
# makes them repeatable.

# %%
OUT.mkdir(exist_ok=True)
kicks = auricle.generate("drums", auricle.GenerationOptions(label="kick", count=COUNT, seed=7))
snares = auricle.generate("drums", auricle.GenerationOptions(label="snare", count=COUNT, seed=7))
rate = kicks.sample_rate
for index, sound in enumerate(kicks.sounds):
    auricle.write(OUT / f"kick-{index}.wav", sound.audio, rate, force=True)
    print(f"{sound.seconds:.2f} s, peak {sound.peak_dbfs:.1f} dBFS")

# %% [markdown]
# ## Between
#
# Both sounds are taken apart into partials and noise, and put together again in between: what is in the middle is one
# sound with one pitch, not two at once. This needs no model, but a pitch tracker: `pip install 'auricle[synth]'`.

# %%
first, second = kicks.sounds[0].audio, snares.sounds[0].audio
between = auricle.morph((first, rate), (second, rate), auricle.MorphOptions(count=5))
for sound in between.sounds:
    print(f"share of the snare {sound.share:.2f}: {sound.seconds:.2f} s, peak {sound.peak_dbfs:.1f} dBFS")

# %% [markdown]
# Compare with a crossfade of samples: in the middle you hear both.

# %%
length = min(first.shape[1], second.shape[1])
crossfade = (first[:, :length] + second[:, :length]) / 2
middle = between.sounds[2].audio
auricle.write(OUT / "crossfade.wav", crossfade.astype(np.float32), rate, force=True)
auricle.write(OUT / "morph.wav", middle, rate, force=True)

# %% [markdown]
# ## By hand
#
# Latents are an array. Reverse them in time, or exaggerate how they differ from their mean: the decoder makes a
# sound of whatever it gets.

# %%
latents = auricle.read_latents((first, rate), "music")
mean = latents.z.mean(1, keepdim=True)
for name, z in (("backwards", latents.z.flip(1)), ("exaggerated", mean + 1.4 * (latents.z - mean))):
    auricle.decode_latents(replace(latents, z=z), OUT / f"{name}.wav", force=True)
print(sorted(path.name for path in OUT.glob("*.wav")))
