/* SPDX-License-Identifier: Apache-2.0 */
/* The decision table, one direction: what no person wrote. The other is test_automatic_person.c. */
#include "automatic_case.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SILENT "X-Auto-Response-Suppress: All\n"
#define GENERATED "Auto-Submitted: auto-generated\n"
#define JOE .from = "joe@customer.example", .name = "Joe Doe"
#define IS(what) .kind = what, .evidence = ""
#define BY(what, why) .kind = what, .evidence = why
#define DAEMON .from = "MAILER-DAEMON@mx.example"

static void test_types_and_reports(void **state) {
  (void)state;
  static const struct automatic_case cases[] = {
      {.type = "multipart/report", .report_type = "delivery-status", BY("bounce", "AR-06 multipart/report")},
      {.type = "multipart/report", .report_type = "Delivery-Status", .outcome = REPORT_FAILED, IS("bounce")},
      {.type = "multipart/report", .report_type = "delivery-status", .outcome = REPORT_SPARED, IS("report")},
      {.type = "multipart/report", .report_type = "", .outcome = REPORT_FAILED, IS("bounce")},
      {.type = "multipart/report", .report_type = "", .outcome = REPORT_SPARED, IS("report")},
      {.type = "multipart/report", .report_type = "", IS("report")},
      {.type = "multipart/report", .report_type = "disposition-notification", IS("report")},
      {.type = "multipart/report", .report_type = "feedback-report", IS("report")},
      {.type = "multipart/report", .report_type = "x-new", .null_path = true, IS("report")},
      {.type = "message/delivery-status", BY("bounce", "AR-06 message/delivery-status")},
      {.type = "multipart/report", .report_type = "delivery-status", .header = "Auto-Submitted: auto-replied\n",
       .subject = "Automatic reply: x", .null_path = true, BY("bounce", "AR-02 Auto-Submitted")},
  };
  automatic_cases_check(cases, COUNT(cases));
}

