/* SPDX-License-Identifier: Apache-2.0 */
/* Where a desk's configuration is: the same answer for every program and for the command line. */
#ifndef SERVICE_CONFIGURATION_H
#define SERVICE_CONFIGURATION_H

#include "config/config.h"
#include <stdio.h>

/* Loads `path`; when NULL, DIR/deskbell.yaml; when there is none, the embedded default desk.
 * Returns as config_load(). */
int must_check configuration_load(const char *path, const char *dir, struct config **ret, struct complaint *complaint);
/* Writes what is wrong as one line, "file:line:column: sentence". `fault` is what configuration_load() returned. */
void configuration_complain(FILE *to, int fault, const char *path, const struct complaint *complaint);
/* Gives the absolute form of `path`, which need not exist. */
char *absolute_path(const char *path);

#endif
