/* SPDX-License-Identifier: Apache-2.0 */
#include "text/mail_provider.h"
#include <stdlib.h>

/* In the order of bytes. */
static const char *const providers[] = {
    "126.com",        "163.com",       "aim.com",        "aol.com",      "aol.de",       "bellsouth.net", "bk.ru",
    "bluewin.ch",     "bol.com.br",    "btinternet.com", "comcast.net",  "cox.net",      "daum.net",      "docomo.ne.jp",
    "duck.com",       "fastmail.com",  "foxmail.com",    "free.fr",      "freenet.de",   "gmail.com",     "gmx.at",
    "gmx.ch",         "gmx.com",       "gmx.de",         "gmx.net",      "googlemail.com", "hanmail.net",  "hey.com",
    "hotmail.co.uk",  "hotmail.com",   "hotmail.de",     "hotmail.es",   "hotmail.fr",   "hotmail.it",    "icloud.com",
    "inbox.ru",       "interia.pl",    "laposte.net",    "libero.it",    "list.ru",      "live.com",      "live.de",
    "live.nl",        "mac.com",       "mail.com",       "mail.de",      "mail.ru",      "mailbox.org",   "me.com",
    "msn.com",        "naver.com",     "o2.pl",          "onet.pl",      "orange.fr",    "outlook.com",   "outlook.de",
    "outlook.es",     "outlook.fr",    "pm.me",          "posteo.de",    "proton.me",    "protonmail.com", "qq.com",
    "rediffmail.com", "rocketmail.com", "sapo.pt",       "sbcglobal.net", "seznam.cz",   "sfr.fr",        "sina.com",
    "sohu.com",       "t-online.de",   "terra.com.br",   "tiscali.it",   "tutanota.com", "uol.com.br",    "verizon.net",
    "virgilio.it",    "wanadoo.fr",    "web.de",         "wp.pl",        "yahoo.co.jp",  "yahoo.co.uk",   "yahoo.com",
    "yahoo.com.br",   "yahoo.de",      "yahoo.es",       "yahoo.fr",     "yahoo.it",     "yandex.ru",     "yeah.net",
    "ymail.com",      "ziggo.nl",
};

static int by_text(const void *key, const void *row) {
  const struct slice *domain = key;
  const char *text = *(const char *const *)row;
  int order = strncmp(domain->at, text, domain->len);
  return order ? order : -(int)(text[domain->len] != '\0');
}

bool mail_provider_has(struct slice domain) {
  return domain.len && bsearch(&domain, providers, sizeof(providers) / sizeof(providers[0]), sizeof(providers[0]), by_text);
}
