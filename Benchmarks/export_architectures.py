"""Exports public architectures with random weights to ONNX, for accuracy.py: the batch is a symbol.

    python Benchmarks/export_architectures.py FOLDER [NAME ...]

Needs torch, torchvision, timm and transformers. Weights are random, and BatchNormalization gets random statistics, so
that outputs depend on the input. Models that exist already are left.
"""
import pathlib
import sys

import timm
import torch
import torchvision.models as vision
import torchvision.models.segmentation as segmentation
import transformers
from torch import nn


def lively(model):
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.1)
    return model.eval()


class Pick(nn.Module):
    """A model that gives one of its outputs; of text models also the two inputs by name."""

    def __init__(self, model, key, text=False):
        super().__init__()
        self.model, self.key, self.text = model, key, text

    def forward(self, *inputs):
        names = {"input_ids": inputs[0], "attention_mask": inputs[1]} if self.text else {}
        return self.model(*(() if names else inputs), **names)[self.key]


def pictures(model, size=224):
    return lively(model), (torch.randn(2, 3, size, size),), ["input"]


def segmenter(make):
    return pictures(Pick(make(weights=None, weights_backbone=None), "out"), 128)


def text(model, config, key="last_hidden_state", **options):
    options.setdefault("vocab_size", 5000)
    settings = getattr(transformers, config)(**options, attn_implementation="eager")
    ids, mask = torch.randint(0, 1000, (2, 16)), torch.ones(2, 16, dtype=torch.int64)
    mask[1, 12:] = 0
    return Pick(getattr(transformers, model)(settings).eval(), key, text=True), (ids, mask), ["ids", "mask"]


TORCHVISION = {
    "mobilenet_v2": 224, "mobilenet_v3_small": 224, "densenet121": 224, "squeezenet1_1": 224, "shufflenet_v2_x1_0": 224,
    "convnext_tiny": 224, "swin_t": 224, "regnet_y_400mf": 224, "mnasnet0_5": 224, "alexnet": 224, "maxvit_t": 224,
    "efficientnet_v2_s": 224,
}
TIMM = {
    "deit_tiny_patch16_224": 224, "mixer_s32_224": 224, "coat_lite_tiny": 224, "ghostnet_100": 224, "repvgg_a0": 224,
    "hrnet_w18_small": 224, "xcit_nano_12_p16_224": 224, "efficientformer_l1": 224, "mobilevit_xxs": 256,
    "res2net50_14w_8s": 224, "levit_128s": 224, "poolformer_s12": 224, "beit_base_patch16_224": 224, "cspdarknet53": 256,
}


class UNet(nn.Module):
    """Three levels down and up, with InstanceNorm, PReLU and transposed convolutions."""

    def __init__(self):
        super().__init__()

        def block(inside, outside):
            return nn.Sequential(
                nn.Conv2d(inside, outside, 3, padding=1), nn.BatchNorm2d(outside), nn.LeakyReLU(0.1),
                nn.Conv2d(outside, outside, 3, padding=1), nn.InstanceNorm2d(outside, affine=True), nn.PReLU(outside))

        sizes = [3, 16, 32, 64]
        self.down = nn.ModuleList(block(sizes[i], sizes[i + 1]) for i in range(3))
        self.middle = block(64, 64)
        self.up = nn.ModuleList(nn.ConvTranspose2d(*pair, 2, 2) for pair in [(64, 64), (64, 32), (32, 16)])
        self.join = nn.ModuleList(block(*pair) for pair in [(128, 64), (64, 32), (32, 16)])
        self.head = nn.Conv2d(16, 2, 1)

    def forward(self, x):
        kept = []
        for block in self.down:
            kept.append(block(x))
            x = nn.functional.max_pool2d(kept[-1], 2)
        x = self.middle(x)
        for up, join, side in zip(self.up, self.join, reversed(kept)):
            x = join(torch.cat([up(x), side], 1))
        return self.head(x)


class Recurrent(nn.Module):
    """An embedding, a bidirectional LSTM of two layers, a GRU."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(1000, 64)
        self.lstm = nn.LSTM(64, 64, 2, bidirectional=True, batch_first=True)
        self.gru = nn.GRU(128, 32, batch_first=True)
        self.head = nn.Linear(32, 10)

    def forward(self, ids):
        return self.head(self.gru(self.lstm(self.embedding(ids))[0])[0])


def zoo():
    models = {name: lambda n=name, s=size: pictures(getattr(vision, n)(weights=None), s)
              for name, size in TORCHVISION.items()}
    models |= {name: lambda n=name, s=size: pictures(timm.create_model(n, pretrained=False), s)
               for name, size in TIMM.items()}
    models |= {
        "googlenet": lambda: pictures(vision.googlenet(weights=None, aux_logits=False, init_weights=False)),
        "inception_v3": lambda: pictures(vision.inception_v3(weights=None, aux_logits=False, init_weights=False), 299),
        "fcn_resnet50": lambda: segmenter(segmentation.fcn_resnet50),
        "deeplabv3_mobilenet": lambda: segmenter(segmentation.deeplabv3_mobilenet_v3_large),
        "lraspp": lambda: segmenter(segmentation.lraspp_mobilenet_v3_large),
        "unet": lambda: (lively(UNet()), (torch.randn(2, 3, 64, 96),), ["input"]),
        "lstm_gru": lambda: (Recurrent().eval(), (torch.randint(0, 1000, (2, 12)),), ["ids"]),
        "distilbert": lambda: text("DistilBertModel", "DistilBertConfig", n_layers=3),
        "roberta": lambda: text("RobertaModel", "RobertaConfig", num_hidden_layers=3),
        "electra": lambda: text("ElectraModel", "ElectraConfig", num_hidden_layers=3),
        "albert": lambda: text("AlbertModel", "AlbertConfig", num_hidden_layers=3, hidden_size=768,
                               num_attention_heads=12, intermediate_size=3072),
        "gpt2": lambda: text("GPT2LMHeadModel", "GPT2Config", "logits", n_layer=4, use_cache=False),
        "llama": lambda: text("LlamaForCausalLM", "LlamaConfig", "logits", num_hidden_layers=2, hidden_size=256,
                              num_attention_heads=8, num_key_value_heads=2, intermediate_size=512, use_cache=False),
        "t5_encoder": lambda: text("T5EncoderModel", "T5Config", num_layers=3),
        "mpnet": lambda: text("MPNetModel", "MPNetConfig", num_hidden_layers=3),
    }
    return models


def main():
    folder, models = pathlib.Path(sys.argv[1]), zoo()
    folder.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:] or models:
        path = folder / f"{name}.onnx"
        if path.exists():
            continue
        torch.manual_seed(0)
        model, inputs, names = models[name]()
        axes = {key: {0: "batch"} for key in names + ["output"]}
        with torch.no_grad():
            torch.onnx.export(model, inputs, path, opset_version=17, dynamo=False, input_names=names,
                              output_names=["output"], dynamic_axes=axes)
        print(path, flush=True)


main()
