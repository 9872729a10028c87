#!/usr/bin/env python3
"""A second decoder of .sws files, written from docs/FORMAT.md alone, as a check on it; slow and plain.

    python3 sws_decoder.py FILE...

prints a line `DIGEST  NAME` for each file. The digest is the SHA-256 over all tensors in order of: the tensor's name in
UTF-8, a zero byte, its values as little-endian float32 bits. A malformed file is a ValueError that names the byte.
Values are bit patterns (integers) throughout, so that NaNs and -0 stay what they are. Sections are FORMAT.md's.
"""
import hashlib
import os
import struct
import sys
import unicodedata
from collections import namedtuple
from math import isqrt
from operator import mul

Tensor = namedtuple("Tensor", "name role rows columns kernel kernel_width")


def fail(what, at):
    """Section 6: an error names the byte."""
    raise ValueError(f"byte {at}: {what}")


def clamp(low, x, high):
    """Conventions."""
    return low if x < low else high if x > high else x


def need(condition, what, at):
    """Section 6: a file is read whole and right or refused."""
    if not condition:
        fail(what, at)


class Reader:
    """Bytes from pos up to end, and the conventions at the head of the document."""

    def __init__(self, data, pos, end):
        self.data, self.pos, self.end = data, pos, end

    def take(self, count):
        """Section 6: a length is held against what is left."""
        need(count <= self.end - self.pos, f"{count} bytes expected, {self.end - self.pos} left", self.pos)
        self.pos += count
        return self.data[self.pos - count:self.pos]

    def byte(self, allowed=255):
        """Section 2: a flag that is not named is refused."""
        value = self.take(1)[0]
        need(value & ~allowed == 0, f"unknown flags {value & ~allowed:#x}", self.pos - 1)
        return value

    def varint(self, low=0, high=2**63 - 1):
        """Conventions: in its shortest form."""
        start, value, shift, more = self.pos, 0, 0, 128
        while more:
            need(shift < 63, "varint too long", start)
            byte = self.byte()
            more, value, shift = byte & 128, value | (byte & 127) << shift, shift + 7
        need(byte or shift == 7, "varint not in its shortest form", start)
        need(low <= value <= high, f"{value} is not from {low} to {high}", start)
        return value

    def name(self):
        """Conventions."""
        return self.text(self.take(self.varint(high=1000)))

    def text(self, raw):
        """Section 6: UTF-8 without control characters."""
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            fail("a name is not UTF-8", self.pos)
        need(all(unicodedata.category(c) != "Cc" for c in text), "control character in a name", self.pos)
        return text


# Section 2: the graph

CONVOLUTION, LINEAR, NORM, RELU, MAX_POOL, AVERAGE_POOL, GLOBAL_POOL, ADD, FLATTEN = range(1, 10)
OPERATIONS = " convolution linear batchNorm relu maxPool averagePool globalAveragePool add flatten".split(" ")
WINDOW = 2 | 4 | 8 | 16 | 32
FLAGS = {CONVOLUTION: 1 | WINDOW | 64, LINEAR: 1 | 2 | 64, NORM: 1 | 64, MAX_POOL: WINDOW, AVERAGE_POOL: WINDOW}


def window_of(kernel, stride=1, padding=0):
    """Section 2, Built-in: a square window."""
    return kernel, kernel, stride, stride, padding, padding


