/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a spooled mail to its contact event: hands originals to the parser processes, checks and stores what they
 * answer, and gives each record exactly one event, whatever happens to a parser (MI-40).
 *
 * A mail that ends its parser, by crash or by time, is tried once more in a fresh one; the second time it becomes a
 * quarantine entry with its original. How often it did so is in the spool before the next try, so that a restart of
 * this program does not begin again. Trouble of the machine (no process, no disk) is nobody's fault: those mails wait.
 *
 * Limits: at most CHANNEL_WINDOW records are here at a time (the channel sees to it).
 */
#ifndef EMAIL_NORMALISE_H
#define EMAIL_NORMALISE_H

#include "channel/channel.h"

#define PARSER_ATTEMPTS 2

struct normaliser;

/* `program`: the executable that is started with --parser. Starts the first parser; more when there is work for them.
 * */
void normaliser_open(uv_loop_t *loop, const struct config *config, const char *program, struct normaliser **ret);
/* To be called before channel_close(). */
void normaliser_close(struct normaliser **n);

/* The hook of struct channel_options; `arg` is the normaliser. */
void normalise(void *arg, struct channel *c, const struct spool_record *record);

/* One line per reason: no parser starts, mails wait for the disk. */
void normaliser_unhealthy(const struct normaliser *n, struct buf *ret_reasons);

#endif
