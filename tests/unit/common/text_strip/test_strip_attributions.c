/* SPDX-License-Identifier: Apache-2.0 */
/* The lines that programs put above a marked quote, as they write them in 27 languages (QT-05). */
#include "strip_case.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#define MARKED "> We have your order 4711.\n> When do you need it?"
#define MAIL "<anna@shop.example>"

static void test_gmail(void **state) {
  (void)state;
  static const struct strip_reply replies[] = {
      {"en", "On Friday, please.", "On Mon, May 6, 2024 at 10:00 AM Anna Shop " MAIL " wrote:\n", MARKED},
      {"en", "On Friday.", "On Mon, 6 May 2024 at 10:00, Anna Shop " MAIL " wrote:\n", MARKED},
      {"en", "On Friday.", "On Mon, May 6, 2024 at 10:00 AM Anna Maria Shop via Support <\nanna@shop.example> wrote:\n",
       MARKED},
      {"de", "Am Freitag bitte.", "Am Mo., 6. Mai 2024 um 10:00 Uhr schrieb Anna Shop " MAIL ":\n", MARKED},
      {"de", "Freitag.", "Anna Shop " MAIL " schrieb am Mo., 6. Mai 2024, 10:00:\n", MARKED},
      {"fr", "Vendredi, merci.", "Le lun. 6 mai 2024 à 10:00, Anna Shop " MAIL " a écrit :\n", MARKED},
      {"es", "El viernes.", "El lun, 6 may 2024 a las 10:00, Anna Shop (" MAIL ") escribió:\n", MARKED},
      {"it", "Venerdì.", "Il giorno lun 6 mag 2024 alle ore 10:00 Anna Shop " MAIL " ha\nscritto:\n", MARKED},
      {"pt-BR", "Na sexta.", "Em seg., 6 de mai. de 2024 às 10:00, Anna Shop " MAIL "\nescreveu:\n", MARKED},
      {"pt-PT", "Na sexta.", "Anna Shop " MAIL " escreveu (segunda, 6/05/2024 à(s) 10:00):\n", MARKED},
      {"nl", "Vrijdag graag.", "Op ma 6 mei 2024 om 10:00 schreef Anna Shop " MAIL ":\n", MARKED},
      {"pl", "W piątek.", "pon., 6 maj 2024 o 10:00 Anna Shop " MAIL " napisał(a):\n", MARKED},
      {"ru", "В пятницу.", "пн, 6 мая 2024 г. в 10:00, Anna Shop " MAIL ":\n", MARKED},
      {"uk", "У п'ятницю.", "пн, 6 трав. 2024 р. о 10:00 Anna Shop " MAIL " пише:\n", MARKED},
      {"zh-Hans", "星期五。", "Anna Shop " MAIL " 于2024年5月6日周一 10:00写道：\n", MARKED},
      {"zh-Hant", "星期五。", "Anna Shop " MAIL " 於 2024年5月6日 週一 上午10:00寫道：\n", MARKED},
      {"ja", "金曜日にお願いします。今週中です。", "2024年5月6日(月) 10:00 Anna Shop " MAIL ":\n", MARKED},
      {"ko", "금요일이요.", "2024년 5월 6일 (월) 오전 10:00, Anna Shop " MAIL "님이 작성:\n", MARKED},
      {"cs", "V pátek.", "po 6. 5. 2024 v 10:00 odesílatel Anna Shop " MAIL " napsal:\n", MARKED},
      {"sv", "På fredag.", "Den mån 6 maj 2024 kl 10:00 skrev Anna Shop " MAIL ":\n", MARKED},
      {"da", "På fredag.", "Den man. 6. maj 2024 kl. 10.00 skrev Anna Shop " MAIL ":\n", MARKED},
      {"no", "Fredag.", "man. 6. mai 2024 kl. 10:00 skrev Anna Shop " MAIL ":\n", MARKED},
      {"fi", "Perjantaina.", "ma 6. toukok. 2024 klo 10.00 Anna Shop (anna@shop.example) kirjoitti:\n", MARKED},
      {"tr", "Cuma günü.", "Anna Shop " MAIL ", 6 May 2024 Pzt, 10:00 tarihinde\nşunu yazdı:\n", MARKED},
      {"hu", "Pénteken.", "Anna Shop " MAIL " ezt írta (időpont: 2024. máj. 6., H,\n10:00):\n", MARKED},
      {"ro", "Vineri.", "În lun., 6 mai 2024 la 10:00, Anna Shop " MAIL " a scris:\n", MARKED},
      {"el", "Την Παρασκευή.", "Στις Δευ 6 Μαΐ 2024 στις 10:00 π.μ., ο χρήστης Anna Shop " MAIL " έγραψε:\n", MARKED},
      {"he", "ביום שישי.", "\u202bבתאריך יום ב׳, 6 במאי 2024 ב-10:00 מאת \u202aAnna\u202c\u200f "
            "<\u202aanna@shop.example\u202c\u200f>:\u202c\n",
       MARKED},
      {"ar", "يوم الجمعة.", "في الاثنين، 6 مايو 2024 في 10:00 ص تمت كتابة ما يلي بواسطة Anna\n" MAIL ":\n", MARKED},
      {"vi", "Thứ sáu.", "Vào Th 2, 6 thg 5, 2024 vào lúc 10:00 Anna Shop " MAIL " đã viết:\n", MARKED},
  };
  CHECK_REPLIES(replies);
}

