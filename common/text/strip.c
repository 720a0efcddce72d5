/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks (strip_blocks.h) are decided on in order; in the own words between what is cut, signatures and notices are
 * looked for; then blank lines are given to one side, so that what is left reads as if it had been written so.
 */
#include "text/strip.h"
#include "text/strip_blocks.h"
#include "text/strip_fold.h"
#include "text/strip_line.h"
#include "text/strip_notice.h"
#include "text/strip_signature.h"

enum { TAIL_MAX = 16, NOTICE_MAX = 8 * 1024, PROMPT_DEPTH = 3 };

struct job {
  struct slice text;          /* without blank lines at the end */
  size_t whole;               /* its length with them */
  struct strip_hints hints;
  struct strip_blocks blocks;
  struct strip_span *cuts;    /* what stands around quotes and they: whole lines, in order */
  size_t cut_count;
  struct strip_span *pieces;  /* cuts, signatures and notices; at most STRIP_SPANS_MAX */
  size_t piece_count;
  size_t content;             /* from here on nothing is touched: it was forwarded */
  size_t start;               /* of the first line that is not blank */
};

static bool is_seen(const struct job *j, size_t begin, size_t end) {
  return !strip_all_blank(slice_of(j->text.at + begin, end - begin));
}

static void add_piece(struct job *j, size_t begin, size_t end, enum strip_kind kind, bool guess) {
  if (begin < end && j->piece_count < STRIP_SPANS_MAX)
    j->pieces[j->piece_count++] = (struct strip_span){begin, end, kind, guess};
}

/* ---- own words */

struct tail {
  struct strip_span at[TAIL_MAX]; /* from the end of the text to its beginning */
  size_t count;
};

/* The paragraph that ends at `end` is a notice: where it begins, `end` when it is none. */
static size_t notice_begin(const struct job *j, size_t begin, size_t end) {
  struct strip_line line;
  size_t at = end;
  while (end - at <= NOTICE_MAX && strip_line_before(j->text, at, begin, &line) && !line.blank)
    at = line.begin;
  bool notice = end - at <= NOTICE_MAX && strip_notice_read(slice_of(j->text.at + at, end - at));
  return notice ? at : end;
}

/* Notices and what programs sign with, from the end on. Returns where what is left ends. */
static size_t take_tail(const struct job *j, size_t begin, size_t end, struct tail *t) {
  struct strip_line line;
  while (t->count < TAIL_MAX) {
    end = strip_blanks_trim(j->text, begin, end);
    if (!strip_line_before(j->text, end, begin, &line))
      break;
    bool below_rule = t->count && t->at[t->count - 1].kind == STRIP_SIGNATURE && strip_signature_rule(line.text);
    bool signs = below_rule || strip_signature_of_program(line.text);
    size_t from = signs ? line.begin : notice_begin(j, begin, end);
    if (from == end)
      break;
    t->at[t->count++] = (struct strip_span){from, end, signs ? STRIP_SIGNATURE : STRIP_DISCLAIMER, false};
    end = from;
  }
  return end;
}

/* `last`: no own words follow, so that a guess may be made. */
static void cut_own(struct job *j, size_t begin, size_t end, bool last) {
  struct tail tail = {.count = 0};
  size_t from = begin, left = take_tail(j, begin, end, &tail);
  if (begin == 0) {
    from = strip_banner_read(j->text, begin, left);
    add_piece(j, begin, from, STRIP_DISCLAIMER, false);
  }
  size_t signature = strip_signature_delimiter(j->text, from, left);
  bool guess = signature == left && last;
  if (guess)
    signature = strip_signature_guess(j->text, from, left, j->hints.from_html);
  add_piece(j, signature, left, STRIP_SIGNATURE, guess);
  while (tail.count) {
    const struct strip_span *s = &tail.at[--tail.count];
    add_piece(j, s->begin, s->end, s->kind, s->guess);
  }
}

/* ---- blocks */

static bool marked_later(const struct strip_blocks *b, size_t from) {
  for (size_t i = from; i < b->count; i++)
    if (b->at[i].kind == STRIP_BLOCK_MARKED)
      return true;
  return false;
}


