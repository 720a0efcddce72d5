/* SPDX-License-Identifier: Apache-2.0 */
/* The versions of the desk definition that Redis keeps: which there are, what changed between two. Read only. */
#ifndef CTL_DESK_VERSIONS_H
#define CTL_DESK_VERSIONS_H

#include "journal.h"

/* The version in force, "" none; in the arena of the view. NULL after saying why. */
const char *desk_version_in_force(struct desk_view *v);
/* The document of a version. Returns CTL_OK (appends to `ret`), or an exit status after saying why. */
int must_check desk_version_read(struct desk_view *v, const char *version, struct buf *ret);
/* `desk versions`, `desk diff A [B]`. Each returns an exit status. */
int desk_versions_list(struct desk_view *v);
int desk_versions_diff(struct desk_view *v, const char *a, const char *b);

#endif
