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
# # Features and few labels
#
# An encoder that has learned to rebuild sound has learned what sounds are made of. With its features a linear
# classifier needs few examples. This notebook makes three kinds of drum with the shipped prior, so that it needs no
# data; put your own folder with a folder for each class in their place.

# %%
from pathlib import Path

import auricle

# %% tags=["parameters"]
CLASSES = ("kick", "snare", "hat_closed")
EXAMPLES, OTHERS = 5, 20
OUT = Path("features_and_few_labels")

# %%
OUT.mkdir(exist_ok=True)
for folder, count, seed in (("few", EXAMPLES, 1), ("others", OTHERS, 2)):
    for label in CLASSES:
        options = auricle.GenerationOptions(label=label, count=count, seed=seed)
        auricle.generate("drums", options, out=OUT / folder / label, force=True)

# %% [markdown]
# ## Features
#
# One row for each sound: statistics of the envelopes of its latents over time. They are plain numbers for any tool.

# %%
table = auricle.features(OUT / "few", "music", options=auricle.FeatureOptions(no_cache=True))
print(table.values.shape, table.names[:3])

# %% [markdown]
# ## A classifier from five examples of each

# %%
options = auricle.ClassifierOptions(probe="ridge", no_cache=True)
classifier = auricle.Classifier.fit(OUT / "few", "music", options=options)
predictions = classifier.predict(OUT / "others", caching=auricle.CacheOptions(no_cache=True))
right = [sound.name.startswith(sound.guesses[0].label) for sound in predictions.sounds]
print(f"{sum(right)} of {len(right)} right, from {EXAMPLES} examples of each class")

# %% [markdown]
# Generated drums are easier than real ones: they come from one model. The figures for real sound are in the
# documents, with the cases where simpler features win: always look at `auricle classify evaluate`, which puts MFCC
# and log-mel beside the latents.
#
# ## What to label next

# %%
suggestions = auricle.suggest(OUT / "others", model="music", options=auricle.SuggestionOptions(no_cache=True))
print([sound.name for sound in suggestions.sounds[:5]])
