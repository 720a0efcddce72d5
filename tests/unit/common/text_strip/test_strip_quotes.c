/* SPDX-License-Identifier: Apache-2.0 */
/* Marked lines: what is a quote, what is the sender's own '>', and what is left between them (QT-02, QT-06, QT-08). */
#include "strip_case.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#define WROTE "On Mon, May 6, 2024 at 10:00 AM Anna <anna@shop.example> wrote:\n"

static void test_where_the_answer_stands(void **state) {
  (void)state;
  static const struct strip_case cases[] = {
      /* above, below, between */
      {"Friday.\n\n" WROTE "\n> When?", "Friday."},
      {"Friday.\n" WROTE "> When?", "Friday."},
      {WROTE "\n> When?\n\nFriday.", "Friday."},
      {WROTE "> When?\n> Where?\n\nFriday.\nAt home.\n", "Friday.\nAt home.\n"},
      {"Hi Anna,\n\n" WROTE "> When?\n\nFriday.\n\n> Where?\n\nAt home.\n\n> Anna", "Hi Anna,\n\nFriday.\n\nAt home."},
      {"> When?\nFriday.\n> Where?\nAt home.", "Friday.\nAt home."},
      {"> When?\n\nFriday.", "Friday."},
      {"> When?\nOne of these:\n> Monday\nFriday.", "One of these:\nFriday."},
      {WROTE "> a\n>\n> b\n\n> c\nFriday.", "Friday."},
      {"One.\n" WROTE "> a\nTwo.\n> b\n\n-- \nJoe", "One.\nTwo."},
      /* what the sender wrote between the attribution and the quote */
      {WROTE "\nI answer inline.\n\n> When?\nFriday.", "I answer inline.\n\nFriday."},
      /* several attributions */
      {"Friday.\n\n" WROTE "> When?\n> On Sun, May 5, 2024 Joe wrote:\n>> Hello", "Friday."},
      {"Friday.\n\n" WROTE "> When?\n\n" WROTE "> Hello", "Friday."},
      /* nothing below: the quote was deleted */
      {"Friday.\n\n" WROTE, "Friday."},
      {"Friday.\n\nOn 5/6/24 10:00, Anna Shop wrote:", "Friday."},
      /* programs of telephones mark the attribution too */
      {"Friday.\n\n> On May 6, 2024, at 10:00, Anna <anna@shop.example> wrote:\n> \n> When?", "Friday."},
      {"Friday.\n\n> Am 06.05.2024 um 10:00 schrieb Anna\n> Shop <anna@shop.example>:\n> \n> Wann?", "Friday."},
      /* marks of all kinds */
      {"Friday.\n\n" WROTE ">When?\n>>Where?\n> > Who?\n>>> Why?", "Friday."},
      {"Friday.\n\n" WROTE " > When?\n > Where?", "Friday."},
      {"Friday.\n\n" WROTE ">\n>\n> When?\n>", "Friday."},
      {"Friday.\n\n" WROTE "> - 5\n> >= 6\n> From here", "Friday."},
      /* the attribution is glued to what stands above it */
      {"Line one.\nLine two.\nOn Mon, May 6, 2024 at 10:00 AM Anna Maria Shop of the Example\n"
       "Company <anna@shop.example> wrote:\n> When?", "Line one.\nLine two."},
      {"Ordered on 06.05.2024\nAnna wrote:\n> When?", "Ordered on 06.05.2024"},
      /* "One" is not "On" */
      {"Thanks.\n\nOne outstanding question I had:\n\nDoes it run?\n\nOn Oct 1, 2012, at 11:55 PM, Dave wrote:\n\n> "
            "Try.",
       "Thanks.\n\nOne outstanding question I had:\n\nDoes it run?"},
      /* blank lines: at most one is left where something was */
      {"\n\nFriday.\n\n\n" WROTE "\n\n> When?\n\n\n", "\n\nFriday."},
      {"A\n\n> b\n\n\nC", "A\n\nC"},
      {"A\n> b\n\nC", "A\n\nC"},
      {"A\n\n> b\nC", "A\n\nC"},
      {"A\n> b\nC", "A\nC"},
  };
  CHECK_CASES(cases, .fresh = false);
}