struct decision {
  bool announced;  /* an attribution, header or certain quote came before: all marked lines are quotes */
  bool own;        /* own words came before */
  bool ended;
};

/* Marked lines that nothing announces are signs of the sender's own when they have no words, or are what a program of
 * another kind prompts with. */
static bool has_words(const struct strip_block *b) {
  return b->letters && b->least < PROMPT_DEPTH;
}

/* At the very beginning, and nested, they are a quote, and so are those that follow. */
static bool announces(const struct strip_block *b, const struct decision *d) {
  return has_words(b) && (!d->own || b->most > 1);
}

static bool is_quote(const struct job *j, const struct strip_block *b) {
  return has_words(b) && !b->introduced && !j->hints.fresh;
}

static void cut_block(struct job *j, size_t begin, size_t end, enum strip_kind kind) {
  if (begin < end)
    j->cuts[j->cut_count++] = (struct strip_span){begin, end, kind, false};
}

/* Without marks anywhere below, what a strong attribution stands above goes on to the end: in an answer. */
static void decide_attribution(struct job *j, struct decision *d, size_t i) {
  const struct strip_block *b = &j->blocks.at[i];
  bool last = i + 1 == j->blocks.count, marked = !last && b[1].kind == STRIP_BLOCK_MARKED;
  if (!marked && !last && (b->strength < STRIP_ATTRIBUTION_STRONG || j->hints.fresh)) {
    d->own = true;
    return;
  }
  cut_block(j, b->begin, b->end, STRIP_ATTRIBUTION);
  d->announced = true;
  d->ended = !marked && !marked_later(&j->blocks, i + 1);
  if (d->ended)
    cut_block(j, b->end, j->text.len, STRIP_QUOTE);
}

static void decide_block(struct job *j, struct decision *d, size_t i) {
  const struct strip_block *b = &j->blocks.at[i];
  switch (b->kind) {
  case STRIP_BLOCK_OWN:
    d->own = true;
    break;
  case STRIP_BLOCK_MARKED:
    d->announced |= b->attributed || announces(b, d);
    if (d->announced || is_quote(j, b))
      cut_block(j, b->begin, b->end, STRIP_QUOTE);
    else
      d->own = true;
    break;
  case STRIP_BLOCK_ATTRIBUTION:
    decide_attribution(j, d, i);
    break;
  case STRIP_BLOCK_HEADER:
    d->announced = true;
    cut_block(j, b->begin, b->end, STRIP_ATTRIBUTION);
    break;
  case STRIP_BLOCK_REST:
    cut_block(j, b->begin, b->end, STRIP_QUOTE);
    break;
  case STRIP_BLOCK_CONTENT:
    j->content = b->begin;
    break;
  }
}

/* Where the own words before cut `i` begin and end; behind the last cut for i == cut_count. */
static struct strip_span own_before(const struct job *j, size_t i) {
  size_t begin = i ? j->cuts[i - 1].end : 0, end = i < j->cut_count ? j->cuts[i].begin : j->content;
  return (struct strip_span){.begin = begin, .end = end};
}

static void make_pieces(struct job *j) {
  size_t last = j->cut_count + 1;
  for (size_t i = j->cut_count + 1; i-- > 0 && last > j->cut_count;) {
    struct strip_span own = own_before(j, i);
    if (is_seen(j, own.begin, own.end))
      last = i;
  }
  for (size_t i = 0; i <= j->cut_count; i++) {
    struct strip_span own = own_before(j, i);
    if (is_seen(j, own.begin, own.end))
      cut_own(j, own.begin, own.end, i == last);
    if (i < j->cut_count)
      add_piece(j, j->cuts[i].begin, j->cuts[i].end, j->cuts[i].kind, false);
  }
}

/* ---- spans */

