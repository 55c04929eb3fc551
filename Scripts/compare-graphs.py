#!/usr/bin/env python3
"""Graphs as other projects make them, optimized by Apus and held against onnxruntime.

    APUS=.build/debug/apus python Scripts/compare-graphs.py [--keep FOLDER] [NAME...]

Quantized models (onnxruntime.quantization: QDQ, QOperator, dynamic), dynamic shapes, what the tests of graph optimizers
are made of, and NHWC graphs as TensorFlow's exporters write them, in which no Transpose may be left between
convolutions. Needs numpy, onnx and onnxruntime. Ends with status 1 when a case differs.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

RANDOM = np.random.default_rng(3)
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


class Builder:
    """Collects nodes; every method returns the name of a value."""

    def __init__(self):
        self.nodes, self.initializers, self.inputs, self.outputs, self.feeds = [], [], [], [], {}

    def name(self, stem):
        return f"{stem}_{len(self.nodes) + len(self.initializers)}"

    def constant(self, array):
        name = self.name("constant")
        self.initializers.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def weight(self, *shape, scale=None):
        fan = max(1, int(np.prod(shape[1:])))
        return self.constant((RANDOM.standard_normal(shape) * (scale or fan ** -0.5)).astype(np.float32))

    def input(self, name, array, shape=None):
        kind = helper.np_dtype_to_tensor_dtype(array.dtype)
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape or list(array.shape)))
        self.feeds[name] = array
        return name

    def add(self, operator, *inputs, outputs=1, **attributes):
        names = [f"{self.name(operator)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, name=names[0], **attributes))
        return names[0] if outputs == 1 else names

    def output(self, *names):
        self.outputs += names

    def model(self, opset=17):
        outputs = [helper.make_empty_tensor_value_info(name) for name in self.outputs]
        graph = helper.make_graph(self.nodes, "case", self.inputs, outputs, self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
        return onnx.shape_inference.infer_shapes(model)


def picture(batch=2, channels=3, size=16):
    return RANDOM.standard_normal((batch, channels, size, size)).astype(np.float32)


def small_network():
    b = Builder()
    x = b.input("x", picture(), ["batch", 3, 16, 16])
    for inputs, outputs in ((3, 8), (8, 12)):
        x = b.add("Conv", x, b.weight(outputs, inputs, 3, 3), b.weight(outputs, scale=0.1), pads=[1, 1, 1, 1])
        x = b.add("Relu", x)
    x = b.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = b.add("Flatten", b.add("GlobalAveragePool", x))
    b.output(b.add("Gemm", x, b.weight(10, 12), b.weight(10), transB=1))
    return b


def quantized(kind, folder):
    from onnxruntime import quantization

    b = small_network()
    source, target = folder / "float.onnx", folder / f"{kind}.onnx"
    onnx.save(b.model(), source)
    if kind == "dynamic":
        quantization.quantize_dynamic(source, target, weight_type=quantization.QuantType.QInt8)
    else:
        form = quantization.QuantFormat.QDQ if kind == "qdq" else quantization.QuantFormat.QOperator

        class Reader(quantization.CalibrationDataReader):
            rest = iter([{"x": picture()} for _ in range(4)])

            def get_next(self):
                return next(self.rest, None)

        quantization.quantize_static(source, target, Reader(), quant_format=form, per_channel=kind == "qdq",
            # QOperator has operators of onnxruntime's own for all but these.
            op_types_to_quantize=["Conv", "MatMul", "MaxPool"] if kind == "operators" else None)
    return onnx.load(target), b.feeds


# Eight bits: sums that fall between two steps are rounded one way or the other.
@case
def quantized_qdq(folder):
    return (*quantized("qdq", folder), {"steps": 0.03})


@case
def quantized_operators(folder):
    return (*quantized("operators", folder), {"steps": 0.03})


@case
def quantized_dynamic(folder):
    return (*quantized("dynamic", folder), {"steps": 0.03})


@case
def dynamic_attention(folder):
    """Batch and length are symbols; heads are split by shape arithmetic."""
    b = Builder()
    x = b.input("x", RANDOM.standard_normal((2, 7, 16)).astype(np.float32), ["batch", "length", 16])
    shape = b.add("Shape", x)
    batch = b.add("Gather", shape, b.constant(np.int64(0)))
    length = b.add("Gather", shape, b.constant(np.int64(1)))
    parts = [b.add("Unsqueeze", v, b.constant(np.int64([0]))) for v in (batch, length)]
    heads = b.add("Concat", *parts, b.constant(np.int64([4])), b.constant(np.int64([4])), axis=0)
    whole = b.add("Concat", *parts, b.constant(np.int64([-1])), axis=0)
    q, k, v = (
        b.add("Transpose", b.add("Reshape", b.add("MatMul", x, b.weight(16, 16)), heads), perm=[0, 2, 1, 3])
        for _ in range(3))
    scores = b.add("Div", b.add("MatMul", q, b.add("Transpose", k, perm=[0, 1, 3, 2])), b.constant(np.float32(2)))
    mixed = b.add("MatMul", b.add("Softmax", scores, axis=-1), v)
    b.output(b.add("Reshape", b.add("Transpose", mixed, perm=[0, 2, 1, 3]), whole))
    return b.model(), b.feeds, {}


@case
def dynamic_resize(folder):
    """Twice the picture's own size, computed in float."""
    b = Builder()
    x = b.input("x", picture(1, 4, 9), [1, 4, "height", "width"])
    x = b.add("Conv", x, b.weight(6, 4, 3, 3), pads=[1, 1, 1, 1])
    shape = b.add("Shape", x)
    spatial = b.add("Cast", b.add("Slice", shape, *(b.constant(np.int64([i])) for i in (2, 4, 0))), to=TensorProto.FLOAT)
    scaled = b.add("Cast", b.add("Floor", b.add("Mul", spatial, b.constant(np.float32(2)))), to=TensorProto.INT64)
    head = b.add("Slice", shape, *(b.constant(np.int64([i])) for i in (0, 2, 0)))
    sizes = b.add("Concat", head, scaled, axis=0)
    b.output(b.add("Resize", x, "", "", sizes, mode="linear", coordinate_transformation_mode="half_pixel"))
    return b.model(), b.feeds, {}