static void test_bounces_without_a_report(void **state) {
  (void)state;
  static const struct automatic_case cases[] = {
      /* qmail */
      {DAEMON, .subject = "failure notice", .null_path = true, BY("bounce", "AR-09 From"),
       .text = "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your message"},
      {.from = "admin@mx.example", .subject = "failure notice", .null_path = true, BY("bounce", "AR-60 Subject"),
       .text = "Hi. This is the qmail-send program at mx.example."},
      /* Exim */
      {DAEMON, .name = "Mail Delivery System", .subject = "Mail delivery failed: returning message to sender",
       .header = "X-Failed-Recipients: joe@x.example\nAuto-Submitted: auto-replied\n",
       BY("bounce", "AR-11 X-Failed-Recipients")},
      {.from = "mail@mx.example", .name = "Mail Delivery System",
       .subject = "Mail delivery failed: returning message to sender", BY("bounce", "AR-60 From")},
      {DAEMON, .subject = "Warning: message 1rABCD-00012-AB delayed 24 hours",
       .header = "Auto-Submitted: auto-replied\n",
       .text = "This message was created automatically by mail delivery software.\nNo action is required on your part.",
       BY("report", "AR-60 Subject"), .delayed = true},
      {.header = "X-Failed-Recipients: a@b.example\n", .subject = "Delivery delayed", IS("report"), .delayed = true},
      /* Postfix without its machine part, Sendmail */
      {DAEMON, .name = "Mail Delivery System", .subject = "Undelivered Mail Returned to Sender", .kind = "bounce",
       .text = "This is the mail system at host mx.example.", .evidence = "AR-09 From"},
      {DAEMON, .name = "Mail Delivery Subsystem", .subject = "Returned mail: see transcript for details", IS("bounce")},
      {DAEMON, .subject = "Warning: could not send message for past 4 hours", IS("report"), .delayed = true},
      {DAEMON, .subject = "Hello", .text = "THIS IS A WARNING MESSAGE ONLY.\nYOU DO NOT NEED TO RESEND YOUR MESSAGE.",
       BY("report", "AR-60 text"), .delayed = true},
      /* Exchange */
      {.from = "postmaster@corp.example", .name = "Microsoft Outlook", .subject = "Undeliverable: Your order",
       .kind = "bounce", .text = "Delivery has failed to these recipients or groups:\n\njoe@corp.example",
       .evidence = "AR-60 text"},
      {.from = "MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@corp.example",
       .subject = "Unzustellbar: Ihr Auftrag", BY("bounce", "AR-60 Subject")},
      {.from = "postmaster@corp.example", .name = "System Administrator", .subject = "Undeliverable: Hello",
       .kind = "bounce", .text = "Your message did not reach some or all of the intended recipients.",
       .evidence = "AR-60 From"},
      {.from = "postmaster@firma.example", .subject = "[EXTERN] Unzustellbar: Angebot", IS("bounce"),
       .text = "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:"},
      {.from = "postmaster@corp.example", .subject = "Undeliverable: x", .null_path = true, IS("bounce")},
      /* Domino */
      {.from = "postmaster@notes.example", .subject = "DELIVERY FAILURE: User joe (joe@notes.example) not listed",
       .text = "Your message\n\n  Subject: x\n\nwas not delivered to: joe\nbecause:\nUser joe not listed in Domino Directory",
       BY("bounce", "AR-60 text")},
      /* large providers */
      {.from = "mailer-daemon@googlemail.com", .name = "Mail Delivery Subsystem",
       .subject = "Delivery Status Notification (Failure)", IS("bounce")},
      {.from = "mailer-daemon@googlemail.com", .subject = "Delivery Status Notification (Delay)", IS("report"),
       .delayed = true},
      {.from = "mailer-daemon@yahoo.com", .subject = "Failure Notice", IS("bounce"),
       .text = "Sorry, we were unable to deliver your message to the following address."},
      {.from = "mailer-daemon@gmx.de", .subject = "Mail delivery failed: returning message to sender", IS("bounce")},
      {.from = "mailer-daemon@web.de", .subject = "Mail delivery failed: returning message to sender",
       .null_path = true, BY("bounce", "AR-01 null-return-path")},
      {.from = "postmaster@qq.com", .subject = "系统退信/Systems bounce", BY("bounce", "AR-60 Subject"),
       .text = "您的邮件被退回\n收件人邮箱不存在"},
      {.from = "Postmaster@163.com", .subject = "系统退信", .null_path = true, IS("bounce")},
      {.from = "mailer-daemon@corp.mail.ru", .subject = "Mail failure.", IS("bounce"),
       .text = "Ваше сообщение не было доставлено."},
      {.from = "mailer-daemon@yandex.ru", .subject = "Недоставленное сообщение", IS("bounce")},
      {.from = "postmaster@naver.com", .subject = "[발송실패 안내] 주문 문의", .null_path = true, BY("bounce", "AR-60 Subject")},
      {.from = "postmaster@docomo.example", .subject = "配信できませんでした", .text = "次の宛先にお届けできませんでした。", IS("bounce")},
      {.from = "mailer-daemon@orange.fr", .subject = "Échec de la remise", IS("bounce")},
      {.from = "postmaster@libero.it", .subject = "Mancato recapito: preventivo", IS("bounce"),
       .text = "Non è stato possibile recapitare il messaggio"},
      {.from = "postmaster@uol.com.br", .subject = "Não entregue: pedido", IS("bounce"),
       .text = "Não foi possível entregar a mensagem"},
      {.from = "postmaster@wp.pl", .subject = "Niedostarczone: zamówienie", IS("bounce"),
       .text = "Wiadomość nie została dostarczona"},
      {.from = "postmaster@ziggo.nl", .subject = "Onbestelbaar: offerte", IS("bounce"),
       .text = "Uw bericht kon niet worden bezorgd"},
      {.from = "postmaster@correo.es", .subject = "No se puede entregar: pedido", IS("bounce"),
       .text = "No se pudo entregar el mensaje"},
      /* a program's answer that turns out to be a bounce */
      {JOE, .header = GENERATED, .subject = "Delivery failure", .text = "Your message could not be delivered to joe",
       BY("bounce", "AR-60 text")},
      {JOE, .null_path = true, .subject = "x", .text = "Ihre Nachricht konnte nicht zugestellt werden.",
       BY("bounce", "AR-60 text")},
      /* nothing but where it comes from */
      {JOE, .null_path = true, .subject = "x", .text = "y", BY("bounce", "AR-01 null-return-path")},
      {JOE, .header = "Return-Path: <>\nReturn-Path: <joe@customer.example>\n", .subject = "x",
       BY("bounce", "AR-01 null-return-path")},
      {.from = "mailer-daemon@x.example", .name = "Mail", .subject = "Brev", .text = "Ukjent mottaker",
       BY("bounce", "AR-09 From")},
  };
  automatic_cases_check(cases, COUNT(cases));
}

