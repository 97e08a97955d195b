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
# # The small recurrent autoencoder, step by step
#
# Search for "audio autoencoder LSTM" and you find the same forty lines: a convolution with 64 filters of 3, an LSTM
# of 64, a dense layer with a sigmoid, squared error, Adam. They run, the loss falls, and what comes out is a hum.
# This notebook builds them, looks at why, and mends one thing at a time. At the end convolution, recurrence and an
# adversary get the same minutes on the same sound.

# %%
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import auricle
from auricle.audio import resample

# %% tags=["parameters"]
SOUND = Path(auricle.__file__).parent / "demo" / "sounds" / "speech_1.flac"
SECONDS_OF_TRAINING = 120.0
OUT = Path("small_recurrent_autoencoder")

# %%
OUT.mkdir(exist_ok=True)
torch.manual_seed(0)
RATE = 16000
samples, rate = auricle.read(SOUND)
sound = torch.from_numpy(resample(samples[:1], rate, RATE)[0])
sound = sound / sound.abs().max()
held_out, learned = sound[: 2 * RATE], sound[2 * RATE :]
# A few minutes of one voice or instrument of your own are better than these seconds: set SOUND above.
print(f"{len(learned) / RATE:.1f} s to learn from, {len(held_out) / RATE:.1f} s held out")


def crops(count: int, length: int) -> Tensor:
    """Random pieces of the training sound, `(b, t)`."""
    starts = torch.randint(0, len(learned) - length, (count,))
    return torch.stack([learned[start : start + length] for start in starts])


# %% [markdown]
# ## 1. As the tutorials have it


