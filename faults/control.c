/* The page through which the tool steers the faults. */
#define _GNU_SOURCE
#include "faults.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static struct control none;
volatile struct control *faults_control = &none;

void *faults_real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL) {
        fprintf(stderr, "faults: this C library has no %s\n", name);
        abort();
    }
    return found;
}

__attribute__((constructor)) static void map_control(void) {
    const char *path = getenv("FAULTS_CONTROL");
    if (path == NULL) {
        return;
    }
    int (*real_open)(const char *, int, ...) = faults_real("open");
    int (*real_close)(int) = faults_real("close");
    int fd = real_open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        perror("faults: FAULTS_CONTROL");
        abort();
    }
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED) {
        perror("faults: mmap");
        abort();
    }
    real_close(fd);
    faults_control = page;
}