static void test_apple(void **state) {
  (void)state;
  static const struct strip_reply replies[] = {
      {"en", "On Friday.", "On May 6, 2024, at 10:00 AM, Anna Shop " MAIL " wrote:\n", MARKED},
      {"en", "On Friday.", "On 6 May 2024, at 10:00\u202fAM, Anna Shop " MAIL " wrote:\n", MARKED},
      {"de", "Freitag.", "Am 06.05.2024 um 10:00 schrieb Anna Shop " MAIL ":\n", MARKED},
      {"fr", "Vendredi.", "Le 6 mai 2024 à 10:00, Anna Shop " MAIL " a écrit\u00a0:\n", MARKED},
      {"es", "Viernes.", "El 6 may 2024, a las 10:00, Anna Shop " MAIL " escribió:\n", MARKED},
      {"it", "Venerdì.", "Il giorno 6 mag 2024, alle ore 10:00, Anna Shop " MAIL " ha scritto:\n", MARKED},
      {"pt", "Sexta.", "No dia 6 de mai. de 2024, às 10:00, Anna Shop " MAIL " escreveu:\n", MARKED},
      {"nl", "Vrijdag.", "Op 6 mei 2024 om 10:00 heeft Anna Shop " MAIL " het volgende geschreven:\n", MARKED},
      {"pl", "Piątek.", "Wiadomość napisana przez Anna Shop " MAIL " w dniu 6 maj 2024, o godz. 10:00:\n", MARKED},
      {"ru", "Пятница.", "6 мая 2024 г., в 10:00, Anna Shop " MAIL " написал(а):\n", MARKED},
      {"uk", "П'ятниця.", "6 трав. 2024 р. о 10:00 Anna Shop " MAIL " написав(-ла):\n", MARKED},
      {"zh-Hans", "周五。", "2024年5月6日 上午10:00，Anna Shop " MAIL " 写道：\n", MARKED},
      {"zh-Hant", "週五。", "Anna Shop " MAIL " 於 2024年5月6日 上午10:00 寫道：\n", MARKED},
      {"ja", "金曜日です。", "2024/05/06 10:00、Anna Shop " MAIL "のメール:\n", MARKED},
      {"ko", "금요일.", "2024. 5. 6. 오전 10:00, Anna Shop " MAIL " 작성:\n", MARKED},
      {"cs", "Pátek.", "6. 5. 2024 v 10:00, Anna Shop " MAIL ":\n", MARKED},
      {"sv", "Fredag.", "6 maj 2024 kl. 10:00 skrev Anna Shop " MAIL ":\n", MARKED},
      {"da", "Fredag.", "Den 6. maj 2024 kl. 10.00 skrev Anna Shop " MAIL ":\n", MARKED},
      {"no", "Fredag.", "6. mai 2024 kl. 10:00 skrev Anna Shop " MAIL ":\n", MARKED},
      {"fi", "Perjantai.", "Anna Shop " MAIL " kirjoitti 6.5.2024 kello 10.00:\n", MARKED},
      {"tr", "Cuma.", "Anna Shop " MAIL " şunları yazdı (6 May 2024 10:00):\n", MARKED},
      {"hu", "Péntek.", "2024. máj. 6. dátummal, 10:00 időpontban Anna Shop " MAIL " írta:\n", MARKED},
      {"ro", "Vineri.", "Pe 6 mai 2024, la 10:00, Anna Shop " MAIL " a scris:\n", MARKED},
      {"el", "Παρασκευή.", "Στις 6 Μαΐ 2024, στις 10:00, ο/η Anna Shop " MAIL " έγραψε:\n", MARKED},
      {"he", "שישי.", "ב-6 במאי 2024, בשעה 10:00, \u200fAnna Shop " MAIL " כתב/ה:\n", MARKED},
      {"ar", "الجمعة.", "في ٦ مايو ٢٠٢٤، الساعة ١٠:٠٠ ص، كتب/كتبت Anna Shop " MAIL ":\n", MARKED},
      {"vi", "Thứ sáu.", "Vào 6 thg 5, 2024, lúc 10:00, Anna Shop " MAIL " đã viết:\n", MARKED},
  };
  CHECK_REPLIES(replies);
}

