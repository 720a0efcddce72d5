/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures, certain and guessed; and what only looks so and is the customer's (QT-04, QT-05, QT-08). */
#include "strip_case.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#define TEN "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n"

static void test_delimiter(void **state) {
  (void)state;
  static const struct strip_case cases[] = {
      {"It is broken.\n-- \nJoe Doe\nTel: 555 0100\nMain Street 1", "It is broken."},
      {"It is broken.\n\n-- \nJoe\n\nThink different!\nOrder 4711", "It is broken."},
      {"It is broken.\n\n-- \nJoe\n\nOn Mon, May 6, 2024 Anna wrote:\n> When?\n> -- \n> Anna", "It is broken."},
      {"> When?\n\nFriday.\n\n-- \nJoe", "Friday."},
      {"Friday.\n-- \nJoe\n> When?\nAt home.\n-- \nJoe", "Friday.\nAt home."},
      {"It is broken.\n-- \nJoe\n-- \nlist@x.example", "It is broken."},
      {"One.\n-- \n" TEN "k\nl\nm\n-- \nJoe", "One.\n-- \n" TEN "k\nl\nm"},
      {"It is broken.\n--  \nJoe makes 5 pieces a day", NULL},
      {"It is broken.\n --\nit stays broken", NULL},
      {"It is broken.\n-- see below\nthe error", NULL},
      {"--\nIt is broken and I do not know what to do.", NULL},
      {"List:\n-- \n" TEN TEN TEN TEN TEN TEN "61", NULL}, /* too long to be a signature */
      {"List:\n-- \n" TEN TEN TEN TEN TEN, "List:"},
  };
  CHECK_CASES(cases, .from_html = false);
}

#define SENT(line) {"It is broken.\n\n" line, "It is broken."}

static void test_programs_sign(void **state) {
  (void)state;
  static const struct strip_case cases[] = {
      SENT("Sent from my iPhone"),
      SENT("Sent from my Samsung Galaxy smartphone."),
      SENT("Sent from my Galaxy S21 Ultra 5G"),
      SENT("Sent from my Verizon, Samsung Galaxy smartphone"),
      SENT("Sent from Yahoo Mail on Android"),
      SENT("Sent from Mail for Windows 10"),
      SENT("Sent from Mail <https://go.example/fwlink> for Windows"),
      SENT("Sent with Proton Mail secure email."),
      SENT("Get Outlook for iOS <https://aka.ms/o0ukef>"),
      SENT("SENT FROM MY IPHONE"),
      SENT("Von meinem iPhone gesendet"),
      SENT("Gesendet von Mail für Windows"),
      SENT("Gesendet mit der GMX Mail App"),
      SENT("--\nGesendet mit der WEB.DE Mail App"),
      SENT("Diese Nachricht wurde von meinem Android Mobiltelefon mit WEB.DE Mail gesendet."),
      SENT("Von meinem Samsung Galaxy Smartphone gesendet."),
      SENT("Envoyé de mon iPhone"),
      SENT("Envoyé à partir d’Outlook pour Android"),
      SENT("Télécharger Outlook pour iOS"),
      SENT("Enviado desde mi iPhone"),
      SENT("Enviado desde mi Samsung Mobile de Movistar 5G"),
      SENT("Inviato da iPhone"),
      SENT("Inviato dal mio telefono Huawei"),
      SENT("Enviado do meu iPhone"),
      SENT("Enviado a partir do meu telemóvel Samsung Galaxy"),
      SENT("Verstuurd vanaf mijn iPhone"),
      SENT("Verzonden vanuit Outlook voor iOS"),
      SENT("Wysłane z iPhone'a"),
      SENT("Wysłano z telefonu Samsung"),
      SENT("Отправлено с iPhone"),
      SENT("Отправлено из мобильной Почты Mail.ru"),
      SENT("Надіслано з iPhone"),
      SENT("发自我的 iPhone"),
      SENT("发自我的小米手机"),
      SENT("從我的 iPhone 傳送"),
      SENT("iPhoneから送信"),
      SENT("나의 iPhone에서 보냄"),
      SENT("Odesláno z iPhonu"),
      SENT("Skickat från min iPhone"),
      SENT("Sendt fra min iPhone"),
      SENT("Sendt fra Outlook for Android"),
      SENT("Lähetetty iPhonesta"),
      SENT("iPhone’umdan gönderildi"),
      SENT("iPhone-omról küldve"),
      SENT("Trimis de pe iPhone"),
      SENT("Στάλθηκε από το iPhone μου"),
      SENT("נשלח מה-iPhone שלי"),
      SENT("مرسل من الـ iPhone"),
      SENT("Đã gửi từ iPhone của tôi"),
      {"It is broken.\n\nSent from my iPhone\n\n> On May 6, 2024, at 10:00, Anna <anna@shop.example> wrote:\n> When?",
       "It is broken."},
      {"It is broken.\n\nBest,\nJoe\n\nSent from my iPad", "It is broken."},
  };
  CHECK_CASES(cases, .from_html = false);
}

