"""Trains the small RetinaNet on generated scenes of shapes: python train.py SECONDS OUT.pt (needs a GPU, OpenCV, and
the module `shapes`, which draws the scenes, on the Python path)."""
import sys
import time

import numpy as np
import shapes
import torch
import torchvision
from torch.nn import functional as F
from torch.utils.data import DataLoader, IterableDataset

from model import MEAN, SIZE, STD, SmallRetinaNet, all_anchors, decode, flatten

CLASSES = 10
LIMIT = 16


class Scenes(IterableDataset):
    """An endless row of scenes, other ones in every worker."""

    def __iter__(self):
        import cv2
        cv2.setNumThreads(1)
        seed = 10_000_000 * (torch.utils.data.get_worker_info().id + 1)
        while True:
            seed += 1
            picture, boxes, labels = shapes.scene(seed, SIZE, SIZE)
            if not 0 < len(boxes) <= LIMIT:
                continue
            padded, kinds = np.zeros((LIMIT, 4), np.float32), np.full(LIMIT, -1, np.int64)
            padded[:len(boxes)], kinds[:len(boxes)] = boxes, labels
            yield picture, padded, kinds


def assign(anchors, boxes, labels):
    """For every anchor the label (classes: background, -1: ignored) and the box that it answers for."""
    valid = labels >= 0
    low = torch.maximum(anchors[None, None, :, :2], boxes[:, :, None, :2])
    high = torch.minimum(anchors[None, None, :, 2:], boxes[:, :, None, 2:])
    inner = (high - low).clamp(min=0).prod(-1)
    area = (boxes[..., 2:] - boxes[..., :2]).prod(-1)
    iou = inner / ((anchors[:, 2:] - anchors[:, :2]).prod(-1) + area[..., None] - inner).clamp(min=1e-6)
    iou = torch.where(valid[..., None], iou, -1.0)
    best, index = iou.max(1)
    target = torch.where(best >= 0.5, labels.gather(1, index), torch.where(best < 0.4, CLASSES, -1))
    # Every box has at least its best anchors.
    top = iou.max(2, keepdim=True).values
    forced = (iou >= top - 1e-6) & (iou > 0) & valid[..., None]
    has, which = forced.any(1), forced.float().argmax(1)
    index = torch.where(has, which, index)
    target = torch.where(has, labels.gather(1, which), target)
    return target, boxes.gather(1, index[..., None].expand(-1, -1, 4))


def loss(scores, deltas, anchors, boxes, labels):
    target, matched = assign(anchors, boxes, labels)
    positive = (target >= 0) & (target < CLASSES)
    count = positive.sum().clamp(min=1)
    wanted = F.one_hot(target.clamp(min=0), CLASSES + 1)[..., :CLASSES].float()
    p = scores.sigmoid()
    focal = F.binary_cross_entropy_with_logits(scores, wanted, reduction="none")
    focal = focal * (1 - (p * wanted + (1 - p) * (1 - wanted))) ** 2 * (0.25 * wanted + 0.75 * (1 - wanted))
    classes = (focal * (target >= 0)[..., None]).sum() / count
    size = anchors[:, 2:] - anchors[:, :2]
    centre = anchors[:, :2] + size / 2
    goal = matched[..., 2:] - matched[..., :2]
    offsets = torch.cat([((matched[..., :2] + goal / 2) - centre) / size, (goal.clamp(min=1) / size).log()], -1)
    regression = (F.smooth_l1_loss(deltas, offsets, reduction="none", beta=0.1) * positive[..., None]).sum() / count
    return classes, regression


def detections(net, pictures, anchors):
    with torch.inference_mode():
        scores, deltas = net(pictures)
        scores, deltas = flatten(scores, CLASSES).float().sigmoid(), flatten(deltas, 4).float()
    found = []
    for p, box in zip(scores, decode(anchors, deltas)):
        values, places = p.reshape(-1).topk(500)
        keep = values > 0.05
        values, places = values[keep], places[keep]
        boxes, labels = box[places // CLASSES], places % CLASSES
        kept = torchvision.ops.batched_nms(boxes, values, labels, 0.5)[:100]
        found.append((boxes[kept].cpu(), values[kept].cpu(), labels[kept].cpu()))
    return found


def average_precision(net, normalise, anchors, count=400):
    """AP50, the mean over classes of the area under the precision-recall curve."""
    rows, totals = [[] for _ in range(CLASSES)], [0] * CLASSES
    for start in range(0, count, 50):
        scenes = [shapes.scene(seed, SIZE, SIZE) for seed in range(start, start + 50)]
        pictures = normalise(torch.from_numpy(np.stack([scene[0] for scene in scenes])).cuda())
        for (boxes, values, labels), (_, truth, kinds) in zip(detections(net, pictures, anchors), scenes):
            for kind in range(CLASSES):
                mine, theirs = labels == kind, torch.from_numpy(truth[kinds == kind])
                totals[kind] += len(theirs)
                used = set()
                iou = torchvision.ops.box_iou(boxes[mine], theirs)
                for row, value in zip(iou, values[mine].tolist()):
                    order = [g for g in row.argsort(descending=True).tolist() if row[g] >= 0.5 and g not in used]
                    used.update(order[:1])
                    rows[kind].append((value, bool(order)))
    results = []
    for kind in range(CLASSES):
        hits = np.array([hit for _, hit in sorted(rows[kind], reverse=True)], float)
        precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
        precision = np.maximum.accumulate(precision[::-1])[::-1]
        results.append(float((precision * hits).sum() / max(1, totals[kind])))
    return float(np.mean(results))


def main(budget, path):
    start = time.time()
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    net = SmallRetinaNet(CLASSES).cuda().to(memory_format=torch.channels_last)
    print(sum(p.numel() for p in net.parameters()), "parameters", flush=True)
    anchors = all_anchors().cuda()
    mean, std = (torch.tensor(v, device="cuda").view(1, 3, 1, 1) for v in (MEAN, STD))

    def normalise(pictures):
        x = (pictures.permute(0, 3, 1, 2).float() / 255 - mean) / std
        return x.contiguous(memory_format=torch.channels_last)

    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-3)
    smooth = torch.optim.swa_utils.AveragedModel(
        net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998), use_buffers=True)
    loader = iter(DataLoader(Scenes(), batch_size=64, num_workers=15, prefetch_factor=4, pin_memory=True))
    step = 0
    while (elapsed := time.time() - start) < budget:
        rate = 2e-3 * min(1, (step + 1) / 300) * (0.5 * (1 + np.cos(np.pi * elapsed / budget)) + 0.005)
        for group in optimizer.param_groups:
            group["lr"] = rate
        pictures, boxes, labels = (x.cuda(non_blocking=True) for x in next(loader))
        with torch.autocast("cuda", torch.bfloat16):
            scores, deltas = net(normalise(pictures))
        classes, regression = loss(
            flatten(scores, CLASSES).float(), flatten(deltas, 4).float(), anchors, boxes, labels)
        optimizer.zero_grad(set_to_none=True)
        (classes + regression).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        smooth.update_parameters(net)
        step += 1
        if step % 200 == 0:
            print(f"{elapsed:.0f} s, step {step}: classes {classes:.3f}, boxes {regression:.3f}", flush=True)
    final = smooth.module.eval()
    torch.save({name: value.half() if value.is_floating_point() else value
                for name, value in final.state_dict().items()}, path)
    print(f"{step} steps, AP50 {average_precision(final, normalise, anchors):.4f}", flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2])
