package io.softshare.data;

import java.io.IOException;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodySubscribers;
import java.net.http.HttpTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Downloads one file into a {@code .part} file and goes on where an earlier try stopped. A dead host fails within seconds:
 * looking up its name, connecting, the first answer and every pause of the body have their own limits.
 */
final class HttpFetch {
    /** Limits in time. The last holds between two pieces of a body. */
    record Limits(Duration lookUp, Duration connect, Duration answer, Duration pause) {
        static final Limits STANDARD = new Limits(
                Duration.ofMillis(2500), Duration.ofMillis(2500), Duration.ofSeconds(15), Duration.ofSeconds(30));
    }

    /** A connection that is cut is taken up again as long as each try brings something, at most this often. */
    private static final int MAX_TRIES = 20;

    private final Limits limits;
    private final HttpClient client;

    HttpFetch(Limits limits) {
        this.limits = limits;
        client = HttpClient.newBuilder()
                .connectTimeout(limits.connect())
                .followRedirects(HttpClient.Redirect.NORMAL)
                .build();
    }

    /**
     * Completes {@code part} from an address.
     *
     * @param maxBytes refuses more than this
     * @throws IOException with a short reason; what has come stays in {@code part} for the next try
     */
    void download(URI address, Path part, long maxBytes, String what, Progress progress)
            throws IOException, InterruptedException {
        checkName(address);
        for (int tries = 1; ; tries++) {
            long before = sizeOf(part);
            try {
                attempt(address, part, maxBytes, what, progress);
                return;
            } catch (Refused e) {
                throw e;
            } catch (StartAgain e) {
                Files.delete(part);
            } catch (IOException e) {
                if (sizeOf(part) <= before || tries >= MAX_TRIES) {
                    throw e;
                }
            }
        }
    }

    private static long sizeOf(Path part) throws IOException {
        return Files.exists(part) ? Files.size(part) : 0;
    }

    /** The server answered, and asking again would not help. */
    private static final class Refused extends IOException {
        Refused(String message) {
            super(message);
        }
    }

    /** What has come so far is no beginning of the server's file. */
    private static final class StartAgain extends IOException {}

    private void attempt(URI address, Path part, long maxBytes, String what, Progress progress)
            throws IOException, InterruptedException {
        long have = sizeOf(part);
        HttpRequest.Builder request = HttpRequest.newBuilder(address);
        if (have > 0) {
            request.header("Range", "bytes=" + have + "-");
        }
        try (Body body = new Body(part, have, maxBytes)) {
            CompletableFuture<HttpResponse<Void>> answer = client.sendAsync(request.build(), body::subscriber);
            HttpResponse<Void> response;
            try {
                response = waitFor(answer, body, what, progress);
            } finally {
                answer.cancel(true);
            }
            int status = response.statusCode();
            if (status == 416 && have > 0) {
                String range = response.headers().firstValue("Content-Range").orElse("");
                if (range.equals("bytes */" + have)) {
                    return; // It was complete already; the checksum will tell.
                }
                throw new StartAgain();
            }
            if (status != 200 && status != 206) {
                throw new Refused("HTTP status " + status);
            }
        }
    }

    private HttpResponse<Void> waitFor(
            CompletableFuture<HttpResponse<Void>> answer, Body body, String what, Progress progress)
            throws IOException, InterruptedException {
        long lastCount = -1;
        long lastChange = System.nanoTime();
        while (true) {
            try {
                HttpResponse<Void> response = answer.get(100, TimeUnit.MILLISECONDS);
                body.rethrow();
                return response;
            } catch (TimeoutException e) {
                body.rethrow();
                long count = body.received.get();
                progress.update(what, count, body.total);
                long now = System.nanoTime();
                if (count != lastCount) {
                    lastCount = count;
                    lastChange = now;
                }
                Duration limit = body.started ? limits.pause() : limits.answer();
                if (now - lastChange > limit.toNanos()) {
                    throw new IOException("nothing came for " + limit.toMillis() / 1000.0 + " s");
                }
            } catch (ExecutionException e) {
                body.rethrow();
                throw reason(e.getCause());
            }
        }
    }

