"""Stores the FP32 weights of an ONNX model as float16, each followed by a Cast: half the file, FP32 arithmetic.

python store_float16.py model.onnx small.onnx
"""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def store_float16(model: onnx.ModelProto, smallest: int = 64) -> onnx.ModelProto:
    graph, casts = model.graph, []
    for initializer in graph.initializer:
        if initializer.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(initializer)
        if values.size < smallest or np.abs(values).max() > 65000:
            continue
        name = initializer.name
        initializer.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name + ".float16"))
        casts.append(helper.make_node("Cast", [name + ".float16"], [name], name=name + ".cast", to=TensorProto.FLOAT))
    nodes = casts + list(graph.node)
    del graph.node[:]
    graph.node.extend(nodes)
    return model


if __name__ == "__main__":
    result = store_float16(onnx.load(sys.argv[1]))
    onnx.checker.check_model(result)
    onnx.save(result, sys.argv[2])
