"""Section 3 of docs/FORMAT.md: codec 1."""
from sws_reader import fixed, floats, need, quantised


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