@case
def data_dependent(folder):
    """Sizes that only running can tell."""
    b = Builder()
    x = b.input("x", RANDOM.standard_normal((5, 6)).astype(np.float32), ["rows", 6])
    places = b.add("Transpose", b.add("NonZero", b.add("Greater", x, b.constant(np.float32(0)))), perm=[1, 0])
    chosen = b.add("GatherND", x, places)
    count = b.add("Min", b.add("Gather", b.add("Shape", chosen), b.constant(np.int64([0]))), b.constant(np.int64([5])))
    values, indices = b.add("TopK", chosen, count, outputs=2)
    b.output(values, indices, b.add("Unique", b.add("Round", chosen)))
    return b.model(), b.feeds, {}


@case
def nothing_left(folder):
    """Operators that do nothing, one after another."""
    b = Builder()
    y = x = b.input("x", picture(), ["batch", 3, 16, 16])
    y = b.add("Identity", y)
    y = b.add("Cast", y, to=TensorProto.FLOAT)
    y = b.add("Pad", y, b.constant(np.zeros(8, np.int64)))
    y = b.add("Dropout", y)
    y = b.add("Transpose", b.add("Transpose", y, perm=[0, 2, 3, 1]), perm=[0, 3, 1, 2])
    y = b.add("Reshape", b.add("Reshape", y, b.constant(np.int64([0, 3, -1]))), b.constant(np.int64([0, 3, 16, 16])))
    y = b.add("Slice", y, b.constant(np.int64([0])), b.constant(np.int64([2**31])), b.constant(np.int64([2])))
    y = b.add("Concat", y, axis=1)
    y = b.add("Mul", b.add("Add", y, b.constant(np.float32(0))), b.constant(np.float32(1)))
    y = b.add("Squeeze", b.add("Unsqueeze", y, b.constant(np.int64([0]))), b.constant(np.int64([0])))
    y = b.add("Expand", y, b.constant(np.int64([1, 1, 1])))
    b.output(b.add("Sum", y, x))
    return b.model(), b.feeds, {"nodes": 1}


