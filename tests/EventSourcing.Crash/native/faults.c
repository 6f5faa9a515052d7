/*
 * Loaded into a writer with LD_PRELOAD, this stands between SQLite and the kernel for the files of one store. It can
 *   - keep a journal, in one total order, of what is written, cut, synced, created and removed, and of the
 *     acknowledgements that the writer marks: from it the harness builds what a loss of power may leave behind;
 *   - let one call fail, or kill the process at it, or let the disk be full: as the control block says, which the
 *     harness and the writer map too, so that faults are armed while the process runs.
 *
 * Environment: FAULTS_PREFIX, the store's path up to where its files differ; FAULTS_JOURNAL, the journal's path;
 * FAULTS_CONTROL, the control block's path. Each may be absent.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NONE = 0, STORE = 1, SHARED_MEMORY = 2, DIRECTORY = 3 };
enum { OP_NONE = 0, OP_WRITE = 1, OP_SYNC = 2, OP_TRUNCATE = 3, OP_OPEN = 4, OP_READ = 5, OP_UNLINK = 6, OPS = 7 };
enum { ACTION_FAIL = 0, ACTION_SHORT_WRITE = 1, ACTION_KILL = 2 };

struct control {
    int64_t op;        /* which kind of call is to fail; 0: none */
    int64_t countdown; /* it fails when this reaches 0 */
    int64_t error;     /* errno */
    int64_t action;
    int64_t fired;     /* how many calls have failed so */
    int64_t budget;    /* bytes by which files may still grow; negative: no limit */
    int64_t refused;   /* writes refused for want of space */
    int64_t calls[OPS];
};

#define MAX_FDS 8192
static unsigned char kind_of[MAX_FDS];
static uint64_t inode_of[MAX_FDS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char prefix[4096];
static char directory[4096];
static size_t prefix_length;
static int journal = -1;
static struct control *control;
static struct control no_control;

static int (*real_open)(const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_read)(int, void *, size_t);
static ssize_t (*real_pread)(int, void *, size_t, off64_t);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off64_t);
static int (*real_unlink)(const char *);
static int (*real_rename)(const char *, const char *);

