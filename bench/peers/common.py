"""What the PyTorch peers share: timing, the mixture prior as autograd sees it, and one JSON line a measurement."""

import json
import math
import resource
import statistics
import time

import torch

HALF_LOG_2_PI = 0.5 * math.log(2 * math.pi)


def measure(body, rounds, warmup=3, seconds=20.0):
    """Seconds of `rounds` calls (fewer if they would take longer than `seconds`) after a warm-up."""
    for _ in range(warmup):
        body()
    times = []
    begin = time.perf_counter()
    while len(times) < rounds and (len(times) < 3 or time.perf_counter() - begin < seconds):
        start = time.perf_counter()
        body()
        times.append(time.perf_counter() - start)
    return times


def report(operation, implementation, times, **more):
    """One JSON line. peakBytes is the process's so far, PyTorch and its libraries included."""
    line = {
        "side": "pytorch",
        "operation": operation,
        "implementation": implementation,
        "median": statistics.median(times),
        "min": min(times),
        "max": max(times),
        "rounds": len(times),
        "threads": torch.get_num_threads(),
        "version": torch.__version__,
        "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    line.update(more)
    print(json.dumps(line), flush=True)


def negative_log_prior(weights, log_pi, means, log_sigma):
    """-sum log p(w) over a flat tensor of weights: what METHOD calls L_C without the hyperpriors."""
    distance = (weights.unsqueeze(1) - means) * torch.exp(-log_sigma)
    return -torch.logsumexp(log_pi - log_sigma - HALF_LOG_2_PI - 0.5 * distance * distance, dim=1).sum()


def log_proportions(log_zero, log_rest, logits):
    """log pi with pi_0 fixed and the others by softmax."""
    return torch.cat([log_zero, log_rest + torch.log_softmax(logits, 0)])


class Mixture:
    """A mixture's parameters as leaves of the graph; the zero component's mean and proportion are fixed."""

    def __init__(self, pi, mu, sigma, dtype=torch.float32):
        tensor = lambda values: torch.tensor(values, dtype=dtype)
        self.log_zero = tensor([math.log(pi[0])])
        self.log_rest = tensor([math.log1p(-pi[0])])
        self.zero = tensor([0.0])
        self.logits = tensor([math.log(p) for p in pi[1:]]).requires_grad_()
        self.means = tensor(mu[1:]).requires_grad_()
        self.log_sigma = tensor([math.log(s) for s in sigma]).requires_grad_()

    def parameters(self):
        return [self.logits, self.means, self.log_sigma]

    def loss(self, weights, function=negative_log_prior):
        log_pi = log_proportions(self.log_zero, self.log_rest, self.logits)
        return function(weights, log_pi, torch.cat([self.zero, self.means]), self.log_sigma)

    @staticmethod
    def initial(free, zero_share, low, high, sigma):
        """METHOD's start: means evenly over [low, high], equal proportions."""
        spacing = (high - low) / (free - 1)
        return Mixture(
            [zero_share] + [(1 - zero_share) / free] * free,
            [0.0] + [low + spacing * j for j in range(free)],
            [sigma] * (free + 1),
        )
