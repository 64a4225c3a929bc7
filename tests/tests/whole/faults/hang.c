/* A disk that hangs: fdatasync waits as long as the file named by HANG_WHILE exists. A clock that is ahead: the wall clock
   plus CLOCK_AHEAD_S seconds. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int fdatasync(int fd)
{
    static int (*next)(int);
    const char *file = getenv("HANG_WHILE");
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "fdatasync");
    while (file && access(file, F_OK) == 0)
        usleep(10000);
    return next(fd);
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
