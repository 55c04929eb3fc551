"""Exports the trained weights of train.py to ONNX: python export.py IN.pt OUT.onnx. The outputs are probabilities cls_0...
and deltas box_0..., from the finest level; `apus surgeon attach-nms` adds the post-processing. Needs torch and onnx."""
import sys

import torch

from model import SIZE, STRIDES, SmallRetinaNet


class Heads(torch.nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, images):
        scores, deltas = self.net(images)
        return (*(level.sigmoid() for level in scores), *deltas)


def main(source, target):
    net = SmallRetinaNet()
    state = torch.load(source, map_location="cpu")
    net.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    names = [f"cls_{i}" for i in range(len(STRIDES))] + [f"box_{i}" for i in range(len(STRIDES))]
    torch.onnx.export(
        Heads(net.eval()), (torch.randn(2, 3, SIZE, SIZE),), target, opset_version=17, dynamo=False,
        # Levels share convolutions but not norms: folding these together would copy the weights.
        training=torch.onnx.TrainingMode.PRESERVE,
        input_names=["images"], output_names=names, dynamic_axes={name: {0: "batch"} for name in ["images"] + names})


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