static void test_programs_in_sentences(void **state) {
  (void)state;
  static const struct strip_case cases[] = {
      {"Here is another email\n\nSent from my desk, is much easier then my mobile phone.", NULL},
      {"The mail\nSent from my iPhone\nnever arrived.", NULL},
      {"It was\n\nSent from my iPhone because the laptop is broken", NULL},
      {"Sent from my iPhone to your support address", NULL},
      {"The printer was sent from Hamburg.\n\nSent from my company to yours.", NULL},
      {"Von meinem Konto gesendet", NULL},
      {"Hallo,\n\nVon meinem Paket gesendet wurde nichts.", NULL},
      {"Voilà.\n\nEnvoyé de mon adresse", NULL},
      {"Hola.\n\nEnviado desde mi oficina", NULL},
      {"Ecco.\n\nInviato da mia moglie", NULL},
      {"Да.\n\nОтправлено с опозданием", NULL},
      {"是。\n\n发自我的内心", NULL},
      {"はい。\n\n会社から送信", NULL},
      {"네.\n\n회사에서 보냄", NULL},
      {"Get me a new printer", NULL},
      {"Please do it.\n\nGet it done", NULL},
  };
  CHECK_CASES(cases, .from_html = false);
}

#define CLOSED(closing) {"It is broken.\n\n" closing "\nJoe Doe", "It is broken."}

static void test_closings(void **state) {
  (void)state;
  static const struct strip_case cases[] = {
      CLOSED("Best regards,"), CLOSED("Kind regards"), CLOSED("Sincerely,\n"), CLOSED("Best,"),
      CLOSED("Mit freundlichen Grüßen\n"), CLOSED("MfG"), CLOSED("Viele Grüße,"), CLOSED("Cordialement,"),
      CLOSED("Bien à vous,"), CLOSED("Un saludo,"), CLOSED("Atentamente,"), CLOSED("Cordiali saluti"),
      CLOSED("Distinti saluti,"), CLOSED("Atenciosamente,"), CLOSED("Melhores cumprimentos,"),
      CLOSED("Met vriendelijke groet,"), CLOSED("Groeten,"), CLOSED("Z poważaniem,"), CLOSED("Pozdrawiam"),
      CLOSED("С уважением,"), CLOSED("Всего доброго,"), CLOSED("З повагою,"), CLOSED("此致\n敬礼"), CLOSED("祝好！"),
      CLOSED("敬具"), CLOSED("よろしくお願いいたします。"), CLOSED("수고하세요."), CLOSED("S pozdravem"),
      CLOSED("S úctou,"),
      CLOSED("Med vänliga hälsningar"), CLOSED("Mvh"), CLOSED("Med venlig hilsen"), CLOSED("Hilsen"),
      CLOSED("Vennlig hilsen"), CLOSED("Ystävällisin terveisin"), CLOSED("Terv."), CLOSED("Saygılarımla,"),
      CLOSED("İyi çalışmalar,"), CLOSED("Üdvözlettel,"), CLOSED("Tisztelettel:"), CLOSED("Cu stimă,"),
      CLOSED("Cu respect,"), CLOSED("Με εκτίμηση,"), CLOSED("Φιλικά,"), CLOSED("בברכה,"), CLOSED("בכבוד רב,"),
      CLOSED("مع التحية،"), CLOSED("تحياتي،"), CLOSED("Trân trọng,"), CLOSED("Thân mến,"),
      {"It is broken.\n\nBest regards, Joe", "It is broken."},
      {"Es geht nicht.\nLG Max", "Es geht nicht."},
      {"Es geht nicht.\n\nViele Grüße aus Berlin\nMax", "Es geht nicht."},
      {"It is broken.\n\nBest regards", "It is broken."},
      {"It is broken.\n\nBest regards\nJan van Dijk\nHead of Sales", "It is broken."},
      {"Es geht nicht.\n\nMit freundlichen Grüßen\n\nMax Muster\nVertrieb\n\nMuster GmbH\nHauptstraße 1\n12345 Berlin\n"
       "Tel.: +49 30 123456\nwww.muster.example\nGeschäftsführer: Max Muster", "Es geht nicht."},
      {"It is broken.\n\n--\nJoe Doe\n+1 555 0100", "It is broken."},
      {"It is broken.\n\n—\nJoe Doe", "It is broken."},
      {"It is broken.\n\n_______________\nExample Inc.\nhttps://x.example", "It is broken."},
  };
  CHECK_CASES(cases, .from_html = false);
}

