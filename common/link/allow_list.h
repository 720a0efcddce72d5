/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which programs may connect, by key: the files <program>.pub of a folder, router.pub aside. What is not named like a
 * program is not looked at; a file that is named like one and holds no key is an error, as are two with one key.
 * At most ALLOWED_MAX.
 */
#ifndef LINK_ALLOW_LIST_H
#define LINK_ALLOW_LIST_H

#include "base/slice.h"

#define ALLOWED_MAX 256
#define PROGRAM_MAX 32 /* [a-z0-9][a-z0-9-]* */

struct allowed {
  char program[PROGRAM_MAX + 1];
  uint8_t key[32];
};

struct allow_list {
  struct allowed *rows;
  size_t count;
};

/* Returns 0 (gives the rows), -EINVAL with the complaint filled, -errno likewise. */
int must_check allow_list_read(const char *folder, struct allow_list *ret, struct complaint *complaint);
/* The same, but a file that holds no key lets nobody in and keeps nobody else out. Returns 0; 1 with the complaint about the first
 * such file; -errno with nothing given: the folder, or no descriptor for a file. */
int must_check allow_list_read_good(const char *folder, struct allow_list *ret, struct complaint *complaint);
void allow_list_free(struct allow_list *list);
/* Lends the program's name or NULL. */
const char *allow_list_program(const struct allow_list *list, struct slice key);
bool allow_list_has(const struct allow_list *list, struct slice program);
bool program_name_ok(struct slice name);

#endif