@case
def folded_convolutions(folder):
    """Scales, shifts, normalisations and padding around convolutions."""
    b = Builder()
    x = b.input("x", picture(), ["batch", 3, 16, 16])
    x = b.add("Pad", x, b.constant(np.int64([0, 0, 1, 1, 0, 0, 1, 1])))
    x = b.add("Conv", x, b.weight(8, 3, 3, 3))
    x = b.add("Add", x, b.weight(1, 8, 1, 1))
    x = b.add("Mul", x, b.weight(8, 1, 1, scale=1))
    statistics = [b.constant(RANDOM.uniform(0.5, 1.5, 8).astype(np.float32)) for _ in range(4)]
    x = b.add("BatchNormalization", x, *statistics)
    x = b.add("Clip", x, b.constant(np.float32(0)), b.constant(np.float32(6)))
    x = b.add("Conv", x, b.weight(8, 1, 3, 3), group=8, pads=[1, 1, 1, 1])
    x = b.add("BatchNormalization", x, *statistics)
    b.output(b.add("ReduceMean", x, axes=[2, 3], keepdims=0))
    return b.model(), b.feeds, {"nodes": 3}


@case
def shared_and_repeated(folder):
    """Equal nodes, shared weights, an output that is also read, and two names for one value."""
    b = Builder()
    x = b.input("x", RANDOM.standard_normal((4, 6)).astype(np.float32), ["batch", 6])
    w = b.weight(6, 6)
    a, c = b.add("MatMul", x, w), b.add("MatMul", x, w)
    d = b.add("Add", a, c)
    b.output(d, b.add("Identity", d), b.add("Tanh", d), b.add("Sub", b.add("Exp", a), b.add("Exp", c)))
    return b.model(), b.feeds, {}


@case
def branches(folder):
    """An If that shapes decide, and one that the data decide, with a weight from outside."""
    def branch(operator, name, extra):
        node = helper.make_node(operator, ["h", extra] if extra else ["h"], [name])
        return helper.make_graph([node], name, [], [helper.make_tensor_value_info(name, TensorProto.FLOAT, None)])

    b = Builder()
    x = b.input("x", RANDOM.standard_normal((4, 6)).astype(np.float32), ["batch", 6])
    b.nodes.append(helper.make_node("MatMul", [x, b.weight(6, 6)], ["h"]))
    k = b.weight(6)
    width = b.add("Gather", b.add("Shape", "h"), b.constant(np.int64(1)))
    static = b.add("Equal", width, b.constant(np.int64(6)))
    y = b.add("If", static, then_branch=branch("Mul", "t0", k), else_branch=branch("Neg", "e0", None))
    total = b.add("ReduceSum", "h", keepdims=0)
    data = b.add("Greater", total, b.constant(np.float32(0)))
    z = b.add("If", data, then_branch=branch("Add", "t1", k), else_branch=branch("Abs", "e1", None))
    b.output(b.add("Add", y, z))
    return b.model(), b.feeds, {}


def while_body(carry, name="body"):
    """counter + 1 < 4; the carried value goes through a layer."""
    value = helper.make_tensor_value_info
    nodes = [
        helper.make_node("Add", ["count", "one"], ["count_next"]),
        helper.make_node("Less", ["count_next", "four"], ["go_next"]),
        helper.make_node("MatMul", ["v", "layer"], ["product"]),
        helper.make_node("Tanh", ["product"], ["v_next"]),
    ]
    return helper.make_graph(
        nodes, name,
        [value("i", TensorProto.INT64, []), value("go", TensorProto.BOOL, []),
         value("count", TensorProto.INT32, []), value("v", TensorProto.FLOAT, carry)],
        [value("go_next", TensorProto.BOOL, []), value("count_next", TensorProto.INT32, []),
         value("v_next", TensorProto.FLOAT, carry)])


@case
def tensorflow_while(folder):
    """A while_loop that counts, as tf2onnx writes it."""
    b = Builder()
    x = b.input("x", RANDOM.standard_normal((3, 5)).astype(np.float32), ["batch", 5])
    for name, array in (("one", np.int32(1)), ("four", np.int32(4)), ("layer", RANDOM.standard_normal((5, 5)))):
        array = np.asarray(array, np.float32 if name == "layer" else np.int32)
        b.initializers.append(numpy_helper.from_array(array, name))
    zero = b.constant(np.int32(0))
    go = b.add("Less", zero, "four")
    _, result = b.add("Loop", b.constant(np.int64(2**31 - 1)), go, zero, x, outputs=2, body=while_body(["batch", 5]))
    b.output(result)
    return b.model(), b.feeds, {"absent": ["Loop"]}


