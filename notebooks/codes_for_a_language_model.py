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
# # Codes for a language model
#
# A language model wants a sequence of bounded integers. The shipped models have 126 and more unbounded ones in a
# frame, most of them zero: fine for an entropy coder, wrong for a softmax. So this notebook trains a small model with
# a *finite scalar quantiser* (FSQ): six features with five levels each are one token of 15,625 a frame, and no
# codebook can collapse because there is none.

# %%
import time
from math import log, log2, prod
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import auricle
from auricle.losses import LogMelConfig
from auricle.model import AutoencoderConfig, ModelInfo, StageConfig
from auricle.model.blocks import ConvBlockConfig
from auricle.model.bottleneck import FsqConfig
from auricle.model.front_end import MdctConfig

# %% tags=["parameters"]
SOUND = Path(auricle.__file__).parent / "demo" / "sounds" / "speech_1.flac"
SECONDS_OF_TRAINING = 180.0
OUT = Path("codes_for_a_language_model")

# %%
OUT.mkdir(exist_ok=True)
torch.manual_seed(0)
LEVELS = (5, 5, 5, 5, 5, 5)
config = AutoencoderConfig(
    sample_rate=16000,
    transform=MdctConfig(hop_length=320),  # 50 frames a second
    encoder=(StageConfig(dim=96, blocks=(ConvBlockConfig(), ConvBlockConfig())),),
    bottleneck=FsqConfig(levels=LEVELS),
    decoder=(StageConfig(dim=96, blocks=(ConvBlockConfig(), ConvBlockConfig())),),
)
model = auricle.Autoencoder(config, ModelInfo(name="tokens"))
samples, rate = auricle.read(SOUND)
sound = torch.from_numpy(auricle.resample(samples[:1], rate, model.sample_rate))
model.fit_scale(sound)
parameters = sum(weights.numel() for weights in model.parameters())
print(f"{parameters:,} parameters; 50 frames a second of {prod(LEVELS):,} tokens: {50 * log2(prod(LEVELS)):.0f} bit/s")

# %% [markdown]
# ## Train
#
# The loop is a loop. In training the bottleneck rounds, and gradients pass by the rounding.

# %%
mel = LogMelConfig().build(model.sample_rate)
optimiser = torch.optim.AdamW(model.parameters(), 2e-3)
length, began, step = 16000, time.perf_counter(), 0
model.train()
while step < 2 or time.perf_counter() - began < SECONDS_OF_TRAINING:
    starts = torch.randint(0, sound.shape[1] - length, (8,))
    x = torch.stack([sound[0, start : start + length] for start in starts])
    bottled = model.bottleneck(model.encode(x), torch.zeros(len(x)))
    loss = mel(model.decode_bottled(bottled.z, length), x).mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    step += 1
model.eval().requires_grad_(False)
print(f"{step} steps, log-mel distance {loss.item():.3f}")

# %% [markdown]
# ## Tokens
#
# The digits of a frame are one number in base 5, and back. The sound of the tokens is all that a language model
# could ever say.

# %%
radix = torch.tensor([prod(LEVELS[:place]) for place in range(len(LEVELS))])


def tokens_of(codes: Tensor) -> Tensor:
    """`(n, k)` digits to `(n,)` tokens."""
    return (codes.long() * radix).sum(1)


def codes_of(tokens: Tensor) -> Tensor:
    """`(n,)` tokens to `(n, k)` digits."""
    return torch.stack([tokens // radix[place] % LEVELS[place] for place in range(len(LEVELS))], 1).int()


codes = model.codes(sound, quality=0)[0]
tokens = tokens_of(codes)
assert torch.equal(codes_of(tokens), codes)
print(tokens[:12].tolist(), f"{len(tokens.unique())} different tokens in {len(tokens)} frames")
auricle.write(
    OUT / "tokens.wav", model.from_codes(codes_of(tokens), sound.shape[1], quality=0).numpy(), 16000, force=True
)

# %% [markdown]
# ## A very small language model
#
# A GRU that predicts each digit of the next frame. It is here to show shapes; yours is a transformer, and it wants
# hours of sound: `auricle.LatentDataset(folder, model, form="codes", frames=256)` feeds it in batches with workers.


# %%
class NextFrame(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embeddings = nn.ModuleList(nn.Embedding(size, 32) for size in LEVELS)
        self.memory = nn.GRU(32, 128, batch_first=True)
        self.heads = nn.ModuleList(nn.Linear(128, size) for size in LEVELS)

    def forward(self, codes: Tensor, state: Tensor | None = None) -> tuple[list[Tensor], Tensor]:
        embedded = sum(layer(codes[..., place]) for place, layer in enumerate(self.embeddings))
        features, state = self.memory(embedded, state)
        return [head(features) for head in self.heads], state


language, sequence = NextFrame(), codes[None].long()
optimiser, began, step = torch.optim.Adam(language.parameters(), 3e-3), time.perf_counter(), 0
while step < 2 or time.perf_counter() - began < SECONDS_OF_TRAINING / 4:
    logits, _ = language(sequence[:, :-1])
    loss = sum(F.cross_entropy(row[0], sequence[0, 1:, place]) for place, row in enumerate(logits))
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    step += 1
print(f"{loss.item() / log(2):.2f} bits a frame; a uniform guess needs {log2(prod(LEVELS)):.2f}")

# %%
frame, state, made = sequence[:, :1], None, []
with torch.no_grad():
    for _ in range(100):  # two seconds
        logits, state = language(frame, state)
        frame = torch.stack([row[0, -1].softmax(0).multinomial(1) for row in logits], 1)[None]
        made.append(frame[0, 0])
babble = model.from_codes(torch.stack(made).reshape(-1, len(LEVELS)).int(), 32000 - model.lag, quality=0)
auricle.write(OUT / "babble.wav", babble.numpy(), 16000, force=True)
print("two seconds of babble, learned by heart from a few seconds of one voice")
