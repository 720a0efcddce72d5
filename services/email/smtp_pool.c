/* SPDX-License-Identifier: Apache-2.0 */
#include "smtp_pool.h"
#include "log/log.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  WORKERS_MAX = 64,
  DESCRIPTORS = 4, /* a connection, a look-up of its name, a file */
  LACK_MS = 250,
};

struct list {
  struct smtp_mail *first, **tail;
};

struct worker {
  struct smtp_pool *pool;
  pthread_t thread;
  int fd; /* of its connection; -1 none */
};

struct smtp_pool {
  const struct smtp_relay *relay;
  smtp_run *run;
  struct smtp_pool_user user;
  int64_t linger_ms;
  struct worker workers[WORKERS_MAX];
  size_t count;
  pthread_mutex_t lock;
  pthread_cond_t work, committed;
  struct list waiting;             /* for a worker */
  struct list committing, done;    /* for the loop */
  struct list allowed;             /* by the loop, for the worker that waits for it */
  uv_async_t *news;
  bool lacking;                    /* descriptors */
  bool stop;
};

static void put(struct list *l, struct smtp_mail *m) {
  if (!l->first)
    l->tail = &l->first;
  m->next = NULL;
  *l->tail = m;
  l->tail = &m->next;
}

static struct smtp_mail *take(struct list *l) {
  struct smtp_mail *m = l->first;
  if (m)
    l->first = m->next;
  return m;
}

static bool take_this(struct list *l, struct smtp_mail *m) {
  for (struct smtp_mail **at = &l->first; *at; at = &(*at)->next)
    if (*at == m) {
      *at = m->next;
      for (l->tail = &l->first; *l->tail;)
        l->tail = &(*l->tail)->next;
      return true;
    }
  return false;
}

/* ---- in a worker */

/* With the lock held; it is given back for a moment. NULL: none, or the pool stops. */
static struct smtp_mail *take_ready(struct smtp_pool *p) {
  for (struct smtp_mail *m; !p->stop && (m = take(&p->waiting));) {
    pthread_mutex_unlock(&p->lock);
    bool good = !p->user.prepare || p->user.prepare(p->user.arg, m);
    pthread_mutex_lock(&p->lock);
    if (good)
      return m;
    put(&p->done, m);
    if (!p->stop)
      uv_async_send(p->news);
  }
  return NULL;
}

static void connection(void *arg, int fd) {
  struct worker *w = arg;
  pthread_mutex_lock(&w->pool->lock);
  w->fd = fd;
  if (fd >= 0 && w->pool->stop)
    shutdown(fd, SHUT_RDWR);
  pthread_mutex_unlock(&w->pool->lock);
}

static struct timespec in_ms(int64_t ms) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += ms / 1000;
  until.tv_nsec += ms % 1000 * 1000000;
  if (until.tv_nsec >= 1000000000) {
    until.tv_nsec -= 1000000000;
    until.tv_sec++;
  }
  return until;
}

static struct smtp_mail *next(void *arg) {
  struct smtp_pool *p = ((struct worker *)arg)->pool;
  const struct timespec until = in_ms(p->linger_ms);
  pthread_mutex_lock(&p->lock);
  while (!p->waiting.first && !p->stop && pthread_cond_timedwait(&p->work, &p->lock, &until) == 0)
    ;
  struct smtp_mail *m = take_ready(p);
  pthread_mutex_unlock(&p->lock);
  return m;
}

static bool committing(void *arg, struct smtp_mail *mail) {
  struct smtp_pool *p = ((struct worker *)arg)->pool;
  pthread_mutex_lock(&p->lock);
  bool go = !p->stop;
  if (go) {
    put(&p->committing, mail);
    uv_async_send(p->news);
    while (!(go = take_this(&p->allowed, mail)) && !p->stop)
      pthread_cond_wait(&p->committed, &p->lock);
  }
  pthread_mutex_unlock(&p->lock);
  return go;
}

static void done(void *arg, struct smtp_mail *mail) {
  struct smtp_pool *p = ((struct worker *)arg)->pool;
  pthread_mutex_lock(&p->lock);
  put(&p->done, mail);
  if (!p->stop)
    uv_async_send(p->news);
  pthread_mutex_unlock(&p->lock);
}

/* Returns 0 or the errno of the lack. */
static int lack_of_descriptors(void) {
  int fds[DESCRIPTORS], fault = 0;
  size_t count = 0;
  while (!fault && count < DESCRIPTORS) {
    fds[count] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fds[count] < 0)
      fault = errno;
    else
      count++;
  }
  while (count)
    close(fds[--count]);
  return fault;
}

/* With the lock held; it is given back for a moment when this returns false. A lack of ours is no try of a mail, and
 * the relay is not to blame for it. */
