/* SPDX-License-Identifier: Apache-2.0 */
/* The conditions of a template but for the time of day. Private to the module. */
#ifndef TEMPLATE_CHOOSE_H
#define TEMPLATE_CHOOSE_H

#include "desk/desk.h"

bool template_fits(const struct desk_template *t, struct slice channel, struct slice queue, struct slice language);

#endif
