"""The judged table: models and peers on the same files, with paired differences, as a dated result.

    auricle benchmark SPEECH/ --against lyra,opus-nolace --kbps 1.5,3,6 --groups "^([^_]+)_" --json | tee judged.json
    python benchmarks/judged.py judged.json --name judged-speech

Judging takes an hour, so this only keeps what `auricle benchmark --json` wrote. A difference is the first model's
figure less the peer's, the mean over files and its 95 % interval over groups: speakers or pieces.
"""

import json
from pathlib import Path

from _shared import OptionError, parser, publish, run


def main() -> None:
    options = parser(__doc__)
    options.add_argument("result", type=Path, help="what `auricle benchmark --json` wrote")
    options.add_argument("--name", default="judged", help="of the result")
    args = options.parse_args()
    from auricle.bench.report.text_summary import pairs_markdown, quality_markdown
    from auricle.bench.scoring.results import BenchmarkResult

    try:
        result = BenchmarkResult.from_json(json.loads(args.result.read_text("utf-8")))
    except ValueError as error:
        raise OptionError(f"{args.result.name} is not JSON: name what `auricle benchmark --json` wrote") from error
    tables = [quality_markdown(result.curves), pairs_markdown(result.pairs), "\n".join(result.notes)]
    publish(args.name, args.out, dict(result.settings), {"result": result.to_json()}, [text for text in tables if text])


if __name__ == "__main__":
    run(main)
