/* SPDX-License-Identifier: Apache-2.0 */
/* The limits of acknowledgements: every key is a row. */
#include "desk/when.h"

static const struct desk_acknowledge defaults = {
    .sender_10m = 1, .sender_day = 3, .sms_day = 1, .domain_hour = 20, .channel_hour = 10000,
    .sms_parts = 1, .subject_repeat_ms = DAY_MS, .max_age_ms = DAY_MS,
};

static int sender_10m(struct reading *r, const struct node *value, void *into) {
  return read_number(r, value, "number of acknowledgements", 0, 100,
                     &((struct desk_acknowledge *)into)->sender_10m);
}

static int sender_day(struct reading *r, const struct node *value, void *into) {
  return read_number(r, value, "number of acknowledgements", 0, 1000,
                     &((struct desk_acknowledge *)into)->sender_day);
}

static int sms_day(struct reading *r, const struct node *value, void *into) {
  return read_number(r, value, "number of acknowledgements", 0, 1000, &((struct desk_acknowledge *)into)->sms_day);
}

static int domain_hour(struct reading *r, const struct node *value, void *into) {
  return read_number(r, value, "number of acknowledgements", 0, 100000,
                     &((struct desk_acknowledge *)into)->domain_hour);
}

static int channel_hour(struct reading *r, const struct node *value, void *into) {
  return read_number(r, value, "number of acknowledgements", 0, 10000000,
                     &((struct desk_acknowledge *)into)->channel_hour);
}

static int sms_parts(struct reading *r, const struct node *value, void *into) {
  return read_number(r, value, "number of parts of an SMS", 1, 10, &((struct desk_acknowledge *)into)->sms_parts);
}

static int subject_repeat(struct reading *r, const struct node *value, void *into) {
  return read_duration(r, value, "subject_repeat", 30 * DAY_MS,
                       &((struct desk_acknowledge *)into)->subject_repeat_ms);
}

static int max_age(struct reading *r, const struct node *value, void *into) {
  return read_duration(r, value, "max_age", 30 * DAY_MS, &((struct desk_acknowledge *)into)->max_age_ms);
}

static const struct field fields[] = {
    {"sender_10m", false, sender_10m},         {"sender_day", false, sender_day},
    {"sms_day", false, sms_day},
    {"domain_hour", false, domain_hour},       {"channel_hour", false, channel_hour},
    {"subject_repeat", false, subject_repeat}, {"max_age", false, max_age},
    {"sms_parts", false, sms_parts},
};

int read_acknowledge(struct reading *r, const struct node *map) {
  r->desk->acknowledge = defaults;
  if (!map || node_is_null(map))
    return 0;
  return read_fields(r, map, fields, COUNT(fields), "'acknowledge'", &r->desk->acknowledge);
}
