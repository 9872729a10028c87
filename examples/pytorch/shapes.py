"""A small CNN trained in PyTorch, for the example in README.md.

    python shapes.py train FOLDER        draws data, trains, writes FOLDER/shapes.onnx
    python shapes.py check FOLDER        reads FOLDER/back.safetensors and FOLDER/back.onnx and measures both

Needs torch, onnx, onnxscript, numpy, safetensors and onnxruntime.
"""

import logging
import pathlib
import struct
import sys
import time
import warnings

import numpy as np
import torch
from torch import nn

SIDE = 28
KINDS = ["disc", "ring", "square", "frame", "triangle", "cross"]
MEAN, SCALE = 80.0, 60.0  # of pixels from 0 to 255, said to softshare in its options


class Shapes(nn.Module):
    """Batch-norm, a residual block and a mean over the image: 13,662 parameters."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 12, 5, stride=2, padding=2), nn.BatchNorm2d(12), nn.ReLU())
        self.wide = nn.Sequential(nn.Conv2d(12, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU(), nn.MaxPool2d(2))
        self.block = nn.Sequential(
            nn.Conv2d(24, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU(), nn.Conv2d(24, 24, 3, padding=1), nn.BatchNorm2d(24))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(24, len(KINDS))

    def forward(self, x):
        x = self.wide(self.stem(x))
        x = torch.relu(x + self.block(x))
        return self.head(torch.flatten(self.pool(x), 1))


def draw(kind, random):
    """One picture: a shape of any place, size, angle and contrast, over stripes and noise."""
    angle, size = random.uniform(0, 2 * np.pi), random.uniform(6, 9)
    cy, cx = random.uniform(9, 19, 2)
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    u = (np.cos(angle) * (x - cx) + np.sin(angle) * (y - cy)) / size
    v = (np.cos(angle) * (y - cy) - np.sin(angle) * (x - cx)) / size
    radius, side = np.hypot(u, v), np.maximum(abs(u), abs(v))
    inside = {
        "disc": radius < 1,
        "ring": (radius < 1) & (radius > 0.6),
        "square": side < 0.9,
        "frame": (side < 0.9) & (side > 0.5),
        "triangle": (v > -0.6) & (v < 1 - 1.8 * abs(u)),
        "cross": (side < 1) & (np.minimum(abs(u), abs(v)) < 0.3),
    }[KINDS[kind]]
    stripes = 12 * np.sin((x * random.uniform(-1, 1) + y * random.uniform(-1, 1)) + random.uniform(0, 6))
    picture = 60 + stripes + inside * random.uniform(60, 130) + random.normal(0, 14, (SIDE, SIDE))
    return picture.clip(0, 255).astype(np.uint8)


def write_data(folder):
    """The four IDX files, as MNIST's."""
    random = np.random.default_rng(1)
    folder.mkdir(parents=True, exist_ok=True)
    for name, count in (("train", 6000), ("t10k", 1000)):
        labels = np.arange(count) % len(KINDS)
        pictures = np.stack([draw(k, random) for k in labels])
        (folder / f"{name}-images-idx3-ubyte").write_bytes(struct.pack(">4i", 0x803, count, SIDE, SIDE) + pictures.tobytes())
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(
            struct.pack(">2i", 0x801, count) + labels.astype(np.uint8).tobytes())


def read_data(folder, name):
    pictures = np.frombuffer((folder / f"{name}-images-idx3-ubyte").read_bytes(), np.uint8, offset=16)
    labels = np.frombuffer((folder / f"{name}-labels-idx1-ubyte").read_bytes(), np.uint8, offset=8)
    x = torch.from_numpy(pictures.reshape(-1, 1, SIDE, SIDE).astype(np.float32))
    return (x - MEAN) / SCALE, torch.from_numpy(labels.astype(np.int64))


def error_percent(logits, labels):
    return 100 * (logits.argmax(1) != labels).float().mean().item()


def train(folder):
    torch.manual_seed(1)
    torch.set_num_threads(1)
    write_data(folder / "data")
    x, labels = read_data(folder / "data", "train")
    net, began, epochs = Shapes(), time.time(), 12
    optimizer = torch.optim.Adam(net.parameters(), 3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for _ in range(epochs):
        for batch in torch.randperm(len(x)).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x[batch]), labels[batch]).backward()
            optimizer.step()
        schedule.step()
    net.eval()
    test, truth = read_data(folder / "data", "t10k")
    with torch.no_grad():
        print(f"trained in PyTorch: {error_percent(net(test), truth):.2f} % test error, "
              f"{sum(p.numel() for p in net.parameters()):,} parameters, {time.time() - began:.0f} s")
    # optimize=False keeps batch-norm and the names of the state_dict, so that the weights can be loaded back.
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")  # of the exporter, about itself
    torch.onnx.export(net, (test[:2],), str(folder / "shapes.onnx"), input_names=["picture"], output_names=["scores"],
                      dynamo=True, optimize=False, external_data=False, verbose=False,
                      dynamic_shapes=({0: torch.export.Dim("batch")},))


def check(folder):
    import onnxruntime
    from safetensors.torch import load_file

    test, truth = read_data(folder / "data", "t10k")
    net = Shapes()
    net.load_state_dict(load_file(folder / "back.safetensors"), strict=True)
    net.eval()
    with torch.no_grad():
        logits = net(test)
    print(f"back in PyTorch: {error_percent(logits, truth):.2f} % test error")
    session = onnxruntime.InferenceSession(folder / "back.onnx")
    scores = torch.from_numpy(session.run(["scores"], {"picture": test.numpy()})[0])
    print(f"back in ONNX Runtime: {error_percent(scores, truth):.2f} % test error, logits differ from PyTorch's by "
          f"{(scores - logits).abs().max().item():.1e} at most")
    weights = [p for n, p in net.named_parameters() if p.dim() > 1]
    live = sum(int((p != 0).sum()) for p in weights)
    print(f"weights that are not zero: {live:,} of {sum(p.numel() for p in weights):,}")


if __name__ == "__main__":
    {"train": train, "check": check}[sys.argv[1]](pathlib.Path(sys.argv[2]))