    /** Some failures of the HTTP client have no message of their own. */
    private static IOException reason(Throwable cause) {
        if (cause instanceof HttpTimeoutException) {
            return new IOException("no answer in time", cause);
        }
        if (cause instanceof ConnectException) {
            return new IOException("no connection", cause);
        }
        String message = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
        return new IOException(message, cause);
    }

    /** Writes pieces to the file as they come, on the client's threads; a failure there is kept for the waiting thread. */
    private static final class Body implements AutoCloseable {
        private final Path part;
        private final long have;
        private final long maxBytes;
        private final AtomicLong received = new AtomicLong();
        private volatile long total = -1;
        private volatile boolean started;
        private volatile IOException failure;
        private OutputStream out;
        private boolean closed;

        Body(Path part, long have, long maxBytes) {
            this.part = part;
            this.have = have;
            this.maxBytes = maxBytes;
        }

        HttpResponse.BodySubscriber<Void> subscriber(HttpResponse.ResponseInfo info) {
            boolean goesOn = info.statusCode() == 206;
            if (!goesOn && info.statusCode() != 200) {
                return BodySubscribers.replacing(null);
            }
            String range = info.headers().firstValue("Content-Range").orElse("");
            if (goesOn && !range.startsWith("bytes " + have + "-")) {
                failure = new Refused("asked for bytes from " + have + ", was sent `" + range + "`");
                return BodySubscribers.replacing(null);
            }
            long start = goesOn ? have : 0;
            received.set(start);
            long length = info.headers().firstValueAsLong("Content-Length").orElse(-1);
            total = length < 0 ? -1 : start + length;
            started = true;
            return BodySubscribers.ofByteArrayConsumer(piece -> write(piece.orElse(null), goesOn));
        }

        private synchronized void write(byte[] piece, boolean goesOn) {
            if (piece == null || closed || failure != null) {
                return;
            }
            try {
                if (received.get() + piece.length > maxBytes) {
                    Files.deleteIfExists(part);
                    throw new Refused("more than the expected " + maxBytes + " bytes");
                }
                if (out == null) {
                    out = goesOn
                            ? Files.newOutputStream(part, StandardOpenOption.CREATE, StandardOpenOption.APPEND)
                            : Files.newOutputStream(part);
                }
                out.write(piece);
                received.addAndGet(piece.length);
            } catch (IOException e) {
                failure = e;
            }
        }

        void rethrow() throws IOException {
            if (failure != null) {
                throw failure;
            }
        }

        /** After this nothing more is written, even if a piece is still under way. */
        @Override
        public synchronized void close() throws IOException {
            closed = true;
            if (out != null) {
                out.close();
                out = null;
            }
        }
    }

    /** Looks the host up with a limit of our own; a resolver may take far longer to give up. A proxy does it for us. */
    private void checkName(URI address) throws IOException, InterruptedException {
        ProxySelector proxies = ProxySelector.getDefault();
        if (proxies != null && proxies.select(address).stream().anyMatch(proxy -> proxy.type() != Proxy.Type.DIRECT)) {
            return;
        }
        CompletableFuture<Boolean> known = new CompletableFuture<>();
        Thread lookUp = new Thread(
                () -> {
                    try {
                        InetAddress.getByName(address.getHost());
                        known.complete(true);
                    } catch (UnknownHostException e) {
                        known.complete(false);
                    }
                },
                "softshare-name-look-up");
        lookUp.setDaemon(true);
        lookUp.start();
        try {
            if (!known.get(limits.lookUp().toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IOException("unknown host");
            }
        } catch (TimeoutException | ExecutionException e) {
            throw new IOException("the name look-up took too long", e);
        }
    }
}
