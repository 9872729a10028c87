package io.softshare.codec;

import io.softshare.codec.CostMeter.Part;
import io.softshare.graph.TensorRole;
import io.softshare.graph.TensorSpec;
import java.util.ArrayList;
import java.util.List;

/** State of the context codec over the tensors of one network, the same for both directions. */
final class ContextSession {
    private final BinaryCoder coder;
    private final CostMeter meter;
    private final boolean encoding;
    private final int quickFrom;
    private final long mostCodebookValues;

    private final Slots kinds = new Slots(2 * TensorRole.values().length, 255);
    private final Slots sameCodebook = new Slots(2, 255);
    private final NumberModel numbers = new NumberModel();
    private final FloatModel codebookValues = new FloatModel();
    private final FloatModel[] floats = new FloatModel[TensorRole.values().length];
    private final FixedPointModel fixedPoint = new FixedPointModel();
    private final LiveModel liveModel = new LiveModel();
    private final Slots forms = new Slots(1, 30);
    private final Slots transposed = new Slots(1, 30);
    private final ZeroMapModel zeroMap = new ZeroMapModel();
    private final BlockMapModel blockMap = new BlockMapModel();
    private final IndexModel indexModel = new IndexModel();

    private final List<float[]> codebooks = new ArrayList<>();
    private long codebookTotal;
    private float[] codebook;
    /** Live rows of each weight tensor so far; the last may belong to the bias that follows. */
    private final List<boolean[]> liveRows = new ArrayList<>();

    private boolean afterWeights;
    private CompressedTensor last;

    /**
     * @param quickFrom when encoding: tensors with so many non-zero weights take the quick form of the zero map
     * @param mostCodebookValues of codebooks, each counted whenever it is taken up
     */
    ContextSession(BinaryCoder coder, CostMeter meter, boolean encoding, int quickFrom, long mostCodebookValues) {
        this.quickFrom = quickFrom;
        this.mostCodebookValues = mostCodebookValues;
        this.coder = coder;
        this.meter = meter;
        this.encoding = encoding;
        for (int i = 0; i < floats.length; i++) {
            floats[i] = new FloatModel();
        }
    }

    /** The tensor coded last. */
    CompressedTensor last() {
        return last;
    }

    /**
     * Codes one tensor.
     *
     * @param given the tensor, null when decoding
     * @return false if what was read is no tensor of that spec
     */
    boolean code(TensorSpec spec, CompressedTensor given) {
        int role = spec.role().ordinal();
        boolean quantized = kinds.code(coder, 2 * role, given instanceof QuantizedTensor ? 1 : 0) != 0;
        boolean good = true;
        if (quantized) {
            good = codeQuantized(spec, (QuantizedTensor) given);
        } else if (kinds.code(coder, 2 * role + 1, given instanceof FixedPointTensor ? 1 : 0) != 0) {
            good = codeFixedPoint(spec, (FixedPointTensor) given);
        } else {
            meter.charge(Part.STRUCTURE);
            float[] values = given == null
                    ? new float[spec.size()]
                    : ((FloatTensor) given).values().clone();
            floats[role].code(coder, values, 0);
            meter.charge(Part.OTHER);
            last = encoding ? given : new FloatTensor(spec, values);
        }
        afterWeights = quantized;
        meter.endTensor(spec.name());
        return good;
    }

    private boolean codeFixedPoint(TensorSpec spec, FixedPointTensor given) {
        int[] steps = given == null ? new int[spec.size()] : given.steps().clone();
        int fractionBits = fixedPoint.codeFractionBits(coder, given == null ? 0 : given.fractionBits());
        meter.charge(Part.STRUCTURE);
        boolean[] live = afterWeights ? liveRows.get(liveRows.size() - 1) : null;
        if (fractionBits > FixedPointTensor.MAX_FRACTION_BITS
                || !fixedPoint.code(coder, steps, live != null && live.length == steps.length ? live : null)) {
            return false;
        }
        meter.charge(Part.OTHER);
        last = encoding ? given : new FixedPointTensor(spec, steps, fractionBits);
        return true;
    }