static void test_nothing_else_is_the_text(void **state) {
  (void)state;
  static const struct strip_case cases[] = {
      {"> When?", NULL},
      {">", NULL},
      {"\n \n> When?\n> Where?\n\n", NULL},
      {WROTE "> When?", NULL},
      {WROTE, NULL},
      {WROTE "\nWhen do you need it?", NULL},
      {"-- \nJoe", NULL},
      {"Sent from my iPhone", NULL},
      {"Sent from my iPhone\n\n" WROTE "> When?", NULL},
      {"From: Anna\nSent: Monday\nTo: Joe\nSubject: Order\n\nWhen?", NULL},
      {"-----Original Message-----\nWhen?", NULL},
      {" \xC2\xA0\xE2\x80\x8B\n> When?", NULL}, /* what nobody sees is nothing */
      {"", NULL},
      {"\n", NULL},
      {"   \n\t\n", NULL},
      /* what was only guessed is given back first */
      {"Best regards\nJoe\n\n" WROTE "> When?", "Best regards\nJoe"},
  };
  CHECK_CASES(cases, .fresh = false);
}

/* A '>' that nothing announces, in a mail that is an answer or may be one. */
static void test_own_signs_stay(void **state) {
  (void)state;
  static const struct strip_case cases[] = {
      {"Weights over\n>5 kg\nare a problem.", NULL},
      {"Weights over\n> 5 kg\nare a problem.", "Weights over\nare a problem."}, /* cannot be told from a quote */
      {"I need\n>= 5 pieces\nplease", NULL},
      {"Draw this:\n\n>->->\n\nthanks", NULL},
      {"Look\n>>>>>>\n<<<<<<\nthere", NULL},
      {"  >=====>\n >------->\nA ship", NULL},
      {"The screen says:\n> Error 5\n> Disk full\nWhat now?", NULL},
      {"The screen says:\n\n> Error 5\n\nWhat now?", NULL},
      {"In Python:\n>>> print(1)\n1\n>>> exit()\nit stops.", NULL},
      {">>> print(1)\n1", NULL},
      {"Menu > Settings > Account\nis empty", NULL},
      {"a -> b\n-> c", NULL},
      {"<b>bold</b>\n<br>", NULL},
      {">From the beginning it was broken.\nPlease help.", NULL},
      {"It is so.\n>From here on nothing works.\nHelp", NULL},
      {"| a | b |\n|---|---|\n| 1 | 2 |", NULL},
      {"My list:\n: first\n: second", NULL},
      {"Anna wrote:\n| a | b |\n| 1 | 2 |\n\nWhat is it?", NULL},
  };
  CHECK_CASES(cases, .fresh = false);
}

/* Nothing says that the mail is an answer. */
static void test_fresh_mail(void **state) {
  (void)state;
  static const struct strip_case cases[] = {
      {"Please note\n\n> it is urgent\n\nThanks", NULL},
      {"They told me\n> we will refund you\nbut nothing came.", NULL},
      {"Two things\n> one\n> two", NULL},
      {"Weights over\n>5 kg\nare a problem.", NULL},
      {"On 6 May 2024 at 10:00 Joe <joe@x.example> wrote:\n\nwe will send it.\n\nBut nothing came.", NULL},
      {"> When do you need it?\nFriday.", "Friday."},
      {"Friday.\n\n" WROTE "> When?", "Friday."},
      {"Friday.\n> When?\n>> Which day?", "Friday."},
      {"Friday.\n\n> On May 6, 2024, at 10:00, Anna <anna@shop.example> wrote:\n> \n> When?", "Friday."},
  };
  CHECK_CASES(cases, .fresh = true);
}

