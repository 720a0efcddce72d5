/* SPDX-License-Identifier: Apache-2.0 */
/* A client in the server's own loop: sends raw bytes, turns the loop until an answer or the end is there. */
#ifndef TEST_HTTP_CLIENT_H
#define TEST_HTTP_CLIENT_H

#include "base/buf.h"
#include <uv.h>

/* Connects to "127.0.0.1:port"; -1 on failure. */
int client_connect(const char *address);
void client_send(int fd, const char *bytes, size_t len);
void client_say(int fd, const char *text);
/* Turns the loop once, waiting at most until `fd` (or -1) or the loop has something. */
void client_turn(uv_loop_t *loop, int fd);
/* Reads one whole response into `ret` (head and body). Returns its status, 0 when the connection ended before. */
unsigned client_read(uv_loop_t *loop, int fd, struct buf *ret);
/* Connects, sends, reads one response, closes. */
unsigned client_ask(uv_loop_t *loop, const char *address, const char *request, struct buf *ret);
/* Turns the loop until the server closed the connection. */
void client_await_end(uv_loop_t *loop, int fd);

#endif
