"""Times Apus beside onnxruntime and OpenVINO on ONNX models, in one run, peers in turn.

python Benchmarks/cpu.py [--threads 2] [--apus .build/release/apus] [--seconds 3] model.onnx[:dim=value,...] ...

Needs onnxruntime, openvino and numpy. Prints one JSON line a result and closes with a Markdown table: median
milliseconds, and the ratio of Apus to the best peer of the same precision.
"""
import argparse
import json
import os
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


def median(call, seconds):
    for _ in range(3):
        call()
    times, end = [], time.time() + seconds
    while time.time() < end or len(times) < 5:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2] * 1e3


def onnxruntime_ms(path, dims, threads, seconds):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    inputs = feeds([(i.name, i.shape, i.type) for i in session.get_inputs()], dims)
    return median(lambda: session.run(None, inputs), seconds), {k: list(v.shape) for k, v in inputs.items()}


def openvino_ms(path, shapes, dims, threads, precision, seconds):
    import openvino

    core = openvino.Core()
    model = core.read_model(path)
    model.reshape(shapes)
    options = {
        "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": precision, "NUM_STREAMS": 1,
    }
    compiled = core.compile_model(model, "CPU", options)
    inputs = feeds([(i.any_name, shapes[i.any_name], str(i.element_type).replace("i64", "int64")) for i in model.inputs], dims)
    request = compiled.create_infer_request()
    return median(lambda: request.infer(inputs), seconds)


def apus_ms(apus, path, shapes, threads, precision, seconds, folder):
    engine = os.path.join(folder, f"{os.path.basename(path)}.{precision}.engine")
    spec = ",".join(f"{name}={'x'.join(map(str, shape))}" for name, shape in shapes.items())
    command = [apus, "optimize", path, "-o", engine, "--precision", precision, "--threads", str(threads), "--json"]
    report = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    bench = [apus, "bench", engine, "--threads", str(threads), "--duration", f"{seconds}s", "--shapes", spec, "--json"]
    result = json.loads(subprocess.run(bench, check=True, capture_output=True).stdout)
    return result["latency_ms"]["median"], result["load_ms"], report["build_seconds"], report["peak_memory_bytes"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--apus", default=".build/release/apus")
    parser.add_argument("--precisions", default="fp32,bf16")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for spec in options.models:
            path, _, rest = spec.partition(":")
            dims = {k: int(v) for k, v in (x.split("=") for x in rest.split(",") if x)}
            ort, shapes = onnxruntime_ms(path, dims, options.threads, options.seconds)
            for precision in options.precisions.split(","):
                ov = openvino_ms(path, shapes, dims, options.threads, "f32" if precision == "fp32" else precision, options.seconds)
                ours, load, build, peak = apus_ms(
                    options.apus, path, shapes, options.threads, precision, options.seconds, folder)
                best = min(ort, ov) if precision == "fp32" else ov
                row = dict(model=os.path.basename(path), precision=precision, onnxruntime=ort if precision == "fp32" else None,
                           openvino=ov, apus=ours, ratio=ours / best, load_ms=load, build_s=build, peak_mb=peak / 1e6)
                rows.append(row)
                print(json.dumps(row), flush=True)
    print("\n| model | precision | onnxruntime ms | OpenVINO ms | Apus ms | Apus / best | load ms | build s | peak MB |")
    print("|---|---|---|---|---|---|---|---|---|")
    for r in rows:
        ort = f"{r['onnxruntime']:.2f}" if r["onnxruntime"] else "-"
        print(f"| {r['model']} | {r['precision']} | {ort} | {r['openvino']:.2f} | {r['apus']:.2f} | {r['ratio']:.2f} "
              f"| {r['load_ms']:.0f} | {r['build_s']:.1f} | {r['peak_mb']:.0f} |")


if __name__ == "__main__":
    main()
