/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The disposable process that reads the mail of strangers: `email --parser`, started by parser_process.c of the same
 * program, never by a person. Requests on standard input, answers on standard output (parser_wire.h). It ends with
 * status 0 at the end of its input, or to be replaced by a fresh one after PARSER_CPU_SECONDS of work.
 */
#ifndef EMAIL_PARSER_H
#define EMAIL_PARSER_H

#define PARSER_OPTION "--parser"
#define PARSER_CPU_SECONDS 60

/* argv: --parser MEMORY_BYTES DEADLINE_MS. Returns the exit status. */
int parser_main(int argc, char **argv);

#endif
