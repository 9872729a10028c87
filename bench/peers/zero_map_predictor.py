#!/usr/bin/env python3
"""How few bits a learned predictor needs for a file's zero maps: a measure of what a better context model might gain.

    bench/peers/zero_map_predictor.py FILE.sws...

Linear layers and convolutions alike, a tensor is a matrix of output units by inputs (times kernel positions); rows and columns
without a weight are left out, as every codec here codes them apart. Cells are predicted row after row by a small neural network
from what a decoder knows: counts of the row, the column and all so far, cells beside and above, the same places in rows that were
alike so far, columns that went together in earlier rows, and how many weights the unit has that a column reads. After each row it is
trained on the rows behind it (prequential coding: no parameters are sent, and the sum of -log2 p is what an arithmetic coder
with it would write, to a few bytes). Two seeds are run and the better is printed. Kernel positions are taken as columns.
Far too slow for a codec; needs PyTorch and NumPy. Prints a JSON line a tensor and one a file.
"""
import argparse
import json
import os
import struct
import sys

import numpy
import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "java", "format", "src", "test", "python"))
import sws_decoder  # noqa: E402


def live(matrix):
    """The matrix without empty rows and columns, and which columns are not."""
    columns = matrix.any(0)
    return matrix[matrix.any(1)][:, columns], columns


def features(matrix, grid, fan):
    """(rows, columns, features) of what is known before each cell. grid: (y, x) of each column or None; fan: log counts or None."""
    rows, columns = matrix.shape
    found = numpy.zeros((rows, columns, 18), numpy.float32)
    place = {tuple(p): j for j, p in enumerate(grid)} if grid is not None else {}
    above = numpy.zeros(columns)
    together = numpy.zeros((columns, columns))
    density = matrix.mean()  # one number: its cost is left out
    for i in range(rows):
        row = matrix[i].astype(numpy.float64)
        before = numpy.cumsum(row) - row
        seen = numpy.arange(columns)
        out = found[i]
        out[:, 0] = numpy.log((before + 4 * density) / (seen + 4))
        out[:, 1] = numpy.log((above + 2 * density) / (i + 2))
        out[:, 2] = numpy.log((above.sum() + before + 1) / (i * columns + seen + 1 / density))
        out[1:, 3] = row[:-1]
        out[2:, 4] = row[:-2]
        if i > 0:
            out[:, 5] = matrix[i - 1]
            past = matrix[:i].astype(numpy.float64)
            common = numpy.cumsum(past * row, 1) - past * row  # of row i and each earlier one, before each cell
            own = numpy.cumsum(past, 1) - past
            alike = (common + 0.5) / numpy.sqrt((own + 1) * (before + 1))
            for k, sharpness in enumerate((4.0, 16.0)):
                weight = numpy.exp(sharpness * (alike - alike.max(0)))
                out[:, 6 + k] = numpy.log(((weight * past).sum(0) + density) / (weight.sum(0) + 1))
            expected = numpy.outer(above, above) / max(1, i)
            linked = (together - expected) / numpy.sqrt(numpy.outer(above + 1, above + 1))
            out[:, 8] = row @ numpy.triu(linked, 1)
            out[:, 9] = row @ numpy.triu(numpy.maximum(linked, 0), 1)
        if i > 1:
            out[:, 10] = matrix[i - 2]
        for j in range(columns):
            if place:
                y, x = grid[j]
                for k, (dy, dx) in enumerate(((0, -1), (-1, -1), (-1, 0), (-1, 1), (-2, 0))):
                    at = place.get((y + dy, x + dx))
                    out[j, 11 + k] = row[at] if at is not None and at < j else 0
        if fan is not None:
            out[:, 16] = fan
        out[:, 17] = i / rows
        above += row
        together += numpy.outer(row, row)
    return found


def prequential(matrix, found, seed):
    """Bits of all cells, each row under a network trained on the rows before it."""
    torch.manual_seed(seed)
    rows, columns, width = found.shape
    net = torch.nn.Sequential(torch.nn.Linear(width, 48), torch.nn.ReLU(), torch.nn.Linear(48, 24), torch.nn.ReLU(), torch.nn.Linear(24, 1))
    with torch.no_grad():
        net[-1].weight.mul_(0.1)
        net[-1].bias.fill_(float(numpy.log(matrix.mean() / (1 - matrix.mean()))))
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-2)
    x, y = torch.from_numpy(found), torch.from_numpy(matrix.astype(numpy.float32))
    logs = torch.tensor([1.0] * 3 + [0.0] * 3 + [1.0] * 2 + [0.0] * 10)  # those of shares: to about -1 to 1
    x = (x + 3 * logs) / (1 + 2 * logs)
    bits = 0.0
    for i in range(rows):
        with torch.no_grad():
            loss = torch.nn.functional.binary_cross_entropy_with_logits(net(x[i])[:, 0], y[i], reduction="sum")
            bits += float(loss) / numpy.log(2)
        flat_x, flat_y = x[: i + 1].reshape(-1, width), y[: i + 1].reshape(-1)
        for _ in range(12):
            batch = torch.randint(0, len(flat_y), (2048,))
            optimiser.zero_grad()
            torch.nn.functional.binary_cross_entropy_with_logits(net(flat_x[batch])[:, 0], flat_y[batch]).backward()
            optimiser.step()
    return bits


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for path in options.files:
        with open(path, "rb") as file:
            tensors = sws_decoder.decode(file.read())
        total, fan = 0.0, None
        for tensor, values in tensors:
            if tensor.role != 0:
                continue
            size = tensor.rows * tensor.columns * tensor.kernel
            whole = numpy.array(struct.unpack(f"<{size}f", values)).reshape(tensor.rows, tensor.columns * tensor.kernel) != 0
            matrix, columns = live(whole)
            if not matrix.size:
                continue
            side = int(round((whole.shape[1]) ** 0.5))
            grid = None
            if fan is None and side * side == whole.shape[1]:
                grid = [(j // side, j % side) for j in numpy.flatnonzero(columns)]
            counts = None
            if fan is not None and len(fan) == whole.shape[1]:
                counts = numpy.log1p(fan[columns])
            found = features(matrix, grid, counts)
            bits = min(prequential(matrix, found, seed) for seed in (1, 2))
            ones = int(matrix.sum())
            print(json.dumps({"file": os.path.basename(path), "tensor": tensor.name, "live": list(matrix.shape), "weights": ones,
                              "bytes": round(bits / 8, 1), "bitsPerWeight": round(bits / ones, 3)}), flush=True)
            total += bits
            fan = whole.sum(1)
        print(json.dumps({"file": os.path.basename(path), "zeroMapBytes": round(total / 8, 1)}), flush=True)


if __name__ == "__main__":
    main()
