/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl's multi interface on a libuv loop: one for a program. Transfers are added and end in a callback; what a
 * transfer is for is its user's. Sockets are close-on-exec, no signals are used, only the protocols named are spoken,
 * and no proxy is taken from the environment: curl_loop_easy() makes handles that way.
 */
#ifndef CURL_CURL_LOOP_H
#define CURL_CURL_LOOP_H

#include "base/slice.h"
#include <curl/curl.h>
#include <uv.h>

struct curl_loop;

/* Gives the loop; there is no reason but memory that it fails. */
struct curl_loop *curl_loop_open(uv_loop_t *loop);
/* Every transfer must have been removed. Frees itself from the loop. */
void curl_loop_close(struct curl_loop **l);

/* A handle with the options that all of ours have; `protocols` as CURLOPT_PROTOCOLS_STR ("https", "imap,imaps").
 * Gives it. */
CURL *curl_loop_easy(const char *protocols);

/* Called from the loop when the transfer is done. The handle stays in the multi until curl_loop_remove(): a connection
 * made with CURLOPT_CONNECT_ONLY lives only there. */
typedef void curl_done(void *arg, CURL *easy, CURLcode outcome);
/* Borrows `easy` until it is removed; CURLOPT_PRIVATE is used. Returns 0 or -EIO. */
int must_check curl_loop_add(struct curl_loop *l, CURL *easy, curl_done *done, void *arg);
/* Ends the transfer if it runs; done() is not called any more. The user then frees the handle. */
void curl_loop_remove(struct curl_loop *l, CURL *easy);

#endif
