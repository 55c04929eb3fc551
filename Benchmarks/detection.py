"""Mean average precision of a detector, from picture files to boxes on the pictures, by the COCO rules.

    python Benchmarks/detection.py detector.onnx --pictures FOLDER --annotations coco.json \\
        [--preprocess SPEC] [--precision bf16] [--device cuda] [--bound 0.91]

Builds an engine, runs it over the folder (apus run --save-detections) and evaluates with pycocotools. The detector's
outputs are named boxes, scores and classes (apus surgeon attach-nms adds them). Prints one row of Markdown; ends with
status 1 when the precision lies below the bound.
"""
import argparse
import contextlib
import io
import pathlib
import subprocess
import sys
import tempfile
import time

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def run(*command):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: status {result.returncode}\n{result.stderr[-2000:]}")


def precision(annotations, detections):
    """mAP over overlaps of 0.5 to 0.95, that at 0.5, and the number of pictures; detections are rows or their file."""
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(annotations)
        evaluation = COCOeval(truth, truth.loadRes(detections), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation.stats[0], evaluation.stats[1], len(truth.getImgIds())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--pictures", required=True)
    parser.add_argument("--annotations", required=True)
    parser.add_argument("--apus", default="apus")
    parser.add_argument("--input", default="images", help="name of the input")
    parser.add_argument("--preprocess")
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--budget", default="20", help="seconds for choosing kernels")
    parser.add_argument("--shapes", action="append", default=[])
    parser.add_argument("--plugin", action="append", default=[])
    parser.add_argument("--bound", type=float, default=0)
    args = parser.parse_args()
    plugins = [part for path in args.plugin for part in ("--plugin", path)]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        engine, detections = folder / "detector.engine", folder / "detections.json"
        build = [args.apus, "optimize", args.model, "-o", engine, "--device", args.device, "--budget", args.budget]
        if args.precision != "fp32":
            build += ["--precision", args.precision]
        for shape in args.shapes:
            build += ["--shapes", shape]
        run(*build, *plugins)
        command = [args.apus, "run", engine, "--input", f"{args.input}={args.pictures}"]
        command += ["--save-detections", detections, "--annotations", args.annotations, *plugins]
        if args.preprocess:
            command += ["--preprocess", args.preprocess]
        start = time.monotonic()
        run(*command)
        seconds = time.monotonic() - start
        mean, half, pictures = precision(args.annotations, str(detections))
    passed = mean >= args.bound
    print(f"| {pathlib.Path(args.model).stem} | {args.device} | {args.precision} | {pictures} | {mean:.4f} | {half:.4f} "
          f"| {seconds:.1f} | {'ok' if passed else f'below {args.bound}'} |")
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
