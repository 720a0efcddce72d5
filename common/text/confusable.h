/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Domains that pass for others (UTS 39): what a domain looks like to a person, and whether its letters come from
 * scripts that no language writes together. A warning for an agent, never a reason to refuse. Pure.
 */
#ifndef TEXT_CONFUSABLE_H
#define TEXT_CONFUSABLE_H

#include "base/arena.h"
#include "base/buf.h"

/* A domain as it is shown: A-labels of `domain` as U-labels, those that do not round-trip as they are. At most 255
 * bytes are looked at. NULL at the arena's ceiling. */
char *domain_shown(struct arena *a, struct slice domain);
/* Whether one label of a shown domain mixes scripts: any two, but for Latin, Han and kana, Latin, Han and Hangul,
 * Latin, Han and Bopomofo (UTS 39 5.2, "highly restrictive"). Digits and '-' belong to every script. */
bool domain_mixes_scripts(struct slice shown);
/* What a shown domain looks like: two that a hasty reader takes for one have the same skeleton. Marks are dropped,
 * letters of other scripts that look Latin are Latin, 0 is o, 1 is l, "rn" is m, "vv" is w. NULL at the ceiling. */
char *domain_skeleton(struct arena *a, struct slice shown);

#endif
