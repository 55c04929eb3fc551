#!/usr/bin/env python3
"""Exports EfficientDet-D0 with random weights to ONNX, twice: as it is, and with EfficientNMS_TRT behind it.

    python3 export.py FOLDER [--classes 90]

Needs torch, effdet and onnx. Weights are random but lively: batch normalisation is set from random pictures, and the
bias of the class head so that at least 50 places of each picture score above one half. The batch is a symbol.
"""
import argparse
import math
import pathlib

import effdet
import onnx
import torch
from effdet.anchors import Anchors


class EfficientNMS(torch.autograd.Function):
    """Stands for the plugin while exporting: only the shapes of its results matter."""

    @staticmethod
    def forward(context, boxes, scores, anchors, most, score, iou):
        batch = boxes.shape[0]
        integers = dict(dtype=torch.int32)
        return (
            torch.zeros(batch, 1, **integers), torch.zeros(batch, most, 4), torch.zeros(batch, most),
            torch.zeros(batch, most, **integers))

    @staticmethod
    def symbolic(graph, boxes, scores, anchors, most, score, iou):
        return graph.op(
            "TRT::EfficientNMS_TRT", boxes, scores, anchors, outputs=4, plugin_version_s="1",
            score_threshold_f=score, iou_threshold_f=iou, max_output_boxes_i=most, background_class_i=-1,
            score_activation_i=1, box_coding_i=1, class_agnostic_i=0)


class Heads(torch.nn.Module):
    """Logits [n, 49104, classes] and box offsets [n, 49104, 4] (y, x, height, width)."""

    def __init__(self, model, classes):
        super().__init__()
        self.model, self.classes = model, classes

    def forward(self, images):
        logits, boxes = self.model(images)
        flat = lambda levels, size: torch.cat(
            [level.permute(0, 2, 3, 1).reshape(level.shape[0], -1, size) for level in levels], 1)
        return flat(logits, self.classes), flat(boxes, 4)


class Detector(torch.nn.Module):
    """Heads with suppression; anchors are middles and sizes, vertical first, as the offsets are."""

    def __init__(self, heads, anchors):
        super().__init__()
        self.heads = heads
        corners = anchors.float()
        middles = (corners[:, :2] + corners[:, 2:]) / 2
        self.register_buffer("anchors", torch.cat([middles, corners[:, 2:] - corners[:, :2]], 1)[None])

    def forward(self, images):
        logits, boxes = self.heads(images)
        return EfficientNMS.apply(boxes, logits, self.anchors, 100, 0.5, 0.5)


def enliven(model, heads, pictures, wanted=50):
    """Statistics of the random network, and a class bias with which it detects."""
    model.train()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = None  # the mean over all batches
                module.reset_running_stats()
        for _ in range(2):
            model(pictures)
        model.eval()
        for head, scale in [(model.class_net, 2.0), (model.box_net, 0.2)]:
            last = head.predict.conv_pw
            logits, boxes = heads(pictures)
            spread = (logits if head is model.class_net else boxes).std()
            last.weight *= scale / spread
        logits, _ = heads(pictures)
        best = logits.flatten(1).topk(wanted, 1).values[:, -1].min()
        model.class_net.predict.conv_pw.bias -= best


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--classes", type=int, default=90)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    model = effdet.create_model(
        "efficientdet_d0", pretrained=False, pretrained_backbone=False, num_classes=arguments.classes)
    heads = Heads(model, arguments.classes)
    # Smooth random pictures, whose neighbouring pixels are alike as in photographs, and plain noise.
    coarse = torch.randn(4, 3, 16, 16)
    smooth = torch.nn.functional.interpolate(coarse, size=(512, 512), mode="bicubic")
    pictures = torch.cat([smooth, torch.randn(4, 3, 512, 512)])
    enliven(model, heads, pictures)
    detector = Detector(heads, Anchors.from_config(model.config).boxes).eval()
    example = pictures[:2]
    export = dict(
        input_names=["images"], opset_version=17, dynamo=False, do_constant_folding=True)
    batch = lambda names: {name: {0: "batch"} for name in names}
    names = ["logits", "boxes"]
    torch.onnx.export(
        heads, (example,), str(arguments.folder / "efficientdet_d0_heads.onnx"), output_names=names,
        dynamic_axes=batch(["images"] + names), **export)
    names = ["num_detections", "detection_boxes", "detection_scores", "detection_classes"]
    torch.onnx.export(
        detector, (example,), str(arguments.folder / "efficientdet_d0.onnx"), output_names=names,
        dynamic_axes=batch(["images"] + names), custom_opsets={"TRT": 1}, **export)
    with torch.no_grad():
        logits, _ = heads(pictures)
    fired = (logits > 0).flatten(1).sum(1).tolist()
    print(f"{arguments.folder}: places above one half in {len(fired)} pictures: {fired}")


if __name__ == "__main__":
    main()
