package io.softshare.train;

/** A value over a stage: from start to end along a shape. */
public record Schedule(double start, double end, Shape shape) {
    /** How it moves. Geometric needs both ends positive, else it is linear. */
    public enum Shape {
        LINEAR,
        GEOMETRIC,
        COSINE
    }

    /** At u of the stage, 0 to 1. */
    public double at(double u) {
        return switch (shape) {
            case LINEAR -> linear(u);
            case GEOMETRIC -> start > 0 && end > 0 ? start * Math.pow(end / start, u) : linear(u);
            case COSINE -> end + (start - end) * (1 + Math.cos(Math.PI * u)) / 2;
        };
    }

    private double linear(double u) {
        return start + (end - start) * u;
    }
}