static void *find(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void begin(void)
{
    real_open = find("open64");
    real_close = find("close");
    real_read = find("read");
    real_pread = find("pread64");
    real_write = find("write");
    real_pwrite = find("pwrite64");
    real_fsync = find("fsync");
    real_fdatasync = find("fdatasync");
    real_ftruncate = find("ftruncate64");
    real_unlink = find("unlink");
    real_rename = find("rename");
    control = &no_control;
    no_control.budget = -1;

    const char *path = getenv("FAULTS_CONTROL");
    if (path != NULL && *path != 0) {
        int fd = real_open(path, O_RDWR | O_CLOEXEC);
        if (fd < 0) abort();
        control = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (control == MAP_FAILED) abort();
        real_close(fd);
    }

    path = getenv("FAULTS_JOURNAL");
    if (path != NULL && *path != 0) {
        journal = real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (journal < 0) abort();
    }

    path = getenv("FAULTS_PREFIX");
    if (path != NULL && strlen(path) < sizeof prefix) {
        strcpy(prefix, path);
        prefix_length = strlen(prefix);
        strcpy(directory, prefix);
        char *slash = strrchr(directory, '/');
        if (slash != NULL) *slash = 0;
    }

    /* Children of the writer are not part of the experiment. */
    unsetenv("LD_PRELOAD");
}

static int classify(const char *path)
{
    if (prefix_length == 0 || path == NULL) return NONE;
    if (strcmp(path, directory) == 0) return DIRECTORY;
    if (strncmp(path, prefix, prefix_length) != 0) return NONE;
    size_t length = strlen(path);
    return length > 4 && strcmp(path + length - 4, "-shm") == 0 ? SHARED_MEMORY : STORE;
}

static int kind(int fd) { return fd >= 0 && fd < MAX_FDS ? kind_of[fd] : NONE; }

/* One record: its kind, the file, a number, and bytes. Written at once, so that a kill loses none. */
static void record(char what, uint64_t file, uint64_t number, const void *bytes, uint32_t length)
{
    if (journal < 0) return;
    unsigned char head[21];
    head[0] = (unsigned char)what;
    memcpy(head + 1, &file, 8);
    memcpy(head + 9, &number, 8);
    memcpy(head + 17, &length, 4);
    struct { const void *base; size_t size; } parts[2] = { { head, sizeof head }, { bytes, length } };
    if (syscall(SYS_writev, journal, parts, length > 0 ? 2 : 1) != (long)(sizeof head + length)) abort();
}

/* Whether this call is the one that is to fail. */
static int is_due(int op)
{
    control->calls[op]++;
    if (control->op != op || control->countdown <= 0 || --control->countdown > 0) return 0;
    control->fired++;
    if (control->action == ACTION_KILL) kill(getpid(), SIGKILL);
    return 1;
}

/* How many of these bytes fit: growth counts against the budget, overwriting does not. */
static size_t that_fit(int fd, size_t length, uint64_t offset)
{
    if (control->budget < 0) return length;
    struct stat64 status;
    if (fstat64(fd, &status) != 0) return length;
    uint64_t end = offset + length;
    if (end <= (uint64_t)status.st_size) return length;
    uint64_t growth = end - (uint64_t)status.st_size;
    if (growth <= (uint64_t)control->budget) {
        control->budget -= (int64_t)growth;
        return length;
    }

    control->refused++;
    uint64_t missing = growth - (uint64_t)control->budget;
    control->budget = 0;
    return missing >= length ? 0 : length - (size_t)missing;
}

static ssize_t write_at(int fd, const void *bytes, size_t length, off64_t offset, int is_positioned)
{
    pthread_mutex_lock(&lock);
    ssize_t result;
    off64_t at = is_positioned ? offset : lseek64(fd, 0, SEEK_CUR);
    int fails = is_due(OP_WRITE);
    if (fails && control->action == ACTION_SHORT_WRITE && length > 1) length /= 2;
    else if (fails) {
        pthread_mutex_unlock(&lock);
        errno = (int)control->error;
        return -1;
    }

    size_t fitting = that_fit(fd, length, (uint64_t)at);
    if (fitting == 0 && length > 0) {
        pthread_mutex_unlock(&lock);
        errno = ENOSPC;
        return -1;
    }

    result = is_positioned ? real_pwrite(fd, bytes, fitting, offset) : real_write(fd, bytes, fitting);
    int error = errno;
    if (result > 0 && kind(fd) == STORE) record('W', inode_of[fd], (uint64_t)at, bytes, (uint32_t)result);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    int k = kind(fd);
    return k == STORE || k == SHARED_MEMORY ? write_at(fd, bytes, length, 0, 0) : real_write(fd, bytes, length);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset)
{
    int k = kind(fd);
    return k == STORE || k == SHARED_MEMORY ? write_at(fd, bytes, length, offset, 1) : real_pwrite(fd, bytes, length, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return pwrite64(fd, bytes, length, offset); }

static int read_fails(int fd)
{
    int k = kind(fd);
    if (k != STORE) return 0;
    pthread_mutex_lock(&lock);
    int fails = is_due(OP_READ);
    pthread_mutex_unlock(&lock);
    if (fails) errno = (int)control->error;
    return fails;
}

ssize_t read(int fd, void *bytes, size_t length) { return read_fails(fd) ? -1 : real_read(fd, bytes, length); }

ssize_t pread64(int fd, void *bytes, size_t length, off64_t offset) { return read_fails(fd) ? -1 : real_pread(fd, bytes, length, offset); }

ssize_t pread(int fd, void *bytes, size_t length, off_t offset) { return pread64(fd, bytes, length, offset); }

static int sync_with(int fd, int (*real)(int))
{
    int k = kind(fd);
    if (k == NONE || k == SHARED_MEMORY) return real(fd);
    pthread_mutex_lock(&lock);
    int result = -1;
    int error = (int)control->error;
    if (!is_due(OP_SYNC)) {
        result = real(fd);
        error = errno;
        if (result == 0) record(k == DIRECTORY ? 'D' : 'S', inode_of[fd], 0, NULL, 0);
    }

    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int fsync(int fd) { return sync_with(fd, real_fsync); }

int fdatasync(int fd) { return sync_with(fd, real_fdatasync); }

int ftruncate64(int fd, off64_t size)
{
    int k = kind(fd);
    if (k != STORE && k != SHARED_MEMORY) return real_ftruncate(fd, size);
    pthread_mutex_lock(&lock);
    int result = -1;
    int error = (int)control->error;
    if (!is_due(OP_TRUNCATE)) {
        result = real_ftruncate(fd, size);
        error = errno;
        if (result == 0 && k == STORE) record('T', inode_of[fd], (uint64_t)size, NULL, 0);
    }

    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static int open_with(const char *path, int flags, mode_t mode)
{
    int k = classify(path);
    if (k == NONE) return real_open(path, flags, mode);
    pthread_mutex_lock(&lock);
    if (k != DIRECTORY && is_due(OP_OPEN)) {
        pthread_mutex_unlock(&lock);
        errno = (int)control->error;
        return -1;
    }

    struct stat64 before, after;
    int existed = stat64(path, &before) == 0;
    int fd = real_open(path, flags, mode);
    int error = errno;
    if (fd >= MAX_FDS) abort();
    if (fd >= 0) {
        if (fstat64(fd, &after) != 0) abort();
        kind_of[fd] = (unsigned char)k;
        inode_of[fd] = after.st_ino;
        if (k == STORE && !existed) record('C', after.st_ino, 0, path, (uint32_t)strlen(path));
    }

    pthread_mutex_unlock(&lock);
    errno = error;
    return fd;
}

int open64(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return open_with(path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return open_with(path, flags, mode);
}

int close(int fd)
{
    if (kind(fd) != NONE) kind_of[fd] = NONE;
    return real_close(fd);
}

int unlink(const char *path)
{
    int k = classify(path);
    if (k != STORE) return real_unlink(path);
    pthread_mutex_lock(&lock);
    int result = -1;
    int error = (int)control->error;
    if (!is_due(OP_UNLINK)) {
        result = real_unlink(path);
        error = errno;
        if (result == 0) record('U', 0, 0, path, (uint32_t)strlen(path));
    }

    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

/* SQLite renames nothing; should it begin to, the replay would be wrong without a word. */
int rename(const char *from, const char *to)
{
    if (classify(from) == STORE || classify(to) == STORE) abort();
    return real_rename(from, to);
}

/* The writer's acknowledgement, in the same order as everything else. */
__attribute__((visibility("default"))) void faults_mark(const void *bytes, uint32_t length)
{
    pthread_mutex_lock(&lock);
    record('A', 0, 0, bytes, length);
    pthread_mutex_unlock(&lock);
}