/* No address: the marks below must confirm it. */
static void test_thunderbird_and_others(void **state) {
  (void)state;
  static const struct strip_reply replies[] = {
      {"en", "Friday.", "On 5/6/24 10:00, Anna Shop wrote:", MARKED},
      {"en", "Friday.", "On Mon, 6 May 2024, Anna Shop wrote:", MARKED},
      {"en", "Friday.", "On Mon, 6 May 2024 10:00:00 +0200\nAnna Shop " MAIL " wrote:\n", MARKED},
      {"en", "Friday.", "On Mon, 2024-05-06 at 10:00 +0200, Anna Shop wrote:", MARKED},
      {"en", "Friday.", "Quoting Anna Shop " MAIL ":\n", MARKED},
      {"en", "Friday.", "Anna Shop wrote:", MARKED},
      {"en", "Friday.", "Anna Shop wrote:", "| We have your order.\n| When?"},
      {"en", "Friday.", "Anna Shop writes:", ": We have your order.\n: When?"},
      {"en", "Friday.", "In a message dated 5/6/2024 10:00:00 A.M. Eastern Daylight Time, anna@shop.example writes:\n",
       MARKED},
      {"en", "Friday.", "---- On Mon, 06 May 2024 10:00:00 +0200 Anna Shop " MAIL " wrote ----\n", MARKED},
      {"en", "Friday.", "At 2024-05-06 10:00:00, \"Anna\" " MAIL " wrote:", MARKED},
      {"de", "Freitag.", "Am 06.05.24 um 10:00 schrieb Anna Shop:", MARKED},
      {"de", "Freitag.", "Am Montag, dem 06.05.2024 um 10:00 +0200 schrieb Anna Shop:", MARKED},
      {"de", "Freitag.", "Zitat von Anna Shop " MAIL ":\n", MARKED},
      {"de", "Freitag.", "Anna Shop schrieb:", MARKED},
      {"fr", "Vendredi.", "Le 06/05/2024 à 10:00, Anna Shop a écrit :", MARKED},
      {"es", "Viernes.", "El 6/5/24 a las 10:00, Anna Shop escribió:", MARKED},
      {"it", "Venerdì.", "Il 06/05/2024 10:00, Anna Shop ha scritto:", MARKED},
      {"pt", "Sexta.", "Em 06/05/2024 10:00, Anna Shop escreveu:", MARKED},
      {"nl", "Vrijdag.", "Op 06-05-2024 om 10:00 schreef Anna Shop:", MARKED},
      {"pl", "Piątek.", "W dniu 06.05.2024 o 10:00, Anna Shop pisze:", MARKED},
      {"ru", "Пятница.", "06.05.2024 10:00, Anna Shop пишет:", MARKED},
      {"ru", "Пятница.", "Понедельник, 6 мая 2024, 10:00 +03:00 от Анна " MAIL ":\n", MARKED},
      {"ru", "Пятница.", "2014-10-17 11:28 GMT+03:00 Анна <\nanna@shop.example>:\n", MARKED},
      {"uk", "П'ятниця.", "06.05.2024 10:00, Anna Shop пише:", MARKED},
      {"zh-Hans", "周五。", "在 2024/5/6 10:00, Anna Shop 写道:", MARKED},
      {"zh-Hans", "周五。", "在 2024-05-06 10:00:00，\"Anna\" " MAIL " 写道：", MARKED},
      {"ja", "金曜日です。", "On 2024/05/06 10:00, 山田 wrote:", MARKED},
      {"ko", "금요일.", "2024-05-06 오전 10:00에 Anna 이(가) 쓴 글:", MARKED},
      {"cs", "Pátek.", "Dne 06. 05. 24 v 10:00 Anna Shop napsal(a):", MARKED},
      {"sv", "Fredag.", "Den 2024-05-06 kl. 10:00, skrev Anna Shop:", MARKED},
      {"da", "Fredag.", "Den 06.05.2024 kl. 10.00 skrev Anna Shop:", MARKED},
      {"no", "Fredag.", "Anna Shop " MAIL " skrev følgende den 06.05.2024 10:00:", MARKED},
      {"fi", "Perjantai.", "Anna Shop kirjoitti 6.5.2024 klo 10.00:", MARKED},
      {"tr", "Cuma.", "6.05.2024 10:00 tarihinde Anna Shop yazdı:", MARKED},
      {"hu", "Péntek.", "2024. 05. 06. 10:00 keltezéssel, Anna Shop írta:", MARKED},
      {"ro", "Vineri.", "Pe 06.05.2024 10:00, Anna Shop a scris:", MARKED},
      {"el", "Παρασκευή.", "Στις 6/5/2024 10:00 π.μ., ο Anna Shop έγραψε:", MARKED},
      {"he", "שישי.", "ב-06/05/2024 10:00, Anna Shop כתב:", MARKED},
      {"ar", "الجمعة.", "في 06/05/2024 10:00 ص، كتب Anna Shop:", MARKED},
      {"vi", "Thứ sáu.", "Vào 06/05/2024 10:00, Anna Shop đã viết:", MARKED},
  };
  CHECK_REPLIES(replies);
}

