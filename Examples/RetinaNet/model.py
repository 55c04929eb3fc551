"""A small RetinaNet: a residual trunk, a pyramid of four levels (strides 8 to 64), two heads shared by the levels."""
import math

import torch
from torch import nn
from torch.nn import functional as F

SIZE = 320
STRIDES = [8, 16, 32, 64]
BASES = [20, 40, 80, 160]
SCALES = [1, 2 ** (1 / 3), 2 ** (2 / 3)]
RATIOS = [0.5, 1.0, 2.0]
ANCHORS = len(SCALES) * len(RATIOS)
MEAN = [0.485, 0.456, 0.406]
STD = [0.229, 0.224, 0.225]


class Block(nn.Module):
    """Two 3x3 convolutions with a residual."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.down = None
        if stride > 1 or inputs != outputs:
            self.down = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.down is None else self.down(x)))


class Head(nn.Module):
    """Convolutions with a norm of their own per level: levels differ in scale."""

    def __init__(self, channels, outputs, depth=3):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(channels, channels, 3, 1, 1, bias=False) for _ in range(depth))
        self.norms = nn.ModuleList(nn.ModuleList(nn.BatchNorm2d(channels) for _ in STRIDES) for _ in range(depth))
        self.last = nn.Conv2d(channels, outputs, 3, 1, 1)

    def forward(self, x, level):
        for conv, norms in zip(self.convs, self.norms):
            x = F.relu(norms[level](conv(x)))
        return self.last(x)


class SmallRetinaNet(nn.Module):
    """Pictures [N, 3, 320, 320], normalised, to class logits [N, 9 * classes, h, w] and box deltas [N, 36, h, w] a level."""

    def __init__(self, classes=10, channels=64):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 24, 3, 2, 1, bias=False), nn.BatchNorm2d(24), nn.ReLU())
        widths = [24, 32, 64, 128, 128]
        self.stages = nn.ModuleList(
            nn.Sequential(Block(widths[i], widths[i + 1], 2), Block(widths[i + 1], widths[i + 1], 1)) for i in range(4))
        self.laterals = nn.ModuleList(nn.Conv2d(width, channels, 1) for width in widths[2:])
        self.smooth = nn.ModuleList(nn.Conv2d(channels, channels, 3, 1, 1) for _ in range(3))
        self.extra = nn.Conv2d(channels, channels, 3, 2, 1)
        self.scores = Head(channels, ANCHORS * classes)
        self.boxes = Head(channels, ANCHORS * 4)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        for head in (self.scores, self.boxes):
            nn.init.normal_(head.last.weight, std=0.01)
        nn.init.constant_(self.scores.last.bias, -math.log(99))

    def forward(self, x):
        x = self.stem(x)
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        tops = [lateral(feature) for lateral, feature in zip(self.laterals, features[1:])]
        for level in (1, 0):
            tops[level] = tops[level] + F.interpolate(tops[level + 1], scale_factor=2.0, mode="nearest")
        levels = [smooth(top) for smooth, top in zip(self.smooth, tops)]
        levels.append(self.extra(levels[-1]))
        return ([self.scores(level, i) for i, level in enumerate(levels)],
                [self.boxes(level, i) for i, level in enumerate(levels)])


def base_anchors(level):
    """[9, 4]: x1, y1, x2, y2 around the origin; ratio outer, size inner."""
    rows = []
    for ratio in RATIOS:
        for scale in SCALES:
            size = BASES[level] * scale
            height, width = size * math.sqrt(ratio), size / math.sqrt(ratio)
            rows.append([-width / 2, -height / 2, width / 2, height / 2])
    return torch.tensor(rows).round()


def all_anchors():
    """[places * 9, 4] over all levels, a place's anchors together."""
    found = []
    for level, stride in enumerate(STRIDES):
        count = SIZE // stride
        shifts = torch.arange(count) * stride
        y, x = torch.meshgrid(shifts, shifts, indexing="ij")
        corners = torch.stack([x, y, x, y], -1).reshape(-1, 1, 4)
        found.append((corners + base_anchors(level)).reshape(-1, 4))
    return torch.cat(found)


def flatten(levels, width):
    """Outputs of a head as [N, anchors, width]."""
    parts = []
    for x in levels:
        n, _, h, w = x.shape
        parts.append(x.reshape(n, ANCHORS, width, h, w).permute(0, 3, 4, 1, 2).reshape(n, -1, width))
    return torch.cat(parts, 1)


def decode(anchors, deltas):
    """Boxes from deltas (weights 1, sizes clipped at log(1000/16)), inside the picture."""
    size = anchors[:, 2:] - anchors[:, :2]
    centre = anchors[:, :2] + size / 2
    centre = deltas[..., :2] * size + centre
    size = deltas[..., 2:].clamp(max=math.log(1000 / 16)).exp() * size
    return torch.cat([centre - size / 2, centre + size / 2], -1).clamp(0, SIZE)
