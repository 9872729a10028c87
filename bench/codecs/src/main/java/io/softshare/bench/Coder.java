package io.softshare.bench;

import com.github.luben.zstd.Zstd;
import io.softshare.codec.Codec;
import io.softshare.codec.Codecs;
import io.softshare.codec.CompressedTensor;
import io.softshare.codec.Limits;
import io.softshare.codec.TensorCost;
import io.softshare.container.CompressedModel;
import io.softshare.container.SwsFile;
import io.softshare.container.SwsReader;
import io.softshare.container.SwsWriter;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZInputStream;
import org.tukaani.xz.XZOutputStream;

/** Something that makes bytes of a network's tensors and tensors of the bytes; what the table has a row for. */
interface Coder {
    String name();

    byte[] encode(CompressedModel model);

    /** The tensors again; the graph is known, as it is to whoever reads a .sws file's head. */
    List<CompressedTensor> decode(CompressedModel like, byte[] bytes) throws IOException;

    /** Whether the bytes hold the graph and a checksum too. */
    default boolean whole() {
        return false;
    }

    /** Bits by part, where the coder can tell. */
    default Map<String, Double> parts(CompressedModel model, byte[] bytes) throws IOException {
        return Map.of();
    }

    /** Every coder, the yardstick first, then the container's codecs in their order. */
    static List<Coder> all() {
        List<Coder> all = new ArrayList<>(List.of(new Yardstick("cabac", false), new Yardstick("cabac-chosen", true)));
        for (String name : Codecs.names()) {
            all.add(new Container(Codecs.byName(name).orElseThrow()));
        }
        all.add(new ZstdBytes(false));
        all.add(new ZstdBytes(true));
        all.add(new XzBytes(false));
        all.add(new XzBytes(true));
        return all;
    }

    static Coder byName(String name) {
        return all().stream()
                .filter(c -> c.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no coder '" + name + "', expected one of "
                        + String.join(", ", all().stream().map(Coder::name).toList())));
    }

    record Yardstick(String name, boolean choosing) implements Coder {
        @Override
        public byte[] encode(CompressedModel model) {
            return new Cabac(choosing).encode(model.tensors());
        }

        @Override
        public List<CompressedTensor> decode(CompressedModel like, byte[] bytes) {
            return new Cabac(choosing).decode(like.graph().tensors(), bytes);
        }

        @Override
        public Map<String, Double> parts(CompressedModel model, byte[] bytes) {
            return new Cabac(choosing).measure(model.tensors()).parts();
        }
    }

    /** A codec of the container, with its head, graph and checksum. */
    record Container(Codec codec) implements Coder {
        @Override
        public String name() {
            return codec.name();
        }

        @Override
        public byte[] encode(CompressedModel model) {
            return SwsWriter.encode(model, codec);
        }

        @Override
        public List<CompressedTensor> decode(CompressedModel like, byte[] bytes) throws IOException {
            return SwsReader.read(bytes, Limits.DEFAULT).model().tensors();
        }

        @Override
        public boolean whole() {
            return true;
        }

        /** By the components of {@link TensorCost}, whichever there are. */
        @Override
        public Map<String, Double> parts(CompressedModel model, byte[] bytes) throws IOException {
            SwsFile file = SwsReader.read(bytes, Limits.DEFAULT);
            Map<String, Double> parts = new LinkedHashMap<>();
            try {
                for (RecordComponent component : TensorCost.class.getRecordComponents()) {
                    if (component.getType() == double.class) {
                        double bits = 0;
                        for (TensorCost cost : file.costs()) {
                            bits += (double) component.getAccessor().invoke(cost);
                        }
                        parts.put(component.getName(), bits);
                    }
                }
            } catch (ReflectiveOperationException e) {
                throw new AssertionError("a record's accessors can be called", e);
            }
            return parts;
        }
    }

    /** zstd -19, as its command line makes it. */
    record ZstdBytes(boolean sparse) implements Coder {
        @Override
        public String name() {
            return sparse ? "zstd -19, CSR" : "zstd -19, bytes";
        }

        @Override
        public byte[] encode(CompressedModel model) {
            return Zstd.compress(ByteForm.write(model.tensors(), sparse), 19);
        }

        @Override
        public List<CompressedTensor> decode(CompressedModel like, byte[] bytes) {
            byte[] plain = Zstd.decompress(bytes, Math.toIntExact(Zstd.getFrameContentSize(bytes)));
            return ByteForm.read(like.graph().tensors(), plain, sparse);
        }
    }

    /** xz -9, with the check that its command line adds (CRC64) and a window no larger than the data: the same bytes. */
    record XzBytes(boolean sparse) implements Coder {
        @Override
        public String name() {
            return sparse ? "xz -9, CSR" : "xz -9, bytes";
        }

        @Override
        public byte[] encode(CompressedModel model) {
            byte[] plain = ByteForm.write(model.tensors(), sparse);
            try {
                LZMA2Options options = new LZMA2Options(9);
                options.setDictSize(Math.min(options.getDictSize(), Math.max(4096, plain.length)));
                ByteArrayOutputStream out = new ByteArrayOutputStream();
                try (XZOutputStream xz = new XZOutputStream(out, options)) {
                    xz.write(plain);
                }
                return out.toByteArray();
            } catch (IOException e) {
                throw new IllegalStateException("xz failed on bytes in memory: " + e.getMessage(), e);
            }
        }

        @Override
        public List<CompressedTensor> decode(CompressedModel like, byte[] bytes) throws IOException {
            try (XZInputStream xz = new XZInputStream(new ByteArrayInputStream(bytes))) {
                return ByteForm.read(like.graph().tensors(), xz.readAllBytes(), sparse);
            }
        }
    }
}
