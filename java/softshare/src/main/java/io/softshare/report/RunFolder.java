package io.softshare.report;

import io.softshare.codec.MalformedFileException;
import io.softshare.container.SwsFile;
import io.softshare.container.SwsReader;
import io.softshare.graph.Graph;
import io.softshare.graph.TensorRole;
import io.softshare.pipeline.Recipe;
import io.softshare.pipeline.RecipeException;
import io.softshare.pipeline.RecipeFile;
import io.softshare.pipeline.RunFiles;
import io.softshare.safetensors.SafetensorsException;
import io.softshare.safetensors.StateDict;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a finished run left, read and checked.
 *
 * @param result what {@code compress --json} printed
 * @param settings what was asked for, or null: the run is older than that file
 * @param recipeText the recipe as it was written
 * @param epochs in the order they ran, the teacher's first; at least one
 * @param start tensors of the dense network by name, in the graph's layout
 * @param end tensors of the compressed network with units in the order of {@code start}, or null if that is not kept
 * @param trials all that were tried, empty where there was one run
 */
record RunFolder(
        Path path,
        Fields result,
        Map<String, String> settings,
        String recipeText,
        Recipe recipe,
        List<Epoch> epochs,
        SwsFile file,
        Map<String, float[]> start,
        Map<String, float[]> end,
        List<Trial> trials) {

    /**
     * One epoch. Errors in per cent, NaN where none was measured.
     *
     * @param mixtures of all weights, or of each weight tensor, as π, μ, σ one after another; none before there are any
     */
    record Epoch(
            boolean teacher,
            String stage,
            int number,
            double loss,
            double trainErrorPercent,
            double validationErrorPercent,
            long liveWeights,
            List<double[]> mixtures) {}

    /** One of several runs. */
    record Trial(int number, double validationErrorPercent, long fileBytes, boolean chosen) {}

    /**
     * Reads a folder.
     *
     * @throws ReportException if it is none, lacks a file, or one of them is damaged or does not belong to the others
     */
    static RunFolder read(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new ReportException(folder + " is no folder; name one that compress kept with --run");
        }
        Fields result = Fields.parse(text(folder, RunFiles.RESULT), name(folder, RunFiles.RESULT));
        String recipeText = text(folder, RunFiles.RECIPE);
        Recipe recipe;
        try {
            recipe = RecipeFile.read(recipeText, name(folder, RunFiles.RECIPE));
        } catch (RecipeException e) {
            throw new ReportException(e.getMessage());
        }
        Map<String, String> settings = settings(folder);
        SwsFile file = file(folder, result);
        Graph graph = file.model().graph();
        Map<String, float[]> start = tensors(required(folder, RunFiles.START), graph);
        return new RunFolder(
                folder,
                result,
                settings,
                recipeText,
                recipe,
                epochs(folder, graph),
                file,
                start,
                end(folder, result, file),
                trials(folder));
    }

    private static String name(Path folder, String file) {
        return folder.resolve(file).toString();
    }

    /** A reader's message with the file in front, unless the reader has named it. */
    private static String naming(Path file, String message) {
        return message.contains(file.toString()) ? message : file + ": " + message;
    }

    private static Path required(Path folder, String name) {
        Path file = folder.resolve(name);
        if (!Files.isRegularFile(file)) {
            throw new ReportException(folder + " has no " + name
                    + ": not the folder of a finished compress; name one kept with --run, or finish it with --resume");
        }
        return file;
    }

    private static String text(Path folder, String name) throws IOException {
        Path file = required(folder, name);
        try {
            return Files.readString(file);
        } catch (CharacterCodingException | OutOfMemoryError e) {
            throw new ReportException(file + " is no text; " + Fields.advice());
        }
    }

    private static Map<String, String> settings(Path folder) throws IOException {
        if (!Files.isRegularFile(folder.resolve(RunFiles.SETTINGS))) {
            return null;
        }
        Fields fields = Fields.parse(text(folder, RunFiles.SETTINGS), name(folder, RunFiles.SETTINGS));
        Map<String, String> settings = new LinkedHashMap<>();
        for (Object key : fields.values().keySet()) {
            settings.put((String) key, fields.text((String) key, ""));
        }
        return settings;
    }

    private static List<Epoch> epochs(Path folder, Graph graph) throws IOException {
        List<Epoch> epochs = new ArrayList<>();
        long weightTensors = graph.tensors().stream()
                .filter(t -> t.role() == TensorRole.WEIGHT)
                .count();
        int number = 0;
        for (String line : text(folder, RunFiles.METRICS).lines().toList()) {
            number++;
            Fields fields = Fields.parse(line, name(folder, RunFiles.METRICS) + " line " + number);
            List<double[]> mixtures = fields.optionalListsOfNumbers("mixtures");
            double[] mixture = fields.optionalNumbers("mixture");
            if (mixture != null) {
                mixtures = List.of(mixture);
            } else if (!mixtures.isEmpty() && mixtures.size() != weightTensors) {
                throw new ReportException(fields.where() + ": expected a mixture of each of " + weightTensors
                        + " weight tensors, found " + mixtures.size() + "; " + Fields.advice());
            }
            for (double[] m : mixtures) {
                if (m.length == 0 || m.length % 3 != 0) {
                    throw new ReportException(fields.where() + ": expected proportions, means and deviations, found "
                            + m.length + " numbers; " + Fields.advice());
                }
            }
            epochs.add(new Epoch(
                    fields.text("part", "network").equals("teacher"),
                    fields.text("stage"),
                    (int) fields.number("epoch"),
                    fields.optionalNumber("loss"),
                    fields.optionalNumber("trainErrorPercent"),
                    fields.optionalNumber("validationErrorPercent"),
                    (long) fields.number("liveWeights"),
                    mixtures));
        }
        if (epochs.isEmpty()) {
            throw new ReportException(name(folder, RunFiles.METRICS) + " is empty; " + Fields.advice());
        }
        return epochs;
    }

    /** The copy in the folder or, of a run from before that was kept, X.sws beside X.run or X.sws.run. */
    private static SwsFile file(Path folder, Fields result) throws IOException {
        Path file = folder.resolve(RunFiles.MODEL);
        if (!Files.isRegularFile(file)) {
            String own = folder.toAbsolutePath().normalize().getFileName().toString();
            String stem = own.endsWith(".run") ? own.substring(0, own.length() - ".run".length()) : own;
            file = folder.toAbsolutePath().normalize().resolveSibling(stem.endsWith(".sws") ? stem : stem + ".sws");
            if (!Files.isRegularFile(file)) {
                throw new ReportException(
                        folder + " has no " + RunFiles.MODEL + "; put a copy of the run's .sws there under that name");
            }
        }
        SwsFile read;
        try {
            read = SwsReader.read(file);
        } catch (MalformedFileException e) {
            throw new ReportException(naming(file, e.getMessage()));
        }
        if (read.bytes() != (long) result.number("fileBytes")) {
            throw new ReportException(file + " has " + read.bytes() + " bytes, " + RunFiles.RESULT + " speaks of "
                    + (long) result.number("fileBytes") + "; put the run's own .sws into the folder as "
                    + RunFiles.MODEL);
        }
        return read;
    }

    private static Map<String, float[]> tensors(Path file, Graph graph) throws IOException {
        try {
            return StateDict.read(file).forGraph(graph);
        } catch (SafetensorsException e) {
            throw new ReportException(naming(file, e.getMessage()));
        }
    }

    private static Map<String, float[]> end(Path folder, Fields result, SwsFile file) throws IOException {
        if (!result.text("unitOrder", "original").equals("canonical")) {
            Map<String, float[]> end = new LinkedHashMap<>();
            file.model().tensors().forEach(t -> end.put(t.spec().name(), t.values()));
            return end;
        }
        Path kept = folder.resolve(RunFiles.END);
        return Files.isRegularFile(kept) ? tensors(kept, file.model().graph()) : null;
    }

    private static List<Trial> trials(Path folder) throws IOException {
        if (!Files.isRegularFile(folder.resolve(RunFiles.TRIALS))) {
            return List.of();
        }
        String where = name(folder, RunFiles.TRIALS);
        if (!(Fields.json(text(folder, RunFiles.TRIALS), where) instanceof List<?> list)) {
            throw new ReportException(where + ": expected a JSON array; " + Fields.advice());
        }
        List<Trial> trials = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            Fields fields = Fields.of(list.get(i), where + " trial " + (i + 1));
            double number = fields.optionalNumber("trial");
            trials.add(new Trial(
                    Double.isNaN(number) ? i + 1 : (int) number,
                    fields.number("validationErrorPercent"),
                    (long) fields.number("fileBytes"),
                    fields.optionalFlag("chosen")));
        }
        return trials;
    }
}
