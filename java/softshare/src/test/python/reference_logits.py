"""Builds softshare's built-in networks in PyTorch with random weights; writes weights, input bytes and logits.

Usage: reference_logits.py MODEL OUT_WEIGHTS.safetensors OUT_CASE.safetensors
"""
import sys

import torch
from safetensors.torch import save_file
from torch import nn


class LeNet300100(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(784, 300), nn.Linear(300, 100), nn.Linear(100, 10)

    def forward(self, x):
        return self.fc3(self.fc2(self.fc1(x.flatten(1)).relu()).relu())


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 20, 5), nn.Conv2d(20, 50, 5)
        self.fc1, self.fc2 = nn.Linear(800, 500), nn.Linear(500, 10)

    def forward(self, x):
        x = nn.functional.max_pool2d(self.conv1(x), 2).relu()
        x = nn.functional.max_pool2d(self.conv2(x), 2).relu()
        return self.fc2(self.fc1(x.flatten(1)).relu())


class Block(nn.Module):
    def __init__(self, channels, out, stride, first):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(channels), nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(out), nn.Conv2d(out, out, 3, 1, 1, bias=False)
        if first:
            self.shortcut = nn.Conv2d(channels, out, 1, stride, bias=False)

    def forward(self, x):
        h = self.bn1(x).relu()
        residual = self.shortcut(h) if hasattr(self, "shortcut") else x
        return self.conv2(self.bn2(self.conv1(h)).relu()) + residual


class WideResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv0 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        blocks, channels = [], 16
        for i, width in enumerate((64, 64, 128, 128, 256, 256)):
            blocks.append(Block(channels, width, 2 if i in (2, 4) else 1, i % 2 == 0))
            channels = width
        self.blocks, self.bn, self.fc = nn.ModuleList(blocks), nn.BatchNorm2d(256), nn.Linear(256, 10)

    def forward(self, x):
        x = self.conv0(x)
        for block in self.blocks:
            x = block(x)
        return self.fc(self.bn(x).relu().mean((2, 3)))


model_name, weights, case = sys.argv[1:]
torch.manual_seed(1)
model = {"lenet-300-100": LeNet300100, "lenet-5": LeNet5, "wrn-16-4": WideResNet}[model_name]()
channels, side = (3, 32) if model_name == "wrn-16-4" else (1, 28)
for name, buffer in model.named_buffers():
    if name.endswith("running_mean"):
        buffer.normal_(0, 0.1)
    elif name.endswith("running_var"):
        buffer.uniform_(0.5, 1.5)
model.eval()
x = torch.randn(4, channels, side, side)
with torch.no_grad():
    logits = model(x)
save_file(model.state_dict(), weights)
save_file({"x": x.permute(0, 2, 3, 1).contiguous(), "logits": logits}, case)
