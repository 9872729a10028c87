"""A training step (forward, loss, backward, Adam) of LeNet-300-100 and LeNet-5-Caffe in PyTorch, with and without the prior.

Random data in memory: what is timed is the step alone. The prior's part follows METHOD: 17 components, pi_0 0.999, tau
divided by the number of training examples, Adam on means, log sigma and logits too.
"""

import argparse

import torch
from torch import nn

import common

TAU = 0.003 / 60000


def lenet_300_100():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 100), nn.ReLU(), nn.Linear(100, 10)
    )


def lenet_5():
    return nn.Sequential(
        nn.Conv2d(1, 20, 5),
        nn.MaxPool2d(2),
        nn.Conv2d(20, 50, 5),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(800, 500),
        nn.ReLU(),
        nn.Linear(500, 10),
    )


MODELS = {"lenet-300-100": lenet_300_100, "lenet-5": lenet_5}


def run(name, implementation, prior, options):
    torch.manual_seed(1)
    model = MODELS[name]()
    x = torch.rand(options.batch, 1, 28, 28)
    y = torch.randint(0, 10, (options.batch,))
    if implementation == "channels_last":
        model = model.to(memory_format=torch.channels_last)
        x = x.to(memory_format=torch.channels_last)
    groups = [{"params": list(model.parameters()), "lr": 5e-4}]
    mixture = None
    if prior:
        mixture = common.Mixture.initial(16, 0.999, -0.6, 0.6, 0.25)
        groups.append({"params": [mixture.means], "lr": 1e-4})
        groups.append({"params": [mixture.log_sigma, mixture.logits], "lr": 3e-3})
    # The fused form is the fastest that PyTorch has on a processor.
    optimiser = torch.optim.Adam(groups, fused=True)
    weights = [p for p in model.parameters() if p.dim() > 1]

    def loss_of(images, labels):
        loss = nn.functional.cross_entropy(model(images), labels)
        if mixture is not None:
            loss = loss + TAU * mixture.loss(torch.cat([w.reshape(-1) for w in weights]))
        return loss

    function = torch.compile(loss_of) if implementation == "compile" else loss_of
    last = {}

    def body():
        optimiser.zero_grad(set_to_none=True)
        loss = function(x, y)
        loss.backward()
        optimiser.step()
        last["loss"] = loss

    body()
    first = float(last["loss"].detach())
    times = common.measure(body, options.rounds, warmup=5, seconds=options.seconds)
    loss = float(last["loss"].detach())
    if not loss < first:
        raise SystemExit(f"training_step.py: the loss of {name} must fall on one batch, {first} became {loss}")
    common.report(
        "training step", implementation, times, model=name, batch=options.batch, prior="prior" if prior else "none"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=2.0, help="most that one measurement takes")
    parser.add_argument("--models", default="lenet-300-100,lenet-5")
    parser.add_argument("--implementations", default="eager,channels_last,compile")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for name in options.models.split(","):
        for implementation in options.implementations.split(","):
            if name == "lenet-300-100" and implementation == "channels_last":
                continue  # it has no channels
            for prior in (False, True):
                run(name, implementation, prior, options)


if __name__ == "__main__":
    main()
