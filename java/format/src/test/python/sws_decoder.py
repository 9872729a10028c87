#!/usr/bin/env python3
"""A second decoder of .sws files, written from docs/FORMAT.md alone, as a check on it; slow and plain.

    python3 sws_decoder.py FILE...

prints a line `DIGEST  NAME` for each file. The digest is the SHA-256 over all tensors in order of: the tensor's name in
UTF-8, a zero byte, its values as little-endian float32 bits. A malformed file is a ValueError that names the byte.
Values are bit patterns (integers) throughout, so that NaNs and -0 stay what they are. Sections are FORMAT.md's;
the modules beside this one have 2 to 6.
"""
import hashlib
import os
import sys

from sws_context import Context
from sws_csr_huffman import CsrHuffman
from sws_graph import Graph
from sws_reader import Reader, clamp, need


def crc32c(data):
    """Section 1: CRC-32C (Castagnoli)."""
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def slices_of(number, tensor):
    """Section 1.1: the tensor cut by rows, as pairs of its number and a tensor with fewer rows."""
    step = clamp(1, 2**22 // (tensor.columns * tensor.kernel), tensor.rows) if tensor.role == 0 else 1
    return [(number, tensor._replace(rows=min(step, tensor.rows - row))) for row in range(0, tensor.rows, step)]


def decode(data):
    """Section 1: pairs of a tensor and its values, little-endian singles."""
    need(len(data) <= 2**30, "file too large", 2**30)
    reader = Reader(data, 0, len(data))
    need(reader.take(4) == b"\xd3SWS", "not an .sws file", 0)
    need(reader.byte() == 1, "unknown major version", 4)
    reader.byte()
    at, length = reader.pos, reader.varint()
    need(length == len(data) - reader.pos and length >= 4, f"length {length}, but {len(data) - reader.pos} left", at)
    reader.end -= 4
    need(crc32c(data[:reader.end]) == int.from_bytes(data[reader.end:], "little"), "wrong checksum", reader.end)
    at = reader.pos
    need(reader.varint() == 0, "unknown required features", at)
    reader.varint()
    codec = (CsrHuffman, Context)[reader.varint(1, 2) - 1]
    tensors = Graph(reader).tensors
    return sections(reader, codec, tensors)


def sections(reader, codec, tensors):
    """Section 1.1."""
    slices = [part for number, tensor in enumerate(tensors) for part in slices_of(number, tensor)]
    count = reader.varint(high=max(0, len(slices) - 1)) + 1
    heads = [(reader.varint(1, len(slices)), reader.varint(high=reader.end)) for _ in range(count - 1)]
    heads.append((len(slices) - sum(n for n, _ in heads), reader.end - reader.pos - sum(size for _, size in heads)))
    need(heads[-1][0] >= (1 if slices else 0) and heads[-1][1] >= 0, "slices or bytes of sections", reader.pos)
    kinds, values = [None] * len(tensors), [[] for _ in tensors]
    for n, size in heads:
        part, slices = slices[:n], slices[n:]
        start = reader.pos
        reader.take(size)
        payload = codec(reader.data, start, reader.pos, [tensor for _, tensor in part])
        for number, tensor in part:
            kind, raw = payload.tensor(tensor)
            need(kinds[number] in (None, kind), "slices of different kinds", start)
            kinds[number] = kind
            values[number].append(raw)
        payload.finish()
    return [(tensor, b"".join(parts)) for tensor, parts in zip(tensors, values)]


def digest(data):
    """What SHA256SUMS has for a file."""
    sha = hashlib.sha256()
    for tensor, values in decode(data):
        sha.update(tensor.name.encode("utf-8") + b"\0")
        sha.update(values)
    return sha.hexdigest()


def main(files):
    """Prints a line for each file; 1 if one of them is malformed."""
    status = 0
    for path in files:
        try:
            with open(path, "rb") as file:
                print(f"{digest(file.read())}  {os.path.basename(path)}")
        except (ValueError, OSError) as error:
            print(f"{os.path.basename(path)}: {error}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