class Graph:
    """Section 2: shapes[0] is the image's, shapes[i + 1] that of node i; tensors in order."""

    def __init__(self, reader):
        self.reader, self.tensors, self.elements, self.last_name, self.name_bytes = reader, [], 0, b"", 0
        start, flags = reader.pos, reader.byte()
        number = flags & 63
        need(number <= 3, f"unknown built-in graph {number}", start)
        if number == 0:
            reader.name()
        at, image = reader.pos, (reader.varint(1, 2**20), reader.varint(1, 2**26), reader.varint(1, 2**26))
        need(image[0] * image[1] * image[2] <= 2**26, "image too large", at)
        self.shapes = [image]
        classes = reader.varint(1, 2**26) if number else 0
        if flags & 64:
            self.preprocessing(image[0])
        if flags & 128:
            self.signature()
        (self.in_full, self.lenet_300_100, self.lenet_5, self.wrn_16_4)[number](classes)
        need(self.shapes[-1][1:] == (1, 1), "the last node does not give one value a class", reader.pos)

    def preprocessing(self, channels):
        """Section 2, Preprocessing; only passed over."""
        at, flags = self.reader.pos, self.reader.byte()
        need(not (flags & 3 == 2 or flags & 12 == 8), "one for each channel of none", at)
        need(not flags & 16 or channels == 3, "blue first of other than 3 channels", at)
        need(flags >> 5 <= 2, "unknown layout", at)
        for given, each in ((1, 2), (4, 8)):
            if flags & given:
                self.reader.take(4 * (channels if flags & each else 1))

    def signature(self):
        """Section 2, Signature; only passed over."""
        at, flags = self.reader.pos, self.reader.byte(15)
        need(flags & 3 < 3, "unknown kind of output", at)
        for flag in (4, 8):
            if flags & flag:
                self.reader.name()

    def in_full(self, _):
        """Section 2, In full."""
        reader = self.reader
        head = reader.varint(2, 2 * 10_000 + 1)
        for i in range(head >> 1):
            at, code = reader.pos, reader.varint()
            operation, out, window, flags = code >> 1, 0, None, 0
            need(1 <= operation <= 9, f"unknown operation {operation}", at)
            inputs = [i - reader.varint(0, i) if code & 1 else i]
            if operation == ADD:
                inputs.append(i - reader.varint(0, i))
            if operation in FLAGS:
                flags = reader.byte(FLAGS[operation])
            if operation in (CONVOLUTION, LINEAR):
                out = reader.varint(1, 2**26)
            if operation in (CONVOLUTION, MAX_POOL, AVERAGE_POOL):
                window = self.window(flags, operation == CONVOLUTION)
            if operation == NORM and flags & 1:
                reader.take(4)
            named = head & 1 or operation <= NORM and not flags & 64
            name = self.node_name() if named else f"{OPERATIONS[operation]}#{i}"
            self.add(operation, name, inputs, out, window, flags & 1, flags & 64)

    def window(self, flags, convolution):
        """Section 2, In full: kernel, stride and padding, each along height and width."""
        def pair(given, first, low, otherwise):
            high = self.reader.varint(low, 2**26) if given else otherwise[0]
            return high, self.reader.varint(low, 2**26) if flags & first * 2 else high if given else otherwise[1]

        height = self.reader.varint(1, 2**26)
        kernel = height, self.reader.varint(1, 2**26) if flags & 2 else height
        stride = pair(flags & 4, 4, 1, (1, 1) if convolution else kernel)
        return kernel + stride + pair(flags & 16, 16, 0, (0, 0))

    def node_name(self):
        """Section 2, Names."""
        at, byte = self.reader.pos, self.reader.byte()
        shared, rest = byte >> 4, byte & 15
        shared += self.reader.varint(high=1000) if shared == 15 else 0
        rest += self.reader.varint(high=1000) if rest == 15 else 0
        need(shared <= len(self.last_name) and shared + rest <= 1000, "length of a name out of range", at)
        self.last_name = self.last_name[:shared] + self.reader.take(rest)
        return self.reader.text(self.last_name)

    def add(self, operation, name, inputs=None, out=0, window=None, bias=0, own_names=0):
        """Section 2, the table of operations, Output sizes and Tensors."""
        at = self.reader.pos
        channels, height, width = shape = self.shapes[inputs[0] if inputs else -1]
        new = []
        if window:
            kh, kw, sh, sw, ph, pw = window
            need(kh <= height + 2 * ph and kw <= width + 2 * pw, "a window larger than what it reads", at)
            shape = out or channels, (height + 2 * ph - kh) // sh + 1, (width + 2 * pw - kw) // sw + 1
        if operation == CONVOLUTION:
            new = [(".weight", 0, out, channels, kh * kw, kw)] + [(".bias", 1, 1, out, 1, 1)] * bias
        elif operation == LINEAR:
            need(height == width == 1, "a linear layer reads an image", at)
            shape, new = (out, 1, 1), [(".weight", 0, out, channels, 1, 1)] + [(".bias", 1, 1, out, 1, 1)] * bias
        elif operation == NORM:
            suffixes = (".weight", 2), (".bias", 3), (".running_mean", 4), (".running_var", 5)
            new = [(suffix, role, 1, channels, 1, 1) for suffix, role in suffixes]
        elif operation == GLOBAL_POOL:
            shape = channels, 1, 1
        elif operation == FLATTEN:
            shape = channels * height * width, 1, 1
        elif operation == ADD:
            need(shape == self.shapes[inputs[1]], "sum of different shapes", at)
        need(shape[0] * shape[1] * shape[2] <= 2**26, "a node gives too many values", at)
        self.shapes.append(shape)
        for suffix, role, *sizes in new:
            tensor = Tensor(self.node_name() if own_names else name + suffix, role, *sizes)
            self.elements += tensor.rows * tensor.columns * tensor.kernel
            self.name_bytes += len(tensor.name.encode())
            self.tensors.append(tensor)
        need(self.elements <= 2**28, "too many elements", at)
        need(len(self.tensors) <= 40_000 and self.name_bytes <= 4_000_000, "too many tensors or names", at)

    def lenet_300_100(self, classes):
        """Section 2, Built-in, 1."""
        self.add(FLATTEN, "flatten")
        for i, out in enumerate((300, 100, classes), 1):
            self.add(LINEAR, f"fc{i}", out=out, bias=1)  # relu1 and relu2 neither change shapes nor have tensors

    def lenet_5(self, classes):
        """Section 2, Built-in, 2."""
        for i, out in enumerate((20, 50), 1):
            self.add(CONVOLUTION, f"conv{i}", out=out, window=window_of(5), bias=1)
            self.add(MAX_POOL, f"pool{i}", window=window_of(2, 2))
        self.add(FLATTEN, "flatten")
        self.add(LINEAR, "fc1", out=500, bias=1)
        self.add(LINEAR, "fc2", out=classes, bias=1)

    def wrn_16_4(self, classes):
        """Section 2, Built-in, 3."""
        self.add(CONVOLUTION, "conv0", out=16, window=window_of(3, 1, 1))
        for b, width in enumerate((64, 64, 128, 128, 256, 256)):
            name, stride, x = f"blocks.{b}.", 2 if b in (2, 4) else 1, len(self.shapes) - 1
            self.add(NORM, name + "bn1")
            self.add(RELU, name + "relu1")
            relu1 = len(self.shapes) - 1
            if b % 2 == 0:
                self.add(CONVOLUTION, name + "shortcut", [relu1], width, window_of(1, stride))
                x = len(self.shapes) - 1
            self.add(CONVOLUTION, name + "conv1", [relu1], width, window_of(3, stride, 1))
            self.add(NORM, name + "bn2")
            self.add(RELU, name + "relu2")
            self.add(CONVOLUTION, name + "conv2", None, width, window_of(3, 1, 1))
            self.add(ADD, name + "add", [len(self.shapes) - 1, x])
        self.add(NORM, "bn")
        self.add(RELU, "relu")
        self.add(GLOBAL_POOL, "pool")
        self.add(LINEAR, "fc", out=classes, bias=1)


