"""Turn the two kinds of source files that are not plain audio into FLAC."""

from pathlib import Path

import numpy as np
import soundfile

G722_RATE = 16000
MIDI_RATE = 44100
TAIL_SECONDS = 2.0
LONGEST_SECONDS = 600.0


def decode_g722(source: Path, target: Path) -> None:
    """Decode a raw G.722 file (ITU-T G.722, 64 kbit/s) to 16 kHz FLAC."""
    import av

    with av.open(str(source), format="g722") as container:
        frames = [frame.to_ndarray().astype(np.int16).reshape(-1) for frame in container.decode(audio=0)]
    if not frames:
        raise ValueError("holds no samples")
    soundfile.write(target, np.concatenate(frames), G722_RATE, subtype="PCM_16")


def play_midi(source: Path, target: Path, soundfont: Path) -> None:
    """Play a MIDI file with a sound font to 44.1 kHz stereo FLAC, its peak at -1 dBFS."""
    import tinysoundfont

    synth = tinysoundfont.Synth(gain=-10, samplerate=MIDI_RATE)
    synth.sfload(str(soundfont))
    sequencer = tinysoundfont.Sequencer(synth)
    sequencer.midi_load(str(source))
    blocks = []
    while not sequencer.is_empty() and len(blocks) < LONGEST_SECONDS:
        blocks.append(np.frombuffer(bytes(synth.generate(MIDI_RATE)), dtype=np.float32))
    blocks.append(np.frombuffer(bytes(synth.generate(int(TAIL_SECONDS * MIDI_RATE))), dtype=np.float32))
    audio = np.concatenate(blocks).reshape(-1, 2)
    peak = float(np.abs(audio).max())
    if peak == 0.0:
        raise ValueError("plays nothing")
    soundfile.write(target, audio * (0.89 / peak), MIDI_RATE, subtype="PCM_16")
