/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decision table, the other direction: what people write, however much it looks like a program's. None has a kind;
 * some ask not to be answered automatically, which is evidence and no more (AR-17).
 */
#include "automatic_case.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define JOE .from = "joe@customer.example", .name = "Joe Doe"
#define A_PERSON .kind = "", .evidence = NULL
#define ASKS_FOR_SILENCE .kind = "", .evidence = ""

static void test_ordinary(void **state) {
  (void)state;
  static const struct automatic_case cases[] = {
      {JOE, .subject = "Printer", .text = "It does not print.", .mail_from = "joe@customer.example", A_PERSON},
      {A_PERSON},
      {JOE, .subject = "", .text = "", A_PERSON},
      {JOE, .header = "Auto-Submitted: no\n", A_PERSON},
      {JOE, .header = "Auto-Submitted: No; x=y\n", .subject = "Re: Order", A_PERSON},
      {JOE, .header = "Auto-Submitted: (auto-replied) no\n", A_PERSON},
      {JOE, .header = "Precedence: first-class\n", A_PERSON},
      {JOE, .header = "Precedence: special-delivery\nX-Priority: 1\n", A_PERSON},
      {JOE, .header = "X-Auto-Response-Suppress: DR, NDR, RN, NRN\n", A_PERSON},
      {JOE, .header = "X-Auto-Response-Suppress: None\n", A_PERSON},
      {JOE, .header = "Return-Path: <joe@customer.example>\n", A_PERSON},
      {JOE, .header = "Delivered-To: support@desk.example\n", A_PERSON},
      {JOE, .header = "X-List-Administrivia: no\n", A_PERSON},
      {JOE, .header = "X-FreeScout-Mail-Type: customer.message\n", A_PERSON},
      {JOE, .header = "Feedback-ID: 1.eu-west-1.x:AmazonSES\n", .subject = "Order",
       A_PERSON}, /* any mail by that service */
      {JOE, .type = "multipart/mixed", A_PERSON},
      {JOE, .type = "message/rfc822", A_PERSON},
      {JOE, .type = "multipart/mixed", .outcome = REPORT_FAILED, .subject = "This came back", A_PERSON},
      {JOE, .type = "text/plain", .report_type = "delivery-status", A_PERSON},
  };
  automatic_cases_check(cases, COUNT(cases));
}

static void test_people_who_are_away(void **state) {
  (void)state;
  static const struct automatic_case cases[] = {
      {JOE, .subject = "Next week", .text = "I am out of office next week, please call me.", A_PERSON},
      {JOE, .subject = "Out of office next week",
       .text = "I am out of the office next week, please call me on my mobile.", A_PERSON},
      {JOE, .subject = "Out of office", .text = "I am out of the office next week, please call me.", A_PERSON},
      {JOE, .subject = "Out of Office: 3 to 10 August", .text = "I will be on vacation, can you deliver later?",
       A_PERSON},
      {JOE, .subject = "Urlaub", .text = "Ich bin im Urlaub, bitte liefern Sie später.", A_PERSON},
      {JOE, .subject = "Abwesend ab Montag", .text = "Ich bin ab Montag nicht im Büro.", A_PERSON},
      {JOE, .subject = "Absence", .text = "Je suis absent du bureau la semaine prochaine, appelez-moi.", A_PERSON},
      {JOE, .subject = "Vacaciones", .text = "Estoy de vacaciones hasta el lunes, llámeme.", A_PERSON},
      {JOE, .subject = "Ferie", .text = "La prossima settimana sono in ferie, mi chiami.", A_PERSON},
      {JOE, .subject = "Férias", .text = "Estou de férias na próxima semana, ligue-me.", A_PERSON},
      {JOE, .subject = "Vakantie", .text = "Ik ben met vakantie, bel mij a.u.b.", A_PERSON},
      {JOE, .subject = "Urlop", .text = "Jestem na urlopie, proszę dzwonić.", A_PERSON},
      {JOE, .subject = "Отпуск", .text = "Я в отпуске, позвоните мне, пожалуйста.", A_PERSON},
      {JOE, .subject = "休假", .text = "我下周休假，请打电话给我。", A_PERSON},
      {JOE, .subject = "不在", .text = "来週は不在のため、お電話ください。", A_PERSON},
      {JOE, .subject = "휴가", .text = "다음 주 휴가입니다. 전화 주세요.", A_PERSON},
      {JOE, .subject = "Auto: Motorschaden", .text = "Mein Auto springt nicht an. Ich bin im Urlaub.", A_PERSON},
      {JOE, .subject = "Thank you", .text = "Thank you for your e-mail. I will be back on Monday.", A_PERSON},
      {JOE, .subject = "Re: Automatic reply: Order",
       .text = "I got your automatic reply. I was out of the office myself.", A_PERSON},
      {JOE, .subject = "AW: Automatische Antwort: Auftrag", .text = "Wann sind Sie nicht im Urlaub?", A_PERSON},
      {JOE, .subject = "Automatic replies do not work", .text = "Our out of office does not answer.", A_PERSON},
      {JOE, .subject = "Fwd: Automatic reply: Order", .text = "See below.\n\nI am out of the office", A_PERSON},
      /* the subject alone is a hint (AR-18), also with a text that quotes */
      {JOE, .subject = "Automatic reply: gone", .text = "What does this mean?", .doubtful = true, A_PERSON},
      {JOE, .subject = "Automatic reply: gone", .text = "Which one?\n> I am out of the office", .doubtful = true,
       A_PERSON},
      {JOE, .subject = "Automatische Antwort: x",
       .text = "Wer schreibt mir das?\n-----Ursprüngliche Nachricht-----\nIch bin im Urlaub", .doubtful = true,
       A_PERSON},
      {JOE, .subject = "Please confirm your message", .text = "Did you mean Tuesday?", .doubtful = true, A_PERSON},
  };
  automatic_cases_check(cases, COUNT(cases));
}