    private boolean codeQuantized(TensorSpec spec, QuantizedTensor given) {
        meter.charge(Part.STRUCTURE);
        if (!codeCodebook(given == null ? null : given.codebook())) {
            return false;
        }
        meter.charge(Part.CODEBOOK);
        int[] cells = given == null ? new int[spec.size()] : given.indices().clone();
        if (codebook.length > 1) {
            boolean[] rows = new boolean[spec.rows()];
            boolean[] columns = new boolean[spec.columns()];
            if (encoding) {
                findLive(cells, rows, columns, spec.kernel());
            }
            boolean[] unitsBefore = unitsBefore(columns.length);
            int gridWidth = Layout.gridWidth(columns.length, unitsBefore == null ? 0 : unitsBefore.length);
            liveModel.codeRows(coder, rows);
            int[] rowNumbers = LiveModel.numbers(rows);
            if (rowNumbers.length > 0) {
                liveModel.codeColumns(coder, columns, gridWidth, unitsBefore);
                int[] columnNumbers = LiveModel.numbers(columns);
                if (!codeCells(spec, cells, gridWidth, rowNumbers, columnNumbers)) {
                    return false;
                }
            }
            meter.charge(Part.STRUCTURE);
            liveRows.add(rows);
        } else {
            liveRows.add(new boolean[spec.rows()]);
        }
        last = encoding ? given : new QuantizedTensor(spec, cells, codebook);
        return true;
    }

    private boolean codeCells(TensorSpec spec, int[] cells, int gridWidth, int[] rows, int[] columns) {
        Layout byRow = Layout.of(spec, false, gridWidth);
        Layout byColumn = Layout.of(spec, true, gridWidth);
        boolean quick = forms.code(coder, 0, encoding && nonZero(cells) >= quickFrom ? 1 : 0) != 0;
        boolean better = encoding
                && measure(byColumn, quick, cells, columns, rows) < measure(byRow, quick, cells, rows, columns);
        boolean turn = transposed.code(coder, 0, better ? 1 : 0) != 0;
        meter.charge(Part.STRUCTURE);
        Layout layout = turn ? byColumn : byRow;
        int[] lines = turn ? columns : rows;
        int[] crossings = turn ? rows : columns;
        if (quick) {
            blockMap.code(coder, layout, cells, lines, crossings);
        } else {
            zeroMap.code(coder, layout, cells, lines, crossings);
        }
        meter.charge(Part.ZERO_MAP);
        if (codebook.length == 2) {
            return true; // one component besides zero: the map says it all
        }
        byte[] signs = indexModel.codeSigns(coder, layout, cells, quick);
        meter.charge(Part.SIGNS);
        boolean good = indexModel.codePlaces(coder, layout, cells, signs, quick);
        meter.charge(Part.INDICES);
        return good;
    }

    private double measure(Layout layout, boolean quick, int[] cells, int[] lines, int[] crossings) {
        RangeEncoder trial = new RangeEncoder(false);
        if (quick) {
            new BlockMapModel().code(trial, layout, cells, lines, crossings);
        } else {
            zeroMap.copy().code(trial, layout, cells, lines, crossings);
        }
        return trial.position();
    }

    private static int nonZero(int[] cells) {
        int count = 0;
        for (int cell : cells) {
            count += cell != 0 ? 1 : 0;
        }
        return count;
    }

    private boolean codeCodebook(float[] given) {
        int known = given == null ? -1 : find(given);
        boolean first = codebooks.isEmpty();
        if (!first && sameCodebook.code(coder, 0, known == codebooks.indexOf(codebook) ? 1 : 0) != 0) {
            return true;
        }
        if (!first && sameCodebook.code(coder, 1, known >= 0 ? 1 : 0) != 0) {
            int number = numbers.code(coder, known);
            if (number >= codebooks.size()) {
                return false;
            }
            codebook = codebooks.get(number);
            codebookTotal += codebook.length - 1;
            if (beyondLimit()) {
                return false;
            }
        } else {
            int others = numbers.code(coder, given == null ? 0 : given.length - 1);
            codebookTotal += others;
            if (others >= QuantizedTensor.MAX_COMPONENTS || beyondLimit()) {
                return false;
            }
            codebook = given == null ? new float[others + 1] : given.clone();
            codebookValues.code(coder, codebook, 1);
            codebooks.add(codebook);
        }
        indexModel.start(codebook);
        return true;
    }

    /** Whether there were more codebook values than may be. */
    boolean beyondLimit() {
        return codebookTotal > mostCodebookValues;
    }

    private int find(float[] given) {
        for (int i = 0; i < codebooks.size(); i++) {
            if (Checks.sameBits(codebooks.get(i), given)) {
                return i;
            }
        }
        return -1;
    }

    /** Live rows of the latest weights whose rows divide the columns evenly: the units read, in a plain chain. */
    private boolean[] unitsBefore(int columns) {
        for (int i = liveRows.size() - 1; i >= 0; i--) {
            if (columns % liveRows.get(i).length == 0) {
                return liveRows.get(i);
            }
        }
        return null;
    }

    private static void findLive(int[] cells, boolean[] rows, boolean[] columns, int kernel) {
        for (int at = 0; at < cells.length; at++) {
            if (cells[at] != 0) {
                int pair = at / kernel;
                rows[pair / columns.length] = true;
                columns[pair % columns.length] = true;
            }
        }
    }
}
