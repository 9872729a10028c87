package io.softshare.container;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.softshare.codec.MalformedFileException;
import org.junit.jupiter.api.Timeout;

/** Any bytes as a .sws file: magic, version, length and checksum stand in the way. */
class SwsBytesFuzzTest {
    @FuzzTest
    @Timeout(20)
    void anyBytes(byte[] file) throws Exception {
        SwsFile read;
        try {
            read = Hostile.read(file);
        } catch (MalformedFileException e) {
            Hostile.checkRefusal(e, file.length);
            return;
        }
        Hostile.checkSame(read);
    }
}
