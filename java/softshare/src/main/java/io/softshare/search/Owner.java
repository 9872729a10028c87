package io.softshare.search;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Instant;
import java.util.UUID;

/**
 * Who works on a trial: a process, by host, number and start. A dead process of this host is known as dead at once; of others only the
 * heartbeat tells.
 */
final class Owner {
    private Owner() {}

    /** A text for the store; another one each time. */
    static String self() {
        ProcessHandle me = ProcessHandle.current();
        return host() + " " + me.pid() + " " + start(me) + " " + UUID.randomUUID();
    }

    /** Whether an owner is surely gone. */
    static boolean dead(String owner) {
        String[] parts = owner.split(" ");
        if (parts.length != 4 || !parts[0].equals(host())) {
            return false;
        }
        return ProcessHandle.of(Long.parseLong(parts[1]))
                .map(p -> !p.isAlive() || !start(p).equals(parts[2]))
                .orElse(true);
    }

    private static String start(ProcessHandle process) {
        return process.info().startInstant().map(Instant::toString).orElse("unknown");
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName().replace(' ', '_');
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }
}
