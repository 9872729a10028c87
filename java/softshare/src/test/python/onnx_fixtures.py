"""Writes the ONNX fixtures of the tests, with PyTorch's logits for fixed inputs: FOLDER/NAME.onnx and NAME.safetensors.

    python onnx_fixtures.py src/test/resources/io/softshare/onnx        the kept ones
    python onnx_fixtures.py --sweep FOLDER                              each network by both exporters, opset 13 to 20

Made with torch 2.13.0, onnx 1.23.1, onnxscript 0.7.2, safetensors 0.8.0. Networks are for four classes of 12x12 images.
"""

import logging
import pathlib
import sys
import warnings

import onnx
import torch
from torch import nn
from safetensors.torch import save_file

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)


class Strided(nn.Module):
    """Strides, padding, batch-norm, max and average pooling, view; a linear layer without a bias; softmax."""

    channels = 1

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(3, stride=1, padding=1),
            nn.Dropout(0.2), nn.Conv2d(8, 12, (3, 2), padding=(1, 0), groups=1), nn.ReLU(), nn.AvgPool2d(2, ceil_mode=False))
        self.hidden = nn.Linear(72, 24)
        self.last = nn.Linear(24, 4, bias=False)

    def forward(self, x):
        x = self.features(x)
        x = x.view(x.size(0), -1)
        return torch.softmax(self.last(torch.relu(self.hidden(x))), dim=1)


class Residual(nn.Module):
    """Two blocks with batch-norm, one of stride 2 with a shortcut; mean over the image; three channels."""

    channels = 3

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(8)
        self.conv1 = nn.Conv2d(8, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 12, 3, stride=2, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(12, eps=1e-3)
        self.shortcut = nn.Conv2d(8, 12, 1, stride=2)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(12, 4)

    def forward(self, x):
        x = torch.relu(self.bn(self.stem(x)))
        x = torch.relu(x + self.bn1(self.conv1(x)))
        x = torch.relu(self.bn2(self.conv2(x)) + self.shortcut(x))
        return self.fc(torch.flatten(self.pool(x), 1))


class Pools(nn.Module):
    """Average pools with padding that does not count and oblong windows, batch-norm on vectors, log-softmax."""

    channels = 1

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False),
            nn.Conv2d(6, 10, (1, 3), stride=(1, 2)), nn.ReLU(), nn.AvgPool2d((2, 1), stride=(2, 1)),
            nn.Flatten(), nn.Linear(60, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 4), nn.LogSoftmax(dim=1))

    def forward(self, x):
        return self.net(x)


def images(channels, count):
    """Noise with a bright quarter; in colour, brighter in one colour or all. What a network gets: (pixel - 60) / 50, BGR."""
    labels = torch.arange(count) % 4
    pixels = torch.randint(0, 128, (count, channels, 12, 12)).float()
    for i, label in enumerate(labels.tolist()):
        if channels == 1:
            top, left = 6 * (label // 2), 6 * (label % 2)
            pixels[i, 0, top:top + 6, left:left + 6] += 80
        elif label == 3:
            pixels[i] += 80
        else:
            pixels[i, 2 - label] += 80
    return (pixels - 60) / 50, labels


def made(kind, seed):
    """A network that was trained for a moment."""
    torch.manual_seed(seed)
    net = kind().train()
    optimizer = torch.optim.Adam(net.parameters(), 3e-3)
    for _ in range(200):
        x, labels = images(net.channels, 64)
        optimizer.zero_grad()
        out = net(x)
        out = out.log() if isinstance(net, Strided) else out
        nn.functional.cross_entropy(out, labels).backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        x, labels = images(net.channels, 1000)
        print(kind.__name__, "test error", 100 * (net(x).argmax(1) != labels).float().mean().item(), "%")
    return net


def export(net, path, opset, dynamo, open_batch, plain):
    """plain: as the network is, without folding batch-norm into convolutions."""
    x = torch.randn(2, net.channels, 12, 12)
    options = dict(opset_version=opset, input_names=["image"], output_names=["scores"], dynamo=dynamo)
    if dynamo:
        options.update(optimize=not plain, external_data=False)
        if open_batch:
            options.update(dynamic_shapes=({0: torch.export.Dim("batch")},))
    else:
        if plain:
            options.update(training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)
        if open_batch:
            options.update(dynamic_axes={"image": {0: "batch"}, "scores": {0: "batch"}})
    torch.onnx.export(net, (x,), str(path), **options)


def without_traces(path):
    """The newer exporter notes at each node which line of which file it comes from: nothing to keep."""
    model = onnx.load(path)
    for proto in (model, model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output):
        del proto.metadata_props[:]
        proto.doc_string = ""
    onnx.save(model, path)


def case(net, path):
    """Inputs and logits: what stands before a softmax."""
    x = torch.randn(3, net.channels, 12, 12, generator=torch.Generator().manual_seed(7))
    with torch.no_grad():
        out = net(x)
        if isinstance(net, Strided):
            out = net.last(torch.relu(net.hidden(net.features(x).flatten(1))))
        if isinstance(net, Pools):
            out = net.net[:-1](x)
    save_file({"x": x, "logits": out.contiguous()}, str(path))


KINDS = {"strided": (Strided, 1), "residual": (Residual, 2), "pools": (Pools, 3)}


def main(arguments):
    folder = pathlib.Path(arguments[-1])
    folder.mkdir(parents=True, exist_ok=True)
    if arguments[0] != "--sweep":
        for name, how in {
            "strided": dict(opset=13, dynamo=False, open_batch=False, plain=False),
            "residual": dict(opset=18, dynamo=True, open_batch=True, plain=True),
            "pools": dict(opset=20, dynamo=False, open_batch=True, plain=False),
        }.items():
            kind, seed = KINDS[name]
            net = made(kind, seed)
            case(net, folder / f"{name}.safetensors")
            export(net, folder / f"{name}.onnx", **how)
            without_traces(folder / f"{name}.onnx")
        return
    for name, (kind, seed) in KINDS.items():
        net = made(kind, seed)
        case(net, folder / f"{name}.safetensors")
        for opset in range(13, 21):
            for dynamo in ([False, True] if opset >= 18 else [False]):
                for open_batch in (False, True):
                    for plain in (False, True):
                        kind_of = f"{'dynamo' if dynamo else 'script'}-{'open' if open_batch else 'fixed'}-{'plain' if plain else 'folded'}"
                        export(net, folder / f"{name}-{opset}-{kind_of}.onnx", opset, dynamo, open_batch, plain)


if __name__ == "__main__":
    main(sys.argv[1:])
