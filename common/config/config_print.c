/* SPDX-License-Identifier: Apache-2.0 */
/* The rows as text for people: the effective configuration as YAML, and the manual's tables. */
#include "config/rows.h"

static void print_item(const struct list_section *list, const void *item, bool *explained, struct buf *ret) {
  const char *indent = "  - ";
  for (size_t i = 0; i < config_row_count; i++) {
    const struct row *row = &config_rows[i];
    if (!row_applies(row, list->name, list_item_kind(list, item)))
      continue;
    if (!explained[i]) /* once, not for each of a thousand channels */
      buf_printf(ret, "    # %s\n", row->manual);
    explained[i] = true;
    buf_printf(ret, "%s%s: ", indent, row->key);
    row_print(row, item, ret);
    buf_add_char(ret, '\n');
    indent = "    ";
  }
}

static void print_list(const struct list_section *list, const struct config *c, struct buf *ret) {
  bool explained[256] = {false};
  assert(config_row_count <= sizeof(explained));
  const void *item = list_item(list, c, 0);
  if (!item)
    buf_add_text(ret, "  []\n");
  for (size_t n = 0; (item = list_item(list, c, n)); n++)
    print_item(list, item, explained, ret);
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
    const struct list_section *list = list_section(section->name);
    if (list)
      print_list(list, c, ret);
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
  const char *name = strcmp(section, "channel") == 0   ? "channels"
                     : strcmp(section, "mailbox") == 0 ? "mailboxes"
                                                       : section;
  buf_add_text(ret, "| setting | type | default | range | meaning |\n|---|---|---|---|---|\n");
  for (size_t i = 0; i < config_row_count; i++)
    if (strcmp(config_rows[i].section, name) == 0)
      manual_row(&config_rows[i], ret);
}
