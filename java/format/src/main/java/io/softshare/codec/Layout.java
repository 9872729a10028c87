package io.softshare.codec;

import io.softshare.graph.TensorSpec;

/**
 * A weight tensor seen as lines × crossings × kernel positions: rows and columns, or columns and rows if transposed.
 * Columns may lie on a grid, as pixels do; then a column has a neighbour above it too.
 *
 * @param lineStep distance in the tensor from one line to the next
 * @param crossStep distance from one crossing to the next
 * @param kernelWidth positions in one row of the kernel
 * @param gridWidth distance from a column to the one above it on the grid; 0 if there is none
 * @param gridArea columns of one image; the grid's first row has none above it
 */
record Layout(
        boolean transposed,
        int lines,
        int crossings,
        int kernel,
        int lineStep,
        int crossStep,
        int kernelWidth,
        int gridWidth,
        int gridArea) {

    /** @param gridWidth as {@link #gridWidth} says; images are squares */
    static Layout of(TensorSpec spec, boolean transposed, int gridWidth) {
        int gridArea = gridWidth * gridWidth;
        int rows = spec.rows();
        int columns = spec.columns();
        int kernel = spec.kernel();
        int kernelWidth = kernel > 1 ? spec.shape().get(3) : 1;
        int rowStep = columns * kernel;
        return transposed
                ? new Layout(true, columns, rows, kernel, kernel, rowStep, kernelWidth, gridWidth, gridArea)
                : new Layout(false, rows, columns, kernel, rowStep, kernel, kernelWidth, gridWidth, gridArea);
    }

    /**
     * What lies around a column on the grid, among the columns before it: 1 if there is one above, 2 above to the left, 4 above
     * to the right, 8 two above; 0 without a grid.
     */
    int gridNeighbours(int column) {
        if (gridWidth == 0) {
            return 0;
        }
        int place = column % gridArea;
        int x = place % gridWidth;
        return place < gridWidth
                ? 0
                : 1 | (x > 0 ? 2 : 0) | (x < gridWidth - 1 ? 4 : 0) | (place >= 2 * gridWidth ? 8 : 0);
    }

    int columns() {
        return transposed ? lines : crossings;
    }

    /** Distance in the tensor from a column to the next one. */
    int columnStep() {
        return transposed ? lineStep : crossStep;
    }

    /**
     * Columns of a layer that reads a flattened image: the image's area is the columns a unit of the layer before has
     * (or all of them, if none fits), its width the square root. Anything that is no square has no grid.
     */
    static int gridWidth(int columns, int unitsBefore) {
        int area = unitsBefore > 0 && columns % unitsBefore == 0 ? columns / unitsBefore : columns;
        int width = 1;
        while ((long) (width + 1) * (width + 1) <= area) {
            width++;
        }
        return width > 1 && width * width == area ? width : 0;
    }
}
