"""Compares the outputs of Apus with onnxruntime's, and prints Markdown tables.

Models, at several batch sizes from one engine each:
    python Benchmarks/accuracy.py [--precision bf16] [--batches 1,3,8] model.onnx[:dim=value,...] ...
Pictures, by class, on the same floats and from the files themselves:
    python Benchmarks/accuracy.py --classify model.onnx --pictures FOLDER --labels classes.txt [--precision bf16]

Needs numpy and onnxruntime; pictures need Pillow. Inputs are random: pixels from a normal distribution, masks of ones
and zeros, identifiers below the size of the table that they index. Ends with status 1 when a bound is broken: FP32
within 1e-4 of the output's largest magnitude (logits of pictures within 1e-3), BF16 with a cosine of 0.999.

onnxruntime's Sigmoid is off by up to 1e-7 whatever the size of the result, which is much where all results are small.
--exact-sigmoid (needs onnx) takes its logits instead and computes the sigmoid of outputs in float64.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnxruntime

IMAGENET = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])


def run(*command):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: status {result.returncode}\n{result.stderr[-2000:]}")
    return result.stdout


def build(args, model, folder, dims):
    engine = folder / "model.engine"
    command = [args.apus, "optimize", model, "-o", engine, "--budget", args.budget, "--seed", 1]
    if args.precision:
        command += ["--precision", args.precision]
    run(*command)
    return engine


def run_apus(args, engine, feeds, folder):
    np.savez(folder / "in.npz", **feeds)
    run(args.apus, "run", engine, "--input", folder / "in.npz", "--save-outputs", folder / "out")
    entries = json.loads((folder / "out" / "outputs.json").read_text())
    return {entry["name"]: np.load(folder / "out" / entry["file"]) for entry in entries}


def session_of(model):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def with_exact_sigmoid(model, folder):
    """A copy of the model that gives the logits of outputs that a Sigmoid makes; and those logits by output."""
    import onnx

    proto = onnx.load(str(model))
    makers = {output: node for node in proto.graph.node for output in node.output}
    logits = {o.name: makers[o.name].input[0] for o in proto.graph.output if makers[o.name].op_type == "Sigmoid"}
    for name in logits.values():
        proto.graph.output.add().name = name
    onnx.save(proto, folder / "logits.onnx", save_as_external_data=True, location="logits.weights")
    return folder / "logits.onnx", logits


def feeds_for(session, dims, batch, seed):
    random = np.random.default_rng(seed)
    feeds = {}
    for item in session.get_inputs():
        shape = [d if isinstance(d, int) else dims.get(d, batch if "batch" in str(d) else 1) for d in item.shape]
        if "int" in item.type:
            kind = np.int32 if "int32" in item.type else np.int64
            high = 2 if "mask" in item.name or "type" in item.name else 1000
            feeds[item.name] = random.integers(0, high, shape).astype(kind)
            if "mask" in item.name:
                feeds[item.name].reshape(shape[0], -1)[:, 0] = 1
        elif item.type == "tensor(bool)":
            feeds[item.name] = random.integers(0, 2, shape).astype(bool)
        else:
            feeds[item.name] = random.standard_normal(shape).astype(np.float32)
    return feeds


def difference(actual, expected):
    """Largest difference, that difference by the largest magnitude, cosine, and spread of the expected values."""
    a, e = np.asarray(actual, np.float64).ravel(), np.asarray(expected, np.float64).ravel()
    if a.shape != e.shape or not np.isfinite(a).all():
        return float("inf"), float("inf"), 0.0, float(e.std())
    largest = np.abs(a - e).max(initial=0)
    norm = np.linalg.norm(a) * np.linalg.norm(e)
    return largest, largest / max(np.abs(e).max(initial=0), 1e-30), float(a @ e / norm) if norm else 1.0, e.std()


def models(args):
    print(f"| model | batch | outputs | largest difference / largest magnitude | cosine | least spread | |")
    print("|---|---|---|---|---|---|---|")
    broken = 0
    for spec in args.models:
        path, _, rest = spec.partition(":")
        dims = {k: int(v) for k, v in (item.split("=") for item in rest.split(",") if item)}
        name = pathlib.Path(path).stem
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch)
            try:
                reference, logits = with_exact_sigmoid(path, folder) if args.exact_sigmoid else (path, {})
                session = session_of(reference)
                engine = build(args, path, folder, dims)
                symbolic = any(not isinstance(d, int) and "batch" in d for i in session.get_inputs() for d in i.shape)
                for batch in map(int, args.batches.split(",")) if symbolic else [0]:
                    feeds = feeds_for(session, dims, batch, 7 + batch)
                    expected = dict(zip([o.name for o in session.get_outputs()], session.run(None, feeds)))
                    for output, logit in logits.items():
                        expected[output] = 1 / (1 + np.exp(-expected.pop(logit).astype(np.float64)))
                    actual = run_apus(args, engine, feeds, folder)
                    rows = [difference(actual[key], value) for key, value in expected.items()]
                    relative, cosine = max(r[1] for r in rows), min(r[2] for r in rows)
                    spread = min(r[3] for r in rows)
                    good = (cosine >= 0.999 if args.precision else relative <= 1e-4) and spread > 0
                    broken += not good
                    print(f"| {name} | {batch or 'fixed'} | {len(rows)} | {relative:.1e} | {cosine:.7f} | {spread:.2g}"
                          f" | {'ok' if good else 'BROKEN'} |", flush=True)
            except Exception as error:
                broken += 1
                text = " ".join(str(error).split())[-300:].replace("|", "/")
                print(f"| {name} | | | {text} | | | BROKEN |", flush=True)
    return broken


def classify(args):
    from PIL import Image

    session = session_of(args.classify)
    name, size = session.get_inputs()[0].name, session.get_inputs()[0].shape[-1]
    paths = sorted(p for p in pathlib.Path(args.pictures).iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    broken = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        engine = build(args, args.classify, folder, {})
        pixels = []
        for path in paths:
            picture = Image.open(path).convert("RGB")
            if picture.size != (size, size):
                raise SystemExit(f"{path} is {picture.size}, not {size}x{size}: resizing is compared by the tests")
            pixels.append((np.asarray(picture, np.float32) / 255 - IMAGENET[0]) / IMAGENET[1])
        pixels = np.ascontiguousarray(np.stack(pixels).transpose(0, 3, 1, 2), np.float32)
        expected = np.concatenate([session.run(None, {name: pixels[i:i + 1]})[0] for i in range(len(paths))])
        actual = np.concatenate([
            next(iter(run_apus(args, engine, {name: pixels[i:i + 50]}, folder).values()))
            for i in range(0, len(paths), 50)])
        same = int((actual.argmax(1) == expected.argmax(1)).sum())
        largest = float(np.abs(actual - expected).max())
        documents = json.loads(run(
            args.apus, "run", engine, "--input", f"{name}={args.pictures}", "--preprocess", "imagenet",
            "--labels", args.labels, "--top", 1, "--json"))
        found = {d["input"].split("/")[-1]: d["outputs"][0]["top"][0]["index"] for d in documents}
        from_files = sum(found[p.name] == expected[i].argmax() for i, p in enumerate(paths))
    least = len(paths) - 3 if args.precision else len(paths)
    broken += same < least or (not args.precision and largest > 1e-3)
    broken += from_files < (least if args.precision else len(paths) - 1)
    print("| precision | pictures | same class, same floats | largest difference of a logit | same class, from files |")
    print("|---|---|---|---|---|")
    print(f"| {args.precision or 'fp32'} | {len(paths)} | {same} | {largest:.1e} | {from_files} |")
    return broken


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--apus", default=".build/release/apus")
    parser.add_argument("--precision")
    parser.add_argument("--batches", default="1,3,8")
    parser.add_argument("--budget", default=10, help="seconds for choosing kernels")
    parser.add_argument("--exact-sigmoid", action="store_true")
    parser.add_argument("--classify", metavar="MODEL")
    parser.add_argument("--pictures")
    parser.add_argument("--labels")
    args = parser.parse_args()
    broken = classify(args) if args.classify else models(args)
    sys.exit(1 if broken else 0)


main()
