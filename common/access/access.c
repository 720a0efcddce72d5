/* SPDX-License-Identifier: Apache-2.0 */
#include "access/access.h"
#include "base/encode.h"
#include <stdlib.h>

static const char prefix[] = "dbk_";
enum { TOKEN_BYTES = 32 };

static_assert(sizeof(prefix) - 1 + BASE32_LEN(TOKEN_BYTES) == ACCESS_TOKEN_LEN, "the header says how long it is");

static const char *const roles[] = {
    [ACCESS_AGENT] = "agent", [ACCESS_SUPERVISOR] = "supervisor", [ACCESS_OPERATOR] = "operator"};

const char *access_role_text(enum access_role role) {
  return roles[role];
}

bool access_agent_ok(struct slice name) {
  if (name.len == 0 || name.len > ACCESS_AGENT_MAX || name.at[0] == '-')
    return false;
  for (size_t i = 0; i < name.len; i++)
    if (!((name.at[i] >= 'a' && name.at[i] <= 'z') || (name.at[i] >= '0' && name.at[i] <= '9') || name.at[i] == '-'))
      return false;
  return true;
}

/* A word up to a blank or a tab. */
static struct slice next_word(struct slice *rest) {
  while (rest->len && (*rest->at == ' ' || *rest->at == '\t'))
    *rest = slice_of(rest->at + 1, rest->len - 1);
  size_t len = 0;
  while (len < rest->len && rest->at[len] != ' ' && rest->at[len] != '\t')
    len++;
  struct slice word = slice_of(rest->at, len);
  *rest = slice_of(rest->at + len, rest->len - len);
  return word;
}

static bool parse_row(struct slice line, struct access_row *ret) {
  struct slice agent = next_word(&line), role = next_word(&line), digest = next_word(&line);
  size_t len = 0;
  if (!access_agent_ok(agent) || next_word(&line).len || digest.len != HEX_LEN(SHA256_BYTES) ||
      hex_decode(digest, ret->digest, sizeof(ret->digest), &len) < 0)
    return false;
  memset(ret->agent, 0, sizeof(ret->agent));
  memcpy(ret->agent, agent.at, agent.len);
  for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
    ret->role = (enum access_role)i;
    if (slice_equal(role, slice_text(roles[i])))
      return true;
  }
  return false;
}

void access_parse(struct slice text, struct access_list *ret) {
  struct access_list list = {0};
  struct slice line;
  size_t room = 0;
  for (unsigned number = 1; slice_split(&text, '\n', &line); number++) {
    struct access_row row;
    line = slice_trim(line);
    if (line.len == 0 || line.at[0] == '#')
      continue;
    if (list.count == ACCESS_MAX || !parse_row(line, &row)) {
      list.first_bad = list.bad++ ? list.first_bad : number;
      continue;
    }
    if (list.count == room) {
      room = room ? room * 2 : 16;
      list.rows = must_realloc(list.rows, room * sizeof(*list.rows));
    }
    list.rows[list.count++] = row;
  }
  *ret = list;
}

void access_list_free(struct access_list *list) {
  free(list->rows);
  *list = (struct access_list){0};
}

const struct access_row *access_find(const struct access_list *list, struct slice token) {
  uint8_t digest[SHA256_BYTES];
  const struct access_row *found = NULL;
  if (token.len != ACCESS_TOKEN_LEN || memcmp(token.at, prefix, sizeof(prefix) - 1) != 0)
    return NULL;
  sha256(token, digest);
  for (size_t i = 0; i < list->count; i++)
    if (bytes_equal_secret(slice_of(list->rows[i].digest, SHA256_BYTES), slice_of(digest, SHA256_BYTES)))
      found = &list->rows[i];
  return found;
}

void access_token_make(const char *agent, enum access_role role, char ret_token[ACCESS_TOKEN_LEN + 1],
                       struct access_row *ret) {
  uint8_t chance[TOKEN_BYTES];
  assert(access_agent_ok(slice_text(agent)));
  random_bytes(chance, sizeof(chance));
  memcpy(ret_token, prefix, sizeof(prefix) - 1);
  base32_encode(chance, sizeof(chance), ret_token + sizeof(prefix) - 1);
  explicit_bzero(chance, sizeof(chance));
  *ret = (struct access_row){.role = role};
  memcpy(ret->agent, agent, strlen(agent));
  sha256(slice_of(ret_token, ACCESS_TOKEN_LEN), ret->digest);
}

void access_row_id(const struct access_row *row, char ret[ACCESS_ID_LEN + 1]) {
  hex_encode(row->digest, ACCESS_ID_LEN / 2, ret);
}
