/* SPDX-License-Identifier: Apache-2.0 */
/* Small whole files: secrets, keys, documents. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"

enum { FILE_TOO_LARGE = 1 };

/* Reads the whole file, at most buf's ceiling. Returns 0; FILE_TOO_LARGE; -errno. */
int must_check file_read(const char *path, struct buf *ret);
/* Of a -errno: no descriptor, no memory, a disk that fails. It says nothing about the file, which is to be read again. */
bool file_fails_for_now(int fault);
/* Writes beside, syncs, renames, syncs the folder. Returns 0 or -errno. */
int must_check file_write_atomic(const char *path, struct slice bytes, unsigned mode);
/* mkdir -p with 0700. Returns 0 or -errno. */
int must_check folder_make(const char *path);
/* Joins with one '/'; gives a heap string. */
char *path_join(const char *folder, const char *name);
/* Marks every descriptor from 3 up close-on-exec; to be called before every spawn (hiredis, LMDB
 * and curl descriptors are not). */
void descriptors_close_on_exec(void);

#endif
