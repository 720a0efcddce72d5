/* SPDX-License-Identifier: Apache-2.0 */
/* config_rows.def turned into tables. Offsets instead of setters: a new setting is a row and a member, nothing else. */
#include "config/rows.h"
#include "config/forms.h"

#define KINDS_EMAIL (1u << CHANNEL_EMAIL)
#define KINDS_SMS (1u << CHANNEL_SMS)
#define KINDS_FORM (1u << CHANNEL_FORM)
#define KINDS_PROVIDED (KINDS_SMS | 1u << CHANNEL_WEBHOOK)
#define KINDS_HTTP (KINDS_PROVIDED | KINDS_FORM)
#define KINDS_ALL (KINDS_HTTP | KINDS_EMAIL)

#define STRUCT_desk struct config
#define STRUCT_redis struct redis_config
#define STRUCT_link struct link_config
#define STRUCT_spool struct spool_settings
#define STRUCT_router struct router_settings
#define STRUCT_email struct email_settings
#define STRUCT_dispatch struct dispatch_settings
#define STRUCT_acknowledge struct acknowledge_settings
#define STRUCT_outbound struct outbound_settings
#define STRUCT_smtp struct smtp_settings
#define STRUCT_sms struct http_settings
#define STRUCT_webform struct http_settings
#define STRUCT_inbox struct inbox_settings

#define BASE_desk 0
#define BASE_redis offsetof(struct config, redis)
#define BASE_link offsetof(struct config, link)
#define BASE_spool offsetof(struct config, spool)
#define BASE_router offsetof(struct config, router)
#define BASE_email offsetof(struct config, email)
#define BASE_dispatch offsetof(struct config, dispatch)
#define BASE_acknowledge offsetof(struct config, acknowledge)
#define BASE_outbound offsetof(struct config, outbound)
#define BASE_smtp offsetof(struct config, smtp)
#define BASE_sms offsetof(struct config, sms)
#define BASE_webform offsetof(struct config, webform)
#define BASE_inbox offsetof(struct config, inbox)

#define WIDTH(type, member) sizeof(((type *)NULL)->member)