/* AR-64: by fields, as their programs write them. */
static void test_replies_by_fields(void **state) {
  (void)state;
  static const struct automatic_case cases[] = {
      {JOE, .subject = "Automatic reply: Your order", BY("reply", "AR-02 Auto-Submitted"),
       .header = GENERATED SILENT "X-MS-Exchange-Inbox-Rules-Loop: joe@customer.example\n"},
      {JOE, .subject = "Hors du bureau", BY("reply", "AR-11 X-MS-Exchange-Inbox-Rules-Loop"),
       .header = SILENT "X-MS-Exchange-Inbox-Rules-Loop: joe@customer.example\n"},
      {JOE, .header = "Auto-Submitted: auto-replied (zimbra; vacation)\n", BY("reply", "AR-02 Auto-Submitted")},
      {JOE, .header = "Auto-Submitted: auto-replied; owner-email=\"joe@customer.example\"\n", IS("reply")},
      {JOE, .header = "Auto-Submitted: AUTO-REPLIED\nAuto-Submitted: no\n", IS("reply")},
      {JOE, .header = "X-Autoreply: yes\nAuto-Submitted: auto-replied\n", BY("reply", "AR-11 X-Autoreply")},
      {JOE, .header = "X-Autorespond: order\nPrecedence: auto_reply\nX-Loop: joe@customer.example\n",
       BY("reply", "AR-04 Precedence")},
      {JOE, .header = "X-Autoresponder: 3\n", BY("reply", "AR-11 X-Autoresponder")},
      {JOE, .header = "X-FreeScout-Mail-Type: auto.reply\n", BY("reply", "AR-11 X-FreeScout-Mail-Type")},
      {JOE, .header = "Delivered-To: Autoresponder\n", BY("reply", "AR-11 Delivered-To")},
      {JOE, .header = GENERATED, .subject = "Abwesenheitsnotiz: Ihr Auftrag", BY("reply", "AR-64 Subject")},
      {JOE, .header = GENERATED, .subject = "Your email requires verification verify#abc123", IS("reply")},
      {JOE, .null_path = true, .subject = "Out of Office", BY("reply", "AR-01 null-return-path")},
      {JOE, .null_path = true, .subject = "Re: order", .text = "I am out of the office until Monday.",
       BY("reply", "AR-64 text")},
  };
  automatic_cases_check(cases, COUNT(cases));
}

