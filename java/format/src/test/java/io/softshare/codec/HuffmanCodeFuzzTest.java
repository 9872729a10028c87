package io.softshare.codec;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.softshare.Allocation;
import java.util.Arrays;
import org.junit.jupiter.api.Timeout;

/** Any bytes as the table of a Huffman code and symbols in it; two bytes before them are the size of the alphabet. */
class HuffmanCodeFuzzTest {
    @FuzzTest
    @Timeout(20)
    void anyBytesAsATable(byte[] data) throws Exception {
        if (data.length < 2) {
            return;
        }
        int alphabet = 1 + ((data[0] & 0xFF) << 8 | data[1] & 0xFF);
        BitReader in = new BitReader(data, 2, data.length);
        HuffmanCode code;
        try {
            code = Allocation.within(1 << 20, () -> HuffmanCode.read(new BitReader(data, 2, data.length), alphabet));
            HuffmanCode.read(in, alphabet);
        } catch (MalformedFileException e) {
            return;
        }
        BitWriter table = new BitWriter();
        code.write(table);
        byte[] bytes = table.finish();
        HuffmanCode again = HuffmanCode.read(new BitReader(bytes, 0, bytes.length), alphabet);
        int[] lengths = code.lengths(alphabet);
        if (!Arrays.equals(lengths, again.lengths(alphabet))) {
            throw new AssertionError("written and read again, it is another code");
        }
        int[] codes = code.codes(alphabet);
        try {
            // A lone symbol takes no bits, so that they never end.
            for (int i = 0; i < 8 * data.length; i++) {
                int symbol = code.decode(in);
                BitWriter one = new BitWriter();
                one.bits(codes[symbol], lengths[symbol]);
                byte[] coded = one.finish();
                if (code.decode(new BitReader(coded, 0, coded.length)) != symbol) {
                    throw new AssertionError("symbol " + symbol + " is coded as another");
                }
            }
        } catch (MalformedFileException e) {
            if (e.offset() != data.length) {
                throw new AssertionError("a complete code refuses only the end", e);
            }
        }
    }
}
