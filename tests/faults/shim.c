/* Makes chosen calls on the files of a database fail, as a disk does: preloaded into the server.
 *
 * The file named by FAULT_CONTROL says which: "CALL SKIP COUNT ERROR", for example "sync 2 1 5" lets two
 * synchronizations pass and fails the third with the error number 5. CALL is write, sync or resize. A
 * negative ERROR delays the call by as many milliseconds instead. Each failed call adds a byte to the file
 * with ".hits" behind its name. The calls are counted anew when the text changes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char known[64];
static long seen;

static ssize_t raw_write(int fd, const void *data, size_t size) {
    return syscall(SYS_write, fd, data, size);
}

/* Whether the call fails; it sets errno. */
static int fails(const char *call, int fd) {
    const char *control = getenv("FAULT_CONTROL");
    if (control == NULL) {
        return 0;
    }
    char text[64] = {0}, link[64], path[4096] = {0}, chosen[16], hits[4096];
    int file = (int)syscall(SYS_openat, AT_FDCWD, control, O_RDONLY | O_CLOEXEC, 0);
    if (file < 0) {
        return 0;
    }
    ssize_t length = syscall(SYS_read, file, text, sizeof text - 1);
    syscall(SYS_close, file);
    long skip, count, error;
    if (length <= 0 || sscanf(text, "%15s %ld %ld %ld", chosen, &skip, &count, &error) != 4) {
        return 0;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (strcmp(chosen, call) != 0 || readlink(link, path, sizeof path - 1) <= 0 || strstr(path, ".db") == NULL) {
        return 0;
    }
    pthread_mutex_lock(&lock);
    if (strcmp(known, text) != 0) {
        strcpy(known, text);
        seen = 0;
    }
    int hit = seen >= skip && seen < skip + count;
    seen += 1;
    pthread_mutex_unlock(&lock);
    if (!hit) {
        return 0;
    }
    snprintf(hits, sizeof hits, "%s.hits", control);
    file = (int)syscall(SYS_openat, AT_FDCWD, hits, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file >= 0) {
        raw_write(file, "x", 1);
        syscall(SYS_close, file);
    }
    if (error < 0) {
        struct timespec delay = {-error / 1000, (-error % 1000) * 1000000};
        nanosleep(&delay, NULL);
        return 0;
    }
    errno = (int)error;
    return 1;
}

#define FORWARD(name, ...) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))(__VA_ARGS__)

ssize_t write(int fd, const void *data, size_t size) {
    return fails("write", fd) ? -1 : raw_write(fd, data, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    return fails("write", fd) ? -1 : FORWARD(pwrite, fd, data, size, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    return fails("write", fd) ? -1 : FORWARD(pwrite64, fd, data, size, at);
}

int fsync(int fd) {
    return fails("sync", fd) ? -1 : FORWARD(fsync, fd);
}

int fdatasync(int fd) {
    return fails("sync", fd) ? -1 : FORWARD(fdatasync, fd);
}

int ftruncate(int fd, off_t size) {
    return fails("resize", fd) ? -1 : FORWARD(ftruncate, fd, size);
}

int ftruncate64(int fd, off64_t size) {
    return fails("resize", fd) ? -1 : FORWARD(ftruncate64, fd, size);
}