def to_nchw(b, x):
    return b.add("Transpose", x, perm=[0, 3, 1, 2])


def to_nhwc(b, x):
    return b.add("Transpose", x, perm=[0, 2, 3, 1])


@case
def tensorflow_trunk(folder):
    """MobileNet-like, NHWC: each convolution in a sandwich of transposes, biases and activations outside."""
    b = Builder()
    pixels = np.ascontiguousarray(picture(2, 3, 17).transpose(0, 2, 3, 1))
    x = b.input("x", pixels, ["batch", 17, 17, 3])
    x = b.add("Sub", b.add("Mul", x, b.constant(np.float32(2))), b.constant(np.float32(1)))
    x = b.add("Pad", x, b.constant(np.int64([0, 0, 0, 0, 0, 1, 1, 0])))
    y = b.add("Conv", to_nchw(b, x), b.weight(8, 3, 3, 3), strides=[2, 2])
    x = b.add("Clip", b.add("Add", to_nhwc(b, y), b.weight(8)), b.constant(np.float32(0)), b.constant(np.float32(6)))
    for _ in range(2):
        y = b.add("Conv", to_nchw(b, x), b.weight(8, 1, 3, 3), group=8, pads=[1, 1, 1, 1])
        y = b.add("Mul", b.add("Add", to_nhwc(b, y), b.weight(8)), b.weight(8, scale=1))
        y = b.add("Clip", y, b.constant(np.float32(0)), b.constant(np.float32(6)))
        y = to_nhwc(b, b.add("Conv", to_nchw(b, y), b.weight(8, 8, 1, 1)))
        x = b.add("Add", x, b.add("Add", y, b.weight(8)))
    pooled = b.add("MaxPool", to_nchw(b, x), kernel_shape=[2, 2], strides=[2, 2])
    x = b.add("Concat", to_nhwc(b, pooled), to_nhwc(b, b.add("Relu", pooled)), axis=3)
    mean = b.add("ReduceMean", x, axes=[1, 2], keepdims=0)
    b.output(b.add("Softmax", b.add("Add", b.add("MatMul", mean, b.weight(16, 5)), b.weight(5))))
    return b.model(), b.feeds, {"transposes": 1}


@case
def tensorflow_gate(folder):
    """Squeeze-and-excitation and swish in NHWC, with keepdims as EfficientNet has them."""
    b = Builder()
    x = b.input("x", np.ascontiguousarray(picture(2, 8, 12).transpose(0, 2, 3, 1)), ["batch", 12, 12, 8])
    y = to_nhwc(b, b.add("Conv", to_nchw(b, x), b.weight(16, 8, 1, 1)))
    y = b.add("Mul", y, b.add("Sigmoid", y))
    s = b.add("ReduceMean", y, axes=[1, 2], keepdims=1)
    s = b.add("Add", to_nhwc(b, b.add("Conv", to_nchw(b, s), b.weight(4, 16, 1, 1))), b.weight(4))
    s = b.add("Mul", s, b.add("Sigmoid", s))
    s = b.add("Add", to_nhwc(b, b.add("Conv", to_nchw(b, s), b.weight(16, 4, 1, 1))), b.weight(16))
    y = b.add("Mul", y, b.add("Sigmoid", s))
    y = to_nhwc(b, b.add("Conv", to_nchw(b, y), b.weight(8, 16, 1, 1)))
    b.output(b.add("Add", x, y))
    return b.model(), b.feeds, {"transposes": 2}


