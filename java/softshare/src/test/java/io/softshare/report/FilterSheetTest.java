package io.softshare.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.softshare.graph.Graph;
import io.softshare.graph.GraphBuilder;
import io.softshare.graph.Preprocessing;
import io.softshare.graph.Preprocessing.ChannelOrder;
import io.softshare.graph.Preprocessing.Layout;
import io.softshare.graph.Shape;
import io.softshare.graph.TensorSpec;
import io.softshare.graph.models.Models;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

/** Weights as pixels. */
class FilterSheetTest {
    private static BufferedImage picture(String png) throws Exception {
        assertEquals("data:image/png;base64,", png.substring(0, 22));
        return ImageIO.read(new ByteArrayInputStream(Base64.getDecoder().decode(png.substring(22))));
    }

    private static TensorSpec first(Graph graph) {
        return graph.tensors().get(0);
    }

    @Test
    void signIsColourAndSizeIsOpacity() throws Exception {
        Graph graph = Models.find("lenet-300-100", new Shape(1, 28, 28), 10).orElseThrow();
        FilterSheet sheet = FilterSheet.of(graph);
        float[] weights = new float[first(graph).size()];
        weights[7 * 784 + 2 * 28 + 3] = 0.5f; // unit 7, row 2, column 3
        weights[7 * 784 + 2 * 28 + 4] = -0.25f;
        weights[9 * 784] = 0.5f;
        Map<String, float[]> tensors = Map.of(first(graph).name(), weights);
        sheet.choose(tensors);
        assertEquals(36, sheet.unitsShown());
        assertEquals(300, sheet.unitsInAll());
        BufferedImage image = picture(sheet.png(tensors));
        assertEquals(6 * 29 - 1, image.getWidth());
        assertEquals(6 * 29 - 1, image.getHeight());
        // Units 0 to 35 are shown: 7 and 9, and of equals the first. Unit 7 is the second of the second row.
        assertEquals(0xffd9480f, image.getRGB(29 + 3, 29 + 2));
        int negative = image.getRGB(29 + 4, 29 + 2);
        assertEquals(0x2b6cb0, negative & 0xffffff);
        assertEquals(128, negative >>> 24);
        assertEquals(0, image.getRGB(29 + 5, 29 + 2) >>> 24, "zero is clear");
    }

    @Test
    void threeChannelsAreColoursInTheImagesOrder() throws Exception {
        for (ChannelOrder order : ChannelOrder.values()) {
            Graph graph = Models.find("wrn-16-4", new Shape(3, 32, 32), 10)
                    .orElseThrow()
                    .with(new Preprocessing(List.of(0f, 0f, 0f), List.of(1f, 1f, 1f), order, Layout.NCHW));
            TensorSpec spec = first(graph);
            assertEquals(List.of(16, 3, 3, 3), spec.shape());
            float[] weights = new float[spec.size()];
            weights[0] = 1; // channel 0, top left
            weights[9] = -1; // channel 1
            Map<String, float[]> tensors = Map.of(spec.name(), weights);
            FilterSheet sheet = FilterSheet.of(graph);
            sheet.choose(tensors);
            BufferedImage image = picture(sheet.png(tensors));
            assertEquals(4 * 4 - 1, image.getWidth(), "16 units of 3×3 in a square");
            assertEquals(order == ChannelOrder.RGB ? 0xffff0080 : 0xff8000ff, image.getRGB(0, 0));
            assertEquals(0xff808080, image.getRGB(1, 1));
        }
    }

    @Test
    void aFirstLayerOnSomethingElseHasNoPicture() {
        Graph flat = new GraphBuilder("flat", Shape.flat(8), Preprocessing.unit(8))
                .linear("a", 4)
                .build();
        assertNull(FilterSheet.of(flat));
    }
}
