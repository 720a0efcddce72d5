/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may call the agents' API: a file with a line for each token, "agent role sha256-of-token", role `agent`,
 * `supervisor` or `operator` (whose name need not be an agent's); empty lines and lines that begin with '#' are passed over. The tokens themselves are nowhere: what is
 * shown once to whom it belongs has 256 bits of chance, so its plain SHA-256 gives nothing away (SE-01, SE-10).
 *
 * The file belongs to its reader alone (mode 0600): one that others may read is refused whole. A line that makes no
 * sense lets nobody in and is counted; the others hold. Limits: ACCESS_MAX tokens.
 */
#ifndef ACCESS_ACCESS_H
#define ACCESS_ACCESS_H

#include "base/buf.h"
#include "base/digest.h"

#define ACCESS_MAX 10000
#define ACCESS_AGENT_MAX 32
#define ACCESS_TOKEN_LEN 56 /* "dbk_" and 52 characters of base32 */
#define ACCESS_ID_LEN 8     /* what a token is called: the first hex digits of its digest */

enum access_role { ACCESS_AGENT, ACCESS_SUPERVISOR, ACCESS_OPERATOR };

struct access_row {
  char agent[ACCESS_AGENT_MAX + 1];
  enum access_role role;
  uint8_t digest[SHA256_BYTES];
};

struct access_list {
  struct access_row *rows;
  size_t count, bad;        /* bad: lines that make no sense */
  unsigned first_bad;       /* the line of the first, 1-based */
};

const char *access_role_text(enum access_role role);
/* "[a-z0-9][a-z0-9-]{0,31}" */
bool access_agent_ok(struct slice name);

/* Rows beyond ACCESS_MAX count as bad. */
void access_parse(struct slice text, struct access_list *ret);
void access_list_free(struct access_list *list);
/* Lends the row of a token; NULL: nobody's. Looks at every row, whatever it finds, in constant time each. */
const struct access_row *access_find(const struct access_list *list, struct slice token);

/* A new token, and its row. */
void access_token_make(const char *agent, enum access_role role, char ret_token[ACCESS_TOKEN_LEN + 1],
                       struct access_row *ret);
void access_row_id(const struct access_row *row, char ret[ACCESS_ID_LEN + 1]);

/* Returns 0; -ENOENT: there is no file; -EPERM: others may read or write it; -errno; with the complaint filled. */
int must_check access_read(const char *path, struct access_list *ret, struct complaint *complaint);
/* Adds a line. The file is made when it is missing (0600); lines that are there stay as they are, comments too.
 * Two at once must be kept apart by the caller. Returns as access_read(), but 0 for no file. */
int must_check access_add(const char *path, const struct access_row *row, struct complaint *complaint);
/* Takes out the lines of an agent's name or of a token's id. Returns how many, or as access_read(). */
int must_check access_remove(const char *path, struct slice agent_or_id, struct complaint *complaint);

#endif