/* Without any field of their own: subject and text, or subject and a wish for silence, in our users' languages. */
static void test_replies_by_words(void **state) {
  (void)state;
  static const struct automatic_case cases[] = {
      {JOE, .subject = "Automatic reply: Order 7", .text = "I am currently out of the office.",
       BY("reply", "AR-64 text")},
      {JOE, .subject = "AutoReply: Order", .text = "Thank you for your e-mail.\nI will be back on Monday.",
       IS("reply")},
      {JOE, .subject = "[External] Automatic reply: Order", .text = "I have no access to my mail", IS("reply")},
      {JOE, .subject = "Automatische Antwort: Ihr Angebot", .text = "Ich bin bis 3. August nicht im Büro.",
       IS("reply")},
      {JOE, .subject = "Automatische Eingangsbestätigung", .text = "Vielen Dank für Ihre Nachricht.", IS("reply")},
      {JOE, .subject = "Réponse automatique\xC2\xA0: Votre devis",
       .text = "Je suis absent du bureau jusqu’au 3 août.", IS("reply")},
      {JOE, .subject = "RÉPONSE AUTOMATIQUE : devis", .text = "Je suis actuellement en congé", IS("reply")},
      {JOE, .subject = "Respuesta automática: Pedido", .text = "Estoy ausente. A mi regreso le contestaré.",
       IS("reply")},
      {JOE, .subject = "Risposta automatica: Ordine", .text = "Sono assente dall'ufficio fino a lunedì.", IS("reply")},
      {JOE, .subject = "Resposta automática: Pedido", .text = "Estarei ausente do escritório.", IS("reply")},
      {JOE, .subject = "Automatisch antwoord: Bestelling", .text = "Ik ben afwezig tot maandag.", IS("reply")},
      {JOE, .subject = "Odpowiedź automatyczna: Zamówienie", .text = "Jestem nieobecna do poniedziałku.", IS("reply")},
      {JOE, .subject = "Автоматический ответ: Заказ", .text = "Я в отпуске до понедельника.", IS("reply")},
      {JOE, .subject = "Автоответ: Заказ", .text = "ОТСУТСТВУЮ на рабочем месте", IS("reply")},
      {JOE, .subject = "自动回复：订单", .text = "您好，我目前休假，下周一回复。", IS("reply")},
      {JOE, .subject = "自動回覆: 訂單", .text = "您好，我目前不在辦公室。", IS("reply")},
      {JOE, .subject = "自動応答: ご注文について", .text = "ただいま不在にしております。", IS("reply")},
      {JOE, .subject = "【自動返信】お問い合わせ", .header = SILENT, .text = "受け付けました", IS("")},
      {JOE, .subject = "자동 회신: 주문", .text = "현재 부재중입니다. 월요일에 답변드리겠습니다.", IS("reply")},
      {JOE, .subject = "Automatiskt svar: Order", .header = SILENT, BY("reply", "AR-05 X-Auto-Response-Suppress")},
      {JOE, .subject = "Automatisk svar: Ordre", .header = "Precedence: bulk\n", BY("reply", "AR-04 Precedence")},
      {JOE, .subject = "Automaattinen vastaus: Tilaus", .header = "X-Loop: x\n", BY("reply", "AR-11 X-Loop")},
      {.from = "noreply@shop.example", .subject = "Automated response: ticket 4", BY("reply", "AR-09 From")},
      {JOE, .subject = "Automatická odpověď: x", .text = "This is an automated message", BY("reply", "AR-09 text")},
      /* what people write too needs three */
      {JOE, .subject = "Out of office: Re: Order", .header = SILENT, .text = "I am on annual leave.", IS("reply")},
      {JOE, .subject = "Abwesenheit", .header = "Precedence: junk\n", .text = "Ich bin im Urlaub.", IS("reply")},
      {JOE, .subject = "부재중", .header = SILENT, .text = "휴가 중입니다", IS("reply")},
      /* who wants to know whether we are human */
      {JOE, .subject = "Your email requires verification verify#Xy12", BY("reply", "AR-64 Subject"),
       .text = "The message you sent requires that you verify that you are a real live human being."},
      {JOE, .subject = "Re: Order (Spam Arrest verification)", IS("reply"),
       .text = "Please click the link below to verify your message:\nhttps://www.spamarrest.com/a2?x"},
      {JOE, .subject = "Please confirm your message", .text = "Your message is being held until you answer",
       BY("reply", "AR-64 text")},
      {JOE, .subject = "AntiSpam UOL » Joe", .text = "Você enviou um e-mail. AntiSpam UOL", IS("reply")},
  };
  automatic_cases_check(cases, COUNT(cases));
}

