"""Sounds of three kinds that anybody can tell apart."""

import numpy as np

RATE = 16000
KINDS = ("click", "hiss", "tone")


def sound(kind: str, seed: int, seconds: float = 0.4, rate: int = RATE) -> np.ndarray:
    """One sound ``(t,)`` of a kind; another seed is another one."""
    random = np.random.Generator(np.random.PCG64(seed))
    time = np.arange(round(seconds * rate)) / rate
    noise = random.standard_normal(len(time))
    waves = {
        "tone": np.sin(2 * np.pi * random.uniform(300, 900) * time) + 0.01 * noise,
        "hiss": noise,
        "click": noise * np.exp(-60 * (time % 0.1)) * (time % 0.1 < 0.05),
    }
    return (random.uniform(0.05, 0.3) * waves[kind]).astype(np.float32)
