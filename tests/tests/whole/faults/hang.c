/* A disk that hangs: fdatasync waits as long as the file named by HANG_WHILE exists. A disk that refuses: pwrite says that
   the file system is read-only as long as the file named by REFUSE_WHILE exists. A disk that fails: reads say so as long as
   the file named by FAIL_WHILE exists. All of files only whose path has FAULT_IN in it, where that is set. A clock that is ahead: the wall clock plus CLOCK_AHEAD_S seconds. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int is_meant(int fd)
{
    const char *part = getenv("FAULT_IN");
    char link[64], path[4096];
    ssize_t length;
    if (!part)
        return 1;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return strstr(path, part) != NULL;
}

int fdatasync(int fd)
{
    static int (*next)(int);
    const char *file = getenv("HANG_WHILE");
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "fdatasync");
    while (file && is_meant(fd) && access(file, F_OK) == 0)
        usleep(10000);
    return next(fd);
}

ssize_t pwrite64(int fd, const void *from, size_t count, off64_t at)
{
    static ssize_t (*next)(int, const void *, size_t, off64_t);
    const char *file = getenv("REFUSE_WHILE");
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "pwrite64");
    if (file && is_meant(fd) && access(file, F_OK) == 0) {
        errno = EROFS;
        return -1;
    }
    return next(fd, from, count, at);
}

static int fails(int fd)
{
    const char *file = getenv("FAIL_WHILE");
    if (!file || access(file, F_OK) != 0 || !is_meant(fd))
        return 0;
    errno = EIO;
    return 1;
}

ssize_t read(int fd, void *to, size_t count)
{
    static ssize_t (*next)(int, void *, size_t);
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "read");
    return fails(fd) ? -1 : next(fd, to, count);
}

ssize_t pread64(int fd, void *to, size_t count, off64_t at)
{
    static ssize_t (*next)(int, void *, size_t, off64_t);
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "pread64");
    return fails(fd) ? -1 : next(fd, to, count, at);
}

int clock_gettime(clockid_t id, struct timespec *to)
{
    static int (*next)(clockid_t, struct timespec *);
    const char *ahead = getenv("CLOCK_AHEAD_S");
    int failed;
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "clock_gettime");
    failed = next(id, to);
    if (!failed && ahead && id == CLOCK_REALTIME)
        to->tv_sec += atol(ahead);
    return failed;
}
