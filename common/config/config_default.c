/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sample file, which is also the desk that `deskbell up` starts with: every setting with its default, commented
 * out, and one channel of each kind. The preprocessor writes it from the rows, so it cannot fall behind them.
 * "#key: value" is a setting to uncomment, "# …" explains.
 */
#include "config/config.h"

#define QUOTE_TEXT "\""
#define QUOTE_PROSE "\""
#define QUOTE_PATH "\""
#define QUOTE_NAME "\""
#define QUOTE_LISTEN "\""
#define QUOTE_LINK "\""
#define QUOTE_REDIS "\""
#define QUOTE_DOMAIN "\""
#define QUOTE_URL "\""
#define QUOTE_LANGUAGE "\""
#define QUOTE_HOST "\""
#define QUOTE_PIN "\""
#define QUOTE_DATE "\""
#define QUOTE_KEYWORD "\""
#define QUOTE_WORD ""
#define QUOTE_COUNT ""
#define QUOTE_DURATION ""
#define QUOTE_SIZE ""
#define QUOTE_DECIMAL ""
#define QUOTE_BOOL ""
#define QUOTE_CHOICE ""

#define RANGE_TEXT(least, most) ""
#define RANGE_PROSE(least, most) ""
#define RANGE_PATH(least, most) ""
#define RANGE_NAME(least, most) ""
#define RANGE_LISTEN(least, most) ""
#define RANGE_LINK(least, most) ""
#define RANGE_REDIS(least, most) ""
#define RANGE_DOMAIN(least, most) ""
#define RANGE_URL(least, most) ""
#define RANGE_LANGUAGE(least, most) ""
#define RANGE_HOST(least, most) ""
#define RANGE_PIN(least, most) ""
#define RANGE_DATE(least, most) ""
#define RANGE_KEYWORD(least, most) ""
#define RANGE_WORD(words, unused) " (" words ")"
#define RANGE_COUNT(least, most) " (" least " to " most ")"
#define RANGE_DURATION(least, most) " (" least " to " most ")"
#define RANGE_SIZE(least, most) " (" least " to " most ")"
#define RANGE_DECIMAL(least, most) " (" least " to " most ")"
#define RANGE_BOOL(unused, none) ""
#define RANGE_CHOICE(words, unused) " (" words ")"

#define FOR_ALL ""
#define FOR_EMAIL "email: "
#define FOR_SMS "sms: "
#define FOR_FORM "form: "
#define FOR_PROVIDED "sms, webhook: "
#define FOR_HTTP "sms, webhook, form: "

#define SECTION(name, manual) "\n# " manual "\n" #name ":\n"
#define ROW(section, key, member, type, fallback, least, most, manual)                                                 \
  "  # " manual RANGE_##type(least, most) "\n  #" #key ": " QUOTE_##type fallback QUOTE_##type "\n"
#define LIST(section, key, member, counter, type, most, manual) "  # " manual "\n  #" #key ": []\n"
#define CHANNEL(kinds, key, member, type, fallback, least, most, manual)                                               \
  "    # " FOR_##kinds manual RANGE_##type(least, most) "\n    #" #key ": " QUOTE_##type fallback QUOTE_##type "\n"
#define CHANNEL_LIST(kinds, key, member, counter, type, most, manual)                                                  \
  "    # " FOR_##kinds manual "\n    #" #key ": []\n"

#define MAILBOX(key, member, type, fallback, least, most, manual)                                                      \
  "    # " manual RANGE_##type(least, most) "\n    #" #key ": " QUOTE_##type fallback QUOTE_##type "\n"
#define MAILBOX_LIST(key, member, counter, type, most, manual) "    # " manual "\n    #" #key ": []\n"

static const char sample[] =
    "# SPDX-License-Identifier: Apache-2.0\n"
    "# Configuration of a Deskbell desk. What is commented out shows the default.\n"
    "# Durations: 250ms 30s 5m 2h 7d. Sizes: 512B 64KiB 10MiB 1GiB. Relative paths are relative to the desk's folder.\n"
    "# Secrets are never written here: settings that end in _file or _files name the file that holds one.\n"
#include "config/config_rows.def"
    "\n"
    "  - name: mail\n"
    "    kind: email\n"
    "    addresses: [\"*\"]\n"
    "\n"
    "  - name: sms\n"
    "    kind: sms\n"
    "    provider: twilio\n"
    "    secret_files: [\"secrets/sms.secret\"]\n"
    "\n"
    "  - name: hook\n"
    "    kind: webhook\n"
    "    provider: generic\n"
    "    secret_files: [\"secrets/hook.secret\"]\n"
    "\n"
    "  - name: contact\n"
    "    kind: form\n"
    "    title: \"Contact us\"\n";

const char *config_default_yaml(void) {
  return sample;
}