static void test_what_programs_write(void **state) {
  (void)state;
  static const struct automatic_case cases[] = {
      {.from = "info@shop.example", .header = GENERATED, .subject = "Your invoice",
       BY("report", "AR-02 Auto-Submitted")},
      {JOE, .header = "Auto-Submitted: auto-notified\n", IS("report")},
      {JOE, .header = "Auto-Submitted: x-whatever; a=b\n", IS("report")},
      {.from = "noreply@bank.example", .subject = "Statement", .text = "Please do not reply to this message.",
       BY("report", "AR-09 text")},
      {.from = "no-reply-4711@dhl.example", .subject = "Sendung",
       .text = "Bitte antworten Sie nicht auf diese E-Mail.", BY("report", "AR-09 From")},
      {.from = "nao-responda@loja.example", .text = "Mensagem automática, não responda.", IS("report")},
      {.from = "noreply@magasin.example", .text = "Merci de ne pas répondre à ce message.", IS("report")},
      {.from = "noreply@tienda.example", .text = "Correo automático, por favor no responda a este mensaje.",
       IS("report")},
      {.from = "noreply@negozio.example", .text = "Messaggio automatico, si prega di non rispondere.", IS("report")},
      {.from = "noreply@winkel.example", .text = "Dit bericht is automatisch gegenereerd.", IS("report")},
      {.from = "noreply@sklep.example", .text = "Prosimy nie odpowiadać na tę wiadomość.", IS("report")},
      {.from = "noreply@magazin.example", .text = "Письмо сформировано автоматически, не отвечайте на него.",
       IS("report")},
      {.from = "noreply@dian.example", .text = "此邮件由系统自动发送，请勿回复。", IS("report")},
      {.from = "noreply@mise.example", .text = "このメールは送信専用です。返信できません。", IS("report")},
      {.from = "noreply@gage.example", .text = "본 메일은 발신전용입니다.", IS("report")},
      {.from = "donotreply@x.example", .header = SILENT, .subject = "x",
       BY("report", "AR-05 X-Auto-Response-Suppress")},
      {.from = "service@paypal.example", .header = "X-PP-Email-Transmission-Id: abc\n", BY("report", "AR-11 system"),
       .text = "You sent a payment.\n\nPlease do not reply to this email."},
      {.from = "auto-confirm@amazon.example", .header = "X-AMAZON-MAIL-RELAY-TYPE: notification\n", IS("report"),
       .text = "Your order has shipped. This is a notification-only address."},
      {.from = "no-reply@amazon.example", .header = "X-AMAZON-MAIL-RELAY-TYPE: notification\n", IS("report")},
      {.from = "notifications@github.example",
       .header = "X-GitHub-Reason: mention\nList-Id: a/b <b.a.github.example>\n", BY("list", "AR-03 List-Id")},
      {.from = "x-bounces@lists.example",
       .header = "X-List-Administrivia: yes\nList-Id: <x.lists.example>\nPrecedence: list\n",
       .subject = "Your message to x awaits moderator approval", BY("report", "AR-03 X-List-Administrivia")},
      {.from = "group+noreply@googlegroups.com", .text = "You cannot post. Please do not reply.",
       BY("report", "AR-09 From")},
  };
  automatic_cases_check(cases, COUNT(cases));
}

static void test_lists_and_bulk(void **state) {
  (void)state;
  static const struct automatic_case cases[] = {
      {JOE, .header = "List-Id: <l.x.example>\n", BY("list", "AR-03 List-Id")},
      {JOE, .header = "List-Unsubscribe: <mailto:u@x.example>\nPrecedence: bulk\n", BY("list", "AR-04 Precedence")},
      {JOE, .header = "List-Id: <support.other.example>\nList-Post: <mailto:support@other.example>\n", IS("list")},
      {JOE, .header = "List-Id: <l.x.example>\n", .null_path = true, BY("list", "AR-01 null-return-path")},
      {.from = "news@shop.example", .header = "Precedence: bulk\nFeedback-ID: 1:2:3:x\n", BY("bulk", "AR-04 campaign")},
      {.from = "noreply@shop.example", .header = "Precedence: bulk\n", BY("bulk", "AR-09 From")},
      {.from = "news@shop.example", .header = "Precedence: junk\nX-Campaign-Id: 4\n", IS("bulk")},
      {.from = "noreply@shop.example", .header = "List-Unsubscribe: <https://x.example/u>\n", .text = "Do not reply",
       IS("list")},
  };
  automatic_cases_check(cases, COUNT(cases));
}

/* Hostile sizes cost what they are long, and no more. */
static void test_linear(void **state) {
  (void)state;
  static char text[4 * 1024 * 1024], subject[64 * 1024];
  struct timespec from, to;
  memset(text, '>', sizeof(text) - 1);
  memset(subject, '[', sizeof(subject) - 1);
  const struct automatic_case hostile[] = {
      {JOE, .null_path = true, .subject = subject, .text = text, IS("bounce")},
      {.from = "noreply@x.example", .subject = subject, .text = text, IS("")},
  };
  clock_gettime(CLOCK_MONOTONIC, &from);
  automatic_cases_check(hostile, COUNT(hostile));
  for (size_t i = 0; i + 1 < sizeof(text); i++)
    text[i] = i % 2 ? '\n' : '-';
  automatic_cases_check(hostile, COUNT(hostile));
  memset(text, 'a', sizeof(text) - 1);
  automatic_cases_check(hostile, COUNT(hostile));
  clock_gettime(CLOCK_MONOTONIC, &to);
  assert_true(to.tv_sec - from.tv_sec < 10); /* microseconds; a busy machine with sanitizers */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_types_and_reports), cmocka_unit_test(test_bounces_without_a_report),
      cmocka_unit_test(test_replies_by_fields), cmocka_unit_test(test_replies_by_words),
      cmocka_unit_test(test_what_programs_write), cmocka_unit_test(test_lists_and_bulk),
      cmocka_unit_test(test_linear),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
