"""Writes what torchvision computes for random detection problems: python3 torchvision-cases.py OUT.npz SEED.

Tests/ApusTests/TorchvisionTests.swift runs it where torchvision is there, and compares.
"""
import sys

import numpy as np
import torch
import torchvision
from torchvision.models.detection import RetinaNet
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList

out, seed = sys.argv[1], int(sys.argv[2])
torch.manual_seed(seed)
data = {}


def random_boxes(count, size=100.0):
    corner = torch.rand(count, 2) * size
    return torch.cat([corner, corner + 1 + torch.rand(count, 2) * size / 2], 1)


for case in range(20):
    boxes, scores, classes = random_boxes(150), torch.rand(150), torch.randint(0, 4, (150,))
    data[f"nms_{case}_boxes"], data[f"nms_{case}_scores"], data[f"nms_{case}_classes"] = boxes, scores, classes
    data[f"nms_{case}_kept"] = torchvision.ops.nms(boxes, scores, 0.4)
    data[f"nms_{case}_kept_by_class"] = torchvision.ops.batched_nms(boxes, scores, classes, 0.4)

sizes = [(60, 80), (30, 40), (15, 20), (8, 10)]
levels = {str(i): torch.randn(2, 3, *size) for i, size in enumerate(sizes)}
regions = [random_boxes(15, 200.0), random_boxes(9, 160.0)]
pool = torchvision.ops.MultiScaleRoIAlign(list(levels), (5, 4), 2)
data["roi_pooled"] = pool(levels, regions, [(240, 320)] * 2)
data["roi_regions"] = torch.cat([torch.cat([torch.full((len(r), 1), float(i)), r], 1) for i, r in enumerate(regions)])
for name, level in levels.items():
    data[f"roi_level_{name}"] = level
data["roi_strides"] = torch.tensor([1 / scale for scale in pool.scales])

x, weight, bias = torch.randn(2, 4, 9, 8), torch.randn(6, 2, 3, 3), torch.randn(6)
offset, mask = torch.randn(2, 2 * 2 * 9, 5, 4), torch.rand(2, 2 * 9, 5, 4)
data.update(deform_x=x, deform_weight=weight, deform_bias=bias, deform_offset=offset, deform_mask=mask)
data["deform_y"] = torchvision.ops.deform_conv2d(
    x, offset, weight, bias, stride=(2, 2), padding=(1, 1), dilation=(1, 1), mask=mask)

# RetinaNet's post-processing of a batch; top levels do not divide the picture evenly into powers of two.
height, width, classes = 480, 640, 5
grids = [(60, 80), (30, 40), (15, 20), (8, 10), (4, 5)]
sides = tuple((s, int(s * 2 ** (1 / 3)), int(s * 2 ** (2 / 3))) for s in [32, 64, 128, 256, 512])
generator = AnchorGenerator(sides, ((0.5, 1.0, 2.0),) * 5)
backbone = torch.nn.Conv2d(3, 8, 1)
backbone.out_channels = 8
model = RetinaNet(backbone, classes, anchor_generator=generator, detections_per_img=100, topk_candidates=300)
images = ImageList(torch.zeros(2, 3, height, width), [(height, width)] * 2)
anchors = generator(images, [torch.zeros(2, 8, *grid) for grid in grids])
per_level = [h * w * 9 for h, w in grids]
flat = lambda head, k: head.reshape(2, 9, k, *head.shape[2:]).permute(0, 3, 4, 1, 2).reshape(2, -1, k)
logits = [torch.randn(2, 9 * classes, *grid) * 1.2 - 4 for grid in grids]
deltas = [torch.randn(2, 36, *grid) * 0.4 for grid in grids]
deltas[4][:, 2::4] += 5  # beyond the clip
detections = model.postprocess_detections(
    {"cls_logits": [flat(l, classes) for l in logits], "bbox_regression": [flat(d, 4) for d in deltas]},
    [list(a.split(per_level)) for a in anchors], [(height, width)] * 2)
for level, (l, d) in enumerate(zip(logits, deltas)):
    data[f"retinanet_scores_{level}"], data[f"retinanet_deltas_{level}"] = l.sigmoid(), d
    data[f"retinanet_anchors_{level}"] = generator.cell_anchors[level]
for image, found in enumerate(detections):
    for key, value in found.items():
        data[f"retinanet_{image}_{key}"] = value

np.savez(out, **{name: value.numpy() for name, value in data.items()})
