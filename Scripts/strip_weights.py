#!/usr/bin/env python3
"""Takes the large floating-point weights out of an ONNX model: strip_weights.py MODEL STRIPPED

What is left is a few hundred KB with all names, types and shapes; --random-weights SEED gives it weights again.
"""
import sys

import onnx

model = onnx.load(sys.argv[1])
for tensor in model.graph.initializer:
    count = 1
    for size in tensor.dims:
        count *= size
    kinds = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16, onnx.TensorProto.DOUBLE)
    if count >= 16 and tensor.data_type in kinds:
        for field in ("raw_data", "float_data", "double_data", "int32_data"):
            tensor.ClearField(field)
onnx.save(model, sys.argv[2])
