#!/usr/bin/env python3
"""Tables of kernels in Markdown from documents of `apus bench ENGINE --no-transfers --profile --json`.

    gpu_kernels.py resnet50.json [more.json ...]

Steps that do the same work by the same kernel share a row, the costliest first. The times are marginal: what a step adds
to the replay of the whole network where it stands, so that they sum up to the replay. The roofline share is the least
time of the step's work at the rates the GPU sustains (see GPU.md, Floor) over the measured one.
"""
import json
import os
import sys
from collections import defaultdict


def kernel_name(step):
    return step.get("program") or step["tactic"]


def rows(steps):
    groups = defaultdict(list)
    for step in steps:
        key = (step["operator"], kernel_name(step), step.get("operations"), step.get("bytes"))
        groups[key].append(step)
    for (operator, kernel, operations, size), same in groups.items():
        total = sum(step["microseconds"] for step in same)
        floors = [step["floor_microseconds"] for step in same if step.get("floor_microseconds") is not None]
        share = sum(floors) / total if len(floors) == len(same) and total > 0 else None
        yield operator, kernel, len(same), operations, size, total, share


def number(value, scale, digits):
    return "" if value is None else f"{value / scale:.{digits}f}"


def table(document, name):
    device = [step for step in document["steps"] if step["place"] == "device" and step["operator"] != "DeviceCopy"]
    copies = [step for step in document["steps"] if step["operator"] == "DeviceCopy"]
    host = [step for step in document["steps"] if step["place"] == "host" and step["operator"] != "DeviceCopy"]
    total = sum(step["microseconds"] for step in device)
    print(f"## {name}")
    print(f"{document['inputs']}; one replay {document['latency_ms']['median'] * 1000:.1f} us, "
          f"{len(device)} kernels {total:.1f} us, {len(copies)} transfers "
          f"{sum(step['microseconds'] for step in copies):.1f} us"
          + (f", {len(host)} steps on the host" if host else "") + ".\n")
    print("| operator | kernel | times | GFLOP | MB | us each | us together | share of the roofline |")
    print("|---|---|---|---|---|---|---|---|")
    for operator, kernel, count, operations, size, time, share in sorted(rows(device), key=lambda row: -row[5]):
        percent = "" if share is None else f"{100 * share:.0f} %"
        print(f"| {operator} | {kernel} | {count} | {number(operations or None, 1e9, 2)} | {number(size, 1e6, 2)} "
              f"| {time / count:.2f} | {time:.1f} | {percent} |")
    floors = [step["floor_microseconds"] for step in device if step.get("floor_microseconds") is not None]
    print(f"| all | | {len(device)} | | | | {total:.1f} | {100 * sum(floors) / total if total else 0:.0f} % |\n")


def main(paths):
    for path in paths:
        with open(path) as file:
            document = json.load(file)
        if not document.get("steps"):
            sys.exit(f"{path} has no steps: run `apus bench` with --profile --json")
        table(document, os.path.splitext(os.path.basename(path))[0])


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