#define SECTION(name, manual)
#define ROW(section, key, member, type, fallback, least, most, manual)                                                 \
  {#section, #key, ROW_##type, 0, BASE_##section + offsetof(STRUCT_##section, member), 0,                              \
   WIDTH(STRUCT_##section, member), fallback, least, most, manual},
#define LIST(section, key, member, counter, type, most, manual)                                                        \
  {#section, #key, ROW_##type, 0, BASE_##section + offsetof(STRUCT_##section, member),                                 \
   BASE_##section + offsetof(STRUCT_##section, counter), 0, "", "0", most, manual},
#define CHANNEL(kinds, key, member, type, fallback, least, most, manual)                                               \
  {"channels", #key, ROW_##type, KINDS_##kinds, offsetof(struct channel_config, member), 0,                            \
   WIDTH(struct channel_config, member), fallback, least, most, manual},
#define CHANNEL_LIST(kinds, key, member, counter, type, most, manual)                                                  \
  {"channels", #key, ROW_##type, KINDS_##kinds, offsetof(struct channel_config, member),                               \
   offsetof(struct channel_config, counter), 0, "", "0", most, manual},
#define MAILBOX(key, member, type, fallback, least, most, manual)                                                      \
  {"mailboxes", #key, ROW_##type, 0, offsetof(struct mailbox_config, member), 0,                                       \
   WIDTH(struct mailbox_config, member), fallback, least, most, manual},
#define MAILBOX_LIST(key, member, counter, type, most, manual)                                                         \
  {"mailboxes", #key, ROW_##type, 0, offsetof(struct mailbox_config, member),                                          \
   offsetof(struct mailbox_config, counter), 0, "", "0", most, manual},
const struct row config_rows[] = {
#include "config/config_rows.def"
};
const size_t config_row_count = sizeof(config_rows) / sizeof(config_rows[0]);

#undef SECTION
#undef ROW
#undef LIST
#undef CHANNEL
#undef CHANNEL_LIST
#undef MAILBOX
#undef MAILBOX_LIST
#define SECTION(name, manual) {#name, manual},
#define ROW(...)
#define LIST(...)
#define CHANNEL(...)
#define CHANNEL_LIST(...)
#define MAILBOX(...)
#define MAILBOX_LIST(...)
const struct section config_sections[] = {
#include "config/config_rows.def"
};
const size_t config_section_count = sizeof(config_sections) / sizeof(config_sections[0]);

static const struct list_section lists[] = {
    {"channels", "channel", CONFIG_MAX_CHANNELS, offsetof(struct config, channels),
     offsetof(struct config, channel_count), sizeof(struct channel_config), "kind", {"kind", "name"}},
    {"mailboxes", "mailbox", CONFIG_MAX_MAILBOXES, offsetof(struct config, mailboxes),
     offsetof(struct config, mailbox_count), sizeof(struct mailbox_config), NULL, {"name", "channel", "host", "user"}},
};

const struct list_section *list_section(const char *name) {
  for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
    if (strcmp(lists[i].name, name) == 0)
      return &lists[i];
  return NULL;
}

void *list_item(const struct list_section *list, const struct config *c, size_t n) {
  const char *base = (const char *)c;
  size_t count = *(const size_t *)(const void *)(base + list->count_offset);
  char *items = *(char *const *)(const void *)(base + list->offset);
  return n < count ? items + n * list->size : NULL;
}

unsigned list_item_kind(const struct list_section *list, const void *item) {
  if (!list->kind)
    return 0;
  const struct row *row = row_find(list->name, slice_text(list->kind), ~0u);
  return 1u << *(const unsigned *)(const void *)((const char *)item + row->offset);
}

static const struct row_form forms[ROW_TYPES] = {
    [ROW_TEXT] = {SHAPE_TEXT, "text", form_line, "holds a control character"},
    [ROW_PROSE] = {SHAPE_TEXT, "text, several lines", form_prose, "holds a control character"},
    [ROW_PATH] = {SHAPE_TEXT, "path", form_line, "holds a control character"},
    [ROW_NAME] = {SHAPE_TEXT, "name", form_name,
                  "is not a name: 1 to 32 of a-z, 0-9 and '-', beginning with a letter or digit"},
    [ROW_LISTEN] = {SHAPE_TEXT, "host:port", form_listen, "is not host:port (\"127.0.0.1:8080\", \"[::1]:0\")"},
    [ROW_LINK] = {SHAPE_TEXT, "endpoint", form_link, "is not tcp://host:port or ipc:///path"},
    [ROW_REDIS] = {SHAPE_TEXT, "Redis address", form_redis, "is not unix:/path or host:port"},
    [ROW_DOMAIN] = {SHAPE_TEXT, "domain", form_domain, "is not a domain (IDN as xn--…)"},
    [ROW_URL] = {SHAPE_TEXT, "URL", form_url, "is not a http:// or https:// address"},
    [ROW_LANGUAGE] = {SHAPE_TEXT, "language", form_language, "is not a language tag such as en or pt-BR"},
    [ROW_WORD] = {SHAPE_TEXT, "choice", NULL, NULL},
    [ROW_HOST] = {SHAPE_TEXT, "host", form_host, "is not a host's name or IP address (IDN as xn--…)"},
    [ROW_PIN] = {SHAPE_TEXT, "key", form_pin, "is not sha256: and 64 hex digits, nor sha256// and base64"},
    [ROW_DATE] = {SHAPE_TEXT, "day", form_date, "is not a day such as 2026-11-24"},
    [ROW_KEYWORD] = {SHAPE_TEXT, "keyword", form_keyword,
                     "is not an IMAP keyword: letters, digits and !#$&'+,-./:;<=>?@[^_`|}~"},
    [ROW_LINES] = {SHAPE_LIST, "list of texts", form_line, "holds a control character"},
    [ROW_PATHS] = {SHAPE_LIST, "list of paths", form_line, "holds a control character"},
    [ROW_PEERS] = {SHAPE_LIST, "list of IP addresses", form_ip, "is not an IP address"},
    [ROW_ORIGINS] = {SHAPE_LIST, "list of origins", form_origin, "is not an origin: https://host or https://host:port"},
    [ROW_RECIPIENTS] = {SHAPE_LIST, "list of addresses", form_recipient,
                        "is not \"name@example.com\", \"@example.com\" or \"*\" (no '+', IDN as xn--…)"},
    [ROW_NUMBERS] = {SHAPE_LIST, "list of numbers", form_number,
                     "is not a number \"+14155552671\", a short code or a sender name"},
    [ROW_FOLDERS] = {SHAPE_LIST, "list of folders", form_folder, "is not a folder: 1 to 255 bytes without controls"},
    [ROW_FIELDS] = {SHAPE_LIST, "list of header fields", form_field, "is not a header field's name"},
    [ROW_AUTHSERV_IDS] = {SHAPE_LIST, "list of names", form_authserv_id,
                          "is not a name such as mx.example.com (without ';', '=', quotes and blanks), nor \"-\""},
    [ROW_HEADERS] = {SHAPE_LIST, "list of header fields", form_header,
                     "is not \"Name: value\", with '*' for any run of characters in the value"},
    [ROW_COUNT] = {SHAPE_INTEGER, "number", NULL, NULL},
    [ROW_DURATION] = {SHAPE_INTEGER, "duration", NULL, NULL},
    [ROW_SIZE] = {SHAPE_INTEGER, "size", NULL, NULL},
    [ROW_DECIMAL] = {SHAPE_DECIMAL, "number", NULL, NULL},
    [ROW_BOOL] = {SHAPE_BOOL, "true or false", NULL, NULL},
    [ROW_CHOICE] = {SHAPE_CHOICE, "choice", NULL, NULL},
};

const struct row_form *row_form(const struct row *row) {
  return &forms[row->type];
}

const struct row *row_find(const char *section, struct slice key, unsigned kind_bit) {
  for (size_t i = 0; i < config_row_count; i++)
    if (row_applies(&config_rows[i], section, kind_bit) && slice_equal(key, slice_text(config_rows[i].key)))
      return &config_rows[i];
  return NULL;
}
