package io.softshare.onnx;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Values that lie in a file beside the model, as exporters put them. A model cannot reach any other file: the name must lead
 * to a regular file within the model's folder, after links are followed.
 */
final class ExternalData {
    private ExternalData() {}

    /** The {@code bytes} bytes of a tensor. */
    static ByteBuffer read(Path model, OnnxTensor tensor, long bytes) throws OnnxException {
        OnnxTensor.External place = tensor.external();
        String where = tensor.describe() + " lies in file " + OnnxException.quote(place.location());
        if (place.length() >= 0 && place.length() != bytes) {
            throw new OnnxException(
                    where + ": expected " + bytes + " bytes by its shape, found a length of " + place.length());
        }
        Path file = file(model, place.location(), where);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            if (place.offset() > size || bytes > size - place.offset()) {
                throw new OnnxException(where + ": expected " + bytes + " bytes from byte " + place.offset()
                        + " on, the file has " + size + "; it is cut or of another model");
            }
            if (bytes > Integer.MAX_VALUE - 16) {
                throw new OnnxException(where + ": " + bytes + " bytes are more than can be read at once");
            }
            ByteBuffer buffer = ByteBuffer.allocate((int) bytes);
            while (buffer.hasRemaining()) {
                if (channel.read(buffer, place.offset() + buffer.position()) < 0) {
                    throw new OnnxException(where + ", which became shorter while it was read");
                }
            }
            return buffer.flip();
        } catch (OnnxException e) {
            throw e;
        } catch (IOException e) {
            throw new OnnxException(where + ", which cannot be read: " + e.getMessage(), e);
        }
    }

    private static Path file(Path model, String location, String where) throws OnnxException {
        try {
            Path folder = model.toAbsolutePath().getParent();
            Path named = Path.of(location);
            Path file = folder.resolve(named).normalize();
            if (named.isAbsolute() || location.isEmpty() || !file.startsWith(folder.normalize())) {
                throw new OnnxException(where + ": expected a file in the model's own folder");
            }
            if (!Files.isRegularFile(file)) {
                throw new OnnxException(where + ", which is not there; keep both files together");
            }
            if (!file.toRealPath().startsWith(folder.toRealPath())) {
                throw new OnnxException(where + ", which links out of the model's folder");
            }
            return file;
        } catch (InvalidPathException e) {
            throw new OnnxException(where + ": expected the name of a file", e);
        } catch (OnnxException e) {
            throw e;
        } catch (IOException e) {
            throw new OnnxException(where + ", which cannot be read: " + e.getMessage(), e);
        }
    }
}
