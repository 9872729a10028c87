package io.softshare.onnx;

import io.softshare.graph.GraphException;
import io.softshare.graph.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads trained classifiers from ONNX files, as exporters such as PyTorch's write them. */
public final class OnnxReader {
    /** Versions of the standard operators whose meaning is known here. */
    static final int OLDEST_OPSET = 9;

    static final int NEWEST_OPSET = 25;

    private OnnxReader() {}

    /** As {@link #read(Path, Shape, OnnxLimits)} with the usual limits. */
    public static OnnxNetwork read(Path file, Shape images) throws IOException {
        return read(file, images, OnnxLimits.DEFAULT);
    }

    /**
     * Reads a file. Its preprocessing is the one that {@link OnnxWriter} noted in it; otherwise pixels are taken from 0 to 1.
     *
     * @param images shape of the images it is wanted for; fills in what the file leaves open, for files that take flat
     *     vectors also channels, height and width; null: only what the file says
     * @throws OnnxException if it is no ONNX file, is damaged, goes beyond the limits or has something that cannot be
     *     computed here
     */
    public static OnnxNetwork read(Path file, Shape images, OnnxLimits limits) throws IOException {
        try {
            long size = Files.size(file);
            if (size > limits.fileBytes()) {
                throw new OnnxException("expected a file of at most " + limits.fileBytes() + " bytes, found " + size);
            }
            OnnxModel model = OnnxParser.parse(Files.readAllBytes(file), limits);
            return new GraphImport(file, model, images, limits).network(stem(file));
        } catch (OnnxException | GraphException e) {
            throw new OnnxException(file + ": " + e.getMessage(), e);
        }
    }

    /** Reads from memory: for files whose external data there is none of. */
    static OnnxNetwork read(byte[] bytes, Shape images, OnnxLimits limits) throws OnnxException {
        try {
            return new GraphImport(Path.of("memory.onnx"), OnnxParser.parse(bytes, limits), images, limits)
                    .network("memory");
        } catch (GraphException e) {
            throw new OnnxException(e.getMessage(), e);
        }
    }

    private static String stem(Path file) {
        String name = file.getFileName().toString().replaceFirst("\\.onnx$", "");
        return name.isEmpty() ? "network" : name.substring(0, Math.min(name.length(), 100));
    }
}
