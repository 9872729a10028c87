package io.softshare.data;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** Opens data by name or folder, as {@code --data} takes it. */
public final class DataSources {
    /** Name of MNIST. */
    public static final String MNIST = "mnist";
    /** Name of CIFAR-10. */
    public static final String CIFAR10 = "cifar10";

    private DataSources() {}

    /**
     * Opens a data set: {@code mnist} and {@code cifar10} from the cache, fetched first where needed; anything else is a
     * folder of IDX files, CIFAR-10 binary files or class folders, found out by what is in it. A folder that is called
     * like a known set is reached as {@code ./mnist}.
     *
     * @param progress may be called from several threads, one at a time
     * @throws DataException with one line if it cannot be opened
     */
    public static DataSet open(String where, Cache cache, Progress progress) {
        switch (where) {
            case MNIST:
                return IdxFiles.read(MNIST, MnistFetch.standard().fetch(cache, progress));
            case CIFAR10:
                return CifarBinary.read(CIFAR10, CifarFetch.standard().fetch(cache, progress), progress);
            default:
                return openFolder(where, progress);
        }
    }

    private static DataSet openFolder(String where, Progress progress) {
        Path folder;
        try {
            folder = Path.of(where);
        } catch (InvalidPathException e) {
            throw new DataException("`" + where + "` is no data set: " + e.getMessage(), e);
        }
        if (where.isEmpty() || !Files.isDirectory(folder)) {
            throw new DataException("`" + where + "` is no data set: expected mnist, cifar10 or an existing folder");
        }
        Path last = folder.toAbsolutePath().normalize().getFileName();
        String name = last == null ? where : last.toString();
        if (IdxFiles.in(folder)) {
            return IdxFiles.read(name, folder);
        }
        Path cifar = CifarBinary.find(folder);
        if (cifar != null) {
            return CifarBinary.read(name, cifar, progress);
        }
        if (ClassFolders.in(folder)) {
            return ClassFolders.read(name, folder, progress);
        }
        throw new DataException(folder + " holds no data set: looked for IDX files (train-images-idx3-ubyte and three"
                + " more, raw or .gz), CIFAR-10 binary files (data_batch_1.bin … test_batch.bin) and class folders"
                + " (train/CLASS/*.png|jpg, test/CLASS/*.png|jpg)");
    }
}
