/* Faults for a server under test: what the files of this folder share.
 *
 * The library is loaded with LD_PRELOAD. `cargo xtask torture` steers it through a page of shared memory and reads
 * what it notes from a log. Nothing here is part of the server.
 *
 *   FAULTS_CONTROL   the page (struct control), a file of at least 4096 bytes
 *   FAULTS_WATCH     the folder whose files are watched, as an absolute path without links
 *   FAULTS_LOG       where calls on watched files are noted; absent: nothing is noted
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdint.h>

enum kind { KIND_WRITE = 1, KIND_SYNC = 2, KIND_TRUNCATE = 4, KIND_READ = 8 };

/* The tool writes the first part, the library the second. All numbers are little-endian on the machines this runs on. */
struct control {
    int64_t clock_offset_ms; /* added to the time of day */
    uint64_t kinds;          /* which calls may fail; 0 is none. Written last. */
    uint64_t first;          /* the number of the first call that fails, from 1 */
    uint64_t times;          /* how many calls fail */
    uint64_t error;          /* errno of a failing call */
    uint64_t half;           /* not 0: a failing write leaves its first half in the file */
    uint64_t lazy_log;       /* not 0: see disk.c, the flush of a write-ahead log waits for the checkpoint */
    uint64_t seen;           /* calls counted since `kinds` was set */
    uint64_t failed;         /* calls that were failed */
    uint64_t unsound;        /* not 0: something happened that the log cannot describe */
};

/* The page; never null, zero throughout when none was named. */
extern volatile struct control *faults_control;

/* The function that would have been called without this library. Ends the process when there is none. */
void *faults_real(const char *name);

#endif
