/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An LMDB environment whose file is preallocated to its map size, so that a disk filled by others cannot wedge it: copy-on-
 * write needs pages even to delete. MDB_WRITEMAP is never used: a full disk would end the process with SIGBUS. Its
 * descriptors are close-on-exec. One open per process and folder; never across fork().
 */
#ifndef SPOOL_LMDB_FILE_H
#define SPOOL_LMDB_FILE_H

#include "base/fault.h"
#include <lmdb.h>

enum { LMDB_FULL = 1 };

/* LMDB's and the system's errors as ours: LMDB_FULL for no room, -EBADMSG for a damaged file, else -errno. MDB_PANIC ends the
 * program: once writing a meta page has failed LMDB does nothing any more until the file is opened anew, and whoever watches over
 * the program starts it again. What was accepted is in the file. */
int lmdb_fault(int lmdb_error);

struct lmdb_options {
  size_t size;          /* bytes of map and file; rounded up to pages. A file that uses more keeps what it has */
  unsigned databases;   /* named ones; 0: only the unnamed */
  unsigned readers;     /* read transactions at a time, over all processes */
};

/* Opens or makes the file in an existing folder. Returns 0 (gives *ret); -ENOSPC with nothing half made; -EBADMSG;
 * -errno. */
int must_check lmdb_file_open(const char *folder, const struct lmdb_options *options, MDB_env **ret);
/* Opens an existing file to read beside the process that writes it. Returns 0 (gives *ret); -ENOENT; -errno. */
int must_check lmdb_file_view(const char *folder, unsigned databases, MDB_env **ret);
/* To `size` bytes, when it has fewer. No transaction may be open in this process. Returns 0, LMDB_FULL, -errno. */
int must_check lmdb_file_grow(MDB_env *env, size_t size);
void lmdb_file_close(MDB_env **env);

#endif
