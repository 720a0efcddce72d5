/* SPDX-License-Identifier: Apache-2.0 */
/* The rows as text for people: the effective configuration as YAML, and the manual's tables. */
#include "config/rows.h"

static void print_channel(const struct channel_config *channel, bool *explained, struct buf *ret) {
  const char *indent = "  - ";
  for (size_t i = 0; i < config_row_count; i++) {
    const struct row *row = &config_rows[i];
    if (!row_applies(row, "channels", 1u << channel->kind) || row->kinds == 0)
      continue;
    if (!explained[i]) /* once, not for each of a thousand channels */
      buf_printf(ret, "    # %s\n", row->manual);
    explained[i] = true;
    buf_printf(ret, "%s%s: ", indent, row->key);
    row_print(row, channel, ret);
    buf_add_char(ret, '\n');
    indent = "    ";
  }
}

static void print_channels(const struct config *c, struct buf *ret) {
  bool explained[128] = {false};
  assert(config_row_count <= sizeof(explained));
  if (c->channel_count == 0)
    buf_add_text(ret, "  []\n");
  for (size_t i = 0; i < c->channel_count; i++)
    print_channel(&c->channels[i], explained, ret);
}

static void print_section(const struct config *c, const char *section, struct buf *ret) {
  for (size_t i = 0; i < config_row_count; i++) {
    const struct row *row = &config_rows[i];
    if (!row_applies(row, section, 0))
      continue;
    buf_printf(ret, "  # %s\n  %s: ", row->manual, row->key);
    row_print(row, c, ret);
    buf_add_char(ret, '\n');
  }
}

void config_print(const struct config *c, struct buf *ret) {
  for (size_t i = 0; i < config_section_count; i++) {
    const struct section *section = &config_sections[i];
    buf_printf(ret, "%s# %s\n%s:\n", i ? "\n" : "", section->manual, section->name);
    if (strcmp(section->name, "channels") == 0)
      print_channels(c, ret);
    else
      print_section(c, section->name, ret);
  }
}

static void manual_row(const struct row *row, struct buf *ret) {
  buf_printf(ret, "| `%s` | %s | ", row->key, row_form(row)->called);
  struct buf text = BUF_INIT(512);
  row_print_default(row, &text);
  if (text.len)
    buf_printf(ret, "`%s`", text.at);
  buf_add_text(ret, " | ");
  row_print_range(row, ret);
  buf_printf(ret, " | %s", row->manual);
  const char *between = " For: ";
  unsigned all = (1u << (CHANNEL_FORM + 1)) - 1;
  for (unsigned kind = CHANNEL_EMAIL; kind <= CHANNEL_FORM; kind++)
    if (row->kinds != all && (row->kinds & 1u << kind)) {
      buf_printf(ret, "%s%s", between, channel_kind_text((enum channel_kind)kind));
      between = ", ";
    }
  buf_add_text(ret, " |\n");
  buf_free(&text);
}

void config_manual(const char *section, struct buf *ret) {
  const char *name = strcmp(section, "channel") == 0 ? "channels" : section;
  buf_add_text(ret, "| setting | type | default | range | meaning |\n|---|---|---|---|---|\n");
  for (size_t i = 0; i < config_row_count; i++)
    if (strcmp(config_rows[i].section, name) == 0)
      manual_row(&config_rows[i], ret);
}
