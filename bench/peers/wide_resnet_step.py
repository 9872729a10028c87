"""A training step (forward, loss, backward, Adam) of WRN-16-4 on 32x32 images in PyTorch, in float32 and bfloat16.

Random data in memory: what is timed is the step alone. bf16 is autocast: float32 master weights and batch-norm, as softshare has it.
Prints processor time beside wall time: on a shared machine only the former says much.
"""

import argparse
import statistics
import time

import torch
from torch import nn

import common


class Block(nn.Module):
    def __init__(self, before, width, stride):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(before)
        self.conv1 = nn.Conv2d(before, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.shortcut = nn.Conv2d(before, width, 1, stride, bias=False) if before != width else None

    def forward(self, x):
        h = torch.relu(self.bn1(x))
        residual = x if self.shortcut is None else self.shortcut(h)
        return self.conv2(torch.relu(self.bn2(self.conv1(h)))) + residual


class WideResNet(nn.Module):
    def __init__(self):
        super().__init__()
        widths = [16, 64, 64, 128, 128, 256, 256]
        self.conv0 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.blocks = nn.Sequential(*[Block(widths[i], widths[i + 1], 2 if i in (2, 4) else 1) for i in range(6)])
        self.bn = nn.BatchNorm2d(256)
        self.fc = nn.Linear(256, 10)

    def forward(self, x):
        return self.fc(torch.relu(self.bn(self.blocks(self.conv0(x)))).mean((2, 3)))


def run(precision, implementation, options):
    torch.manual_seed(1)
    model = WideResNet()
    x = torch.rand(options.batch, 3, 32, 32)
    y = torch.randint(0, 10, (options.batch,))
    if implementation == "channels_last":
        model = model.to(memory_format=torch.channels_last)
        x = x.to(memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-4, fused=True)
    losses = []

    def body():
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            loss = nn.functional.cross_entropy(model(x).float(), y)
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))

    body()
    times, processor = [], []
    for _ in range(options.rounds):
        begin, used = time.perf_counter(), time.process_time()
        body()
        times.append(time.perf_counter() - begin)
        processor.append(time.process_time() - used)
    if not losses[-1] < losses[0]:
        raise SystemExit(f"wide_resnet_step.py: the loss must fall on one batch, {losses[0]} became {losses[-1]}")
    common.report(
        "training step",
        implementation,
        times,
        model="wrn-16-4",
        batch=options.batch,
        precision=precision,
        processorMedian=statistics.median(processor),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--precisions", default="fp32,bf16")
    parser.add_argument("--implementations", default="eager,channels_last")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for precision in options.precisions.split(","):
        for implementation in options.implementations.split(","):
            run(precision, implementation, options)


if __name__ == "__main__":
    main()