static void test_people_about_bounces(void **state) {
  (void)state;
  static const struct automatic_case cases[] = {
      {JOE, .subject = "Fwd: Undelivered Mail Returned to Sender", .text = "Why did this come back?", A_PERSON},
      {JOE, .subject = "WG: Unzustellbar: Rechnung",
       .text = "Ihre Nachricht konnte nicht zugestellt werden. Was nun?", A_PERSON},
      {JOE, .subject = "Re: failure notice",
       .text = "> Hi. This is the qmail-send program at mx.example.\n\nWhat now?", A_PERSON},
      {JOE, .subject = "Mail came back",
       .text = "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to", A_PERSON},
      {JOE, .subject = "Undelivered Mail Returned to Sender", .doubtful = true, A_PERSON,
       .text = "This is the mail system at host mx.example.\n\nThat is what I got. Help!"},
      {JOE, .subject = "Delivery failure", .text = "The parcel could not be delivered to one or more of us.",
       .doubtful = true, A_PERSON},
      {JOE, .subject = "Undelivered parcel", .text = "Where is it?", .doubtful = true, A_PERSON},
      {JOE, .subject = "退信", .text = "为什么我的邮件被退回？", .doubtful = true, A_PERSON},
      {.from = "postmaster@corp.example", .name = "Postmaster", .subject = "Blocked by your server",
       .text = "Hello, our users cannot reach you. Your message could not be delivered.", A_PERSON},
      {.from = "postmaster@corp.example", .name = "Jane Roe", .subject = "SPF record", .text = "Please mend it.",
       A_PERSON},
      {.from = "postmaster@corp.example", .subject = "Undeliverable: mail to you",
       .text = "We cannot reach you, please call.", .doubtful = true, A_PERSON},
      {.from = "jane@corp.example", .name = "System Administrator", .subject = "Printer", .text = "It is broken.",
       A_PERSON},
      {.from = "jane@corp.example", .name = "Microsoft Outlook", .subject = "Licence", .text = "Which one?", A_PERSON},
      {.from = "bounce@trampolines.example", .subject = "Order", .text = "We need 3 of them.", A_PERSON},
  };
  automatic_cases_check(cases, COUNT(cases));
}