/* Whoever guesses here loses what the customer said. */
static void test_closings_that_stay(void **state) {
  (void)state;
  static const struct strip_case cases[] = {
      {"Call me.\n\nBest regards\nJoe\n555 0100", NULL},
      {"It is broken.\n\nBest regards\nJoe\nOrder number: 4711", NULL},
      {"It is broken.\n\nBest regards\nJoe\n\nPS: it smells", NULL},
      {"It is broken.\n\nBest regards\nJoe\n\nWhen will you come?", NULL},
      {"It is broken.\n\nBest regards\nJoe\n\nSerial 12345", NULL},
      {"It is broken.\n\nBest regards\nJoe\nplease call after six", NULL},
      {"Best regards to Anna, she helped me a lot", NULL},
      {"Regards my order: cancel it", NULL},
      {"What is the\nbest price", NULL},
      {"Thanks,\nJoe", NULL},
      {"Thank you very much", NULL},
      {"Mit freundlichen Grüßen schickten Sie mir eine Mahnung.", NULL},
      {"Es geht nicht.\n\nGrüße\nMax\nKundennummer 12345", NULL},
      {"Es geht nicht.\n\nViele Grüße\nMax\n\nTel. 0171 1234567", NULL},
      {"Bitte um Rückruf.\n\nViele Grüße\nMax\nTel.: 0171/123456\nFax: 030/1234", NULL},
      {"Ça ne marche pas.\n\nCordialement\nJean\nCommande 4711", NULL},
      {"No funciona.\n\nSaludos\nAna\nPedido: 4711", NULL},
      {"Non va.\n\nSaluti\nAnna\nOrdine n. 4711", NULL},
      {"Não funciona.\n\nCumprimentos\nAna\nContribuinte 123456789", NULL},
      {"Het werkt niet.\n\nGroeten\nJan\nKlantnummer 4711", NULL},
      {"Nie działa.\n\nPozdrawiam\nJan\nZamówienie 4711", NULL},
      {"Не работает.\n\nС уважением\nИван\nДоговор 4711", NULL},
      {"坏了。\n\n祝好\n张三\n订单号：4711", NULL},
      {"壊れました。\n\n敬具\n山田\n注文番号：4711", NULL},
      {"고장났어요.\n\n수고하세요\n홍길동\n주문번호: 4711", NULL},
      {"My address:\nJoe Doe\nMain Street 1\n12345 Town", NULL},
      {"Phone: 555 0100\nMobile: 555 0101", NULL},
      {"You reach me at\n\nTel: +49 30 123456\nMobil: +49 171 123456", NULL},
      {"Three parts:\n--\nBolt M5 20 pcs\nNut M5 20 pcs", NULL},
      {"Part A\n___\nPart B", NULL},
      {"Yes\n--\nbut only if it is free of charge", NULL},
      {"Sum:\n------\n42", NULL},
  };
  CHECK_CASES(cases, .from_html = false);
}

/* HTML loses the blank of "-- ". */
static void test_delimiter_of_html(void **state) {
  (void)state;
  static const struct strip_case cases[] = {
      {"It is broken.\n\n--\nJoe Doe\nwe make the world a better place", "It is broken."},
      {"It is broken.\n\n--\nJoe Doe\norder 4711", NULL},
      {"Yes\n--\nor is it no?", NULL},
  };
  CHECK_CASES(cases, .from_html = true);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_delimiter),         cmocka_unit_test(test_programs_sign),
      cmocka_unit_test(test_programs_in_sentences), cmocka_unit_test(test_closings),
      cmocka_unit_test(test_closings_that_stay), cmocka_unit_test(test_delimiter_of_html),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
