"""The networks of the GPU benchmark with random weights that keep their outputs alive: `export FOLDER NAME...` writes
ONNX files with a symbolic batch, `time NAME:BATCH...` prints PyTorch's medians (one JSON line each, CUDA events)."""
import copy
import json
import os
import sys

import torch

PICTURES = {"resnet50": (3, 224, 224), "efficientnet_b0": (3, 224, 224), "vit_b16": (3, 224, 224),
            "retinanet": (3, 480, 640)}


class Bert(torch.nn.Module):
    """Ids and mask [N, 128] to hidden states."""

    def __init__(self):
        super().__init__()
        from transformers import BertConfig, BertModel
        self.bert = BertModel(BertConfig(attn_implementation="sdpa"), add_pooling_layer=False)

    def forward(self, ids, mask):
        return self.bert(input_ids=ids, attention_mask=mask, return_dict=False)[0]


class RetinaNetHeads(torch.nn.Module):
    """Pictures to class logits [N, anchors, 91] and box deltas [N, anchors, 4]."""

    def __init__(self):
        super().__init__()
        from torchvision.models.detection import retinanet_resnet50_fpn
        whole = retinanet_resnet50_fpn(weights=None, weights_backbone=None, num_classes=91)
        self.backbone, self.head = whole.backbone, whole.head

    def forward(self, x):
        found = self.head(list(self.backbone(x).values()))
        return found["cls_logits"], found["bbox_regression"]


def inputs(name, batch, device="cpu"):
    if name == "bert_base":
        ids = torch.randint(0, 30000, (batch, 128), device=device)
        mask = torch.ones_like(ids)
        mask[:, 100:] = 0
        return ids, mask
    return (torch.randn(batch, *PICTURES[name], device=device),)


def build(name):
    torch.manual_seed(0)
    if name == "resnet50":
        import torchvision
        net = torchvision.models.resnet50(weights=None)
    elif name in ("efficientnet_b0", "vit_b16"):
        import timm
        net = timm.create_model({"vit_b16": "vit_base_patch16_224"}.get(name, name), pretrained=False)
    else:
        net = {"bert_base": Bert, "retinanet": RetinaNetHeads}[name]()
    # Scales of zero would switch branches off; statistics must fit the random weights.
    for parameter_name, parameter in net.named_parameters():
        if parameter.dim() == 1 and parameter_name.endswith("weight"):
            parameter.data.uniform_(0.6, 1.4)
    norms = [m for m in net.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    net.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    if norms:
        with torch.no_grad():
            for _ in range(2):
                net(*inputs(name, 2))
    return net.eval()


def export(folder, names):
    os.makedirs(folder, exist_ok=True)
    for name in names:
        feeds = ["ids", "mask"] if name == "bert_base" else ["input"]
        results = ["classes", "boxes"] if name == "retinanet" else ["output"]
        with torch.no_grad():
            torch.onnx.export(
                build(name), inputs(name, 2), f"{folder}/{name}.onnx", opset_version=17, dynamo=False,
                input_names=feeds, output_names=results,
                dynamic_axes={value: {0: "batch"} for value in feeds + results})
        print(f"{folder}/{name}.onnx", flush=True)


def median(run, count=200, warm=30):
    for _ in range(warm):
        run()
    torch.cuda.synchronize()
    times = []
    for _ in range(count):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        run()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end))
    return sorted(times)[count // 2]


def graph(net, feeds):
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        for _ in range(5):
            net(*feeds)
    torch.cuda.synchronize()
    recorded = torch.cuda.CUDAGraph()
    with torch.cuda.graph(recorded):
        net(*feeds)
    return recorded


def measure(specs):
    torch.backends.cudnn.benchmark = True
    for spec in specs:
        name, batch = spec.split(":")
        net, feeds = build(name).cuda(), inputs(name, int(batch), "cuda")
        half = copy.deepcopy(net).half()
        halves = tuple(x.half() if x.is_floating_point() else x for x in feeds)
        if name in ("resnet50", "efficientnet_b0", "retinanet"):
            half = half.to(memory_format=torch.channels_last)
            halves = tuple(x.contiguous(memory_format=torch.channels_last) for x in halves)
        with torch.inference_mode():
            for precision, model, data in (("fp32", net, feeds), ("fp16", half, halves)):
                eager = median(lambda: model(*data), 60, 10)
                replay = median(graph(model, data).replay)
                print(json.dumps({"model": name, "batch": int(batch), "precision": precision,
                                  "eager_ms": round(eager, 4), "graph_ms": round(replay, 4)}), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "export":
        export(sys.argv[2], sys.argv[3:])
    else:
        measure(sys.argv[2:])
