"""The prior's step with Adam and LeNet-5's retraining step in PyTorch on a GPU: eager, compiled, and as a CUDA graph.

One line a measurement. Times are medians by CUDA events after a warm-up. The prior is METHOD's: 17 components, pi_0 0.999, its
gradient by autograd; Adam is PyTorch's fused one. A way that does not fit into memory or does not run is told, not an error.
"""

import argparse
import math
import statistics

import torch
from torch import nn

HALF_LOG_2_PI = 0.5 * math.log(2 * math.pi)
COMPONENTS = 17
TAU = 0.003 / 60000


def mixture(device):
    """log pi, means, log sigma: as softshare's Mixture.initial(16, 0.999, 0.02, 0.6, 0.25)."""
    free = COMPONENTS - 1
    log_pi = torch.tensor([math.log(0.999)] + [math.log(0.001 / free)] * free, device=device)
    means = torch.tensor([0.0] + [-0.6 + 1.2 * j / (free - 1) for j in range(free)], device=device)
    log_sigma = torch.tensor([math.log(0.02)] + [math.log(0.25)] * free, device=device)
    return log_pi, means, log_sigma


def prior(weights, log_pi, means, log_sigma):
    distance = (weights.unsqueeze(1) - means) * torch.exp(-log_sigma)
    return -torch.logsumexp(log_pi - log_sigma - HALF_LOG_2_PI - 0.5 * distance * distance, dim=1).sum()


def lenet_5():
    return nn.Sequential(
        nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, 10),
    )


def measure(step, rounds):
    """Milliseconds of a step, median."""
    for _ in range(5):
        step()
    torch.cuda.synchronize()
    times = []
    for _ in range(rounds):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        step()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end))
    return statistics.median(times)


def graphed(step):
    """The step as a CUDA graph, warmed up on a side stream as PyTorch asks for."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(5):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def report(what, way, build, rounds):
    try:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        milliseconds = measure(build(), rounds)
        peak = torch.cuda.max_memory_allocated() / 2**20
        print(f"{what}, {way}: {milliseconds:.4f} ms, {peak:.0f} MiB at most", flush=True)
    except (torch.cuda.OutOfMemoryError, RuntimeError) as error:
        print(f"{what}, {way}: not run: {str(error).splitlines()[0]}", flush=True)


def prior_step(count, way):
    def build():
        torch.manual_seed(1)
        weights = (0.1 * torch.randn(count, device="cuda")).requires_grad_()
        task = 1e-3 * torch.randn(count, device="cuda")
        numbers = mixture("cuda")
        function = torch.compile(prior) if way != "eager" else prior
        optimiser = torch.optim.Adam([weights], lr=1e-3, fused=True, capturable=True)

        def step():
            gradient = torch.autograd.grad(TAU * function(weights, *numbers), weights)[0]
            weights.grad = task + gradient
            optimiser.step()

        return graphed(step) if way == "compile and graph" else step

    return build


def training_step(way, batch):
    def build():
        torch.manual_seed(1)
        model = lenet_5().cuda()
        x, y = torch.rand(batch, 1, 28, 28, device="cuda"), torch.randint(0, 10, (batch,), device="cuda")
        weights = [p for p in model.parameters() if p.dim() > 1]
        numbers = mixture("cuda")

        def loss_of(images, labels):
            flat = torch.cat([w.reshape(-1) for w in weights])
            return nn.functional.cross_entropy(model(images), labels) + TAU * prior(flat, *numbers)

        function = torch.compile(loss_of) if way != "eager" else loss_of
        optimiser = torch.optim.Adam(model.parameters(), lr=5e-4, fused=True, capturable=True)

        def step():
            optimiser.zero_grad(set_to_none=True)
            function(x, y).backward()
            optimiser.step()

        return graphed(step) if way == "compile and graph" else step

    return build


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1 M weights only")
    parser.add_argument("--rounds", type=int, default=31)
    options = parser.parse_args()
    print(f"PyTorch {torch.__version__} on {torch.cuda.get_device_name()}", flush=True)
    for count in [1_000_000] if options.quick else [1_000_000, 100_000_000, 1_000_000_000]:
        for way in ("eager", "compile", "compile and graph"):
            report(f"prior step of {count:,} weights", way, prior_step(count, way), options.rounds)
    for tf32 in (False, True):
        torch.backends.cuda.matmul.allow_tf32 = tf32
        torch.backends.cudnn.allow_tf32 = tf32
        for way in ("eager", "compile", "compile and graph"):
            name = "tf32" if tf32 else "fp32"
            report(f"retraining step of LeNet-5, batch 128, {name}", way, training_step(way, 128), options.rounds)


if __name__ == "__main__":
    main()