/* Yahoo and others mark nothing: date, verb and an address in brackets are enough. */
static void test_without_marks(void **state) {
  (void)state;
  static const struct strip_reply replies[] = {
      {"en", "Friday.", "On Monday, May 6, 2024 at 10:00:00 AM GMT+2, Anna Shop " MAIL " wrote:  \n \n",
       "  We have your order.\n\n  When do you need it?"},
      {"de", "Freitag.", "Am Montag, 6. Mai 2024 um 10:00:00 MESZ hat Anna " MAIL " Folgendes geschrieben: \n",
       "Wir haben Ihre Bestellung."},
      {"fr", "Vendredi.", "Le lundi 6 mai 2024 à 10:00:00 UTC+2, Anna " MAIL " a écrit : \n",
       "Nous avons votre commande."},
      {"es", "Viernes.", "El lunes, 6 de mayo de 2024, 10:00:00 CEST, Anna " MAIL " escribió: \n",
       "Tenemos su pedido."},
      {"pt-BR", "Sexta.", "Em segunda-feira, 6 de maio de 2024 10:00:00 BRT, Anna " MAIL " escreveu: \n", "Recebemos."},
      {"it", "Venerdì.", "Il lunedì 6 maggio 2024 alle ore 10:00:00 CEST, Anna " MAIL " ha scritto: \n", "Ricevuto."},
      {"ru", "Пятница.", "Понедельник, 6 мая 2024, 10:00 +03:00 от Анна " MAIL ":\n", "Мы получили ваш заказ."},
      {"zh-Hans", "周五。", "在 2024-05-06 10:00:00，\"Anna\" " MAIL " 写道：\n", "我们收到了您的订单。"},
  };
  CHECK_REPLIES(replies);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_gmail),
      cmocka_unit_test(test_apple),
      cmocka_unit_test(test_thunderbird_and_others),
      cmocka_unit_test(test_without_marks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
