"""Section 2 of docs/FORMAT.md: the graph and its tensors."""
from collections import namedtuple

from sws_reader import need

Tensor = namedtuple("Tensor", "name role rows columns kernel kernel_width")

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
