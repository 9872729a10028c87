"""Conventions and section 6 of docs/FORMAT.md: bytes, refusals; and what both codecs give for a slice."""
import struct
import unicodedata


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
