/*
 * A disk that fails as a test orders, between a program and the files of one SQLite database.
 *
 * Loaded into the program with LD_PRELOAD. It takes the place of the C library's calls that change files, for the database,
 * its log (-wal) and its journal (-journal), and for the names of these in their folder. Each change is carried out, so that
 * the program sees its own writes; beside that stands what of each file is certainly on the disk, and what has changed since.
 * When the power goes, the files become what a disk may hold then: what was synced, and a part of the rest that is drawn by a
 * seed. The index in shared memory (-shm) is left alone: SQLite makes it anew after a power cut.
 *
 * DISK_ORDERS names a file with two lines: the database's path, and
 *   FAULT MOMENT NUMBER SEED SYNCS
 * FAULT   none, cut (the power goes), full (no file grows from then on), error (that one call fails), broken (all fail)
 *         Of what a failed sync was to bring to the disk, a part stays away for good, whatever is synced later.
 * MOMENT  at-change or at-sync: of which kind the call is at which it happens; NUMBER which of these, from 0
 * SYNCS   kept, or ignored by a disk that says otherwise
 * Whatever the fault, the power goes when the program ends. In DISK_ORDERS.seen stands then how many changes and syncs
 * there were, and whether the fault came before the end: "CHANGES SYNCS 0|1".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SECTOR 512
#define FILES_MAX 64

enum fault { NONE, CUT, FULL, ERROR, BROKEN };
static const char *const FAULTS[] = { "none", "cut", "full", "error", "broken" };

static char database[PATH_MAX], folder[PATH_MAX], seen_path[PATH_MAX];
static enum fault fault;
static int at_sync, syncs_ignored, is_watching, has_failed;
static uint64_t number, seed, changes_seen, syncs_seen;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* What was changed and not yet synced, in order. */
enum kind { WRITE, TRUNCATE, CREATE, UNLINK };
static struct change {
    enum kind kind;
    int file;          /* of the content: which of `files` */
    off_t offset;      /* where it was written or cut off */
    size_t length;     /* how much was written */
    char *bytes;       /* and what */
    char *name, *kept; /* of the folder: the name, and for a removed file another one that keeps it */
} *changes;
static size_t count, room;

/* The files that were changed, and what of them is on the disk. Each is held open by a descriptor of ours, and none is closed:
 * that would give up the program's locks. */
static struct file {
    dev_t device;
    ino_t inode;
    int descriptor;
    char *disk;
    size_t size;
} files[FILES_MAX];
static int files_count;

static void check(int is_well, const char *what) {
    if (!is_well) {
        fprintf(stderr, "disk.c: %s: %s\n", what, strerror(errno));
        abort();
    }
}

static uint64_t draw(uint64_t below) {
    uint64_t x = (seed += 0x9E3779B97F4A7C15u); /* splitmix64 */
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return (x ^ (x >> 31)) % below;
}

/* The system's own calls, past those that stand in their place here. */
static ssize_t put(int descriptor, const char *bytes, size_t length, off_t offset) {
    ssize_t put = syscall(SYS_pwrite64, descriptor, bytes, length, offset);
    check(put == (ssize_t)length, "writing");
    return put;
}

static void resize(int descriptor, off_t size) {
    check(syscall(SYS_ftruncate, descriptor, size) == 0, "truncating");
}

static char *copy(const void *bytes, size_t length) {
    char *copied = malloc(length + 1);
    check(copied != NULL, "remembering");
    return memcpy(copied, bytes, length);
}

static int is_database(const char *path) {
    size_t length = strlen(database);
    if (!is_watching || strncmp(path, database, length) != 0) return 0;
    const char *end = path + length;
    return *end == 0 || strcmp(end, "-wal") == 0 || strcmp(end, "-journal") == 0;
}

