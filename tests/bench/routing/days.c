/* SPDX-License-Identifier: Apache-2.0 */
/* The eight days of the table. The first two are references: their best possible course can be reckoned. */
#include "day.h"

#define TIERS .tier_share = {0.6, 0.3, 0.1}, .tier_value = {1, 2, 6}
#define NO_BURST .burst_queue = -1

#define BLENDED_DESK                                                                                                   \
  .group_count = 2, .groups = {{"blended", 16, 3, {1, 1, 1}, 1}, {"digital", 8, 3, {0, 1.1, 1.1}, 6}}

#define SKILLED_DESK                                                                                                   \
  .group_count = 7, .groups = {{"billing", 7, 1, {1, 0, 0.8}, 1},                                                      \
                               {"tech", 9, 1, {0.8, 1}, 2},                                                            \
                               {"sales", 4, 1, {0.9, 0, 1.1}, 4},                                                      \
                               {"es-billing", 3, 1, {0.9, 0, 0, 1}, 8},                                                \
                               {"es-tech", 3, 1, {0, 0.8, 0, 0.8, 1}, 16},                                             \
                               {"german", 2, 1, {0.9, 0, 0, 0, 0, 1}, 32},                                             \
                               {"senior", 3, 1, {1.1, 1.1, 1.1, 1, 1, 1}, 63}}

const struct day days[] = {
    {.name = "tiers", .what = "one pool, four targets, three tiers of customers, nobody leaves",
     .queue_count = 4,
     .queues = {{"20s", 45, 300, 20, 0, 1, true, 1, 1},
                {"60s", 80, 300, 60, 0, 1, true, 1, 1},
                {"5min", 45, 300, 300, 0, 1, true, 1, 1},
                {"30min", 30, 300, 1800, 0, 1, false, 1, 1}},
     .group_count = 1, .groups = {{"pool", 20, 1, {1, 1, 1, 1}, 15}},
     .hours = 8, .humps = true, .busyness_cv = 0.06, NO_BURST, .known_gain = 1, TIERS, .one_pool = true},
    {.name = "inverse", .what = "one pool, the patient customers are the valuable ones, nobody leaves",
     .queue_count = 2,
     .queues = {{"20s", 75, 300, 20, 0, 1, true, 1, 1}, {"60s", 110, 300, 60, 0, 1, true, 3, 1}},
     .group_count = 1, .groups = {{"pool", 20, 1, {1, 1}, 3}},
     .hours = 8, .humps = true, .busyness_cv = 0.06, NO_BURST, .known_gain = 1,
     .tier_share = {1}, .tier_value = {1, 1, 1}, .one_pool = true},
    {.name = "voice", .what = "one pool, three targets, customers leave",
     .queue_count = 3,
     .queues = {{"vip", 30, 240, 20, 240, 1, true, 1, 1},
                {"standard", 190, 240, 60, 240, 1, true, 1, 1},
                {"callback", 80, 240, 600, 0, 1, false, 1, 1}},
     .group_count = 1, .groups = {{"pool", 24, 1, {1, 1, 1}, 7}},
     .hours = 8, .humps = true, .busyness_cv = 0.08, NO_BURST, .known_gain = 1, TIERS},
    {.name = "omni", .what = "voice, chat and mail; blended and digital agents of 3 units; known customers",
     .queue_count = 3,
     .queues = {{"voice", 92, 300, 30, 180, 3, true, 1, 0.9},
                {"chat", 125, 540, 90, 300, 1, true, 1, 0.8},
                {"mail", 52, 420, 7200, 0, 3, false, 1, 1}},
     BLENDED_DESK, .hours = 8, .humps = true, .busyness_cv = 0.08, NO_BURST,
     .known_share = 0.35, .known_gain = 0.8, .slowdown = 0.15, TIERS},
    {.name = "skills", .what = "six skills, seven groups of different proficiency",
     .queue_count = 6,
     .queues = {{"billing", 110, 260, 60, 240, 1, true, 1, 1},
                {"tech", 80, 420, 60, 240, 1, true, 1, 1},
                {"sales", 45, 300, 20, 90, 1, true, 1, 1},
                {"es-billing", 40, 280, 60, 240, 1, true, 1, 1},
                {"es-tech", 28, 440, 120, 300, 1, true, 1, 1},
                {"german", 22, 330, 120, 300, 1, true, 1, 1}},
     SKILLED_DESK, .hours = 8, .humps = true, .busyness_cv = 0.06, NO_BURST,
     .known_share = 0.2, .known_gain = 0.85, TIERS},
    {.name = "burst", .what = "the same desk on an even day; for half an hour five times as much of one skill",
     .queue_count = 6,
     .queues = {{"billing", 100, 260, 60, 240, 1, true, 1, 1},
                {"tech", 70, 420, 60, 240, 1, true, 1, 1},
                {"sales", 42, 300, 20, 90, 1, true, 1, 1},
                {"es-billing", 36, 280, 60, 240, 1, true, 1, 1},
                {"es-tech", 24, 440, 120, 300, 1, true, 1, 1},
                {"german", 20, 330, 120, 300, 1, true, 1, 1}},
     SKILLED_DESK, .hours = 8, .busyness_cv = 0.05,
     .burst_queue = 1, .burst_at_h = 3, .burst_h = 0.5, .burst_factor = 5,
     .known_share = 0.2, .known_gain = 0.85, TIERS},
    {.name = "overload", .what = "the blended desk with a tenth more than it can do, all day",
     .queue_count = 3,
     .queues = {{"voice", 115, 300, 30, 240, 3, true, 1, 0.9},
                {"chat", 155, 540, 90, 400, 1, true, 1, 0.8},
                {"mail", 75, 420, 7200, 0, 3, false, 1, 1}},
     BLENDED_DESK, .hours = 8, .humps = true, .busyness_cv = 0.05, NO_BURST,
     .known_share = 0.35, .known_gain = 0.8, .slowdown = 0.15, TIERS},
    {.name = "small", .what = "six agents of 3 units; messengers and mail; most customers known",
     .queue_count = 3,
     .queues = {{"messenger", 52, 600, 300, 1800, 1, true, 1, 1},
                {"social", 24, 480, 1800, 0, 1, false, 1, 1},
                {"mail", 26, 500, 7200, 0, 1, false, 1, 1.2}},
     .group_count = 1, .groups = {{"team", 6, 3, {1, 1, 1}, 7}},
     .hours = 8, .humps = true, .busyness_cv = 0.12, NO_BURST,
     .known_share = 0.6, .known_gain = 0.8, .slowdown = 0.35, TIERS},
};
const size_t days_count = sizeof(days) / sizeof(days[0]);
