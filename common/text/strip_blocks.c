/* SPDX-License-Identifier: Apache-2.0 */
/* What a line is depends on its first and last sign; only a line that these make suspicious is looked at closely. */
#include "text/strip_blocks.h"
#include "text/strip_header.h"
#include "text/strip_line.h"

enum { FIRST_ROOM = 32, BLANKS_BEFORE_QUOTE = 3, LETTERS_LOOK = 200, LABEL_LOOK = 64 };

struct scan {
  struct arena *arena;
  struct slice text;
  bool forwarded;
  struct strip_block *at;
  size_t count, room, looks;
  size_t no_header;    /* before this offset, for labels stand there and are none */
  size_t paragraph[STRIP_ATTRIBUTION_LINES]; /* where the last own lines begin, since the last blank one */
  size_t paragraph_lines;
  bool colon_before;   /* the last line that was seen is the sender's and ends in a colon */
  bool failed, ended;
};

/* ---- adding */

static struct strip_block *last_block(struct scan *s) {
  return s->count ? &s->at[s->count - 1] : NULL;
}

static struct strip_block *add_block(struct scan *s, enum strip_block_kind kind, size_t begin, size_t end) {
  if (s->count == s->room) {
    size_t room = s->room ? 2 * s->room : FIRST_ROOM;
    struct strip_block *more = arena_alloc(s->arena, room * sizeof(*more));
    if (!more) {
      s->failed = true;
      return NULL;
    }
    if (s->count)
      memcpy(more, s->at, s->count * sizeof(*more));
    s->at = more;
    s->room = room;
  }
  s->at[s->count] = (struct strip_block){.kind = kind, .begin = begin, .end = end};
  return &s->at[s->count++];
}

static void add_own(struct scan *s, const struct strip_line *line) {
  struct strip_block *last = last_block(s);
  if (last && last->kind == STRIP_BLOCK_OWN)
    last->end = line->next;
  else
    add_block(s, STRIP_BLOCK_OWN, line->begin, line->next);
  if (s->paragraph_lines == STRIP_ATTRIBUTION_LINES) {
    memmove(s->paragraph, s->paragraph + 1, (STRIP_ATTRIBUTION_LINES - 1) * sizeof(s->paragraph[0]));
    s->paragraph_lines--;
  }
  s->paragraph[s->paragraph_lines++] = line->begin;
}

/* Own lines from `begin` on turn out to be something else. */
static void take_back(struct scan *s, size_t begin) {
  struct strip_block *last = last_block(s);
  if (last && last->kind == STRIP_BLOCK_OWN && last->end > begin)
    last->end = begin;
  if (last && last->kind == STRIP_BLOCK_OWN && last->begin >= last->end)
    s->count--;
}

static void end_with(struct scan *s, enum strip_block_kind kind, size_t begin) {
  if (begin < s->text.len)
    add_block(s, kind, begin, s->text.len);
  s->ended = true;
}

/* What is quoted in a forwarded mail is what it is about, and so is all below. */
static bool ends_as_content(struct scan *s, size_t begin) {
  if (s->forwarded)
    end_with(s, STRIP_BLOCK_CONTENT, begin);
  return s->forwarded;
}

static bool may_look(struct scan *s) {
  s->looks += s->looks <= STRIP_LOOKS_MAX;
  return s->looks <= STRIP_LOOKS_MAX;
}

/* ---- marked lines */

/* Mailbox files put a '>' before "From " at the beginning of a line. */
static bool is_stuffed_from(const struct strip_line *line) {
  return line->depth == 1 && line->text.len > 6 && memcmp(line->text.at, ">From ", 6) == 0;
}

/* ">= 5", ">5 kg", ">-o": signs of the sender's. */
static bool is_sign(const struct strip_line *line) {
  size_t at = (size_t)(line->body.at - line->text.at);
  return line->body.len && line->text.at[at - 1] == '>' && strchr("=-0123456789", line->body.at[0]);
}

static bool is_marked(const struct strip_line *line, const struct strip_block *last) {
  bool among = last && (last->kind == STRIP_BLOCK_MARKED || last->kind == STRIP_BLOCK_ATTRIBUTION ||
                        last->kind == STRIP_BLOCK_HEADER);
  if (!line->depth || (line->indented && !among))
    return false;
  return among || (!is_stuffed_from(line) && !is_sign(line));
}

/* "| text" and ": text" of old programs. A table's rows end as they begin. */
static bool has_bar(const struct strip_line *line) {
  char c = line->text.len ? line->text.at[0] : '\0';
  return (c == '|' || c == ':') && (line->text.len == 1 || line->text.at[1] == ' ') &&
         (line->text.len == 1 || strip_line_last(line->text) != '|');
}

