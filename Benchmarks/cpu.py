"""Times Apus beside onnxruntime and OpenVINO on ONNX models: short turns of each, again and again, in one run.

python Benchmarks/cpu.py [--threads 2] [--apus .build/release/apus] [--rounds 7] model.onnx[:dim=value,...] ...

Needs onnxruntime, openvino and numpy. Prints one JSON line a result and closes with a Markdown table. Milliseconds are
medians over turns of the median of a turn; the ratio of Apus to the best peer of the same precision is the median over
rounds of the ratio within a round, because machines are faster at some times than at others. The ratio of the fastest
runs of all says what is left where others use the machine too. `--portable` adds Apus without oneDNN.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time

import numpy as np


def feeds(inputs, dims):
    random = np.random.default_rng(0)
    result = {}
    for name, shape, kind in inputs:
        sizes = [d if isinstance(d, int) and d > 0 else dims.get(d, 1) for d in shape]
        integer = "int64" in kind
        result[name] = random.integers(0, 1000, sizes) if integer else random.standard_normal(sizes).astype(np.float32)
    return result


def turn(call, seconds):
    """Median and least milliseconds of calls during one turn."""
    call()
    times, end = [], time.time() + seconds
    while time.time() < end or len(times) < 3:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e3, min(times) * 1e3


def onnxruntime_call(path, dims, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    inputs = feeds([(i.name, i.shape, i.type) for i in session.get_inputs()], dims)
    return lambda: session.run(None, inputs), {k: list(v.shape) for k, v in inputs.items()}


def openvino_call(path, shapes, dims, threads, precision):
    import openvino

    core = openvino.Core()
    model = core.read_model(path)
    model.reshape(shapes)
    options = {
        "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": {"fp32": "f32"}.get(precision, precision), "NUM_STREAMS": 1,
    }
    compiled = core.compile_model(model, "CPU", options)
    inputs = feeds([(i.any_name, shapes[i.any_name], str(i.element_type).replace("i64", "int64")) for i in model.inputs], dims)
    request = compiled.create_infer_request()
    return lambda: request.infer(inputs)


class Apus:
    def __init__(self, apus, path, shapes, threads, precision, folder, portable=False):
        self.environment = {**os.environ, **({"APUS_ONEDNN": ""} if portable else {})}
        self.engine = os.path.join(folder, f"{os.path.basename(path)}.{precision}{portable}.engine")
        self.spec = ",".join(f"{name}={'x'.join(map(str, shape))}" for name, shape in shapes.items())
        self.apus, self.threads, self.loads = apus, str(threads), []
        command = [apus, "optimize", path, "-o", self.engine, "--precision", precision, "--threads", self.threads, "--json"]
        report = json.loads(subprocess.run(command, check=True, capture_output=True, env=self.environment).stdout)
        self.build, self.peak = report["build_seconds"], report["peak_memory_bytes"]
        self.weights = report["model_info"]["weight_bytes"]

    def turn(self, seconds):
        command = [self.apus, "bench", self.engine, "--threads", self.threads, "--duration", f"{seconds}s",
                   "--shapes", self.spec, "--json"]
        result = json.loads(subprocess.run(command, check=True, capture_output=True, env=self.environment).stdout)
        self.loads.append(result["load_ms"])
        return result["latency_ms"]["median"], result["latency_ms"]["minimum"]


def measure(path, dims, precision, options, folder):
    ort, shapes = onnxruntime_call(path, dims, options.threads)
    ov = openvino_call(path, shapes, dims, options.threads, precision)
    ours = Apus(options.apus, path, shapes, options.threads, precision, folder)
    turns = {"openvino": lambda: turn(ov, options.seconds), "apus": lambda: ours.turn(options.seconds)}
    if precision == "fp32":
        turns["onnxruntime"] = lambda: turn(ort, options.seconds)
    if options.portable:
        alone = Apus(options.apus, path, shapes, options.threads, precision, folder, portable=True)
        turns["portable"] = lambda: alone.turn(options.seconds)
    rounds = []
    for number in range(options.rounds):
        names = list(turns)
        # Nobody always follows the same neighbour.
        rounds.append({name: turns[name]() for name in names[number % len(names):] + names[:number % len(names)]})
    peers = [name for name in ("onnxruntime", "openvino") if name in turns]
    row = {name: statistics.median(r[name][0] for r in rounds) for name in turns}
    fastest = {name: min(r[name][1] for r in rounds) for name in turns}
    for name in ("apus", "portable"):
        if name in turns:
            row[name + "_ratio"] = statistics.median(r[name][0] / min(r[p][0] for p in peers) for r in rounds)
            row[name + "_fastest"] = fastest[name] / min(fastest[p] for p in peers)
    return {"model": os.path.basename(path), "precision": precision, **row, "load_ms": statistics.median(ours.loads),
            "build_s": ours.build, "peak_mb": ours.peak / 1e6, "peak_of_weights": ours.peak / ours.weights}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=0.5, help="length of a turn")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--apus", default=".build/release/apus")
    parser.add_argument("--precisions", default="fp32,bf16")
    parser.add_argument("--portable", action="store_true")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for spec in options.models:
            path, _, rest = spec.partition(":")
            dims = {k: int(v) for k, v in (x.split("=") for x in rest.split(",") if x)}
            for precision in options.precisions.split(","):
                rows.append(measure(path, dims, precision, options, folder))
                print(json.dumps(rows[-1]), flush=True)
    print("\n| model | precision | onnxruntime ms | OpenVINO ms | Apus ms | Apus / best | fastest / fastest "
          "| without oneDNN: ms, / best | load ms | build s | peak MB (of weights) |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for r in rows:
        ort = f"{r['onnxruntime']:.1f}" if "onnxruntime" in r else "-"
        alone = f"{r['portable']:.1f}, {r['portable_ratio']:.2f}" if "portable" in r else "-"
        print(f"| {r['model']} | {r['precision']} | {ort} | {r['openvino']:.1f} | {r['apus']:.1f} | {r['apus_ratio']:.2f} "
              f"| {r['apus_fastest']:.2f} | {alone} | {r['load_ms']:.0f} | {r['build_s']:.1f} "
              f"| {r['peak_mb']:.0f} ({r['peak_of_weights']:.1f}x) |")


if __name__ == "__main__":
    main()
