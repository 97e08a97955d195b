"""How long the packet encoder and decoder take with torch's own number of threads, and with one."""

import time

import numpy as np

from _shared import SOUNDS, add_model, child_output, looped, model_from, parser, publish, run, table

_BLOCK_SECONDS = 0.02


def main() -> None:
    options = parser(__doc__)
    add_model(options, "speech")
    options.add_argument("--seconds", type=float, default=7.2, help="length of the sound")
    options.add_argument("--threads", type=int, nargs="+", default=[0, 1], help="of torch; 0 leaves them as they are")
    options.add_argument("--repeats", type=int, default=3, help="runs, each in a process of its own; medians count")
    args = options.parse_args()
    rows = []
    for threads in args.threads:
        words = args.model, str(args.seconds), str(threads)
        runs = [list(map(float, child_output(*words))) for _ in range(args.repeats)]
        count, encoder, decoder = np.median(runs, axis=0).tolist()
        rows.append({"threads": round(count), "encoder, s": round(encoder, 2), "decoder, s": round(decoder, 2)})
    settings = {"model": args.model, "seconds": args.seconds, "repeats": args.repeats}
    publish("realtime", args.out, settings, {"rows": rows}, [table(rows)])


def _child(model: str, seconds: str, threads: str) -> None:
    """Print torch's threads, and the seconds of encoder and decoder."""
    import torch

    from auricle import Decoder, Encoder

    if int(threads):
        torch.set_num_threads(int(threads))
    loaded = model_from(model)
    sound = looped(SOUNDS / "speech_1.flac", loaded.sample_rate, float(seconds))
    block = round(_BLOCK_SECONDS * loaded.sample_rate)
    encoder = Encoder(loaded, sample_rate=loaded.sample_rate)
    start = time.perf_counter()
    packets = [packet for at in range(0, sound.shape[1], block) for packet in encoder.push(sound[:, at : at + block])]
    packets += encoder.finish()
    middle = time.perf_counter()
    decoder = Decoder(encoder.header_bytes, loaded)
    for packet in packets:
        decoder.push(packet)
    print(torch.get_num_threads(), middle - start, time.perf_counter() - middle)


if __name__ == "__main__":
    run(main, _child)
