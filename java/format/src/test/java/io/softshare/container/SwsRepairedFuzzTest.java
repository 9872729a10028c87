package io.softshare.container;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.softshare.codec.MalformedFileException;
import org.junit.jupiter.api.Timeout;

/** Any bytes with a right frame around them: graph and payload are what someone chose who knows the format. */
class SwsRepairedFuzzTest {
    @FuzzTest
    @Timeout(20)
    void anyBytesInARightFrame(byte[] data) throws Exception {
        byte[] file = Hostile.repaired(data);
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
