/* SPDX-License-Identifier: Apache-2.0 */
/* Counted first, so that every list has one allocation; the texts are one copy of the message, cut at its line ends. */
#include "parser_trust.h"
#include <stdlib.h>

struct channel_trust {
  const char *name;
  struct mime_trust trust;
};

struct parser_trust {
  char *text;
  char **lines;                   /* without their letter; lists of the channels lie in here, in order */
  struct channel_trust *channels; /* sorted by name */
  size_t channel_count;
  struct mime_own *own;
  struct mime_trust unknown;      /* of any other channel */
};

/* --- packing --- */

static void add_line(struct buf *ret, char letter, const char *text) {
  buf_add_char(ret, letter);
  buf_add_char(ret, ' ');
  buf_add_text(ret, text);
  buf_add_char(ret, '\n');
}

static void add_lines(struct buf *ret, char letter, char *const *texts, size_t count) {
  for (size_t i = 0; i < count; i++)
    add_line(ret, letter, texts[i]);
}

int parser_trust_pack(const struct config *config, struct buf *ret) {
  for (size_t i = 0; i < config->channel_count; i++)
    if (config->channels[i].kind == CHANNEL_EMAIL)
      add_lines(ret, 'O', config->channels[i].addresses, config->channels[i].address_count);
  for (size_t i = 0; i < config->channel_count; i++) {
    const struct channel_config *channel = &config->channels[i];
    if (channel->kind != CHANNEL_EMAIL)
      continue;
    add_line(ret, 'C', channel->name);
    add_lines(ret, 'A', channel->authserv_ids, channel->authserv_id_count);
    add_lines(ret, 'S', channel->spam_headers, channel->spam_header_count);
  }
  return ret->full ? BUF_FULL : 0;
}

/* --- unpacking --- */

static int by_name(const void *a, const void *b) {
  return strcmp(((const struct channel_trust *)a)->name, ((const struct channel_trust *)b)->name);
}

static size_t count_lines(struct slice packed) {
  size_t count = 1;
  for (size_t i = 0; i < packed.len; i++)
    count += packed.at[i] == '\n';
  return count;
}

/* The next line, cut off with a NUL in the copy; NULL at the end. */
static char *next_line(char **at) {
  char *line = *at, *end = strchr(line, '\n');
  if (!*line)
    return NULL;
  *at = end ? end + 1 : line + strlen(line);
  if (end)
    *end = '\0';
  return line;
}

/* A list is a run of lines of one kind, so it grows only while nothing else comes between. */
static void take_line(struct parser_trust *t, char letter, char **place, size_t *own_count) {
  struct channel_trust *last = t->channel_count ? &t->channels[t->channel_count - 1] : NULL;
  if (letter == 'O' && place == t->lines + *own_count) {
    ++*own_count;
  } else if (letter == 'C') {
    t->channels[t->channel_count++] = (struct channel_trust){.name = *place};
  } else if (letter == 'A' && last) {
    last->trust.authserv_ids = last->trust.authserv_id_count ? last->trust.authserv_ids : place;
    last->trust.authserv_id_count += place == last->trust.authserv_ids + last->trust.authserv_id_count;
  } else if (letter == 'S' && last) {
    last->trust.spam_headers = last->trust.spam_header_count ? last->trust.spam_headers : place;
    last->trust.spam_header_count += place == last->trust.spam_headers + last->trust.spam_header_count;
  }
}

struct parser_trust *parser_trust_unpack(struct slice packed) {
  struct parser_trust *t = must_calloc(1, sizeof(*t));
  size_t most = count_lines(packed), count = 0, own_count = 0;
  t->text = must_calloc(1, packed.len + 1);
  if (packed.len)
    memcpy(t->text, packed.at, packed.len);
  t->lines = must_calloc(most, sizeof(*t->lines));
  t->channels = must_calloc(most, sizeof(*t->channels));
  char *at = t->text, *line;
  while ((line = next_line(&at))) {
    if (strlen(line) < 3 || line[1] != ' ')
      continue;
    t->lines[count] = line + 2;
    take_line(t, line[0], &t->lines[count], &own_count);
    count++;
  }
  t->own = mime_own_new(t->lines, own_count);
  t->unknown.own = t->own;
  for (size_t i = 0; i < t->channel_count; i++)
    t->channels[i].trust.own = t->own;
  if (t->channel_count)
    qsort(t->channels, t->channel_count, sizeof(*t->channels), by_name);
  return t;
}

const struct mime_trust *parser_trust_of(const struct parser_trust *t, struct slice channel) {
  size_t low = 0, high = t->channel_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    struct slice name = slice_text(t->channels[middle].name);
    size_t common = name.len < channel.len ? name.len : channel.len;
    int order = common ? memcmp(name.at, channel.at, common) : 0;
    if (order == 0 && name.len == channel.len)
      return &t->channels[middle].trust;
    if (order < 0 || (order == 0 && name.len < channel.len))
      low = middle + 1;
    else
      high = middle;
  }
  return &t->unknown;
}

void parser_trust_free(struct parser_trust **t) {
  if (!t || !*t)
    return;
  mime_own_free(&(*t)->own);
  free((*t)->channels);
  free((*t)->lines);
  free((*t)->text);
  free(*t);
  *t = NULL;
}
