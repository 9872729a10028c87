package io.softshare.report;

/** A folder is not one that a report can be made of; the message says what is wrong and what to do. */
public final class ReportException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ReportException(String message) {
        super(message);
    }
}
