/* SPDX-License-Identifier: Apache-2.0 */
/* Reads /proc/self and getrusage(2); what cannot be read is left out rather than shown as 0. */
#include "metrics/process.h"
#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static void add(struct buf *ret, const char *name, const char *type, const char *help) {
  buf_printf(ret, "# HELP %s %s\n# TYPE %s %s\n%s ", name, help, name, type, name);
}

static bool resident_bytes(long long *ret) {
  FILE *file = fopen("/proc/self/statm", "re");
  if (!file)
    return false;
  long long whole, pages;
  bool read = fscanf(file, "%lld %lld", &whole, &pages) == 2;
  fclose(file);
  if (read)
    *ret = pages * sysconf(_SC_PAGESIZE);
  return read;
}

static bool open_descriptors(long long *ret) {
  DIR *folder = opendir("/proc/self/fd");
  if (!folder)
    return false;
  long long count = 0;
  for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
    count += entry->d_name[0] != '.';
  closedir(folder);
  *ret = count - 1; /* the folder's own */
  return true;
}

void process_metrics_write(struct buf *ret) {
  long long value;
  if (resident_bytes(&value)) {
    add(ret, "process_resident_memory_bytes", "gauge", "Resident memory of this program.");
    buf_printf(ret, "%lld\n", value);
  }
  struct rusage usage;
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    long long us = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000LL + usage.ru_utime.tv_usec +
                   usage.ru_stime.tv_usec;
    add(ret, "process_cpu_seconds_total", "counter", "Processor time used, user and system.");
    buf_printf(ret, "%lld.%06lld\n", us / 1000000, us % 1000000);
  }
  if (open_descriptors(&value)) {
    add(ret, "process_open_fds", "gauge", "Open file descriptors.");
    buf_printf(ret, "%lld\n", value);
  }
}
