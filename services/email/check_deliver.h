/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `email --check-deliver DIR CONFIG CHANNEL MESSAGE-ID REPLY-TOKEN CHECK-TOKEN PATIENCE`: one test mail from the channel to
 * itself, over the relay, as an answer would go; for `deskbell check --deliver`, which looks whether it comes back. Nothing
 * is stored: it is tried once. CONFIG is "" for the desk's own, PATIENCE in milliseconds.
 *
 * Prints lines "name value": from, to, relay, tls, then outcome (accepted, deferred, failed, unsure), code, why. Without them,
 * one line "error" says why nothing was tried.
 */
#ifndef EMAIL_CHECK_DELIVER_H
#define EMAIL_CHECK_DELIVER_H

#define CHECK_DELIVER_OPTION "--check-deliver"

/* Returns an exit status. */
int check_deliver_main(int argc, char **argv);

#endif
