package io.softshare.data;

/** Told what is being read or fetched, often enough for a progress bar. */
@FunctionalInterface
public interface Progress {
    /** Says nothing. */
    Progress SILENT = (what, done, total) -> {};

    /**
     * @param what one short phrase
     * @param done bytes or images so far
     * @param total of how many, or −1 if unknown
     */
    void update(String what, long done, long total);
}