/* Whether a descriptor is the folder's (2), one of the files' (1) or any other's (0). */
static int watched(int descriptor, struct stat *status) {
    char link[64], path[PATH_MAX];
    if (!is_watching || fstat(descriptor, status) != 0) return 0;
    if (!S_ISREG(status->st_mode) && !S_ISDIR(status->st_mode)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return S_ISDIR(status->st_mode) ? 2 * (strcmp(path, folder) == 0) : is_database(path);
}

/* What is on the disk becomes so long. */
static void resize_disk(struct file *file, size_t size) {
    file->disk = realloc(file->disk, size + 1);
    check(file->disk != NULL, "remembering");
    if (size > file->size) memset(file->disk + file->size, 0, size - file->size);
    file->size = size;
}

static void put_on_disk(struct file *file, const char *bytes, size_t length, size_t offset) {
    if (offset + length > file->size) resize_disk(file, offset + length);
    memcpy(file->disk + offset, bytes, length);
}

/* Which of the files a descriptor is of. One that is met for the first time is on the disk as it is. */
static int file_of(int descriptor, const struct stat *status) {
    for (int i = 0; i < files_count; i++)
        if (files[i].device == status->st_dev && files[i].inode == status->st_ino) return i;
    check(files_count < FILES_MAX, "too many files");
    struct file *file = &files[files_count];
    file->device = status->st_dev;
    file->inode = status->st_ino;
    file->descriptor = fcntl(descriptor, F_DUPFD_CLOEXEC, 200);
    check(file->descriptor >= 0, "holding a file open");
    resize_disk(file, (size_t)status->st_size);
    check(pread(file->descriptor, file->disk, file->size, 0) == (ssize_t)file->size, "reading");
    return files_count++;
}

static void forget(struct change *change) {
    free(change->bytes);
    free(change->name);
    free(change->kept);
}

static struct change *remember(enum kind kind, int file) {
    if (count == room) {
        room = 2 * room + 64;
        changes = realloc(changes, room * sizeof *changes);
        check(changes != NULL, "remembering");
    }
    struct change *change = &changes[count++];
    memset(change, 0, sizeof *change);
    change->kind = kind;
    change->file = file;
    return change;
}

static int of_folder(const struct change *change) {
    return change->kind == CREATE || change->kind == UNLINK;
}

/* Some sectors of a write reach the disk. One that the file did not have before may hold anything if it does not. */
static void tear(const struct change *change) {
    struct file *file = &files[change->file];
    size_t size_before = file->size, at = (size_t)change->offset, end = at + change->length;
    int leaves_junk = draw(2) == 0;
    for (size_t next; at < end; at = next) {
        next = (at / SECTOR + 1) * SECTOR;
        if (next > end) next = end;
        if (draw(2) == 0) {
            put_on_disk(file, change->bytes + (at - (size_t)change->offset), next - at, at);
        } else if (leaves_junk && at >= size_before) {
            char junk[SECTOR];
            for (size_t i = 0; i < next - at; i++) junk[i] = (char)draw(256);
            put_on_disk(file, junk, next - at, at);
        }
    }
}

static void carry_out(const struct change *change) {
    struct file *file = &files[change->file];
    if (change->kind == TRUNCATE) resize_disk(file, (size_t)change->offset);
    else put_on_disk(file, change->bytes, change->length, (size_t)change->offset);
}

enum fate { KEPT, DROPPED, TORN };

static void meet(const struct change *change, enum fate fate) {
    if (fate == KEPT) carry_out(change);
    else if (fate == TORN && change->kind == WRITE) tear(change);
}

static void undo_name(const struct change *change) {
    if (change->kind == CREATE) check(syscall(SYS_unlinkat, AT_FDCWD, change->name, 0) == 0, "undoing a creation");
    else check(rename(change->kept, change->name) == 0, "bringing a file back");
}

/* Leaves in the files what was synced, and of the rest all, nothing, the first part, or any part of any write. The changes of
 * the folder's names are kept in their order, as file systems with a journal do. */
static void lose_power(void) {
    enum { ALL, NOTHING, FIRST, ANY } mood = (int)draw(4);
    size_t names = 0, first = draw(count + 1);
    for (size_t i = 0; i < count; i++) {
        if (of_folder(&changes[i])) names++;
        else meet(&changes[i], mood == ANY ? (enum fate)draw(3) : mood == ALL || (mood == FIRST && i < first) ? KEPT : DROPPED);
    }
    for (struct file *file = files; file < files + files_count; file++) {
        resize(file->descriptor, 0);
        put(file->descriptor, file->disk, file->size, 0);
    }
    size_t names_kept = mood == ALL ? names : mood == NOTHING ? 0 : draw(names + 1);
    for (size_t i = count; i-- > 0;) {
        if (!of_folder(&changes[i])) continue;
        if (names-- > names_kept) undo_name(&changes[i]);
        else if (changes[i].kept != NULL) syscall(SYS_unlinkat, AT_FDCWD, changes[i].kept, 0);
    }
}

static void report(void) {
    FILE *file = fopen(seen_path, "w");
    check(file != NULL, "reporting");
    fprintf(file, "%llu %llu %d\n", (unsigned long long)changes_seen, (unsigned long long)syncs_seen, has_failed);
    fclose(file);
}

/* Counts a call and says whether it is to fail. Where the power goes, it does not return. */
static int fails(int is_sync) {
    uint64_t mine = is_sync ? syncs_seen++ : changes_seen++;
    int is_now = is_sync == at_sync && mine == number;
    if (fault == NONE || !(is_now || has_failed)) return 0;
    int was_met = has_failed;
    has_failed = 1;
    if (fault == CUT) {
        lose_power();
        report();
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
    if (fault == FULL || (fault == ERROR && was_met)) return 0;
    errno = EIO;
    return 1;
}

/* Brings to the disk what was changed; of that which fails, a part. A folder that fails is as it was. */
static void settle(int is_folder, int file, int is_well) {
    size_t left = 0;
    if (is_folder && !is_well) return;
    for (size_t i = 0; i < count; i++) {
        if (is_folder ? !of_folder(&changes[i]) : of_folder(&changes[i]) || changes[i].file != file) {
            changes[left++] = changes[i];
            continue;
        }
        if (!is_folder) meet(&changes[i], is_well ? KEPT : (enum fate)draw(3));
        if (changes[i].kept != NULL) syscall(SYS_unlinkat, AT_FDCWD, changes[i].kept, 0);
        forget(&changes[i]);
    }
    count = left;
}

static int sync_one(long call, int descriptor) {
    struct stat status;
    pthread_mutex_lock(&lock);
    int what = watched(descriptor, &status), result = 0;
    if (what == 0) {
        result = (int)syscall(call, descriptor);
    } else {
        int file = what == 1 ? file_of(descriptor, &status) : -1;
        if (fails(1)) result = -1;
        if (!syncs_ignored) settle(what == 2, file, result == 0);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

int fsync(int descriptor) { return sync_one(SYS_fsync, descriptor); }
int fdatasync(int descriptor) { return sync_one(SYS_fdatasync, descriptor); }

/* Writes at a place; where that is none, at the descriptor's own. */
static ssize_t write_one(int descriptor, const void *bytes, size_t length, const off_t *place) {
    struct stat status;
    ssize_t written = -1;
    pthread_mutex_lock(&lock);
    if (watched(descriptor, &status) != 1 || length == 0) {
        pthread_mutex_unlock(&lock);
        return place == NULL ? syscall(SYS_write, descriptor, bytes, length)
                             : syscall(SYS_pwrite64, descriptor, bytes, length, *place);
    }
    int was_full = fault == FULL && has_failed;
    off_t offset = place == NULL ? lseek(descriptor, 0, SEEK_CUR) : *place;
    if (!fails(0)) {
        int grows = offset + (off_t)length > status.st_size;
        /* A disk that becomes full takes a part of the write that does not fit, and nothing more. */
        if (fault == FULL && has_failed && grows) length = was_full ? 0 : length / 2;
        if (length == 0) {
            errno = ENOSPC;
        } else {
            struct change *change = remember(WRITE, file_of(descriptor, &status));
            change->offset = offset;
            change->length = length;
            change->bytes = copy(bytes, length);
            written = put(descriptor, bytes, length, offset);
            if (place == NULL) lseek(descriptor, offset + (off_t)written, SEEK_SET);
        }
    }
    pthread_mutex_unlock(&lock);
    return written;
}

ssize_t write(int descriptor, const void *bytes, size_t length) { return write_one(descriptor, bytes, length, NULL); }

ssize_t pwrite64(int descriptor, const void *bytes, size_t length, off_t offset) {
    return write_one(descriptor, bytes, length, &offset);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t length, off_t offset) {
    return write_one(descriptor, bytes, length, &offset);
}

int ftruncate64(int descriptor, off_t size) {
    struct stat status;
    int result = -1;
    pthread_mutex_lock(&lock);
    if (watched(descriptor, &status) != 1) {
        pthread_mutex_unlock(&lock);
        return (int)syscall(SYS_ftruncate, descriptor, size);
    }
    if (!fails(0)) {
        remember(TRUNCATE, file_of(descriptor, &status))->offset = size;
        resize(descriptor, size);
        result = 0;
    }
    pthread_mutex_unlock(&lock);
    return result;
}

int ftruncate(int descriptor, off_t size) { return ftruncate64(descriptor, size); }

static int open_one(const char *path, int flags, mode_t mode) {
    int descriptor = -1;
    if (!(flags & O_CREAT) || !is_database(path)) return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    pthread_mutex_lock(&lock);
    if (access(path, F_OK) == 0) {
        descriptor = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    } else if (!fails(0)) {
        descriptor = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
        if (descriptor >= 0) remember(CREATE, -1)->name = strdup(path);
    }
    pthread_mutex_unlock(&lock);
    return descriptor;
}

#define OPEN(name)                                                                   \
    int name(const char *path, int flags, ...) {                                     \
        mode_t mode = 0;                                                             \
        if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) {                        \
            va_list more;                                                            \
            va_start(more, flags);                                                   \
            mode = va_arg(more, mode_t);                                             \
            va_end(more);                                                            \
        }                                                                            \
        return open_one(path, flags, mode);                                          \
    }
OPEN(open)
OPEN(open64)

int unlink(const char *path) {
    static int serial;
    char kept[PATH_MAX + 16];
    int result = -1;
    if (!is_database(path)) return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    pthread_mutex_lock(&lock);
    if (access(path, F_OK) == 0 && fails(0)) {
        /* errno says it. */
    } else {
        snprintf(kept, sizeof kept, "%s.kept-%d", path, serial++);
        /* Where there is nothing to rename, the caller is told what it would be told of its own call. */
        result = rename(path, kept);
        if (result == 0) {
            struct change *change = remember(UNLINK, -1);
            change->name = strdup(path);
            change->kept = strdup(kept);
        }
    }
    pthread_mutex_unlock(&lock);
    return result;
}

__attribute__((constructor)) static void begin(void) {
    const char *orders = getenv("DISK_ORDERS");
    char fault_word[16], moment[16], syncs[16];
    unsigned long long which, seeded;
    if (orders == NULL) return;
    FILE *file = fopen(orders, "r");
    check(file != NULL && fgets(database, sizeof database, file) != NULL, "reading the orders");
    check(fscanf(file, "%15s %15s %llu %llu %15s", fault_word, moment, &which, &seeded, syncs) == 5, "the orders");
    fclose(file);
    database[strcspn(database, "\n")] = 0;
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(database, '/') - database), database);
    snprintf(seen_path, sizeof seen_path, "%s.seen", orders);
    while (strcmp(FAULTS[fault], fault_word) != 0) check(++fault <= BROKEN, "the fault");
    at_sync = strcmp(moment, "at-sync") == 0;
    syncs_ignored = strcmp(syncs, "ignored") == 0;
    number = which;
    seed = seeded;
    is_watching = 1;
}

/* The program has ended by itself. */
__attribute__((destructor)) static void end(void) {
    pthread_mutex_lock(&lock);
    if (!is_watching) return;
    lose_power();
    report();
    /* What comes after this is not remembered, and nobody is left to do it. */
    is_watching = 0;
    pthread_mutex_unlock(&lock);
}
