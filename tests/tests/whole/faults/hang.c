/* Faults of disk and clock, each as long as the file that a variable names exists:
   HANG_WHILE       fdatasync waits
   HANG_READ_WHILE  read waits
   REFUSE_WHILE     pwrite says that the file system is read-only
   FAIL_WHILE       read and pread say that the disk fails
   of those files only whose path has FAULT_IN in it, where that is set. CLOCK_AHEAD_S: seconds by which the wall clock is
   ahead, always; CLOCK_AHEAD_FILE: a file with seconds, eight bytes of the machine's order, which may be written while the
   process runs; by so many the wall clock and the monotonic one are ahead, so that time passes without a step. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
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

static void hang(int fd, const char *name)
{
    const char *file = getenv(name);
    while (file && access(file, F_OK) == 0 && is_meant(fd))
        usleep(10000);
}

int fdatasync(int fd)
{
    static int (*next)(int);
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "fdatasync");
    hang(fd, "HANG_WHILE");
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
    hang(fd, "HANG_READ_WHILE");
    return fails(fd) ? -1 : next(fd, to, count);
}

ssize_t pread64(int fd, void *to, size_t count, off64_t at)
{
    static ssize_t (*next)(int, void *, size_t, off64_t);
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "pread64");
    return fails(fd) ? -1 : next(fd, to, count, at);
}

static volatile const long *moving;

__attribute__((constructor)) static void map_the_clock(void)
{
    const char *file = getenv("CLOCK_AHEAD_FILE");
    int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
    void *mapped = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *moving, PROT_READ, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    if (mapped != MAP_FAILED)
        moving = mapped;
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
    if (!failed && moving && (id == CLOCK_REALTIME || id == CLOCK_MONOTONIC))
        to->tv_sec += *moving;
    return failed;
}

/* Who waits until an instant of the monotonic clock means the kernel's. */
long syscall(long number, ...)
{
    static long (*next)(long, ...);
    struct timespec until;
    long given[6];
    va_list list;
    int i;
    va_start(list, number);
    for (i = 0; i < 6; i++)
        given[i] = va_arg(list, long);
    va_end(list);
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "syscall");
    if (moving && number == SYS_futex && given[3] && (given[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET
        && !(given[1] & FUTEX_CLOCK_REALTIME)) {
        until = *(struct timespec *)given[3];
        until.tv_sec = until.tv_sec > *moving ? until.tv_sec - *moving : 0;
        given[3] = (long)&until;
    }
    return next(number, given[0], given[1], given[2], given[3], given[4], given[5]);
}
