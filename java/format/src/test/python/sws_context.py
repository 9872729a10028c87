"""Sections 4 and 5 of docs/FORMAT.md: codec 2."""
from math import isqrt
from operator import mul

from sws_reader import clamp, fixed, floats, need, quantised


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