/* Pieces with nothing but blank lines between them are joined. Returns how many spans there are. */
static size_t join(const struct job *j, bool guesses, struct strip_span *out) {
  size_t count = 0;
  for (size_t i = 0; i < j->piece_count; i++) {
    const struct strip_span *piece = &j->pieces[i];
    struct strip_span *before = count ? &out[count - 1] : NULL;
    if (piece->guess && !guesses)
      continue;
    if (before && !is_seen(j, before->end, piece->begin))
      before->end = piece->begin;
    if (before && before->end == piece->begin && before->kind == piece->kind) {
      before->end = piece->end;
      before->guess |= piece->guess;
    } else {
      out[count++] = *piece;
    }
  }
  return count;
}

/* Blank lines go with what is cut, so that at most one is left where something was; at the end none is, nor the last
 * line's end. `first` and `last` are spans that touch. */
static void take_blanks(const struct job *j, struct strip_span *first, struct strip_span *last) {
  struct strip_line line;
  size_t next = strip_blanks_skip(j->text, last->end);
  bool begins = first->begin <= j->start;
  bool after_blank = begins || (strip_line_before(j->text, first->begin, 0, &line) && line.blank);
  if (begins)
    first->begin = 0;
  if (next == j->text.len && !begins) {
    first->begin = strip_blanks_trim(j->text, 0, first->begin);
    first->begin -= j->text.at[first->begin - 1] == '\n';
  }
  if (next == j->text.len || after_blank)
    last->end = next == j->text.len ? j->whole : next;
}

static bool leaves_words(const struct job *j, const struct strip_span *spans, size_t count) {
  size_t at = 0;
  for (size_t i = 0; i < count; i++) {
    if (is_seen(j, at, spans[i].begin))
      return true;
    at = spans[i].end;
  }
  return is_seen(j, at, j->text.len);
}

/* QT-02. What was only guessed is given back first. */
static size_t make_spans(const struct job *j, struct strip_span *out) {
  size_t count = join(j, true, out);
  if (!leaves_words(j, out, count)) {
    count = join(j, false, out);
    if (!leaves_words(j, out, count))
      return 0;
  }
  for (size_t i = 0, first = 0; i < count; i++) {
    if (i + 1 < count && out[i + 1].begin == out[i].end)
      continue;
    take_blanks(j, &out[first], &out[i]);
    first = i + 1;
  }
  return count;
}

int strip_text(struct arena *a, struct slice text, const struct strip_hints *hints, struct strip_span **ret,
               size_t *ret_count) {
  struct job j = {.text = text, .whole = text.len, .hints = *hints};
  struct decision d = {.own = false};
  j.text.len = j.content = strip_blanks_trim(text, 0, text.len);
  int r = strip_blocks_read(a, j.text, hints, &j.blocks);
  j.cuts = r == 0 ? arena_alloc(a, (j.blocks.count + 2) * sizeof(*j.cuts)) : NULL;
  j.pieces = arena_alloc(a, 2 * STRIP_SPANS_MAX * sizeof(*j.pieces));
  if (!j.cuts || !j.pieces)
    return -ENOMEM;
  j.start = strip_blanks_skip(text, 0);
  for (size_t i = 0; i < j.blocks.count && !d.ended; i++)
    decide_block(&j, &d, i);
  if (!hints->forwarded || j.content < j.text.len)
    make_pieces(&j);
  *ret = j.pieces + STRIP_SPANS_MAX;
  *ret_count = make_spans(&j, *ret);
  return 0;
}

size_t strip_clip(struct slice text, size_t len, struct strip_span *spans, size_t count) {
  const struct job j = {.text = {text.at, len < text.len ? len : text.len}};
  while (count && spans[count - 1].begin >= j.text.len)
    count--;
  if (count && spans[count - 1].end > j.text.len)
    spans[count - 1].end = j.text.len;
  return leaves_words(&j, spans, count) ? count : 0;
}

const char *strip_kind_text(enum strip_kind kind) {
  static const char *const texts[] = {
      [STRIP_QUOTE] = "quote",
      [STRIP_ATTRIBUTION] = "attribution",
      [STRIP_SIGNATURE] = "signature",
      [STRIP_DISCLAIMER] = "disclaimer",
  };
  return texts[kind];
}
