"""Time blocks of a network in float32, mixed_bfloat16 and mixed_float16, on any backend and device, as a table.

    python tests/benchmarks/precision.py [--blocks dense convolution attention] [--sizes 64 256 1024]
        [--batch 64] [--repeats 5] [--seconds 0.2] [--xla auto|on|off] [--tf32 on|off] [--csv FILE]

ms is the median of a call, low and high the fastest and slowest measurement, times how many times faster than
float32; weights and activations are MiB. KERAS_BACKEND=jax or torch chooses another backend. --tf32 off, on TensorFlow,
keeps tensor cores from shortening float32 to TF32, so that 16 bits are measured against a real float32. --csv writes the
table with date, device and versions.
"""

import argparse
import datetime
import platform
import re
import subprocess
import sys
from pathlib import Path

SIZES = {"dense": [256, 1024, 2048], "convolution": [8, 32, 64], "attention": [64, 256]}
XLA = {"auto": "auto", "on": True, "off": False}


def device():
    """Name the GPU that Keras sees, or else the processor."""
    import keras

    if "cpu" not in str(keras.ops.ones(1).device).lower():
        words = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    try:
        return re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))[1]
    except (OSError, TypeError):
        return platform.processor() or platform.machine()


def tables(arguments):
    """Yield a table a block and size: what `lib.precision.compare` returns, with block and size in front."""
    from lib import precision

    for kind in arguments.blocks:
        for size in arguments.sizes or SIZES[kind]:
            table = precision.compare(
                precision.block(kind, size),
                batch_size=arguments.batch,
                repeats=arguments.repeats,
                seconds=arguments.seconds,
                jit_compile=XLA[arguments.xla],
            )
            table.insert(0, "size", size)
            table.insert(0, "block", kind)
            yield table


def text(table, header):
    """Return a table as lines whose columns stand under each other from table to table."""
    row = "{:11} {:>5} {:14} {:7} {:>9} {:>9} {:>9} {:>6} {:>8} {:>8}  {}"
    names = ["block", "size", "policy", "step", "ms", "low", "high", "times", "weights", "activ.", ""]
    lines = [row.format(*names).rstrip()] if header else []
    for each in table.itertuples(index=False):
        figures = [f"{value:.2f}" for value in (each.ms, each.low, each.high, each.times_faster)]
        memory = [f"{value:.2f}" for value in (each.weights_mib, each.activations_mib)]
        line = row.format(each.block, each.size, each.policy, each.step, *figures, *memory, each.note[:60])
        lines.append(line.rstrip())
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blocks", nargs="+", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--sizes", nargs="+", type=int, help="widths, for every block; by default a few for each")
    parser.add_argument("--batch", type=int, default=64, help="samples in a step")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.2, help="least length of one measurement")
    parser.add_argument("--xla", choices=list(XLA), default="auto")
    parser.add_argument("--tf32", choices=["on", "off"], default="on", help="whether float32 may be shortened to TF32")
    parser.add_argument("--csv", type=Path, help="also write the table here")
    arguments = parser.parse_args()

    from lib.session import quiet

    with quiet():
        import keras
        import pandas as pd

        from lib import precision

        name = device()
    backend = keras.backend.backend()
    if arguments.tf32 == "off":
        if backend != "tensorflow":
            parser.error(f"--tf32 off works on TensorFlow, not on {backend}")
        sys.modules[backend].config.experimental.enable_tensor_float_32_execution(False)
    versions = f"Keras {keras.__version__}, {backend} {sys.modules[backend].__version__}"
    features = precision.hardware()
    print(f"{name}; {versions}; batch {arguments.batch}, XLA {arguments.xla}, TF32 {arguments.tf32}")
    print("features:", ", ".join(features.feature[features.here]) or "none that speed 16 bits up")
    found = []
    with quiet():
        for table in tables(arguments):
            found.append(table)
            print(text(table, header=len(found) == 1), flush=True)
    if arguments.csv:
        date = datetime.datetime.now(datetime.UTC).date().isoformat()
        pd.concat(found).assign(
            date=date, device=name, versions=versions, batch=arguments.batch, xla=arguments.xla, tf32=arguments.tf32
        ).to_csv(arguments.csv, index=False)


if __name__ == "__main__":
    main()