# What both codecs give for a slice: its kind with the codebook or the fraction bits, and its values' bytes

def floats(patterns):
    """Section 2, Floats."""
    return ("floats",), struct.pack(f"<{len(patterns)}I", *patterns)


def fixed(f, numbers):
    """Section 2, Fixed point: n · 2^-f, always exact in a single."""
    return ("fixed", f), struct.pack(f"<{len(numbers)}f", *(n * 2.0**-f for n in numbers))


def quantised(codebook, count, cells):
    """Section 2, Quantised; cells are pairs of element and index, the others are zero."""
    values = bytearray(4 * count)
    for element, index in cells:
        struct.pack_into("<I", values, 4 * element, codebook[index])
    return ("quantised", codebook), values


class CsrHuffman:
    """Section 3."""

    def __init__(self, data, start, end, tensors):
        self.data, self.bit_pos, self.bit_end, self.codebooks, self.values = data, 8 * start, 8 * end, [], 0

    def bits(self, count):
        """Conventions: from the highest to the lowest."""
        first, last = self.bit_pos, self.bit_pos + count
        need(last <= self.bit_end, "the payload ends early", self.bit_end // 8)
        self.bit_pos = last
        value = int.from_bytes(self.data[first // 8:(last + 7) // 8], "big")
        return value >> (-last % 8) & (1 << count) - 1

    def golomb(self, k=0, low=0, high=2**31):
        """Section 3: G(k)."""
        at, n = self.bit_pos // 8, 0
        while self.bits(1) == 0:
            n += 1
            need(n < 63, "number too large", at)
        value = (1 << n + k | self.bits(n + k)) - (1 << k)
        need(low <= value <= high, f"{value} is not from {low} to {high}", at)
        return value

    def signed(self, k=0):
        """Section 3: of a fixed-point number and of a code length."""
        z = self.golomb(k)
        return -(z + 1) // 2 if z & 1 else z // 2

    def tensor(self, tensor):
        """Section 3: by kind."""
        at, kind, count = self.bit_pos // 8, self.bits(2), tensor.rows * tensor.columns * tensor.kernel
        need(kind < 3, "unknown kind", at)
        if kind == 2:
            return floats([self.bits(32) for _ in range(count)])
        if kind == 1:
            f, k = self.bits(5), self.bits(5)
            need(f <= 30 and k <= 23, "fraction bits or order out of range", at)
            numbers = [self.signed(k) for _ in range(count)]
            need(all(abs(n) < 2**24 for n in numbers), "fixed-point number out of range", self.bit_pos // 8)
            return fixed(f, numbers)
        number = self.golomb(high=len(self.codebooks))
        if number == len(self.codebooks):
            size, single = self.golomb(high=65_534), self.bits(1) == 0
            self.values += size
            need(self.values <= 2**22, "too many codebook values", at)
            self.codebooks.append((0, *(self.bits(32) if single else half(self.bits(16)) for _ in range(size))))
        codebook, cells, element = self.codebooks[number], [], -1
        entries = self.golomb(high=count)
        if entries:
            at, width = self.bit_pos // 8, self.bits(4)
            need(width > 0, "gap width 0", at)
            gap_table, index_table = self.table(1 << width), self.table(len(codebook))
            for gap in [self.symbol(gap_table) for _ in range(entries)]:
                element += gap + 1
                need(element < count, "an entry behind the last element", self.bit_pos // 8)
                cells.append((element, self.symbol(index_table)))
        return quantised(codebook, count, cells)

    def table(self, alphabet):
        """Section 3, Huffman table: the symbol of each (length, code)."""
        at, used, symbol, lengths = self.bit_pos // 8, self.golomb(high=alphabet - 1) + 1, -1, []
        length = (used - 1).bit_length()
        for _ in range(used):
            symbol += self.golomb() + 1
            length += self.signed()
            need(symbol < alphabet and 0 <= length <= 24, "symbol or code length out of range", at)
            lengths.append((length, symbol))
        need(sum(1 << 24 - length for length, _ in lengths) == 1 << 24, "the code is not complete", at)
        code, before, table = -1, 0, {}
        for length, symbol in sorted(lengths):
            code, before = code + 1 << length - before, length
            table[length, code] = symbol
        return table

    def symbol(self, table):
        """Section 3: one code."""
        length = code = 0
        while (length, code) not in table:
            length, code = length + 1, code << 1 | self.bits(1)
        return table[length, code]

    def finish(self):
        """Section 3: filled up with zeros to a whole byte."""
        at = self.bit_pos // 8
        need(self.bits(-self.bit_pos % 8) == 0, "the last byte is not filled up with zeros", at)
        need(self.bit_pos == self.bit_end, "bytes left over", self.bit_pos // 8)


def half(bits):
    """Section 3: a half's bits as those of the single of the same value (a NaN keeps sign and payload)."""
    sign, exponent, mantissa = bits >> 15 << 31, bits >> 10 & 31, bits & 1023
    if exponent == 31:
        return sign | 255 << 23 | mantissa << 13
    if exponent == 0 and mantissa:
        shift = 11 - mantissa.bit_length()
        exponent, mantissa = 1 - shift, mantissa << shift & 1023
    elif exponent == 0:
        return sign
    return sign | exponent + 112 << 23 | mantissa << 13


# Section 4: the parts of codec 2

def logistic_tables():
    """Section 4.3: squash[x + 2815] and stretch[p]."""
    squash, stretch, e, x = [0] * 5631, [0] * 65536, 2**30, -2815
    for i in range(2816):
        p = max(1, (e * 65536 + (2**30 + e) // 2) // (2**30 + e))
        squash[2815 - i], squash[2815 + i] = p, 65536 - p
        e = (e * 4278222805 + 2**31) >> 32
    squash[2815] = 32768
    for p in range(1, 32769):
        while x < 0 and squash[x + 1 + 2815] <= p:
            x += 1
        stretch[p], stretch[65536 - p] = x, -x
    return squash, stretch


SQUASH, STRETCH = logistic_tables()


class Slot:
    """Section 4.2."""
    __slots__ = "q", "n", "limit"

    def __init__(self, limit, p=32768):
        self.q, self.n, self.limit = 64 * p, 0, limit

    def update(self, bit):
        """Section 4.2."""
        q = self.q + (((bit << 22) - self.q) * (65536 // (self.n + 2)) >> 16)
        self.q, self.n = clamp(64, q, 2**22 - 64), min(self.n + 1, self.limit)


class Slots(dict):
    """An array of slots, each made when it is first used."""

    def __init__(self, limit, p=32768):
        super().__init__()
        self.limit, self.p = limit, p

    def __missing__(self, number):
        slot = self[number] = Slot(self.limit, self.p)
        return slot


class Mixer:
    """Section 4.4; starts in 65,536ths."""

    def __init__(self, starts, sets=1):
        self.weights, self.counts = [[int(65536 * start) for start in starts] for _ in range(sets)], [0] * sets


class NumberModel:
    """Section 4.5."""

    def __init__(self):
        self.size, self.second = Slots(255), Slots(255)


class FloatModel:
    """Section 4.6."""

    def __init__(self):
        self.sign, self.exponent, self.zero, self.number = Slot(255), Slots(255), Slot(255), NumberModel()


def lg(x):
    """Section 5.4."""
    e = x.bit_length() - 1
    return 16 * e + (0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 12, 13, 14, 15)[(x << 4 >> e) & 15]


def bucket(n):
    """Section 5.3."""
    return n if n < 4 else 4 if n < 6 else 5 if n < 10 else 6 if n < 20 else 7


class Live:
    """Section 5.2: a value for each cell of the live rows and columns, which are numbered from 0 here; 0 outside."""

    def __init__(self, tensor, rows, columns, grid, area):
        self.tensor, self.row_list, self.column_list = tensor, rows, columns
        self.rows, self.columns, self.kernel = len(rows), len(columns), tensor.kernel
        self.cells = bytearray(self.rows * self.columns * self.kernel)
        numbers = {column: number for number, column in enumerate(columns)}
        self.before = [(numbers.get(c - 1, -1), numbers.get(c - 2, -1)) for c in columns]  # by number, live or not
        self.above = []  # for each live column those above it on the grid: above, to the left, to the right, two above
        for c in columns:
            x, place = (c % grid, c % area) if grid else (0, -1)
            exists = place >= grid, place >= grid and x > 0, place >= grid and x < grid - 1, place >= 2 * grid
            theirs = c - grid, c - grid - 1, c - grid + 1, c - 2 * grid
            self.above.append(tuple(numbers.get(a, -1) if grid and e else -1 for a, e in zip(theirs, exists)))

    def at(self, row, column, k):
        """Section 5.3: z, and 5.5: before v."""
        if 0 <= row < self.rows and 0 <= column < self.columns:
            return self.cells[(row * self.columns + column) * self.kernel + k]
        return 0

    def left(self, row, column, k):
        """Sections 5.3 and 5.5: the position to the left in the kernel."""
        return self.at(row, column, k - 1) if k % self.tensor.kernel_width else 0

    def over(self, row, column, k):
        """Sections 5.3 and 5.5: the position above in the kernel."""
        return self.at(row, column, k - self.tensor.kernel_width) if k >= self.tensor.kernel_width else 0

    def element(self, cell):
        """Section 2: elements are in row-major order."""
        line, k = divmod(cell, self.kernel)
        row, column = divmod(line, self.columns)
        return (self.row_list[row] * self.tensor.columns + self.column_list[column]) * self.kernel + k


class Context:
    """Sections 4 and 5; the state for one payload."""

    def __init__(self, data, start, end, tensors):
        self.data, self.pos, self.end, self.range, self.code = data, start, end, 2**32 - 1, 0
        self.elements = sum(t.rows * t.columns * t.kernel for t in tensors)
        for _ in range(4):
            self.shift()
        self.kind, self.same, self.numbers, self.codebook_values = Slots(255), Slots(255), NumberModel(), FloatModel()
        self.floats, self.fractions, self.sizes = [FloatModel() for _ in range(6)], NumberModel(), NumberModel()
        self.non_zero, self.negative, self.rows, self.columns = Slots(255), Slot(255), Slots(30), Slots(30)
        self.form, self.turn = Slot(30), Slot(30)
        self.cell_mixer = Mixer((1, .75, .75, .25, .25, .25, .25, .25, .25, .25, .25), 2)
        self.sign_mixer, self.place_mixer = Mixer((1, .25, .25, .25)), Mixer((.375, .375, .125, .125))
        self.sign_before, self.sign_near, self.sign_sum = Slots(1023), Slots(1023), Slots(1023)
        self.codebooks, self.codebook, self.values = [], None, 0
        self.live_rows, self.after_quantised = [], False

    # Section 4

    def shift(self):
        """Section 4.1: the next byte; zero after the end, four times at most."""
        need(self.pos < self.end + 4, "the payload ends early", self.end)
        self.code = self.code << 8 | (self.data[self.pos] if self.pos < self.end else 0)
        self.pos += 1

    def bit(self, p):
        """Section 4.1."""
        bound = self.range * p >> 16
        if self.code < bound:
            bit, self.range = 1, bound
        else:
            bit, self.code, self.range = 0, self.code - bound, self.range - bound
        while self.range < 2**24:
            self.shift()
            self.range <<= 8
        return bit

    def even(self, count):
        """Section 4.1."""
        value = 0
        for _ in range(count):
            value = 2 * value + self.bit(32768)
        return value

    def decode(self, slot):
        """Section 4.2."""
        bit = self.bit(slot.q >> 6)
        slot.update(bit)
        return bit

    def mix(self, mixer, inputs, slots, number=0):
        """Section 4.4; then the slots are updated."""
        weights, count = mixer.weights[number], mixer.counts[number]
        p = SQUASH[clamp(-2815, sum(map(mul, inputs, weights)) >> 16, 2815) + 2815]
        bit = self.bit(p)
        error = (bit * 65536 - p) * (24 + 64 * 256 // (256 + count))
        mixer.weights[number] = [clamp(-2**20, w + ((i * error + 2**19) >> 20), 2**20) for i, w in zip(inputs, weights)]
        mixer.counts[number] = min(count + 1, 65536)
        for slot in slots:
            slot.update(bit)
        return bit

    def number(self, model, high=2**31):
        """Section 4.5."""
        n = value = 0
        while n < 30 and self.decode(model.size[n]):
            n += 1
        if n:
            value = (2 + self.decode(model.second[n]) << n - 1) + self.even(n - 1) - 1
        need(value <= high, f"{value} is above {high}", self.at())
        return value

    def at(self):
        """Where an error is."""
        return min(self.pos, self.end)

    def float_array(self, model, count):
        """Section 4.6."""
        kept, values = max(0, 23 - self.number(model.number)), []
        for _ in range(count):
            sign, node, mantissa = self.decode(model.sign), 1, 0
            while node < 256:
                node = 2 * node + self.decode(model.exponent[node])
            if kept and (node > 256 or not self.decode(model.zero)):
                mantissa = self.even(kept) << 23 - kept
            values.append(sign << 31 | node - 256 << 23 | mantissa)
        return values

    # Section 5

    def tensor(self, tensor):
        """Section 5."""
        count, before = tensor.rows * tensor.columns * tensor.kernel, self.after_quantised
        self.after_quantised = self.decode(self.kind[2 * tensor.role]) == 1
        if self.after_quantised:
            return self.quantised(tensor, count)
        if self.decode(self.kind[2 * tensor.role + 1]):
            return self.fixed_point(count, before)
        return floats(self.float_array(self.floats[tensor.role], count))

    def fixed_point(self, count, after_quantised):
        """Section 5.1."""
        f, numbers, before, live = self.number(self.fractions, 30), [], 0, [0] * count
        if after_quantised and len(self.live_rows[-1]) == count:
            live = [1 + is_live for is_live in self.live_rows[-1]]
        for i in range(count):
            before, n = self.decode(self.non_zero[2 * live[i] + before]), 0
            if before:
                sign = -1 if self.decode(self.negative) else 1
                n = sign * (self.number(self.sizes, 2**24 - 2) + 1)
            numbers.append(n)
        return fixed(f, numbers)

    def take_codebook(self):
        """Section 5.2, Codebook."""
        if self.codebook is not None and self.decode(self.same[0]):
            return
        if self.codebook is not None and self.decode(self.same[1]):
            self.codebook = self.codebooks[self.number(self.numbers, len(self.codebooks) - 1)]
            self.count_values(len(self.codebook) - 1)
        else:
            size = self.number(self.numbers, 65_534)
            self.count_values(size)
            self.codebook = (0, *self.float_array(self.codebook_values, size))
            self.codebooks.append(self.codebook)
        # Section 5.5: signs, places, and the slots of places, which are fresh now
        self.signs = [0] + [1 + (value >> 31) for value in self.codebook[1:]]
        self.components = [[i for i, s in enumerate(self.signs) if s == sign] for sign in range(3)]
        self.places = {i: place for part in self.components for place, i in enumerate(part)}
        self.all, self.by_row, self.by_column = ([Slots(1023) for _ in range(3)] for _ in range(3))

    def count_values(self, count):
        """Sections 5.2 and 6."""
        self.values += count
        need(self.values <= min(self.elements + 1023, 2**22), "too many codebook values", self.at())

    def quantised(self, tensor, count):
        """Section 5.2."""
        self.take_codebook()
        is_live, columns, b = [0] * tensor.rows, [], 1
        if len(self.codebook) == 1:
            self.live_rows.append(is_live)
            return quantised(self.codebook, count, ())
        units = next((u for u in reversed(self.live_rows) if tensor.columns % len(u) == 0), None)
        area = tensor.columns // len(units) if units else tensor.columns
        grid = isqrt(area) if area > 1 and isqrt(area) ** 2 == area else 0
        for row in range(tensor.rows):
            b = is_live[row] = self.decode(self.rows[b])
        self.live_rows.append(is_live)
        if not any(is_live):
            return quantised(self.codebook, count, ())
        column_is_live, b = bytearray(tensor.columns), 1
        for c in range(tensor.columns):
            u = 1 + units[c // area] if units else 0
            a = column_is_live[c - grid] if grid and c >= grid else 0
            b = column_is_live[c] = self.decode(self.columns[4 * u + 2 * a + b])
            if b:
                columns.append(c)
        form, turn = self.decode(self.form), self.decode(self.turn)
        live = Live(tensor, [row for row in range(tensor.rows) if is_live[row]], columns, grid, area)
        (self.by_blocks if form else self.cell_by_cell)(live, turn)
        cells = [cell for cell, non_zero in enumerate(live.cells) if non_zero]
        indices = self.indices(live, cells, form) if len(self.codebook) > 2 else [1] * len(cells)
        return quantised(self.codebook, count, zip(map(live.element, cells), indices))

    def cell_by_cell(self, live, turn):
        """Section 5.3."""
        layer, at, kernel = Slot(1023, 8192), live.at, live.kernel
        local, counts, crowd, on_grid, since, in_kernel, around, positions = (Slots(1023, 8192) for _ in range(8))
        lines, crossings = (live.columns, live.rows) if turn else (live.rows, live.columns)
        cross, kernels_before = [0] * crossings, [0] * crossings

        def opinion(slot):
            return STRETCH[slot.q >> 6] - base if slot.n else 0

        def odds(ones, seen):
            return STRETCH[clamp(1, (4 * ones + 4) * 65536 // (4 * seen + 262144 // p), 65535)] - base

        for l in range(lines):
            ones = seen = zeros = 0
            kernels = [0] * crossings
            for j in range(crossings):
                row, column = (j, l) if turn else (l, j)
                dr, dc = (1, 0) if turn else (0, 1)  # a step to the next crossing; (dc, dr) one to the next line
                above, above_left, above_right, two_above = live.above[column]
                for k in range(kernel):
                    p = layer.q >> 6
                    base = STRETCH[p]
                    up = at(row, above, k)
                    before, two_before = at(row - dr, column - dc, k), at(row - 2 * dr, column - 2 * dc, k)
                    local_context = (before + 2 * at(row - dc, column - dr, k) + 4 * up + 8 * two_before
                                     + 16 * at(row - 2 * dc, column - 2 * dr, k) + 32 * at(row - 1, column - 1, k))
                    grid_context = (before + 2 * up + 4 * two_before + 8 * at(row, above_left, k)
                                    + 16 * at(row, above_right, k) + 32 * at(row, two_above, k))
                    near = (bin(local_context).count("1") + bin(grid_context // 8).count("1")
                            + at(row - dc + dr, column - dr + dc, k))
                    slots = [local[local_context], counts[8 * bucket(ones) + bucket(cross[j])],
                             crowd[8 * min(near, 5) + bucket(ones)], on_grid[grid_context], since[min(zeros, 31)]]
                    if kernel > 1:
                        slots.append(in_kernel[min(3, kernels[j]) + 4 * live.left(row, column, k)
                                               + 8 * live.over(row, column, k) + 16 * (k > 0)])
                        slots.append(around[4 * min(3, kernels_before[j]) + (min(3, kernels[j - 1]) if j else 0)])
                        slots.append(positions[k % 1024])
                    inputs = [base, odds(ones, seen), odds(cross[j], l * kernel + k), *map(opinion, slots)]
                    bit = self.mix(self.cell_mixer, inputs + [0] * (11 - len(inputs)), [layer] + slots, int(kernel > 1))
                    seen += 1
                    zeros += 1
                    if bit:
                        live.cells[(row * live.columns + column) * kernel + k] = 1
                        ones, zeros, cross[j], kernels[j] = ones + 1, 0, cross[j] + 1, kernels[j] + 1
            kernels_before = kernels

    def by_blocks(self, live, turn):
        """Section 5.4."""
        block_slots, cell_slots, kernel = Slots(1023, 8192), Slots(1023, 8192), live.kernel
        lines, crossings = (live.columns, live.rows) if turn else (live.rows, live.columns)
        width = 1 if kernel > 1 else 8
        blocks = (crossings + width - 1) // width
        cross, full_lines, full_before = [0] * crossings, [0] * blocks, [0] * blocks
        all_ones = all_full = 0

        def level(d):
            return clamp(0, 32 + (d >> 3), 39)

        for l in range(lines):
            v = min(2**20, (4 * l * crossings * kernel + 32) // (all_ones + 1))
            w = min(2**20, (4 * l * blocks + 32) // (all_full + 1))
            cell_column = lg(v) - lg(4 * l * kernel + v) - 32
            block_column = lg(w) - lg(4 * l + w) - 32
            ones = seen = full_blocks = full = before = 0
            for b in range(blocks):
                d = lg(4 * full_blocks + 4) - lg(4 * b + w) + block_column + lg(4 * full_lines[b] + 4)
                full = self.decode(block_slots[4 * level(d) + 2 * full + full_before[b]])
                full_before[b] = full
                block = [(j, k) for j in range(b * width, min((b + 1) * width, crossings)) for k in range(kernel)]
                if not full:
                    seen, before = seen + len(block), 0
                    continue
                full_blocks, full_lines[b], found = full_blocks + 1, full_lines[b] + 1, 0
                for done, (j, k) in enumerate(block):
                    row, column = (j, l) if turn else (l, j)
                    if found == 0 and done == len(block) - 1:
                        before = 1
                    else:
                        d = lg(4 * ones + 4) - lg(4 * seen + v) + cell_column + lg(4 * cross[j] + 4)
                        place = 9 if found else 9 * (len(block) - done - 1) // len(block)
                        beside = 2 * before + (live.at(row, column - 1, k) if turn else live.at(row - 1, column, k))
                        before = self.decode(cell_slots[(4 * level(d) + beside) * 10 + place])
                    live.cells[(row * live.columns + column) * kernel + k] = before
                    seen, ones, found, cross[j] = seen + 1, ones + before, found + before, cross[j] + before
            all_ones, all_full = all_ones + ones, all_full + full_blocks

    def indices(self, live, cells, form):
        """Section 5.5: turns the ones among live.cells into signs and gives the index of each."""
        part = [len(components) for components in self.components]
        if part[1] and part[2]:
            self.decode_signs(live, cells, form)
        else:
            for cell in cells:
                live.cells[cell] = 2 if part[2] else 1
        layers, indices = [Slots(1023) for _ in range(3)], []
        in_row, in_column = [0] * live.rows, [0] * live.columns
        for cell in cells:
            row, column = divmod(cell // live.kernel, live.columns)
            sign = live.cells[cell]
            index = self.place(sign, part[sign], in_row[row], in_column[column], layers[sign], form)
            indices.append(index)
            in_row[row] = in_column[column] = index
        return indices

    def decode_signs(self, live, cells, form):
        """Section 5.5, Signs."""
        quick, sign_slot, v = Slots(1023), Slot(1023), (0, 1, -1)
        in_row, in_column, sums = [0] * live.rows, [0] * live.columns, [0] * live.columns
        for cell in cells:
            live.cells[cell] = 0
        for cell in cells:
            line, k = divmod(cell, live.kernel)
            row, column = divmod(line, live.columns)
            near = sum(v[live.at(row, c, k)] for c in live.before[column] + live.above[column])
            near += v[live.left(row, column, k)] + v[live.over(row, column, k)] if live.kernel > 1 else 0
            near, before = clamp(-4, near, 4) + 4, 3 * in_row[row] + in_column[column]
            if form:
                bit = self.decode(quick[9 * before + near])
            else:
                slots = (sign_slot, self.sign_before[before], self.sign_near[near],
                         self.sign_sum[clamp(-6, sums[column], 6) + 6])
                bit = self.mix(self.sign_mixer, [STRETCH[slot.q >> 6] for slot in slots], slots)
            live.cells[cell] = in_row[row] = in_column[column] = 1 + bit
            sums[column] += 1 - 2 * bit

    def place(self, sign, n, i, j, layer, form):
        """Section 5.5, Places: an index."""
        bits, node = (n - 1).bit_length(), 1
        of_row, of_column = (self.places[x] + 1 if n <= 32 and self.signs[x] == sign else 0 for x in (i, j))
        for _ in range(bits):
            if form:
                bit = self.decode(layer[node])
            else:
                slots = (layer[node], self.all[sign][node], self.by_row[sign][(of_row << bits) + node],
                         self.by_column[sign][(of_column << bits) + node])
                bit = self.mix(self.place_mixer, [STRETCH[slot.q >> 6] for slot in slots], slots)
            node = 2 * node + bit
        place = node - (1 << bits)
        need(place < n, "index out of range", self.at())
        return self.components[sign][place]

    def finish(self):
        """Section 4.1: every byte has been read."""
        need(self.pos >= self.end, "bytes left over", self.pos)


# Section 1: the container

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
