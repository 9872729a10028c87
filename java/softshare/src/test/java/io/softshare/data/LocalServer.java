package io.softshare.data;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A web server on this machine that can be told to misbehave. */
final class LocalServer implements AutoCloseable {
    /** How a request for a file is answered. */
    enum Manner {
        GOOD,
        /** Sends the whole file whatever was asked for. */
        NO_RANGE,
        /** Closes the connection after half of what is left. */
        CUT,
        /** Closes the connection before any byte of the body. */
        NOTHING,
        /** Sends nothing past the middle of the file, with the connection open. */
        HANG,
        /** Answers a question for a range with another range. */
        WRONG_RANGE,
        NOT_FOUND,
        REDIRECT
    }

    final Map<String, byte[]> files = new ConcurrentHashMap<>();
    /** One line a request: the path and the range asked for, or {@code -}. */
    final List<String> requests = new CopyOnWriteArrayList<>();

    volatile Manner manner = Manner.GOOD;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer server;

    LocalServer() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(threads);
        server.createContext("/", this::answer);
        server.start();
    }

    URI address(String path) {
        return URI.create("http://localhost:" + server.getAddress().getPort() + "/" + path);
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String name = exchange.getRequestURI().getPath().substring(1);
            String range = exchange.getRequestHeaders().getFirst("Range");
            requests.add(name + " " + (range == null ? "-" : range));
            byte[] file = files.get(name);
            if (file == null || manner == Manner.NOT_FOUND) {
                exchange.sendResponseHeaders(404, -1);
                return;
            }
            if (manner == Manner.REDIRECT) {
                manner = Manner.GOOD;
                exchange.getResponseHeaders().set("Location", "/" + name);
                exchange.sendResponseHeaders(302, -1);
                return;
            }
            int from = 0;
            if (range != null && manner != Manner.NO_RANGE) {
                from = Integer.parseInt(range.replaceAll("bytes=(\\d+)-", "$1"));
                if (from >= file.length) {
                    exchange.getResponseHeaders().set("Content-Range", "bytes */" + file.length);
                    exchange.sendResponseHeaders(416, -1);
                    return;
                }
                from = manner == Manner.WRONG_RANGE ? 0 : from;
                exchange.getResponseHeaders()
                        .set("Content-Range", "bytes " + from + "-" + (file.length - 1) + "/" + file.length);
            }
            send(exchange, file, from, range != null && manner != Manner.NO_RANGE ? 206 : 200);
        }
    }

    private void send(HttpExchange exchange, byte[] file, int from, int status) throws IOException {
        int left = file.length - from;
        int now = switch (manner) {
            case NOTHING -> 0;
            case CUT -> (left + 1) / 2;
            case HANG -> Math.max(0, file.length / 2 - from);
            default -> left;
        };
        exchange.sendResponseHeaders(status, left);
        exchange.getResponseBody().write(file, from, now);
        exchange.getResponseBody().flush();
        if (manner == Manner.HANG) {
            try {
                closing.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void close() {
        closing.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
