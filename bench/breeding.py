"""Frames bred by coverage, in a process of its own: python -m bench.breeding NAME RUNS SEED DIR S.

The parsers are instrumented as they are imported, so nothing of ours may be imported before.
"""

import json
import os
import sys
import time
from collections import Counter
from pathlib import Path


def main(name: str, runs: int, seed: int, folder: Path, within_s: float) -> None:
    """Breed frames, so many or so long; say what they came to. An exception ends it."""
    try:
        import atheris
    except ImportError:
        from bench import fuzz

        kept = fuzz.Accepted(folder)
        print(json.dumps(fuzz.bred(name, runs, seed, kept.keep, within_s)))
        kept.close()
        return
    with atheris.instrument_imports(include=["oracle.sources"]):
        from oracle.sources import telegrams  # noqa: F401
    from bench import fuzz

    for number, frame in enumerate(fuzz.seeds(name)):
        (folder / f"seed-{number}").write_bytes(frame)
    found, kept = Counter[str](), fuzz.Accepted(folder)
    done, begun = 0, time.monotonic()

    def one(data: bytes) -> None:
        nonlocal done
        found.update(fuzz.fed(name, data, kept.keep))
        done += 1
        if done >= runs or time.monotonic() - begun > within_s:
            kept.close()
            print(json.dumps(fuzz.report("atheris", done, found, begun)), flush=True)
            os._exit(0)  # libFuzzer has no other way back

    options = [
        f"-seed={seed}",
        f"-max_len={fuzz.LONGEST_FRAME}",
        "-verbosity=0",
        str(folder),
    ]
    atheris.Setup([sys.argv[0], *options], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]), float(sys.argv[5]))
