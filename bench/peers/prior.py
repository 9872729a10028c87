"""The mixture prior's value and gradients (weights, means, log sigma, logits) in PyTorch, eager and compiled.

Reads the weights and mixtures that prior_bench --data DIR wrote, so that both sides work on the same numbers. Each
implementation is compared with double precision before it is timed.
"""

import argparse
import array
import os

import torch

import common


def doubles(path):
    values = array.array("d")
    with open(path, "rb") as file:
        values.frombytes(file.read())
    return list(values)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="folder that prior_bench --data filled")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--implementations", default="eager,compile")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for name in sorted(f[: -len(".mixture")] for f in os.listdir(options.data) if f.endswith(".mixture")):
        packed = doubles(os.path.join(options.data, name + ".mixture"))
        k = len(packed) // 3
        pi, mu, sigma = packed[:k], packed[k : 2 * k], packed[2 * k :]
        path = os.path.join(options.data, name + ".weights")
        count = os.path.getsize(path) // 4
        weights = torch.from_file(path, size=count, dtype=torch.float32).clone().requires_grad_()
        for implementation in options.implementations.split(","):
            run(name, implementation, weights, (pi, mu, sigma), options)


def run(name, implementation, weights, numbers, options):
    mixture = common.Mixture(*numbers)
    function = common.negative_log_prior
    if implementation == "compile":
        function = torch.compile(function)
    inputs = [weights] + mixture.parameters()
    result = {}

    def body():
        value = mixture.loss(weights, function)
        result["gradients"] = torch.autograd.grad(value, inputs)
        result["value"] = value

    body()
    # Double precision on a sample: float32 differs by its own rounding, not by more.
    size = min(4099, weights.numel())
    exact_weights = weights.detach()[:size].double().requires_grad_()
    exact = common.Mixture(*numbers, dtype=torch.float64)
    expected = torch.autograd.grad(exact.loss(exact_weights), exact_weights)[0]
    error = (result["gradients"][0][:size].double() - expected).abs() / (expected.abs() + 1)
    if not error.max() < 1e-2:
        raise SystemExit(f"prior.py: {implementation} on {name} differs from double precision by {error.max():.3g}")
    times = common.measure(body, options.rounds, warmup=2)
    common.report(
        "prior",
        implementation,
        times,
        mixture=name,
        weights=weights.numel(),
        components=len(numbers[0]),
        value=float(result["value"].detach()),
        gradientError=float(error.max()),
    )


if __name__ == "__main__":
    main()