@case
def tensorflow_strided_slice(folder):
    """A reshape from StridedSlice arithmetic, and a resize to twice the size, NHWC."""
    b = Builder()
    x = b.input("x", np.ascontiguousarray(picture(2, 6, 8).transpose(0, 2, 3, 1)), ["batch", 8, 8, 6])
    y = to_nhwc(b, b.add("Conv", to_nchw(b, x), b.weight(6, 6, 3, 3), pads=[1, 1, 1, 1]))
    shape = b.add("Cast", b.add("Shape", y), to=TensorProto.INT32)

    def part(i):
        sliced = b.add("Slice", shape, *(b.constant(np.int32([v])) for v in (i, i + 1, 0)))
        return b.add("Squeeze", sliced, b.constant(np.int64([0])))

    area = b.add("Mul", part(1), part(2))
    parts = [b.add("Unsqueeze", v, b.constant(np.int64([0]))) for v in (part(0), area, part(3))]
    flat = b.add("Reshape", y, b.add("Cast", b.add("Concat", *parts, axis=0), to=TensorProto.INT64))
    scales = b.constant(np.float32([1, 1, 2, 2]))
    up = to_nhwc(b, b.add("Resize", to_nchw(b, y), "", scales, mode="nearest", nearest_mode="floor",
                          coordinate_transformation_mode="asymmetric"))
    b.output(b.add("ReduceSum", flat, b.constant(np.int64([1])), keepdims=0), up)
    # The input, the flattened tensor and the output have the channels last.
    return b.model(), b.feeds, {"transposes": 3}


def run(*command):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: status {result.returncode}\n{result.stderr[-2000:]}")


def apus_outputs(apus, folder, feeds):
    """Outputs by name, and the operators of the plan's steps."""
    engine, report = folder / "model.engine", folder / "report.json"
    run(apus, "optimize", folder / "model.onnx", "-o", engine, "--device", "cpu", "--deterministic", "--report", report)
    np.savez(folder / "in.npz", **feeds)
    run(apus, "run", engine, "--input", folder / "in.npz", "--save-outputs", folder / "out")
    entries = json.loads((folder / "out" / "outputs.json").read_text())
    steps = [step["operator"] for step in json.loads(report.read_text())["kernels"]]
    return {entry["name"]: np.load(folder / "out" / entry["file"]) for entry in entries}, steps


def faults(actual, expected, steps, checks):
    for name, want in expected.items():
        got = actual[name]
        if got.shape != want.shape or got.dtype != want.dtype:
            yield f"{name} is {got.dtype}{list(got.shape)}, not {want.dtype}{list(want.shape)}"
            continue
        scale = max(1e-6, float(np.abs(want).max(initial=0)))
        error = float(np.abs(got.astype(np.float64) - want.astype(np.float64)).max(initial=0)) / scale
        if not error <= checks.get("steps", 2e-5):
            yield f"{name} differs by {error:.1e} of its largest magnitude"
    if "nodes" in checks and len(steps) > checks["nodes"]:
        yield f"{len(steps)} steps are left ({', '.join(steps)}), {checks['nodes']} are needed"
    if "transposes" in checks and steps.count("Transpose") > checks["transposes"]:
        yield f"{steps.count('Transpose')} transposes are left, {checks['transposes']} at the edges are needed"
    for operator in checks.get("absent", []):
        if operator in steps:
            yield f"{operator} is left"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="cases; all without")
    parser.add_argument("--keep", type=pathlib.Path, help="folder where models and engines stay")
    args = parser.parse_args()
    apus = os.environ.get("APUS", "apus")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # Its own optimizer stays out of the comparison.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    failed = 0
    for name in args.names or CASES:
        with tempfile.TemporaryDirectory() as scratch:
            folder = (args.keep or pathlib.Path(scratch)) / name
            folder.mkdir(parents=True, exist_ok=True)
            try:
                model, feeds, checks = CASES[name](folder)
                onnx.save(model, folder / "model.onnx")
                session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
                outputs = [item.name for item in session.get_outputs()]
                expected = dict(zip(outputs, session.run(None, feeds)))
                actual, steps = apus_outputs(apus, folder, feeds)
                found = list(faults(actual, expected, steps, checks))
                counts = f"{len(model.graph.node)} nodes, {len(steps)} steps"
            except Exception as error:
                found, counts = [" ".join(str(error).split())[-600:]], ""
            failed += bool(found)
            print(f"{'FAILED' if found else 'ok'}  {name}: {'; '.join(found) or counts}", flush=True)
    print(f"{len(args.names or CASES) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
