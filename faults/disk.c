/* Calls on watched files: each may be failed, and each is noted, so that the tool can tell what a disk may hold after
 * the power went.
 *
 * 1. A file is watched from its opening inside FAULTS_WATCH, except `-shm` files: their content is rebuilt at every
 *    start and promised to nobody.
 * 2. A call is done first and noted then, before the caller learns of it. A flush stands in the log only when it is
 *    done; a write that is missing at the end of the log was told to nobody.
 * 3. One lock around all of it makes the order of the log the order of the calls.
 *
 * With `lazy_log` set, flushes of a file named `*-wal` are not noted until something is written to another watched
 * file, except a flush right after the 32 bytes of the log's header. That is what SQLite does with
 * `synchronous=NORMAL`: the log is flushed when it begins and before a checkpoint, and not at a COMMIT.
 *
 * A record: magic, operation, inode, place, length of the name, length of the data, name, data.
 */
#define _GNU_SOURCE
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAGIC 0x46415531u
#define MOST_FDS 65536
#define MOST_FILES 64
#define LOG_HEADER 32

struct record {
    uint32_t magic;
    uint32_t operation;
    uint64_t inode;
    uint64_t place;
    uint64_t name_length;
    uint64_t data_length;
};

/* A file or folder that was opened, by its name inside the watched folder ("" is the folder itself). */
struct file {
    char name[NAME_MAX + 1];
    uint64_t inode;
    int is_folder;
    int owes_flush;      /* a flush that `lazy_log` holds back */
    int header_is_fresh; /* the last write was the header of a write-ahead log */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct file files[MOST_FILES];
static int file_count;
/* For each file descriptor the number of its file, from 1; 0 is not watched. */
static unsigned char watched[MOST_FDS];
static int log_fd = -1;
static char folder[PATH_MAX];
static size_t folder_length;

static int (*real_open)(const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_pread)(int, void *, size_t, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_read)(int, void *, size_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off_t);
static int (*real_unlink)(const char *);
static int (*real_rename)(const char *, const char *);
static int (*real_linkat)(int, const char *, int, const char *, int);
static void *(*real_mmap)(void *, size_t, int, int, int, off_t);

__attribute__((constructor)) static void begin(void) {
    real_open = faults_real("open");
    real_close = faults_real("close");
    real_pwrite = faults_real("pwrite");
    real_pread = faults_real("pread");
    real_write = faults_real("write");
    real_read = faults_real("read");
    real_fsync = faults_real("fsync");
    real_fdatasync = faults_real("fdatasync");
    real_ftruncate = faults_real("ftruncate");
    real_unlink = faults_real("unlink");
    real_rename = faults_real("rename");
    real_linkat = faults_real("linkat");
    real_mmap = faults_real("mmap");
    const char *watch = getenv("FAULTS_WATCH");
    if (watch != NULL) {
        folder_length = strlen(watch);
        memcpy(folder, watch, folder_length < PATH_MAX ? folder_length + 1 : 0);
    }
    const char *log = getenv("FAULTS_LOG");
    if (log != NULL) {
        log_fd = real_open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        if (log_fd < 0) {
            perror("faults: FAULTS_LOG");
            abort();
        }
    }
}

/* The real functions are needed before the constructors ran, when another library opens files in its own. */
static void prepare(void) {
    if (real_open == NULL) {
        begin();
    }
}

static void note(char operation, const struct file *file, uint64_t place, const void *data, size_t length) {
    if (log_fd < 0) {
        return;
    }
    size_t name_length = strlen(file->name);
    struct record record = {MAGIC, (uint32_t)operation, file->inode, place, name_length, length};
    struct iovec parts[3] = {
        {&record, sizeof record}, {(void *)file->name, name_length}, {(void *)data, length}};
    ssize_t all = (ssize_t)(sizeof record + name_length + length);
    if (writev(log_fd, parts, 3) != all) {
        fprintf(stderr, "faults: the log could not be written\n");
        abort();
    }
}

/* Whether this call is to fail; sets errno. The lock is held. */
static int fails(enum kind kind) {
    volatile struct control *control = faults_control;
    if ((control->kinds & (uint64_t)kind) == 0) {
        return 0;
    }
    uint64_t number = ++control->seen;
    if (number < control->first || number - control->first >= control->times) {
        return 0;
    }
    control->failed += 1;
    errno = (int)control->error;
    return 1;
}

static int ends_with(const char *text, const char *end) {
    size_t length = strlen(text), ending = strlen(end);
    return length >= ending && strcmp(text + length - ending, end) == 0;
}

/* The name inside the watched folder; null when it is elsewhere. */
static const char *inside(const char *path) {
    if (folder_length == 0 || strncmp(path, folder, folder_length) != 0) {
        return NULL;
    }
    const char *rest = path + folder_length;
    if (*rest == '\0') {
        return rest;
    }
    return *rest == '/' && !ends_with(rest, "-shm") ? rest + 1 : NULL;
}

static struct file *file_of(int fd) {
    return fd >= 0 && fd < MOST_FDS && watched[fd] != 0 ? &files[watched[fd] - 1] : NULL;
}

/* Remembers a descriptor that was just opened. */
static void watch(int fd, int existed) {
    char link[64], path[PATH_MAX];
    struct stat about;
    if (folder_length == 0 || fd < 0 || fd >= MOST_FDS) {
        return;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) {
        return;
    }
    path[length] = '\0';
    const char *name = inside(path);
    if (name == NULL || strlen(name) > NAME_MAX || fstat(fd, &about) != 0) {
        return;
    }
    pthread_mutex_lock(&lock);
    int number = 0;
    while (number < file_count && (files[number].inode != about.st_ino || strcmp(files[number].name, name) != 0)) {
        number++;
    }
    if (number == file_count) {
        if (file_count == MOST_FILES) {
            fprintf(stderr, "faults: too many files\n");
            abort();
        }
        strcpy(files[number].name, name);
        files[number].inode = about.st_ino;
        file_count++;
    }
    files[number].is_folder = S_ISDIR(about.st_mode);
    if (!existed) {
        files[number].owes_flush = 0;
        files[number].header_is_fresh = 0;
    }
    if (!existed) {
        note('C', &files[number], 0, NULL, 0);
    }
    watched[fd] = (unsigned char)(number + 1);
    pthread_mutex_unlock(&lock);
}

static int open_watched(const char *path, int flags, mode_t mode) {
    prepare();
    int existed = (flags & O_CREAT) == 0 || access(path, F_OK) == 0;
    int fd = real_open(path, flags, mode);
    int error = errno;
    watch(fd, existed);
    errno = error;
    return fd;
}

static mode_t mode_of(int flags, va_list rest) {
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return open_watched(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return open_watched(path, flags | O_LARGEFILE, mode);
}

int close(int fd) {
    prepare();
    if (fd >= 0 && fd < MOST_FDS) {
        watched[fd] = 0;
    }
    return real_close(fd);
}

/* Notes the flushes held back, before anything is written to another file. */
static void flush_what_is_owed(const struct file *written) {
    for (int number = 0; number < file_count; number++) {
        struct file *file = &files[number];
        if (file->owes_flush && file != written) {
            file->owes_flush = 0;
            note('S', file, 0, NULL, 0);
        }
    }
}

static ssize_t write_at(int fd, const void *data, size_t length, off_t place) {
    struct file *file = file_of(fd);
    pthread_mutex_lock(&lock);
    int bad = fails(KIND_WRITE);
    int error = errno;
    size_t part = bad ? (faults_control->half ? length / 2 : 0) : length;
    flush_what_is_owed(file);
    ssize_t written = part > 0 ? real_pwrite(fd, data, part, place) : 0;
    if (written > 0) {
        file->header_is_fresh = place == 0 && written == LOG_HEADER && ends_with(file->name, "-wal");
        note('W', file, (uint64_t)place, data, (size_t)written);
    }
    pthread_mutex_unlock(&lock);
    if (bad) {
        errno = error;
        return -1;
    }
    return written;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t place) {
    prepare();
    return file_of(fd) == NULL ? real_pwrite(fd, data, length, place) : write_at(fd, data, length, place);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t place) {
    return pwrite(fd, data, length, place);
}

ssize_t write(int fd, const void *data, size_t length) {
    prepare();
    if (file_of(fd) == NULL) {
        return real_write(fd, data, length);
    }
    int flags = fcntl(fd, F_GETFL);
    off_t place = lseek(fd, 0, (flags & O_APPEND) != 0 ? SEEK_END : SEEK_CUR);
    ssize_t written = write_at(fd, data, length, place);
    if (written > 0) {
        lseek(fd, place + written, SEEK_SET);
    }
    return written;
}

static int read_fails(int fd) {
    if (file_of(fd) == NULL) {
        return 0;
    }
    pthread_mutex_lock(&lock);
    int bad = fails(KIND_READ);
    pthread_mutex_unlock(&lock);
    return bad;
}

ssize_t pread(int fd, void *data, size_t length, off_t place) {
    prepare();
    return read_fails(fd) ? -1 : real_pread(fd, data, length, place);
}

ssize_t pread64(int fd, void *data, size_t length, off64_t place) { return pread(fd, data, length, place); }

ssize_t read(int fd, void *data, size_t length) {
    prepare();
    return read_fails(fd) ? -1 : real_read(fd, data, length);
}

static int flush(int fd, int (*real)(int)) {
    struct file *file = file_of(fd);
    if (file == NULL) {
        return real(fd);
    }
    pthread_mutex_lock(&lock);
    int result;
    if (fails(KIND_SYNC)) {
        /* A system that could not write says so once; no later flush tries those pages again. */
        note('F', file, 0, NULL, 0);
        result = -1;
    } else {
        result = real(fd);
        int lazy = faults_control->lazy_log && ends_with(file->name, "-wal") && !file->header_is_fresh;
        if (result == 0 && lazy) {
            file->owes_flush = 1;
        } else if (result == 0) {
            file->owes_flush = 0;
            note(file->is_folder ? 'D' : 'S', file, 0, NULL, 0);
        }
    }
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int fsync(int fd) {
    prepare();
    return flush(fd, real_fsync);
}

int fdatasync(int fd) {
    prepare();
    return flush(fd, real_fdatasync);
}

int ftruncate(int fd, off_t length) {
    prepare();
    struct file *file = file_of(fd);
    if (file == NULL) {
        return real_ftruncate(fd, length);
    }
    pthread_mutex_lock(&lock);
    int result = -1;
    if (!fails(KIND_TRUNCATE)) {
        flush_what_is_owed(file);
        result = real_ftruncate(fd, length);
        if (result == 0) {
            note('T', file, (uint64_t)length, NULL, 0);
        }
    }
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int ftruncate64(int fd, off64_t length) { return ftruncate(fd, length); }

/* Notes a change of names, however the path is written. `target` is null when the name goes. */
static void renamed(char operation, const char *path, const char *target) {
    char parent[PATH_MAX], real[PATH_MAX];
    struct file file = {0};
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    size_t length = slash == NULL ? 0 : (size_t)(slash - path);
    if (folder_length == 0 || length >= PATH_MAX || strlen(name) > NAME_MAX || ends_with(name, "-shm")) {
        return;
    }
    memcpy(parent, path, length);
    parent[length] = '\0';
    if (realpath(length == 0 ? (slash == NULL ? "." : "/") : parent, real) == NULL || strcmp(real, folder) != 0) {
        return;
    }
    strcpy(file.name, name);
    const char *end = target == NULL ? NULL : strrchr(target, '/');
    const char *other = target == NULL ? "" : (end == NULL ? target : end + 1);
    note(operation, &file, 0, other, strlen(other));
}

int unlink(const char *path) {
    prepare();
    pthread_mutex_lock(&lock);
    int result = real_unlink(path);
    int error = errno;
    if (result == 0) {
        renamed('U', path, NULL);
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int rename(const char *path, const char *target) {
    prepare();
    pthread_mutex_lock(&lock);
    int result = real_rename(path, target);
    int error = errno;
    if (result == 0) {
        renamed('R', path, target);
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int linkat(int from, const char *path, int to, const char *target, int flags) {
    prepare();
    pthread_mutex_lock(&lock);
    int result = real_linkat(from, path, to, target, flags);
    int error = errno;
    if (result == 0) {
        renamed('L', path, target);
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int link(const char *path, const char *target) { return linkat(AT_FDCWD, path, AT_FDCWD, target, 0); }

void *mmap(void *at, size_t length, int protection, int flags, int fd, off_t place) {
    prepare();
    if ((flags & MAP_SHARED) != 0 && (protection & PROT_WRITE) != 0 && file_of(fd) != NULL) {
        /* What is written through memory cannot be noted. */
        faults_control->unsound = 1;
    }
    return real_mmap(at, length, protection, flags, fd, place);
}

void *mmap64(void *at, size_t length, int protection, int flags, int fd, off64_t place) {
    return mmap(at, length, protection, flags, fd, place);
}
