"""``make faults``: the fault matrix as a table; see tests/support/fault_matrix.py. Ends with 1 where a target is missed; Ctrl-C shows what there is."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from fault_lanes import KINDS, TRANSPORTS
from fault_matrix import CASES, Matrix, as_json, table


def _words(among):
    def words(text: str) -> list[str]:
        found = [word for word in text.split(",") if word]
        if unknown := set(found) - set(among):
            raise argparse.ArgumentTypeError(
                f"there is no {', '.join(sorted(unknown))}; there are {', '.join(among)}"
            )
        return found

    return words


def main() -> int:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__.split(";")[0])
    parser.add_argument(
        "--points", type=int, default=20, metavar="N", help="how often each fault comes to each printer"
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=None,
        metavar="N",
        help="of every draw; default: a new one, which is printed",
    )
    parser.add_argument(
        "--lanes", type=int, default=2, metavar="N", help="printers of each kind that share the work"
    )
    parser.add_argument(
        "--kinds", type=_words(KINDS), default=list(KINDS), metavar="A,B", help=", ".join(KINDS)
    )
    parser.add_argument(
        "--transports",
        type=_words(TRANSPORTS),
        default=list(TRANSPORTS),
        metavar="A,B",
        help=", ".join(TRANSPORTS),
    )
    parser.add_argument(
        "--faults", type=_words(CASES), default=list(CASES), metavar="A,B", help=", ".join(CASES)
    )
    parser.add_argument(
        "--order",
        default="",
        metavar="COMMAND",
        help="this fault, such as 'at +5000 unplug for 2'; name it in --faults too",
    )
    parser.add_argument("--log", action="store_true", help="what the service has to say")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every run there")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep what was printed there")
    arguments = parser.parse_args()
    logging.basicConfig(
        level=logging.DEBUG if arguments.log else logging.ERROR,
        format="%(relativeCreated)8d %(name)s %(message)s",
    )
    seed = random.SystemRandom().getrandbits(31) if arguments.seed is None else arguments.seed
    # Who is ended ends the printers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    print(f"seed {seed}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tympan-faults-") as folder:
        matrix = Matrix(
            arguments.keep or Path(folder),
            seed=seed,
            points=arguments.points,
            kinds=arguments.kinds,
            transports=arguments.transports,
            faults=arguments.faults,
            lanes=arguments.lanes,
            order=arguments.order,
            tell=lambda line: print(
                f"{time.monotonic() - began:7.1f} s  {line}", file=sys.stderr, flush=True
            ),
        )
        broken_off = False
        try:
            asyncio.run(matrix.go())
        except KeyboardInterrupt:
            broken_off = True
            print("broken off: what there is", file=sys.stderr)
        runs = matrix.runs
    if arguments.json:
        arguments.json.write_text(json.dumps({"seed": seed, "runs": as_json(runs)}, indent=1) + "\n")
    print(f"\n{table(runs)}\n\n{time.monotonic() - began:.0f} s")
    bad = [run for run in runs if run.faults]
    print(f"{len(bad)} of {len(runs)} runs miss a target; seed {seed}", file=sys.stderr)
    return 1 if bad or broken_off or not runs else 0


if __name__ == "__main__":
    sys.exit(main())
