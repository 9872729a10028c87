package io.softshare.container;

import io.softshare.codec.Limits;
import io.softshare.codec.MalformedFileException;
import io.softshare.graph.Preprocessing;
import io.softshare.graph.Preprocessing.ChannelOrder;
import io.softshare.graph.Preprocessing.Layout;
import io.softshare.graph.Signature;
import io.softshare.graph.Signature.Head;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** What lies around a network, where it is not as usual: its preprocessing and its signature. Flags are frozen. */
final class EndsCode {
    /** A mean follows; otherwise it is 0. */
    private static final int MEAN = 1;
    /** One for each channel. */
    private static final int MEANS = 2;
    /** A scale follows; otherwise it is 255. */
    private static final int SCALE = 4;

    private static final int SCALES = 8;
    private static final int BGR = 16;
    private static final int LAYOUT_SHIFT = 5;

    /** Signature: the lower bits are the head; then: a name of the input follows, and one of the output. */
    private static final int HEAD = 3;

    private static final int INPUT = 4;
    private static final int OUTPUT = 8;

    private EndsCode() {}

    static void write(ByteSink out, Preprocessing p) {
        int mean = flags(p.mean(), 0, MEAN, MEANS);
        int scale = flags(p.scale(), 255, SCALE, SCALES);
        out.u8(mean
                | scale
                | (p.order() == ChannelOrder.BGR ? BGR : 0)
                | p.layout().ordinal() << LAYOUT_SHIFT);
        write(out, p.mean(), (mean & MEAN) != 0, (mean & MEANS) != 0);
        write(out, p.scale(), (scale & SCALE) != 0, (scale & SCALES) != 0);
    }

    /** Whether values are given, and whether they differ. Compared by bits, so that each comes back as it was. */
    private static int flags(List<Float> values, float usual, int given, int differ) {
        if (Collections.frequency(values, values.get(0)) != values.size()) {
            return given | differ;
        }
        return values.get(0).equals(usual) ? 0 : given;
    }

    private static void write(ByteSink out, List<Float> values, boolean given, boolean differ) {
        int count = differ ? values.size() : given ? 1 : 0;
        for (int i = 0; i < count; i++) {
            out.f32(values.get(i));
        }
    }

    static Preprocessing readPreprocessing(ByteSource in, int channels) throws MalformedFileException {
        int start = in.offset();
        int flags = in.u8("flags of the preprocessing");
        int layout = flags >> LAYOUT_SHIFT;
        boolean lonely = (flags & (MEAN | MEANS)) == MEANS || (flags & (SCALE | SCALES)) == SCALES;
        if (layout >= Layout.values().length || lonely) {
            throw new MalformedFileException(
                    start,
                    "flags of the preprocessing that are known",
                    String.format("0x%02X; a newer softshare may know them", flags));
        }
        List<Float> mean = read(in, channels, (flags & MEAN) != 0, (flags & MEANS) != 0, 0, "mean");
        List<Float> scale = read(in, channels, (flags & SCALE) != 0, (flags & SCALES) != 0, 255, "scale");
        return new Preprocessing(
                mean, scale, (flags & BGR) != 0 ? ChannelOrder.BGR : ChannelOrder.RGB, Layout.values()[layout]);
    }

    private static List<Float> read(
            ByteSource in, int channels, boolean given, boolean differ, float usual, String what)
            throws MalformedFileException {
        if (!differ) {
            return Collections.nCopies(channels, given ? in.f32(what) : usual);
        }
        List<Float> values = new ArrayList<>();
        for (int c = 0; c < channels; c++) {
            values.add(in.f32(what + " of a channel"));
        }
        return values;
    }

    static void write(ByteSink out, Signature s) {
        boolean input = !s.input().equals(Signature.DEFAULT.input());
        boolean output = !s.output().equals(Signature.DEFAULT.output());
        out.u8(s.head().ordinal() | (input ? INPUT : 0) | (output ? OUTPUT : 0));
        if (input) {
            out.name(s.input());
        }
        if (output) {
            out.name(s.output());
        }
    }

    static Signature readSignature(ByteSource in, Limits limits) throws MalformedFileException {
        int start = in.offset();
        int flags = in.u8("flags of the signature");
        int head = flags & HEAD;
        if (head >= Head.values().length || (flags & ~(HEAD | INPUT | OUTPUT)) != 0) {
            throw new MalformedFileException(
                    start,
                    "flags of the signature that are known",
                    String.format("0x%02X; a newer softshare may know them", flags));
        }
        String input =
                (flags & INPUT) != 0 ? in.name(limits.nameBytes(), "name of the input") : Signature.DEFAULT.input();
        String output =
                (flags & OUTPUT) != 0 ? in.name(limits.nameBytes(), "name of the output") : Signature.DEFAULT.output();
        return new Signature(input, output, Head.values()[head]);
    }
}