static void test_addresses_like_those_of_programs(void **state) {
  (void)state;
  static const struct automatic_case cases[] = {
      {.from = "noreen@customer.example", .subject = "Order", .text = "Do not reply before Monday.", A_PERSON},
      {.from = "noel.reply@customer.example", .text = "Please do not reply by phone.", A_PERSON},
      {.from = "norep@customer.example", A_PERSON},
      {.from = "owner@shop.example", .subject = "My shop", A_PERSON},
      {.from = "daemon@customer.example", .name = "Matt Daemon", A_PERSON},
      {.from = "requests@customer.example", A_PERSON},
      {.from = "list@customer.example", .name = "Liszt", A_PERSON},
      {.from = "info@customer.example", .name = "Mail Order", A_PERSON},
      {.from = "microsoftexchange@customer.example", .subject = "Undeliverable", .text = "x", .doubtful = true,
       A_PERSON},
      /* these ask for silence, and a person may stand behind them */
      {.from = "noreply@website.example", .reply_to = "joe@customer.example", .subject = "Contact form",
       ASKS_FOR_SILENCE,
       .text = "Joe wrote: it does not print.\n\nThis message was automatically generated from your contact form."},
      {.from = "noreply@website.example", .reply_to = "joe@customer.example",
       .header = "X-Auto-Response-Suppress: All\n", .subject = "Contact form", ASKS_FOR_SILENCE},
      {.from = "noreply@customer.example", .subject = "Order", .text = "Please send me one.", ASKS_FOR_SILENCE},
      {.from = "feature-request@corp.example", .subject = "A wish", .text = "Please add it.", ASKS_FOR_SILENCE},
      {.from = "owner-services@corp.example", .subject = "Flat", .text = "It leaks.", ASKS_FOR_SILENCE},
      {.from = "joe@customer.example", .mail_from = "bounces+12-ab@em.sender.example", .subject = "Hello", .kind = "",
       .evidence = "AR-09 envelope"},
      {.from = "joe@customer.example", .mail_from = "list-bounces@x.example", .subject = "Hello", .kind = "",
       .evidence = "AR-09 envelope"},
  };
  automatic_cases_check(cases, COUNT(cases));
}

static void test_wishes_for_silence_prove_nothing(void **state) {
  (void)state;
  static const struct automatic_case cases[] = {
      {JOE, .header = "X-Auto-Response-Suppress: All\n", .subject = "Meeting", ASKS_FOR_SILENCE},
      {JOE, .header = "X-Auto-Response-Suppress: DR, OOF, AutoReply\n", .subject = "Order", ASKS_FOR_SILENCE},
      {JOE, .header = "Precedence: bulk\n", .subject = "Order", .text = "I need 100.", ASKS_FOR_SILENCE},
      {JOE, .header = "X-Precedence: list\n", .subject = "Order", ASKS_FOR_SILENCE},
      {JOE, .header = "X-Loop: x\n", .subject = "Order", ASKS_FOR_SILENCE},
      {JOE, .header = "X-RT-Loop-Prevention: corp\n", .subject = "[corp #12] Order", .text = "Jane wrote:",
       ASKS_FOR_SILENCE},
      /* a rule of a mailbox passed it on */
      {JOE, .header = "X-MS-Exchange-Inbox-Rules-Loop: office@customer.example\n", .subject = "Order",
       ASKS_FOR_SILENCE},
      /* it came through a group that is our own address */
      {JOE,
       .header = "List-Id: <support.desk.example>\nPrecedence: list\nList-Unsubscribe: <https://groups.example/u>\n",
       .subject = "Out of office", .text = "I am out of the office, please call.", ASKS_FOR_SILENCE},
      {JOE,
       .header = "List-Id: Support <x.y.example>\nList-Post: <https://groups.example/p>, <mailto:Support@Desk.Example>\n",
       .subject = "Order", ASKS_FOR_SILENCE},
      {JOE, .header = "List-Post: <mailto:any.body@help.desk.example>\n", .subject = "Order", ASKS_FOR_SILENCE},
      {JOE, .header = "List-Id: <any.body.help.desk.example>\n", .subject = "Order", ASKS_FOR_SILENCE},
      /* an invitation that a person sends by calendar */
      {JOE, .header = "Auto-Submitted: auto-generated\n", .invitation = true, .subject = "Invitation: Visit",
       ASKS_FOR_SILENCE},
      {JOE, .invitation = true, .subject = "Accepted: Visit", A_PERSON},
      {JOE, .header = "X-Auto-Response-Suppress: DR, OOF, AutoReply\n", .invitation = true, .subject = "Visit",
       ASKS_FOR_SILENCE},
  };
  automatic_cases_check(cases, COUNT(cases));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_ordinary),
      cmocka_unit_test(test_people_who_are_away),
      cmocka_unit_test(test_people_about_bounces),
      cmocka_unit_test(test_addresses_like_those_of_programs),
      cmocka_unit_test(test_wishes_for_silence_prove_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
