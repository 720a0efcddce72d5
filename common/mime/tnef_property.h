/* SPDX-License-Identifier: Apache-2.0 */
/* The list of MAPI properties in a TNEF attribute (MS-OXTNEF 2.1.3.4). Inside common/mime only. Pure. */
#ifndef MIME_TNEF_PROPERTY_H
#define MIME_TNEF_PROPERTY_H

#include "base/slice.h"

enum { TNEF_LONG = 0x03, TNEF_OBJECT = 0x0D, TNEF_STRING = 0x1E, TNEF_UNICODE = 0x1F, TNEF_BINARY = 0x102 };

struct tnef_property {
  unsigned id, type;
  struct slice value; /* the first, where there are several; lent */
};

/* Calls for every property that has a value. False when the list ends early or holds a type nobody knows. */
bool tnef_properties(struct slice list, void (*found)(void *arg, const struct tnef_property *p), void *arg);

#endif