static bool has_descriptors(struct smtp_pool *p) {
  int fault = lack_of_descriptors();
  if (fault && !p->lacking)
    log_warn("relay_waits", KV("why", strerror(fault)));
  p->lacking = fault;
  if (!fault)
    return true;
  const struct timespec until = in_ms(LACK_MS);
  pthread_cond_timedwait(&p->work, &p->lock, &until);
  return false;
}

static void *work(void *arg) {
  struct worker *w = arg;
  struct smtp_pool *p = w->pool;
  const struct smtp_user user = {.next = next, .committing = committing, .done = done, .connection = connection, .arg = w};
  pthread_mutex_lock(&p->lock);
  while (!p->stop) {
    if (!p->waiting.first) {
      pthread_cond_wait(&p->work, &p->lock);
      continue;
    }
    struct smtp_mail *m = has_descriptors(p) ? take_ready(p) : NULL;
    if (!m)
      continue;
    pthread_mutex_unlock(&p->lock);
    p->run(p->relay, m, &user);
    pthread_mutex_lock(&p->lock);
  }
  pthread_mutex_unlock(&p->lock);
  return NULL;
}

/* ---- in the loop */

static void on_news(uv_async_t *news) {
  struct smtp_pool *p = news->data;
  struct list lists[2];
  if (!p)
    return;
  pthread_mutex_lock(&p->lock);
  lists[0] = p->committing;
  lists[1] = p->done;
  p->committing = p->done = (struct list){0};
  pthread_mutex_unlock(&p->lock);
  for (struct smtp_mail *m = lists[0].first, *after; m; m = after) {
    after = m->next;
    p->user.committing(p->user.arg, m);
  }
  for (struct smtp_mail *m = lists[1].first, *after; m; m = after) {
    after = m->next;
    p->user.done(p->user.arg, m);
  }
}

void smtp_pool_send(struct smtp_pool *p, struct smtp_mail *mail) {
  pthread_mutex_lock(&p->lock);
  put(&p->waiting, mail);
  pthread_cond_signal(&p->work);
  pthread_mutex_unlock(&p->lock);
}

void smtp_pool_commit(struct smtp_pool *p, struct smtp_mail *mail) {
  pthread_mutex_lock(&p->lock);
  put(&p->allowed, mail);
  pthread_cond_broadcast(&p->committed);
  pthread_mutex_unlock(&p->lock);
}

static int start(struct smtp_pool *p, size_t workers) {
  sigset_t all, before;
  int r = 0;
  sigfillset(&all); /* signals are the loop's */
  pthread_sigmask(SIG_SETMASK, &all, &before);
  while (r == 0 && p->count < workers && p->count < WORKERS_MAX) {
    struct worker *w = &p->workers[p->count];
    *w = (struct worker){.pool = p, .fd = -1};
    r = pthread_create(&w->thread, NULL, work, w);
    p->count += r == 0;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return p->count ? 0 : -r;
}

int smtp_pool_open(uv_loop_t *loop, const struct smtp_relay *relay, smtp_run *run, size_t workers, int64_t linger_ms,
                   const struct smtp_pool_user *user, struct smtp_pool **ret) {
  struct smtp_pool *p = must_calloc(1, sizeof(*p));
  pthread_condattr_t monotonic;
  p->relay = relay;
  p->run = run;
  p->user = *user;
  p->linger_ms = linger_ms;
  p->news = must_calloc(1, sizeof(*p->news));
  uv_async_init(loop, p->news, on_news);
  uv_unref((uv_handle_t *)p->news);
  p->news->data = p;
  pthread_mutex_init(&p->lock, NULL);
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&p->work, &monotonic);
  pthread_cond_init(&p->committed, &monotonic);
  pthread_condattr_destroy(&monotonic);
  int r = start(p, workers);
  if (r < 0) {
    smtp_pool_close(&p);
    return r;
  }
  *ret = p;
  return 0;
}

static void free_news(uv_handle_t *handle) {
  free(handle);
}

void smtp_pool_close(struct smtp_pool **pool) {
  if (!pool || !*pool)
    return;
  struct smtp_pool *p = *pool;
  *pool = NULL;
  pthread_mutex_lock(&p->lock);
  p->stop = true;
  pthread_cond_broadcast(&p->work);
  pthread_cond_broadcast(&p->committed);
  for (size_t i = 0; i < p->count; i++)
    if (p->workers[i].fd >= 0)
      shutdown(p->workers[i].fd, SHUT_RDWR); /* the library sits in it, perhaps for minutes */
  pthread_mutex_unlock(&p->lock);
  for (size_t i = 0; i < p->count; i++)
    pthread_join(p->workers[i].thread, NULL);
  pthread_cond_destroy(&p->work);
  pthread_cond_destroy(&p->committed);
  pthread_mutex_destroy(&p->lock);
  p->news->data = NULL;
  uv_close((uv_handle_t *)p->news, free_news);
  free(p);
}
