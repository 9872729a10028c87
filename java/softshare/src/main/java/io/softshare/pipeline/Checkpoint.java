package io.softshare.pipeline;

import io.softshare.container.AtomicFile;
import io.softshare.train.Stage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;

/**
 * A run between two epochs: what was asked for, where it is, and the training state. Written atomically; a file whose
 * checksum does not fit is refused.
 *
 * @param device description of device and libraries: a resumed run must have the same
 * @param part 0: the teacher is being trained, 1: the network
 * @param stage number of the stage in the recipe
 * @param epoch epochs of the stage that are done
 * @param globalEpoch epochs of the part that are done
 * @param seconds time spent so far
 * @param pretrainedErrorPercent test error of the dense network; NaN before it is trained
 * @param teacher the teacher's tensors, empty before it is trained
 * @param start the network's tensors where compression began, empty before
 * @param state as TrainingState writes it
 */
record Checkpoint(
        Settings settings,
        String device,
        int part,
        int stage,
        int epoch,
        int globalEpoch,
        double seconds,
        double pretrainedErrorPercent,
        Map<String, float[]> teacher,
        Map<String, float[]> start,
        byte[] state) {
    private static final String MAGIC = "softshare checkpoint 5";

    void write(Path file) throws IOException {
        AtomicFile.write(file, bytes());
    }

    /** What a file of it holds. */
    byte[] bytes() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(state.length + 4096);
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeUTF(MAGIC);
        settings.write(out);
        out.writeUTF(device);
        out.writeInt(part);
        out.writeInt(stage);
        out.writeInt(epoch);
        out.writeInt(globalEpoch);
        out.writeDouble(seconds);
        out.writeDouble(pretrainedErrorPercent);
        writeTensors(out, teacher);
        writeTensors(out, start);
        out.writeInt(state.length);
        out.write(state);
        CRC32 crc = new CRC32();
        crc.update(bytes.toByteArray());
        out.writeLong(crc.getValue());
        return bytes.toByteArray();
    }

    static Checkpoint read(Path file) throws IOException {
        return read(Files.readAllBytes(file), file);
    }

    /** From a file's bytes; file: its name in messages. */
    static Checkpoint read(byte[] bytes, Path file) throws IOException {
        if (bytes.length < 8) {
            throw damaged(file);
        }
        CRC32 crc = new CRC32();
        crc.update(bytes, 0, bytes.length - 8);
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
        byte[] end = Arrays.copyOfRange(bytes, bytes.length - 8, bytes.length);
        if (crc.getValue() != java.nio.ByteBuffer.wrap(end).getLong()
                || !in.readUTF().equals(MAGIC)) {
            throw damaged(file);
        }
        return new Checkpoint(
                Settings.read(in),
                in.readUTF(),
                in.readInt(),
                in.readInt(),
                in.readInt(),
                in.readInt(),
                in.readDouble(),
                in.readDouble(),
                readTensors(in),
                readTensors(in),
                in.readNBytes(in.readInt()));
    }

    /** Whether teacher and dense network are done and nothing else is. */
    boolean isDense() {
        List<Stage> stages = RecipeFile.read(settings.get("recipe"), "recipe").stages();
        int plain = 0;
        while (plain < stages.size() && stages.get(plain).kind() == Stage.Kind.PLAIN) {
            plain++;
        }
        return part == 1 && stage == plain && plain > 0 && epoch == 0;
    }

    /** The same place in a run with other settings, and with the tensors of teacher and start. */
    Checkpoint with(Settings other, Map<String, float[]> otherTeacher, Map<String, float[]> otherStart) {
        return new Checkpoint(
                other,
                device,
                part,
                stage,
                epoch,
                globalEpoch,
                seconds,
                pretrainedErrorPercent,
                otherTeacher,
                otherStart,
                state);
    }

    private static RecipeException damaged(Path file) {
        return new RecipeException(file + " is no checkpoint of this version or is damaged; start the run anew");
    }

    private static void writeTensors(DataOutputStream out, Map<String, float[]> tensors) throws IOException {
        out.writeInt(tensors.size());
        for (Map.Entry<String, float[]> entry : tensors.entrySet()) {
            out.writeUTF(entry.getKey());
            out.writeInt(entry.getValue().length);
            for (float value : entry.getValue()) {
                out.writeFloat(value);
            }
        }
    }

    private static Map<String, float[]> readTensors(DataInputStream in) throws IOException {
        Map<String, float[]> tensors = new LinkedHashMap<>();
        int count = in.readInt();
        for (int i = 0; i < count; i++) {
            String name = in.readUTF();
            float[] values = new float[in.readInt()];
            for (int k = 0; k < values.length; k++) {
                values[k] = in.readFloat();
            }
            tensors.put(name, values);
        }
        return tensors;
    }
}
