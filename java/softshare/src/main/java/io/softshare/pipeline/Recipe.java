package io.softshare.pipeline;

import io.softshare.train.Describe;
import io.softshare.train.PriorSettings;
import io.softshare.train.Stage;
import java.util.List;

/** How a network is trained and compressed. */
public record Recipe(
        @Describe("for people, and in the result") String name,
        @Describe("images in a step") int batch,

        @Describe(
                "who teaches: a model's name (trained in the run), a .sws or .safetensors file, self (the dense network)"
                        + " or none")
        String teacher,

        @Describe(
                "whether the dense network is rewritten first, computing the same, so that the weights of all layers are alike"
                        + " in size: for networks that one mixture does not suit")
        boolean equalise,

        @Describe(
                "size of the dense network's weights that rates and sigmas of the stages after it are meant for (root mean square of a"
                        + " tensor, geometric mean over weights): multiplied by the network's over this one; 0: taken as they are")
        double weightScale,

        @Describe(
                "share of live weights below which a chain of layers is trained on them alone (CPU); 0: zeros always too")
        double sparseBelow,

        PriorSettings prior,
        List<Stage> stages) {
    /** What {@code sparseBelow} is unless a recipe says otherwise: where both ways take about as long. */
    static final double SPARSE_BELOW = 0.15;

    /** At most for {@code regrowOccupancy}; at 1 a doubled occupancy makes up for a halved gradient. */
    private static final double MOST_OCCUPANCY = 4;

    public Recipe {
        stages = List.copyOf(stages);
        if (stages.isEmpty()) {
            throw new RecipeException("a recipe needs at least one [[stage]]");
        }
        for (Stage stage : stages) {
            boolean prunes = stage.kind() == Stage.Kind.PRUNE && stage.rounds() > 0;
            if (prunes && (stage.roundEpochs() < 1 || !(stage.keptShare() > 0 && stage.keptShare() <= 1))) {
                throw new RecipeException("stage " + stage.name() + " has roundEpochs " + stage.roundEpochs()
                        + " and keptShare " + stage.keptShare() + ", expected 1 or more, and more than 0, at most 1");
            }
            if (stage.kind() == Stage.Kind.SURGERY && !(stage.keptShare() > 0 && stage.keptShare() <= 1)) {
                throw new RecipeException("stage " + stage.name() + " has keptShare " + stage.keptShare()
                        + ", expected more than 0, at most 1");
            }
        }
        for (Stage stage : stages) {
            boolean regrows = stage.kind() == Stage.Kind.REGROW && stage.epochs() > 0;
            if (regrows && stage.targetNonZero() < 1) {
                throw new RecipeException("stage " + stage.name() + " regrows to targetNonZero " + stage.targetNonZero()
                        + ", expected 1 or more: how many weights are to be left");
            }
            if (regrows
                    && !(stage.regrowShare() >= 0
                            && stage.regrowShare() < 1
                            && stage.regrowUntil() > 0
                            && stage.regrowUntil() <= 1)) {
                throw new RecipeException("stage " + stage.name() + " has regrowShare " + stage.regrowShare()
                        + " and regrowUntil " + stage.regrowUntil()
                        + ", expected 0 to less than 1, and more than 0, at most 1");
            }
            if (regrows && !(stage.regrowOccupancy() >= 0 && stage.regrowOccupancy() <= MOST_OCCUPANCY)) {
                throw new RecipeException("stage " + stage.name() + " has regrowOccupancy " + stage.regrowOccupancy()
                        + ", expected 0 to " + MOST_OCCUPANCY);
            }
        }
        if (!(weightScale >= 0 && weightScale < Double.POSITIVE_INFINITY)) {
            throw new RecipeException("weightScale is " + weightScale + ", expected 0 or more");
        }
        if (!(sparseBelow >= 0 && sparseBelow <= 1)) {
            throw new RecipeException("sparseBelow is " + sparseBelow + ", expected 0 to 1");
        }
        if (batch < 1) {
            throw new RecipeException("batch is " + batch + ", expected 1 or more");
        }
    }

    /** The same with another teacher. */
    public Recipe withTeacher(String other) {
        return new Recipe(name, batch, other, equalise, weightScale, sparseBelow, prior, stages);
    }

    /** The same with other stages. */
    public Recipe withStages(List<Stage> others) {
        return new Recipe(name, batch, teacher, equalise, weightScale, sparseBelow, prior, others);
    }
}
