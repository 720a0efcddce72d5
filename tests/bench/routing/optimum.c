/* SPDX-License-Identifier: Apache-2.0 */
#include "optimum.h"
#include "base/fault.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define IMPOSSIBLE 1e12

/* Shortest augmenting paths with potentials, row after row. */
struct matching {
  size_t n;
  const double *cost;
  double *row_price, *column_price, *distance;
  size_t *row_of, *before; /* by column; n: the row to be placed, or nobody */
  bool *done;
};

static double reduced(const struct matching *m, size_t row, size_t column) {
  return m->cost[row * m->n + column] - m->row_price[row] - m->column_price[column];
}

/* Grows the tree from the row in column n until it reaches a free column, which is returned. */
static size_t shortest_path(struct matching *m) {
  size_t at = m->n;
  for (size_t c = 0; c < m->n; c++) {
    m->distance[c] = INFINITY;
    m->done[c] = false;
  }
  m->done[m->n] = true;
  do {
    size_t row = m->row_of[at], next = m->n;
    double least = INFINITY;
    for (size_t c = 0; c < m->n; c++) {
      if (m->done[c])
        continue;
      double through = reduced(m, row, c);
      if (through < m->distance[c]) {
        m->distance[c] = through;
        m->before[c] = at;
      }
      if (m->distance[c] < least) {
        least = m->distance[c];
        next = c;
      }
    }
    for (size_t c = 0; c <= m->n; c++) {
      if (m->done[c]) {
        m->row_price[m->row_of[c]] += least;
        if (c < m->n)
          m->column_price[c] -= least;
      } else {
        m->distance[c] -= least;
      }
    }
    m->done[next] = true;
    at = next;
  } while (m->row_of[at] != m->n);
  return at;
}

static void augment(struct matching *m, size_t column) {
  while (column != m->n) {
    m->row_of[column] = m->row_of[m->before[column]];
    column = m->before[column];
  }
}

double cheapest_assignment(const double *cost, size_t n, size_t *ret_row_of) {
  struct matching m = {.n = n, .cost = cost};
  m.row_price = must_calloc(n + 1, sizeof(double));
  m.column_price = must_calloc(n + 1, sizeof(double));
  m.distance = must_calloc(n + 1, sizeof(double));
  m.row_of = must_calloc(n + 1, sizeof(size_t));
  m.before = must_calloc(n + 1, sizeof(size_t));
  m.done = must_calloc(n + 1, sizeof(bool));
  double sum = 0;
  for (size_t c = 0; c <= n; c++)
    m.row_of[c] = n;
  for (size_t row = 0; row < n; row++) {
    m.row_of[n] = row;
    augment(&m, shortest_path(&m));
  }
  for (size_t c = 0; c < n; c++)
    sum += cost[m.row_of[c] * n + c];
  memcpy(ret_row_of, m.row_of, n * sizeof(size_t));
  free(m.row_price), free(m.column_price), free(m.distance), free(m.row_of), free(m.before), free(m.done);
  return sum;
}

static double waited_of(const struct item *w, int64_t begin) {
  return (double)(begin - w->arrival);
}

/* Items [first, end) begin at the beginnings [first, end): before and after nobody waits. */
static void stretch(const struct item *items, const int64_t *begins, size_t n, enum objective o, struct optimum *sum) {
  double *cost = must_calloc(n * n, sizeof(double));
  size_t *row_of = must_calloc(n, sizeof(size_t));
  for (size_t i = 0; i < n; i++)
    for (size_t b = 0; b < n; b++) {
      double waited = waited_of(&items[i], begins[b]);
      cost[i * n + b] = waited < 0 ? IMPOSSIBLE : item_cost(&items[i], waited, o);
    }
  sum->cost += cheapest_assignment(cost, n, row_of);
  for (size_t b = 0; b < n; b++)
    sum->missed += item_cost(&items[row_of[b]], waited_of(&items[row_of[b]], begins[b]), OBJECTIVE_MISSED);
  free(cost);
  free(row_of);
}

struct optimum optimum(const struct item *items, const int64_t *begins, size_t count, enum objective o) {
  struct optimum sum = {0, 0};
  for (size_t first = 0, end; first < count; first = end) {
    end = first + 1;
    while (end < count && begins[end - 1] > items[end].arrival)
      end++;
    stretch(items + first, begins + first, end - first, o, &sum);
  }
  return sum;
}
