/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The relay of the configuration, ready to be spoken to, and what a channel calls itself towards it. For what goes out and
 * for `deskbell check --deliver`, so that the test goes the way of the answers.
 */
#ifndef EMAIL_RELAY_H
#define EMAIL_RELAY_H

#include "config/config.h"
#include "smtp_pool.h"

#define RELAY_ADDRESS_ROOM 320

struct relay {
  struct smtp_relay smtp;        /* borrows the rest, and the configuration */
  smtp_run *run;                 /* which of the two transports fits */
  char destination[300], port[8], helo[256];
  char *password, *token_file, *ca_file;
};

/* smtp.host must be set. Returns 0 (fills *ret, which stays where it is) or < 0 with the complaint filled; close it in any
 * case. */
int must_check relay_open(const struct config *config, struct relay *ret, struct complaint *complaint);
void relay_close(struct relay *r);

/* "support@example.com": what is configured, or the channel's first whole address; NULL: none. Lent. */
const char *relay_own_address(const struct channel_config *c);
/* "support+token@example.com"; the plain address when there is no token. */
void relay_with_token(const char *address, const char *token, char ret[RELAY_ADDRESS_ROOM]);

#endif
