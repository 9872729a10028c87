package io.softshare.pipeline;

import io.softshare.graph.Graph;
import io.softshare.graph.TensorRole;
import io.softshare.graph.TensorSpec;
import io.softshare.train.PriorSettings;
import io.softshare.train.Stage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A recipe's lengths in the space of weights, turned into those of another network. Widths and means of the mixture are lengths there, and so
 * are Adam's rates: its steps are about as long as its rate, however large the gradients. A network trained with weight decay has weights
 * of a few hundredths where another has tenths; what is a small step and a narrow component for the one destroys the other.
 */
final class WeightScale {
    private WeightScale() {}

    /**
     * Typical size of a network's weights: the root mean square of a tensor, averaged geometrically over all weights, so that neither a
     * few large weights nor one large tensor decides.
     *
     * @return 0 if a weight tensor holds nothing but zeros
     */
    static double of(Graph graph, Map<String, float[]> tensors) {
        double logs = 0;
        long count = 0;
        for (TensorSpec spec : graph.tensors()) {
            if (spec.role() == TensorRole.WEIGHT) {
                double squares = 0;
                for (float w : tensors.get(spec.name())) {
                    squares += (double) w * w;
                }
                logs += spec.size() * 0.5 * Math.log(squares / spec.size());
                count += spec.size();
            }
        }
        return Math.exp(logs / count);
    }

    /** The recipe with its lengths fitted to a network's weights; as it is where it asks for no such thing or a tensor is all zero. */
    static Recipe fitted(Recipe recipe, Graph graph, Map<String, float[]> tensors) {
        double scale = recipe.weightScale() == 0 ? 0 : of(graph, tensors);
        return scale > 0 ? multiplied(recipe, scale / recipe.weightScale()) : recipe;
    }

    /** A line for people on what {@link #fitted} does. */
    static String describe(Recipe recipe, Graph graph, Map<String, float[]> tensors) {
        double scale = of(graph, tensors);
        return scale > 0
                ? String.format(
                        Locale.ROOT,
                        "weights of size %.4f, the recipe is meant for %s: its rates and sigmas times %.3f",
                        scale,
                        recipe.weightScale(),
                        scale / recipe.weightScale())
                : "a weight tensor is all zero: the recipe's rates and sigmas as they are";
    }

    /** The recipe with all its lengths, but for those of stages before there is a dense network, multiplied by a factor. */
    static Recipe multiplied(Recipe recipe, double factor) {
        List<Stage> stages = new ArrayList<>();
        for (Stage stage : recipe.stages()) {
            stages.add(stage.kind() == Stage.Kind.PLAIN ? stage : multiplied(recipe, stage, factor));
        }
        PriorSettings prior = recipe.prior();
        Map<String, String> changes = new LinkedHashMap<>();
        put(changes, "prior.meanRange", prior.meanRange() * factor);
        put(changes, "prior.sigmaZero", prior.sigmaZero() * factor);
        put(changes, "prior.sigma", prior.sigma() * factor);
        put(changes, "prior.sigmaFloor", prior.sigmaFloor() * factor);
        // Gamma's beta is a rate over precisions, which are inverse squares of lengths.
        put(changes, "prior.betaZero", prior.betaZero() * factor * factor);
        put(changes, "prior.beta", prior.beta() * factor * factor);
        return RecipeFile.with(recipe, changes).withStages(stages);
    }

    private static Stage multiplied(Recipe recipe, Stage stage, double factor) {
        String name = stage.name() + ".";
        Map<String, String> changes = new LinkedHashMap<>();
        put(changes, name + "rateStart", stage.rateStart() * factor);
        put(changes, name + "rateEnd", stage.rateEnd() * factor);
        put(changes, name + "sigmaZeroStart", stage.sigmaZeroStart() * factor);
        put(changes, name + "sigmaZeroEnd", stage.sigmaZeroEnd() * factor);
        put(changes, name + "sigmaStart", stage.sigmaStart() * factor);
        put(changes, name + "sigmaEnd", stage.sigmaEnd() * factor);
        put(changes, name + "rateMeans", stage.rateMeans() * factor);
        put(changes, name + "entropyWidth", stage.entropyWidth() * factor);
        return RecipeFile.with(recipe.withStages(List.of(stage)), changes)
                .stages()
                .get(0);
    }

    private static void put(Map<String, String> changes, String key, double value) {
        changes.put(key, String.valueOf(value));
    }
}
