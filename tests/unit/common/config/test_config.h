/* SPDX-License-Identifier: Apache-2.0 */
/* What the two files of this test share. */
#ifndef TEST_CONFIG_H
#define TEST_CONFIG_H

#include "config/rows.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Parses what must be good; the folder is /desk. */
struct config *good(const char *yaml);
/* Parses what must be refused and compares "file:line:column: text". */
void refused(const char *yaml, const char *want);

/* test_config_check.c */
void test_cross_checks(void **state);
void test_effective_link(void **state);
void test_socket_paths(void **state);
void test_many_channels(void **state);
void test_recipients(void **state);

/* test_config_print.c */
void test_print_reads_back(void **state);
void test_print_ceiling(void **state);
void test_sample_file(void **state);
void test_sample_uncommented(void **state);
void test_manual(void **state);
void test_load(void **state);
void test_paths(void **state);
void test_secrets(void **state);

/* test_config_mailbox.c */
void test_mailboxes(void **state);
void test_mailbox_checks(void **state);

#endif
