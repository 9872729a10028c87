package io.softshare.graph;

/** A graph that describes no network: the message names the node, what was expected and what was found. */
public final class GraphException extends IllegalArgumentException {
    public GraphException(String message) {
        super(message);
    }
}