# %%
class Tutorial(nn.Module):
    """Waveform `(b, t)` in 0 to 1, one vector of 64, waveform again."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(1, 64, 3, padding=1)
        self.encoder = nn.LSTM(64, 64, batch_first=True)
        self.decoder = nn.LSTM(64, 64, batch_first=True)
        self.dense = nn.Linear(64, 1)

    def encode(self, x: Tensor) -> Tensor:
        features = F.relu(self.convolution(x[:, None])).transpose(1, 2)
        return self.encoder(features)[0][:, -1]  # the last state only

    def forward(self, x: Tensor) -> Tensor:
        vector = self.encode(x)
        repeated = vector[:, None].expand(-1, x.shape[1], -1)
        return torch.sigmoid(self.dense(self.decoder(repeated)[0]))[..., 0]


def train(model: nn.Module, loss, batch, seconds: float) -> list[tuple[float, float]]:
    """Seconds and loss of each step of Adam."""
    optimiser, curve, began = torch.optim.Adam(model.parameters(), 1e-3), [], time.perf_counter()
    while not curve or time.perf_counter() - began < seconds:
        value = loss(model, batch())
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        curve.append((time.perf_counter() - began, value.item()))
    return curve


LENGTH = 256  # an LSTM over single samples is slow: 16 ms take 256 steps, one after the other
tutorial = Tutorial()
curve = train(
    tutorial,
    lambda model, x: F.mse_loss(model((x + 1) / 2), (x + 1) / 2),
    lambda: crops(16, LENGTH),
    SECONDS_OF_TRAINING / 8,
)
print(f"{len(curve)} steps, squared error {curve[0][1]:.4f} to {curve[-1][1]:.4f}")

# %% [markdown]
# The loss fell. Now look at what it means.

# %%
with torch.no_grad():
    x = held_out[: 16 * LENGTH].reshape(16, LENGTH)
    vectors, y = tutorial.encode((x + 1) / 2), 2 * tutorial((x + 1) / 2) - 1
silence = x.square().mean()
print(f"one vector of {vectors.shape[1]} for {LENGTH} samples: {RATE / LENGTH * 64:.0f} floats for {RATE} samples")
print(f"error {F.mse_loss(y, x):.5f}; always answering silence: {silence:.5f}")
print(f"range of the original {x.min():+.2f} to {x.max():+.2f}, of the answer {y.min():+.2f} to {y.max():+.2f}")

# %% [markdown]
# Three faults, each with a cure:
#
# 1. **One frame.** The last state of an LSTM is one vector, however long the sound. It is a fine classifier's
#    input, but it can't say what comes when. Cure: keep the whole sequence, a vector for every hop.
# 2. **Single samples.** 16,000 steps a second leave the LSTM a memory of milliseconds, and training crawls. Cure:
#    patches. A hop of 64 samples is one step, and the network runs at 250 steps a second.
# 3. **A squashed sound.** A sigmoid ends at 0 and 1, where its slope vanishes; audio lives around the middle and
#    swings both ways. The safest answer for squared error is near the middle, that is, silence. Cure: a linear
#    output, signed audio.


# %%
class Mended(nn.Module):
    """`(b, t)` to `(b, t)`, with a vector of 64 for each patch of 64 samples."""

    def __init__(self, hop: int = 64, recurrent: bool = True) -> None:
        super().__init__()
        self.hop = hop
        self.convolution = nn.Conv1d(hop, 64, 3, padding=1)
        self.encoder, self.decoder = (
            (nn.LSTM(64, 64, batch_first=True), nn.LSTM(64, 64, batch_first=True))
            if recurrent
            else (_blocks(), _blocks())
        )
        self.dense = nn.Linear(64, hop)

    def forward(self, x: Tensor) -> Tensor:
        patches = x.reshape(len(x), -1, self.hop)
        features = F.relu(self.convolution(patches.transpose(1, 2))).transpose(1, 2)
        z = _sequence(self.encoder(features))
        return self.dense(_sequence(self.decoder(z))).flatten(1)


def _sequence(output: Tensor | tuple) -> Tensor:
    return output if isinstance(output, Tensor) else output[0]


class _Block(nn.Module):
    """A residual convolution over frames."""

    def __init__(self) -> None:
        super().__init__()
        self.depth, self.wide, self.narrow = (
            nn.Conv1d(64, 64, 7, padding=3, groups=64),
            nn.Linear(64, 128),
            nn.Linear(128, 64),
        )

    def forward(self, x: Tensor) -> Tensor:
        mixed = self.depth(x.transpose(1, 2)).transpose(1, 2)
        return x + self.narrow(F.gelu(self.wide(F.layer_norm(mixed, (64,)))))


def _blocks() -> nn.Module:
    return nn.Sequential(_Block(), _Block())


# %% [markdown]
# 4. **Squared error of samples** is the fourth fault. It hears a shift by one sample as a disaster and a missing
#    hiss as nothing: what it can't predict it leaves out. Cure: also compare log spectra, in which noise of the
#    right level is right.


# %%
def spectrum(x: Tensor, size: int) -> Tensor:
    window = torch.hann_window(size)
    return torch.log(torch.stft(x, size, size // 4, window=window, return_complex=True).abs() / size + 1e-4)


def distance(y: Tensor, x: Tensor) -> Tensor:
    return sum((spectrum(y, size) - spectrum(x, size)).abs().mean() for size in (128, 512)) / 2


def mended_loss(model: nn.Module, x: Tensor) -> Tensor:
    y = model(x)
    return F.mse_loss(y, x) / x.square().mean() + distance(y, x)


# %% [markdown]
# ## 2. Convolution, recurrence, adversary: the same time each
#
# The adversary is a small network that looks at log spectra and learns to tell decoded from real. It joins for the
# last third.


# %%
class Critic(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, (9, 3), (4, 2)),
            nn.LeakyReLU(0.2),
            nn.Conv2d(16, 32, 5, 2),
            nn.LeakyReLU(0.2),
            nn.Conv2d(32, 1, 3),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(spectrum(x, 512)[:, None])


def train_against(model: nn.Module, critic: Critic, seconds: float) -> None:
    """Hinge game: the critic learns in every second step, the model in the others."""
    optimisers = torch.optim.Adam(model.parameters(), 3e-4), torch.optim.Adam(critic.parameters(), 3e-4, (0.5, 0.9))
    step, began = 0, time.perf_counter()
    while step < 2 or time.perf_counter() - began < seconds:
        x, turn = crops(8, RATE // 2), step % 2
        y = model(x)
        if turn == 0:
            loss = F.relu(1 - critic(x)).mean() + F.relu(1 + critic(y.detach())).mean()
        else:
            loss = mended_loss(model, x) - 0.2 * critic(y).mean()
        optimisers[1 - turn].zero_grad()
        loss.backward()
        optimisers[1 - turn].step()
        step += 1


def judged(model: nn.Module) -> tuple[float, float]:
    """Distance of log spectra and signal-to-distortion ratio in dB, on held-out sound."""
    with torch.no_grad():
        x = held_out[None, : len(held_out) // 64 * 64]
        y = model(x)
        return distance(y, x).item(), (10 * torch.log10(x.square().sum() / (x - y).square().sum())).item()


results, curves = {}, {}
for name, recurrent, adversary in (
    ("recurrence", True, False),
    ("convolution", False, False),
    ("with adversary", False, True),
):
    torch.manual_seed(0)
    model, share = Mended(recurrent=recurrent), 2 / 3 if adversary else 1.0
    curves[name] = train(model, mended_loss, lambda: crops(8, RATE // 2), share * SECONDS_OF_TRAINING)
    if adversary:
        train_against(model, Critic(), (1 - share) * SECONDS_OF_TRAINING)
    results[name] = (*judged(model), sum(p.numel() for p in model.parameters()), len(curves[name]))
    with torch.no_grad():
        rebuilt = model(held_out[None, : len(held_out) // 64 * 64]).numpy()
    auricle.write(OUT / f"{name.replace(' ', '_')}.wav", np.clip(rebuilt, -1, 1), RATE, force=True)
for name, (spectral, ratio, parameters, steps) in results.items():
    print(f"{name:15} log spectra {spectral:.3f}, {ratio:5.1f} dB, {parameters:,} parameters, {steps} steps alone")

# %%
figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
for name, points in curves.items():
    seconds, values = np.array(points).T
    axes.plot(seconds, values, label=name)
axes.set(xlabel="seconds of training", ylabel="loss", yscale="log")
axes.legend()
figure.savefig(OUT / "curves.png")

# %% [markdown]
# What to look at, whatever your numbers are: recurrence sees fewer steps in the same time, because its frames wait
# for one another; an adversary may make `log spectra` worse while the sound gets sharper, which is why it must be
# judged by ear or by a model of hearing. And none of the three is a codec yet: 250 vectors of 64 floats a second
# are more numbers than the 16,000 samples they stand for. What is missing is a bottleneck that counts bits. That is
# what the model configurations of Auricle add: `auricle train --preset conv-lstm` is step 1 mended, `--preset conv`
# and `--preset mixed` have the bottleneck.
