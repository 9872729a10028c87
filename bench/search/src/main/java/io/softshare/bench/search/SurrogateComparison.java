package io.softshare.bench.search;

import io.softshare.search.Bayesian;
import io.softshare.search.Observation;
import io.softshare.search.RandomSearch;
import io.softshare.search.Space;
import io.softshare.search.Strategy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Bayesian against random search on surrogates of recorded trials: smallest feasible bytes after so many trials, for some seeds.
 * Arguments: SPACE.toml TRIALS.csv MAX_ERROR TRIALS SEEDS.
 */
public final class SurrogateComparison {
    /** What collapsed networks weigh teaches no surrogate anything: below this, bytes count as this. */
    private static final double LEAST_BYTES = 1000;

    /** Errors count as at most so many times the limit. */
    private static final double ERROR_CLIP = 4;

    private static final double[] RIDGES = {0.001, 0.01, 0.03, 0.1, 0.3, 1, 3, 10};

    private SurrogateComparison() {}

    public static void main(String[] arguments) throws IOException {
        Space space = Space.read(Files.readString(Path.of(arguments[0])), arguments[0]);
        List<Observation> record = read(Path.of(arguments[1]), space);
        double limit = Double.parseDouble(arguments[2]);
        int trials = Integer.parseInt(arguments[3]);
        int seeds = Integer.parseInt(arguments[4]);
        double[][] points = record.stream().map(Observation::point).toArray(double[][]::new);
        double[] bytes = record.stream()
                .mapToDouble(o -> Math.log(Math.max(LEAST_BYTES, o.bytes())))
                .toArray();
        double[] errors = record.stream()
                .mapToDouble(o -> Math.log(Math.min(ERROR_CLIP * limit, o.errorPercent())))
                .toArray();
        System.out.printf(
                Locale.ROOT,
                "%d recorded trials, %d settings; smallest feasible (at most %s %%): %,.0f bytes%n%n",
                record.size(),
                space.dimensions(),
                limit,
                best(record, limit));
        Map<String, Surrogate.Fit[]> kinds = new LinkedHashMap<>();
        kinds.put("nearest trials", new Surrogate.Fit[] {Surrogate::nearest, Surrogate::nearest});
        kinds.put("radial functions", new Surrogate.Fit[] {smoothest(points, bytes), smoothest(points, errors)});
        kinds.forEach((name, fits) -> {
            System.out.printf(
                    Locale.ROOT,
                    "Surrogate by %s; on trials left out it explains %.0f %% of log bytes' variance, %.0f %% of log error's.%n%n",
                    name,
                    100 * Surrogate.explained(fits[0], points, bytes),
                    100 * Surrogate.explained(fits[1], points, errors));
            Surrogate sizes = fits[0].of(points, bytes);
            Surrogate wrong = fits[1].of(points, errors);
            compare(space, sizes, wrong, limit, trials, seeds);
        });
    }

    private static void compare(Space space, Surrogate sizes, Surrogate wrong, double limit, int trials, int seeds) {
        int[] marks = {trials / 4, trials / 2, trials};
        System.out.printf("| seed |");
        for (String who : List.of("random", "Bayes")) {
            for (int mark : marks) {
                System.out.printf(" %s %d |", who, mark);
            }
        }
        System.out.printf("%n|---|---|---|---|---|---|---|%n");
        double[][] columns = new double[2 * marks.length][seeds];
        for (int seed = 1; seed <= seeds; seed++) {
            Strategy[] strategies = {new RandomSearch(space, seed), new Bayesian(space, seed, limit)};
            StringBuilder row = new StringBuilder("| " + seed + " |");
            for (int s = 0; s < strategies.length; s++) {
                List<Observation> done = new ArrayList<>();
                for (int number = 1; number <= trials; number++) {
                    double[] point = space.snap(strategies[s].propose(number, done, List.of()));
                    done.add(new Observation(point, Math.exp(wrong.at(point)), Math.exp(sizes.at(point))));
                }
                for (int m = 0; m < marks.length; m++) {
                    double found = best(done.subList(0, marks[m]), limit);
                    columns[s * marks.length + m][seed - 1] = found;
                    row.append(String.format(Locale.ROOT, " %s |", text(found)));
                }
            }
            System.out.println(row);
        }
        StringBuilder row = new StringBuilder("| median |");
        for (double[] column : columns) {
            Arrays.sort(column);
            row.append(" **").append(text(column[seeds / 2])).append("** |");
        }
        System.out.println(row + "\n");
    }

    private static String text(double bytes) {
        return Double.isNaN(bytes) || Double.isInfinite(bytes) ? "none" : String.format(Locale.ROOT, "%,.0f", bytes);
    }

    private static double best(List<Observation> trials, double limit) {
        return trials.stream()
                .filter(o -> o.errorPercent() <= limit)
                .mapToDouble(Observation::bytes)
                .min()
                .orElse(Double.POSITIVE_INFINITY);
    }

    private static Surrogate.Fit smoothest(double[][] points, double[] values) {
        Surrogate.Fit best = null;
        double most = Double.NEGATIVE_INFINITY;
        for (double ridge : RIDGES) {
            double explained = Surrogate.explained(Surrogate.radial(ridge), points, values);
            if (explained > most) {
                most = explained;
                best = Surrogate.radial(ridge);
            }
        }
        return best;
    }

    /** Finished trials of a file that bench/search/record wrote. */
    private static List<Observation> read(Path file, Space space) throws IOException {
        List<String> lines = Files.readAllLines(file);
        List<String> names = List.of(lines.get(0).split(","));
        List<Observation> record = new ArrayList<>();
        for (String line : lines.subList(1, lines.size())) {
            String[] cells = line.split(",", -1);
            if (!cells[names.indexOf("state")].equals("done")) {
                continue;
            }
            Map<String, String> values = new LinkedHashMap<>();
            space.keys().forEach(key -> values.put(key, cells[names.indexOf(key)]));
            record.add(new Observation(
                    space.point(values),
                    Double.parseDouble(cells[names.indexOf("validationErrorPercent")]),
                    Double.parseDouble(cells[names.indexOf("bytes")])));
        }
        return record;
    }
}