static bool quote_follows(struct slice text, size_t at, bool bars) {
  struct strip_line line;
  return strip_line_seen(text, at, BLANKS_BEFORE_QUOTE, &line) && (line.depth || (bars && has_bar(&line)));
}

static bool has_letters(struct slice s) {
  for (size_t i = 0; i < s.len && i < LETTERS_LOOK; i++)
    if ((s.at[i] >= '0' && s.at[i] <= '9') || (s.at[i] >= 'A' && s.at[i] <= 'Z') ||
        (s.at[i] >= 'a' && s.at[i] <= 'z') || (uint8_t)s.at[i] >= 0x80)
      return true;
  return false;
}

/* Programs of telephones mark the attribution with the quote. */
static bool begins_attributed(struct scan *s, const struct strip_line *first) {
  struct slice bodies[STRIP_ATTRIBUTION_LINES];
  struct strip_line line = *first;
  size_t count = 0, taken;
  bool more = true;
  while (more && line.depth && line.body.len && count < STRIP_ATTRIBUTION_LINES) {
    bodies[count++] = line.body;
    if (strip_line_last(line.body) == ':')
      return may_look(s) && strip_attribution_judge(bodies, count, &taken) >= STRIP_ATTRIBUTION_FAIR;
    more = strip_line_read(s->text, line.next, &line);
  }
  return false;
}

static void add_marked(struct scan *s, const struct strip_line *line) {
  struct strip_block *last = last_block(s);
  if (!last || last->kind != STRIP_BLOCK_MARKED) {
    if (ends_as_content(s, line->begin))
      return;
    last = add_block(s, STRIP_BLOCK_MARKED, line->begin, line->next);
    if (!last)
      return;
    last->least = line->depth;
    last->barred = !line->depth;
    last->introduced = s->colon_before;
    last->attributed = begins_attributed(s, line);
  }
  last->end = line->next;
  last->letters |= has_letters(line->body);
  last->least = line->depth < last->least ? line->depth : last->least;
  last->most = line->depth > last->most ? line->depth : last->most;
  s->paragraph_lines = 0;
}

/* Only below an attribution: drawings and lists look the same. */
static bool is_barred(const struct strip_line *line, const struct strip_block *last) {
  return last && (last->kind == STRIP_BLOCK_ATTRIBUTION || (last->kind == STRIP_BLOCK_MARKED && last->barred)) &&
         has_bar(line);
}

/* ---- what stands above quotes */

/* Below a header or "Original Message" all is a quote, unless its lines are marked: then answers may stand between. */
static void add_header(struct scan *s, size_t begin, size_t end) {
  if (ends_as_content(s, begin))
    return;
  add_block(s, STRIP_BLOCK_HEADER, begin, end);
  s->paragraph_lines = 0;
  if (!quote_follows(s->text, end, false))
    end_with(s, STRIP_BLOCK_REST, end);
}

static size_t header_below(struct scan *s, size_t at, enum strip_mark mark) {
  struct strip_line below;
  size_t looked;
  if (!strip_line_seen(s->text, at, BLANKS_BEFORE_QUOTE, &below))
    return 0;
  return strip_header_read(s->text, below.begin, mark, &looked);
}

/* Returns how far the mark at this line reaches, 0 when it is none. */
static size_t take_mark(struct scan *s, const struct strip_line *line) {
  enum strip_mark mark = may_look(s) ? strip_mark_read(line->text) : STRIP_MARK_NONE;
  size_t header = mark == STRIP_MARK_NONE ? 0 : header_below(s, line->next, mark);
  switch (mark) {
  case STRIP_MARK_RULE:
  case STRIP_MARK_LONG_RULE:
    if (header)
      add_header(s, line->begin, header);
    return header;
  case STRIP_MARK_ORIGINAL:
  case STRIP_MARK_WROTE:
    add_header(s, line->begin, header ? header : line->next);
    return header ? header : line->next;
  case STRIP_MARK_FORWARDED:
    end_with(s, STRIP_BLOCK_CONTENT, line->begin);
    return line->next;
  case STRIP_MARK_ABOVE:
    if (!ends_as_content(s, line->begin))
      end_with(s, STRIP_BLOCK_REST, line->begin);
    return line->next;
  default:
    return 0;
  }
}

static bool take_header(struct scan *s, const struct strip_line *line, size_t *ret_next) {
  if (line->begin < s->no_header || !may_look(s))
    return false;
  size_t end = strip_header_read(s->text, line->begin, STRIP_MARK_NONE, &s->no_header);
  if (!end)
    return false;
  add_header(s, line->begin, end);
  *ret_next = end;
  return true;
}

