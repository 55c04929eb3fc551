"""Apus as a backend of the `onnx` package, by way of the command line.

    from apus_onnx import ApusBackend
    outputs = ApusBackend.prepare(model, "CPU").run([x])

The command is the file named by APUS, else `apus` on the PATH.
"""
import json
import os
import pathlib
import subprocess
import tempfile

import onnx
import onnx.backend.base
import onnx.helper
import onnx.numpy_helper

__all__ = ["ApusBackend", "ApusBackendRep", "ApusError"]


class ApusError(RuntimeError):
    """What `apus` said when it ended with another status than 0."""

    def __init__(self, status, text):
        super().__init__(f"apus ended with status {status}: {text}")
        self.status = status


def _apus(*arguments):
    command = [os.environ.get("APUS", "apus"), *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise ApusError(result.returncode, result.stderr.strip())
    return result.stdout


def _write(value, kind, path):
    """A value as the file that holds its kind in ONNX's test data."""
    if kind.HasField("sequence_type"):
        proto = onnx.numpy_helper.from_list(list(value))
        if not value:
            proto.elem_type = onnx.SequenceProto.TENSOR
    elif kind.HasField("optional_type"):
        proto = onnx.numpy_helper.from_optional(value)
    else:
        proto = onnx.numpy_helper.from_array(value)
    path.write_bytes(proto.SerializeToString())


def _read(path, kind):
    data = path.read_bytes()
    if kind.HasField("sequence_type"):
        return onnx.numpy_helper.to_list(onnx.SequenceProto.FromString(data))
    if kind.HasField("optional_type"):
        return onnx.numpy_helper.to_optional(onnx.OptionalProto.FromString(data))
    return onnx.numpy_helper.to_array(onnx.TensorProto.FromString(data))


class ApusBackendRep(onnx.backend.base.BackendRep):
    """An engine, in a folder that goes away with it."""

    def __init__(self, model, device):
        self._folder = tempfile.TemporaryDirectory(prefix="apus-onnx-")
        folder = pathlib.Path(self._folder.name)
        self._engine = folder / "model.engine"
        given = {item.name for item in model.graph.initializer}
        self._inputs = [item for item in model.graph.input if item.name not in given]
        self._outputs = list(model.graph.output)
        onnx.save(model, folder / "model.onnx")
        # Neither timed nor run on data of our own: a model is seldom run often through this class, and its callers check.
        _apus("optimize", folder / "model.onnx", "-o", self._engine, "--device", device, "--deterministic",
              "--skip-accuracy")

    def run(self, inputs, **kwargs):
        """Inputs in the order of the graph, or by name; outputs in the order of the graph."""
        if isinstance(inputs, dict):
            inputs = [inputs[item.name] for item in self._inputs]
        if not isinstance(inputs, (list, tuple)):
            inputs = [inputs]
        with tempfile.TemporaryDirectory(dir=self._folder.name) as scratch:
            folder = pathlib.Path(scratch)
            arguments = []
            for number, (item, value) in enumerate(zip(self._inputs, inputs, strict=True)):
                path = folder / f"given_{number}.pb"
                _write(value, item.type, path)
                arguments += ["--input", f"{item.name}={path}"]
            _apus("run", self._engine, *arguments, "--save-test-data", folder / "data", "--json")
            return tuple(
                _read(folder / "data" / f"output_{number}.pb", item.type)
                for number, item in enumerate(self._outputs))


class ApusBackend(onnx.backend.base.Backend):
    """Optimizes models into engines and runs them; errors are `ApusError`."""

    @classmethod
    def prepare(cls, model, device="CPU", **kwargs):
        return ApusBackendRep(model, device.lower())

    @classmethod
    def run_node(cls, node, inputs, device="CPU", outputs_info=None, **kwargs):
        values = [onnx.numpy_helper.from_array(value) for value in inputs]
        types = [onnx.helper.make_tensor_type_proto(value.data_type, list(value.dims)) for value in values]
        names = [name for name in node.input if name]
        graph = onnx.helper.make_graph(
            [node], "node", [onnx.helper.make_value_info(*pair) for pair in zip(names, types, strict=True)],
            [onnx.helper.make_value_info(name, onnx.TypeProto()) for name in node.output if name])
        version = kwargs.get("opset_version", onnx.defs.onnx_opset_version())
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", version)])
        return cls.prepare(onnx.shape_inference.infer_shapes(model), device).run(inputs)

    @classmethod
    def supports_device(cls, device):
        return device == "CPU" or bool(json.loads(_apus("doctor", "--json"))["gpus"])
