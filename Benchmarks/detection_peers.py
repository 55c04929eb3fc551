"""Mean average precision of a detector with its own post-processing, by Apus and by onnxruntime.

    python Benchmarks/detection_peers.py model.onnx --pictures FOLDER --annotations coco.json [--shape image=3x480x640]

The model takes one picture, RGB over 255, and gives boxes (x y x y, in pixels), scores and labels that run from 0 in the
order of the annotations' categories. Needs numpy, onnxruntime, Pillow and pycocotools. Ends with status 1 where the two
differ by more than 0.001, or where the optimized graph has more nodes than --nodes.
"""
import argparse
import json
import pathlib
import sys
import tempfile

import numpy as np
import onnxruntime
from PIL import Image

from detection import precision, run


def apus_rows(args, folder):
    """Detections of an engine, and the nodes of its graph."""
    engine, report, rows = folder / "model.engine", folder / "report.json", folder / "rows.json"
    build = [args.apus, "optimize", args.model, "-o", engine, "--device", args.device, "--report", report]
    build += ["--deterministic"] if args.deterministic else ["--budget", args.budget]
    if args.shape:
        build += ["--fix", args.shape]
    if args.precision:
        build += ["--precision", args.precision]
    run(*build)
    run(args.apus, "run", engine, "--input", f"{args.input}={args.pictures}", "--preprocess", "unit",
        "--save-detections", rows, "--annotations", args.annotations)
    stages = json.loads(report.read_text())["optimizations"]
    return json.loads(rows.read_text()), stages[-1]["nodes_after"]


def onnxruntime_rows(args):
    document = json.loads(pathlib.Path(args.annotations).read_text())
    categories = sorted(item["id"] for item in document["categories"])
    session = onnxruntime.InferenceSession(args.model, providers=["CPUExecutionProvider"])
    rows = []
    for item in document["images"]:
        picture = Image.open(pathlib.Path(args.pictures) / item["file_name"]).convert("RGB")
        pixels = np.ascontiguousarray((np.asarray(picture, np.float32) / 255).transpose(2, 0, 1))
        for box, score, label in zip(*session.run(["boxes", "scores", "labels"], {args.input: pixels})):
            x, y, right, bottom = map(float, box)
            rows.append({"image_id": item["id"], "category_id": categories[int(label)], "score": float(score),
                         "bbox": [x, y, right - x, bottom - y]})
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--pictures", required=True)
    parser.add_argument("--annotations", required=True)
    parser.add_argument("--input", default="image")
    parser.add_argument("--shape", help="static shape of the input, NAME=3x480x640")
    parser.add_argument("--nodes", type=int, help="the most nodes that the optimized graph may have")
    parser.add_argument("--apus", default=".build/release/apus")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision")
    parser.add_argument("--budget", default=10, help="seconds for choosing kernels")
    parser.add_argument("--deterministic", action="store_true", help="choose kernels without measuring")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        rows, nodes = apus_rows(args, pathlib.Path(scratch))
    actual, expected = precision(args.annotations, rows), precision(args.annotations, onnxruntime_rows(args))
    print("| | mAP | AP50 | nodes |\n|---|---|---|---|")
    print(f"| Apus, {args.device}, {args.precision or 'fp32'} | {actual[0]:.4f} | {actual[1]:.4f} | {nodes} |")
    print(f"| onnxruntime {onnxruntime.__version__} | {expected[0]:.4f} | {expected[1]:.4f} | |")
    sys.exit(1 if abs(actual[0] - expected[0]) > 0.001 or (args.nodes and nodes > args.nodes) else 0)


main()
