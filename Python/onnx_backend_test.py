"""Runs the `onnx` package's own backend tests on Apus: `APUS=.build/release/apus python Python/onnx_backend_test.py`.

Arguments are those of `unittest` (`-v`, `-k topk`). Tests of GPUs run where Apus finds one.
"""
import os
import tempfile
import unittest

import onnx.backend.test

from apus_onnx import ApusBackend

# The data of inverse transforms holds FP32 rounding noise where the exact result is 0.
TOLERANCES = {name: {"atol": 1e-6} for name in ("test_dft_inverse", "test_dft_inverse_opset19")}

tests = onnx.backend.test.BackendTest(ApusBackend, __name__, test_kwargs=TOLERANCES)
# What Apus leaves out: classical machine learning, training, and picture files inside models.
tests.exclude(r"^test_ai_onnx_ml_|^test_ad(agrad|am)_|^test_(nesterov_)?momentum_|^test_gradient_of_")
tests.exclude(r"^test_image_decoder_")
# Their outputs are random: only shapes and types can be compared, which the runner does not.
tests.exclude(r"^test_bernoulli_|^test_training_dropout_")
# The runner takes the length of each element of a sequence, and these are scalars (`apus test` compares them).
tests.exclude(r"^test_loop16_seq_none_")
globals().update(tests.test_cases)

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as models:
        # Models that come without inputs get theirs there.
        os.environ.setdefault("ONNX_MODELS", models)
        unittest.main()
