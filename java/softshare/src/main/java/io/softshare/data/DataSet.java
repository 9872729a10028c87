package io.softshare.data;

import java.util.ArrayList;
import java.util.List;

/** A training and a test part as they come from files. {@link #split} sets a validation part aside. */
public record DataSet(String name, ImageSet train, ImageSet test, List<String> classNames) {
    /** Validation images of each class where there are enough. */
    public static final int VALIDATION_PER_CLASS = 500;
    /** Below this many training images in some class, validation is the last tenth of each class instead. */
    public static final int ENOUGH_PER_CLASS = 1000;

    public DataSet {
        classNames = List.copyOf(classNames);
        if (!train.shape().equals(test.shape())) {
            throw new DataException(
                    name + ": training images are " + train.shape() + ", test images are " + test.shape());
        }
        if (train.classes() != test.classes() || train.classes() != classNames.size()) {
            throw new DataException(name + ": " + train.classes() + " classes in training, " + test.classes()
                    + " in test, " + classNames.size() + " class names; expected as many");
        }
        if (train.count() == 0 || test.count() == 0) {
            throw new DataException(name + ": " + train.count() + " training and " + test.count()
                    + " test images; expected at least one of each");
        }
    }

    /** The three parts of a run; validation is empty if none was asked for. */
    public record Split(ImageSet train, ImageSet validation, ImageSet test) {}

    /**
     * Sets aside, in file order, the last 500 training images of each class; both parts keep the file order. If some class
     * that occurs has fewer than 1,000 training images, the last tenth of each class is taken instead: rounded down, but
     * at least one image of a class that has two.
     */
    public Split split(boolean withValidation) {
        if (!withValidation) {
            return new Split(train, train.subset(new int[0]), test);
        }
        int[] counts = train.classCounts();
        int[] firstOfValidation = new int[counts.length];
        boolean enough = true;
        for (int count : counts) {
            enough &= count == 0 || count >= ENOUGH_PER_CLASS;
        }
        for (int c = 0; c < counts.length; c++) {
            int tenth = counts[c] < 2 ? 0 : Math.max(1, counts[c] / 10);
            firstOfValidation[c] = counts[c] - (enough ? VALIDATION_PER_CLASS : tenth);
        }
        int[] seen = new int[counts.length];
        List<Integer> kept = new ArrayList<>(train.count());
        List<Integer> aside = new ArrayList<>();
        for (int i = 0; i < train.count(); i++) {
            int label = train.label(i);
            (seen[label]++ < firstOfValidation[label] ? kept : aside).add(i);
        }
        return new Split(train.subset(toArray(kept)), train.subset(toArray(aside)), test);
    }

    private static int[] toArray(List<Integer> list) {
        return list.stream().mapToInt(Integer::intValue).toArray();
    }
}