/* Sentences that look like what programs write. */
static void test_sentences_stay(void **state) {
  (void)state;
  static const struct strip_case cases[] = {
      {"On Monday I wrote to you:\n\nthe printer is broken.\nNothing happened.", NULL},
      {"On Monday, May 6, 2024 at 10:00 I wrote to you:\nthe printer is broken.", NULL},
      {"On May 6, 2024 your colleague wrote:\nwe will call you.\n\nNobody did.", NULL},
      {"Your colleague wrote:\n\nwe will call you.\n\nNobody did.", NULL},
      {"Am Montag schrieb ich Ihnen:\n\nDer Drucker ist kaputt.", NULL},
      {"Am 06.05.2024 um 10:00 schrieb mir Herr Maier:\nWir rufen an.\n\nNiemand rief an.", NULL},
      {"Le 6 mai 2024 à 10:00 votre collègue a écrit :\nnous appelons.\n\nRien.", NULL},
      {"El 6 de mayo de 2024 su compañero escribió:\nle llamamos.\n\nNada.", NULL},
      {"Il 6 maggio 2024 il suo collega ha scritto:\nchiameremo.\n\nNiente.", NULL},
      {"Em 6 de maio de 2024 o seu colega escreveu:\nvamos ligar.\n\nNada.", NULL},
      {"Op 6 mei 2024 schreef uw collega:\nwij bellen.\n\nNiets.", NULL},
      {"Dnia 6 maja 2024 kolega napisał:\nzadzwonimy.\n\nNic.", NULL},
      {"6 мая 2024 ваш коллега написал:\nмы позвоним.\n\nНичего.", NULL},
      {"6 травня 2024 ваш колега написав:\nми подзвонимо.\n\nНічого.", NULL},
      {"2024年5月6日您的同事写道：\n我们会打电话。\n\n没有。", NULL},
      {"2024年5月6日您的同事寫道：\n我們會打電話。\n\n沒有。", NULL},
      {"2024年5月6日に担当者が書きました：\nお電話します。\n\n電話がありません。", NULL},
      {"2024년 5월 6일 직원이 작성:\n전화하겠습니다.\n\n전화가 없습니다.", NULL},
      {"Dne 6. 5. 2024 váš kolega napsal:\nzavoláme.\n\nNic.", NULL},
      {"Den 6 maj 2024 skrev er kollega:\nvi ringer.\n\nInget.", NULL},
      {"Den 6. maj 2024 skrev jeres kollega:\nvi ringer.\n\nIntet.", NULL},
      {"6. mai 2024 skrev deres kollega:\nvi ringer.\n\nIngenting.", NULL},
      {"6.5.2024 kollegasi kirjoitti:\nsoitamme.\n\nEi mitään.", NULL},
      {"6 Mayıs 2024 günü arkadaşınız yazdı:\narayacağız.\n\nHiçbir şey.", NULL},
      {"2024. május 6. a kollégája írta:\nhívjuk.\n\nSemmi.", NULL},
      {"Pe 6 mai 2024 colegul a scris:\nvă sunăm.\n\nNimic.", NULL},
      {"Στις 6 Μαΐου 2024 ο συνάδελφος έγραψε:\nθα καλέσουμε.\n\nΤίποτα.", NULL},
      {"ב-6 במאי 2024 העמית שלכם כתב:\nנתקשר.\n\nכלום.", NULL},
      {"في 6 مايو 2024 كتب زميلكم:\nسنتصل بكم.\n\nلا شيء.", NULL},
      {"Ngày 6 tháng 5, 2024 đồng nghiệp đã viết:\nchúng tôi sẽ gọi.\n\nKhông gì cả.", NULL},
      {"I have three questions:\n\n1. When?\n2. Where?", NULL},
      {"Meeting on 06.05.2024 at 10:00:\nbring the contract.", NULL},
      {"Write to joe@x.example on 06.05.2024 at 10:00:\nhe knows.", NULL},
      /* a customer's own labels (QT-08) */
      {"From: Berlin\nTo: Hamburg\nDate: 6 May 2024\nPassengers: 2\n\nPlease book.", NULL},
      {"Move it.\n\nFrom: Joe <joe@x.example>\nTo: Jane <jane@x.example>\nDate: 6 May 2024\n\nThanks", NULL},
      {"Move it.\n\nFrom: joe@x.example\nTo: jane@x.example\nDate: 06.05.2024 10:00\n\nThanks", NULL},
      {"Please book:\n\nVon: Berlin\nNach: Hamburg\nDatum: 06.05.2024\n\nDanke", NULL},
      {"New message from your website:\n\nFrom: Joe <joe@x.example>\nSubject: Printer\n\nMessage:\nIt is broken.",
       NULL},
      {"Subject: my printer\nIt is broken.", NULL},
      {"I got this:\n\n  From: Joe\n  To: me\n  Date: 6 May 2024\n  Subject: Win\n\n  Click.\n\nIs it yours?", NULL},
      {"See the attachment.\n\nThe company wrote on 06.05.2024:", NULL},
      {"Name: Joe\nPhone: +1 555 0100\nAddress: Main Street 1\nProblem: printer\nDate: 6 May", NULL},
      {"A fax came.\n\nFrom: +49 30 1234\nTo: +49 30 5678\nDate: 2024-05-06 10:00\nSubject: fax", NULL},
      {"Item one\n---\nItem two\n---\nItem three", NULL},
      {"Original message: the printer is broken", NULL},
      {"The original message\nwas lost", NULL},
      {"--- URGENT ---\nprinter broken", NULL},
  };
  CHECK_CASES(cases, .fresh = false);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_where_the_answer_stands), cmocka_unit_test(test_nothing_else_is_the_text),
      cmocka_unit_test(test_own_signs_stay),          cmocka_unit_test(test_fresh_mail),
      cmocka_unit_test(test_sentences_stay),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