/* The lines of the paragraph up to this one. Returns how many, and whether one has an '@'. */
static size_t gather(const struct scan *s, const struct strip_line *line, struct slice *ret, bool *ret_address) {
  size_t count = s->paragraph_lines;
  *ret_address = false;
  for (size_t i = 0; i < count; i++) {
    size_t end = i + 1 < count ? s->paragraph[i + 1] - 1 : line->begin + line->text.len;
    ret[i] = slice_of(s->text.at + s->paragraph[i], end - s->paragraph[i]);
    *ret_address |= ret[i].len && ret[i].len <= STRIP_ATTRIBUTION_MAX && memchr(ret[i].at, '@', ret[i].len);
  }
  return count;
}

/* The line is an own one already and ends in a colon. Only an address lets it stand above lines without marks. */
static void take_attribution(struct scan *s, const struct strip_line *line) {
  struct slice lines[STRIP_ATTRIBUTION_LINES];
  bool address, marked = quote_follows(s->text, line->next, true), last = line->next >= s->text.len;
  size_t count = gather(s, line, lines, &address), taken = 0;
  if ((!address && !marked && !last) || !may_look(s))
    return;
  enum strip_attribution strength = strip_attribution_judge(lines, count, &taken);
  enum strip_attribution least = last ? STRIP_ATTRIBUTION_GOOD : STRIP_ATTRIBUTION_STRONG;
  if (strength < (marked ? STRIP_ATTRIBUTION_WEAK : least))
    return;
  size_t begin = s->paragraph[count - taken];
  take_back(s, begin);
  if (ends_as_content(s, begin))
    return;
  struct strip_block *block = add_block(s, STRIP_BLOCK_ATTRIBUTION, begin, line->next);
  if (block)
    block->strength = strength;
  s->paragraph_lines = 0;
}

/* ---- lines */

static char first_sign(const struct strip_line *line) {
  size_t i = 0;
  while (i < line->text.len && line->text.at[i] == ' ')
    i++;
  return i < line->text.len ? line->text.at[i] : '\0';
}

/* Could it be "From: …"? There is a colon early on, and no address of a page. Programs do not indent it; who shows a
 * header does. */
static bool may_be_label(const struct strip_line *line) {
  size_t len = line->text.len < LABEL_LOOK ? line->text.len : LABEL_LOOK;
  if (line->text.at[0] == ' ' || line->text.at[0] == '\t')
    return false;
  const char *colon = memchr(line->text.at, ':', len);
  if (colon)
    return colon + 1 >= line->text.at + len || colon[1] != '/';
  return memmem(line->text.at, len, "：", 3);
}

/* Could it be "Begin forwarded message:"? */
static bool may_announce(const struct strip_line *line, char last) {
  return last == ':' && line->text.len <= LABEL_LOOK * 2 && !memchr(line->text.at, '@', line->text.len);
}

/* Takes a line that is not blank and not marked; returns where to go on. */
static size_t take_unmarked(struct scan *s, const struct strip_line *line) {
  char first = first_sign(line), last = strip_line_last(line->text);
  size_t next = line->next;
  bool drawn = first && strchr("-_=*~#", first);
  if (drawn || may_announce(line, last)) {
    next = take_mark(s, line);
    if (next)
      return next;
  }
  if (may_be_label(line) && take_header(s, line, &next))
    return next;
  add_own(s, line);
  if (last == ':')
    take_attribution(s, line);
  s->colon_before = last == ':';
  return line->next;
}

static size_t take_line(struct scan *s, const struct strip_line *line) {
  const struct strip_block *last = last_block(s);
  if (is_marked(line, last)) {
    add_marked(s, line);
  } else if (line->blank) {
    s->paragraph_lines = 0;
    return line->next;
  } else if (is_barred(line, last)) {
    add_marked(s, line);
  } else {
    return take_unmarked(s, line);
  }
  s->colon_before = false;
  return line->next;
}

int strip_blocks_read(struct arena *a, struct slice text, const struct strip_hints *hints, struct strip_blocks *ret) {
  struct scan s = {.arena = a, .text = text, .forwarded = hints->forwarded};
  struct strip_line line;
  for (size_t at = 0; !s.failed && !s.ended && strip_line_read(text, at, &line);) {
    if (s.count >= STRIP_BLOCKS_MAX)
      end_with(&s, STRIP_BLOCK_OWN, line.begin);
    else
      at = take_line(&s, &line);
  }
  *ret = (struct strip_blocks){s.at, s.count};
  return s.failed ? -ENOMEM : 0;
}
