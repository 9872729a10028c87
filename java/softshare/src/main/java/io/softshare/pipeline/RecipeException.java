package io.softshare.pipeline;

/** A recipe, or a setting of a run, is wrong; the message says where. */
public final class RecipeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public RecipeException(String message) {
        super(message);
    }
}
