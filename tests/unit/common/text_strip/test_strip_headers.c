/* SPDX-License-Identifier: Apache-2.0 */
/* Headers that programs copy above a quote without marks, and what announces them, in 27 languages (QT-05); what was
 * forwarded stays (QT-07). */
#include "strip_case.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#define BODY "\nWe have your order 4711.\nWhen do you need it?\n\nAnna"

static void test_outlook_header(void **state) {
  (void)state;
  static const struct strip_reply replies[] = {
      {"en", "Friday.", "From: Anna Shop <anna@shop.example>\nSent: Monday, May 6, 2024 10:00 AM\n"
       "To: Joe Doe <joe@x.example>\nSubject: RE: Order", BODY},
      {"en", "Friday.", "*From:* Anna Shop <anna@shop.example>\n*Sent:* Monday, May 6, 2024 10:00 AM\n"
       "*To:* Joe Doe\n*Cc:* Tom\n*Subject:* RE: Order", BODY},
      {"en", "Friday.", "________________________________\nFrom: Anna Shop\nSent: Monday, May 6, 2024 10:00 AM\n"
       "To: Joe Doe\nSubject: RE: Order", BODY},
      {"en", "Friday.", "From: Anna Shop Sent: Monday, May 6, 2024 10:00 AM To: Joe Doe Subject: RE: Order", BODY},
      {"en", "Friday.", "From: Anna Shop\n\nSent: Monday, May 6, 2024\n\nTo: Joe\n\nSubject: Order", BODY},
      {"en", "Friday.", "From: Anna\nSent: Monday\nTo: Joe Doe <joe@x.example>; Jane Roe <jane@x.example>;\n"
       "    Jim Poe <jim@x.example>\nSubject: RE: Order", BODY},
      {"en", "Friday.", "From: Anna Shop <anna@shop.example>\nSent: \u200eMonday\u200e, \u200eMay\u200e 6, 2024 10:00 "
            "AM\n"
       "To: Joe Doe <joe@x.example>", BODY},
      {"de", "Freitag.", "Von: Anna Shop <anna@shop.example>\nGesendet: Montag, 6. Mai 2024 10:00\n"
       "An: Joe Doe <joe@x.example>\nBetreff: AW: Bestellung", BODY},
      {"de", "Freitag.", "Gesendet: Montag, 06. Mai 2024 um 10:00 Uhr\nVon: \"Anna Shop\" <anna@shop.example>\n"
       "An: joe@gmx.example\nBetreff: Aw: Bestellung", BODY},
      {"fr", "Vendredi.", "De : Anna Shop <anna@shop.example>\nEnvoyé : lundi 6 mai 2024 10:00\n"
       "À : Joe Doe <joe@x.example>\nObjet : RE: Commande", BODY},
      {"es", "Viernes.", "De: Anna Shop\nEnviado el: lunes, 6 de mayo de 2024 10:00\nPara: Joe Doe\n"
       "Asunto: RE: Pedido", BODY},
      {"it", "Venerdì.", "Da: Anna Shop\nInviato: lunedì 6 maggio 2024 10:00\nA: Joe Doe\nOggetto: R: Ordine", BODY},
      {"pt-PT", "Sexta.", "De: Anna Shop\nEnviado: 6 de maio de 2024 10:00\nPara: Joe Doe\nAssunto: RE: Encomenda",
       BODY},
      {"pt-BR", "Sexta.", "De: Anna Shop\nEnviada em: segunda-feira, 6 de maio de 2024 10:00\nPara: Joe Doe\n"
       "Assunto: RES: Pedido", BODY},
      {"nl", "Vrijdag.", "Van: Anna Shop\nVerzonden: maandag 6 mei 2024 10:00\nAan: Joe Doe\nOnderwerp: RE: Bestelling",
       BODY},
      {"pl", "Piątek.", "Od: Anna Shop\nWysłano: poniedziałek, 6 maja 2024 10:00\nDo: Joe Doe\nTemat: RE: Zamówienie",
       BODY},
      {"ru", "Пятница.", "От: Anna Shop\nОтправлено: 6 мая 2024 г. 10:00\nКому: Joe Doe\nТема: RE: Заказ", BODY},
      {"uk", "П'ятниця.", "Від: Anna Shop\nНадіслано: 6 травня 2024 р. 10:00\nКому: Joe Doe\nТема: RE: Замовлення",
       BODY},
      {"zh-Hans", "周五。", "发件人: Anna Shop <anna@shop.example>\n发送时间: 2024年5月6日 10:00\n收件人: Joe Doe\n"
       "主题: 回复: 订单", BODY},
      {"zh-Hans", "周五。", "发件人： Anna Shop\n发送时间： 2024-05-06 10:00\n收件人： joe\n主题： 订单", BODY},
      {"zh-Hant", "週五。", "寄件者: Anna Shop\n寄件日期: 2024年5月6日 10:00\n收件者: Joe Doe\n主旨: RE: 訂單", BODY},
      {"ja", "金曜日です。", "差出人: Anna Shop\n送信日時: 2024年5月6日 10:00\n宛先: Joe Doe\n件名: RE: 注文", BODY},
      {"ko", "금요일.", "보낸 사람: Anna Shop\n보낸 날짜: 2024년 5월 6일 월요일 오전 10:00\n받는 사람: Joe Doe\n"
       "제목: RE: 주문", BODY},
      {"cs", "Pátek.", "Od: Anna Shop\nOdesláno: pondělí 6. května 2024 10:00\nKomu: Joe Doe\nPředmět: RE: Objednávka",
       BODY},
      {"sv", "Fredag.", "Från: Anna Shop\nSkickat: den 6 maj 2024 10:00\nTill: Joe Doe\nÄmne: SV: Order", BODY},
      {"da", "Fredag.", "Fra: Anna Shop\nSendt: 6. maj 2024 10:00\nTil: Joe Doe\nEmne: SV: Ordre", BODY},
      {"no", "Fredag.", "Fra: Anna Shop\nSendt: mandag 6. mai 2024 10:00\nTil: Joe Doe\nEmne: SV: Ordre", BODY},
      {"fi", "Perjantai.", "Lähettäjä: Anna Shop\nLähetetty: maanantai 6. toukokuuta 2024 10.00\nVastaanottaja: Joe\n"
       "Aihe: VS: Tilaus", BODY},
      {"tr", "Cuma.", "Kimden: Anna Shop\nGönderildi: 6 Mayıs 2024 Pazartesi 10:00\nKime: Joe Doe\nKonu: YNT: Sipariş",
       BODY},
      {"hu", "Péntek.", "Feladó: Anna Shop\nElküldve: 2024. május 6., hétfő 10:00\nCímzett: Joe Doe\nTárgy: RE: "
            "Rendelés",
       BODY},
      {"ro", "Vineri.", "De la: Anna Shop\nTrimis: luni, 6 mai 2024 10:00\nCătre: Joe Doe\nSubiect: RE: Comanda", BODY},
      {"el", "Παρασκευή.", "Από: Anna Shop\nΣτάλθηκε: Δευτέρα, 6 Μαΐου 2024 10:00\nΠρος: Joe Doe\nΘέμα: RE: Παραγγελία",
       BODY},
      {"he", "שישי.", "מאת: Anna Shop\nנשלח: יום שני 06 מאי 2024 10:00\nאל: Joe Doe\nנושא: RE: הזמנה", BODY},
      {"ar", "الجمعة.", "من: Anna Shop\nتاريخ الإرسال: 06/مايو/2024 10:00\nإلى: Joe Doe\nالموضوع: RE: طلب", BODY},
      {"vi", "Thứ sáu.", "Từ: Anna Shop\nĐã gửi: Thứ Hai, 6 tháng 5, 2024 10:00\nĐến: Joe Doe\nChủ đề: RE: Đơn hàng",
       BODY},
  };
  CHECK_REPLIES(replies);
}

static void test_original_message(void **state) {
  (void)state;
  static const struct strip_reply replies[] = {
      {"en", "Friday.", "-----Original Message-----\nFrom: Anna Shop\nSent: Monday\nTo: Joe\nSubject: Order", BODY},
      {"en", "Friday.", "----- Original Message -----", BODY},
      {"en", "Friday.", "-------- Original message --------\nFrom: Anna <anna@shop.example>\n"
       "Date: 06/05/2024 10:00 (GMT+01:00)\nTo: joe@x.example\nSubject: Order", BODY},
      {"en", "Friday.", "------- Original Message -------\nOn Monday, May 6th, 2024 at 10:00 AM, Anna "
       "<anna@shop.example> wrote:\n", "> We have your order."},
      {"de", "Freitag.", "-----Ursprüngliche Nachricht-----\nVon: Anna Shop\nGesendet: Montag, 6. Mai 2024 10:00",
       BODY},
      {"de", "Freitag.", "-----Original-Nachricht-----\nBetreff: Bestellung\nDatum: 2024-05-06\nVon: Anna", BODY},
      {"fr", "Vendredi.", "-----Message d'origine-----\nDe : Anna Shop\nEnvoyé : lundi 6 mai 2024", BODY},
      {"fr", "Vendredi.", "-----Message d’origine-----", BODY},
      {"es", "Viernes.", "-----Mensaje original-----\nDe: Anna Shop", BODY},
      {"it", "Venerdì.", "-----Messaggio originale-----\nDa: Anna Shop", BODY},
      {"pt", "Sexta.", "-----Mensagem original-----\nDe: Anna Shop", BODY},
      {"nl", "Vrijdag.", "-----Oorspronkelijk bericht-----\nVan: Anna Shop", BODY},
      {"pl", "Piątek.", "-----Wiadomość oryginalna-----\nOd: Anna Shop", BODY},
      {"ru", "Пятница.", "-----Исходное сообщение-----\nОт: Anna Shop", BODY},
      {"uk", "П'ятниця.", "-----Вихідне повідомлення-----\nВід: Anna Shop", BODY},
      {"zh-Hans", "周五。", "------------------ 原始邮件 ------------------\n发件人: \"Anna\"<anna@shop.example>;\n"
       "发送时间: 2024年5月6日(星期一) 上午10:00\n收件人: \"joe\"<joe@qq.example>;\n主题: 订单", BODY},
      {"zh-Hans", "周五。", "------------------\u00a0原始邮件\u00a0------------------", BODY},
      {"zh-Hant", "週五。", "-----原始郵件-----\n寄件者: Anna Shop", BODY},
      {"ja", "金曜日です。", "-----元のメッセージ-----\n差出人: Anna Shop", BODY},
      {"ko", "금요일.", "-----Original Message-----\nFrom: \"Anna\" <anna@shop.example>\nTo: "
            "<joe@naver.example>;\nCc:\n"
       "Sent: 2024-05-06 (월) 10:00:00 (GMT+09:00)\nSubject: 주문", BODY},
      {"ko", "금요일.", "--------- 원본 메일 ---------\n보낸사람: Anna", BODY},
      {"cs", "Pátek.", "-----Původní zpráva-----\nOd: Anna Shop", BODY},
      {"sv", "Fredag.", "-----Ursprungligt meddelande-----\nFrån: Anna Shop", BODY},
      {"da", "Fredag.", "-----Oprindelig meddelelse-----\nFra: Anna Shop", BODY},
      {"no", "Fredag.", "-----Opprinnelig melding-----\nFra: Anna Shop", BODY},
      {"fi", "Perjantai.", "-----Alkuperäinen viesti-----\nLähettäjä: Anna Shop", BODY},
      {"tr", "Cuma.", "-----Özgün İleti-----\nKimden: Anna Shop", BODY},
      {"hu", "Péntek.", "-----Eredeti üzenet-----\nFeladó: Anna Shop", BODY},
      {"ro", "Vineri.", "-----Mesaj original-----\nDe la: Anna Shop", BODY},
      {"el", "Παρασκευή.", "-----Αρχικό μήνυμα-----\nΑπό: Anna Shop", BODY},
      {"he", "שישי.", "-----הודעה מקורית-----\nמאת: Anna Shop", BODY},
      {"ar", "الجمعة.", "-----الرسالة الأصلية-----\nمن: Anna Shop", BODY},
      {"vi", "Thứ sáu.", "-----Thư gốc-----\nTừ: Anna Shop", BODY},
  };
  CHECK_REPLIES(replies);
}

/* A line of ours, or of another desk, that asks to answer above it. */
static void test_reply_above(void **state) {
  (void)state;
  static const struct strip_reply replies[] = {
      {"en", "Friday.", STRIP_ABOVE_BEGIN " Please reply above this line " STRIP_ABOVE_END, BODY},
      {"any", "Friday.", "##- ¿? whatever stands here -##", BODY},
      {"de", "Freitag.", "--- Bitte antworten Sie oberhalb dieser Zeile ---", BODY},
      {"fr", "Vendredi.", "=== Répondre au-dessus de cette ligne ===", BODY},
  };
  CHECK_REPLIES(replies);
  static const struct strip_case cases[] = {
      {"You say \"please reply above this line\": which line?\n\nAnd where?", NULL},
      {"##- 5 -\n\nText", NULL},
  };
  CHECK_CASES(cases, .fresh = false);
}

#define FORWARDED(words, marker) {words "\n\n" marker "\nFrom: Anna\n\nRead this:\n> old quote\n\n-- \nAnna", NULL}

static void test_forwarded_is_content(void **state) {
  (void)state;
  static const struct strip_case cases[] = {
      FORWARDED("See below.", "---------- Forwarded message ---------"),
      FORWARDED("See below.", "-------- Forwarded Message --------"),
      FORWARDED("See below.", "Begin forwarded message:\n"),
      FORWARDED("See below.", "----- Forwarded by Anna/Shop on 05/06/2024 -----"),
      FORWARDED("Siehe unten.", "-------- Weitergeleitete Nachricht --------"),
      FORWARDED("Siehe unten.", "Anfang der weitergeleiteten Nachricht:\n"),
      FORWARDED("Voir.", "-------- Message transféré --------"),
      FORWARDED("Voir.", "Début du message réexpédié :\n"),
      FORWARDED("Ver.", "----- Mensaje reenviado -----"),
      FORWARDED("Vedi.", "Inizio messaggio inoltrato:\n"),
      FORWARDED("Ver.", "---------- Mensagem encaminhada ---------"),
      FORWARDED("Ver.", "Início da mensagem reencaminhada:\n"),
      FORWARDED("Zie.", "-------- Doorgestuurd bericht --------"),
      FORWARDED("Zob.", "--- Treść przekazanej wiadomości ---"),
      FORWARDED("См.", "-------- Пересылаемое сообщение --------"),
      FORWARDED("Див.", "Початок листа, що пересилається:\n"),
      FORWARDED("请看。", "---------- 转发邮件 ----------"),
      FORWARDED("請看。", "---------- 轉寄郵件 ----------"),
      FORWARDED("見て。", "-------- 転送メッセージ --------"),
      FORWARDED("보세요.", "---------- 전달된 메시지 ----------"),
      FORWARDED("Viz.", "-------- Přeposlaná zpráva --------"),
      FORWARDED("Se.", "-------- Vidarebefordrat meddelande --------"),
      FORWARDED("Se.", "Start på videresendt besked:\n"),
      FORWARDED("Se.", "-------- Videresendt melding --------"),
      FORWARDED("Ks.", "-------- Välitetty viesti / Fwd.Msg --------"),
      FORWARDED("Bak.", "-------- İletilen İleti --------"),
      FORWARDED("Lásd.", "-------- Továbbított üzenet --------"),
      FORWARDED("Vezi.", "Începe mesajul redirecționat:\n"),
      FORWARDED("Δες.", "-------- Προωθημένο μήνυμα --------"),
      FORWARDED("ראה.", "---------- הודעה שהועברה ----------"),
      FORWARDED("انظر.", "---------- رسالة معاد توجيهها ----------"),
      FORWARDED("Xem.", "---------- Thư được chuyển tiếp ----------"),
  };
  CHECK_CASES(cases, .fresh = false);
}

/* The subject says it is forwarded: nothing from the first quote on is cut, what stands before it may be. */
static void test_forwarded_by_subject(void **state) {
  (void)state;
  static const struct strip_case cases[] = {
      {"FYI\n\nFrom: Anna\nSent: Monday\nTo: Joe\nSubject: Order\n\nRead this\n\n-- \nAnna", NULL},
      {"FYI\n\n________________________________\nFrom: Anna\nSent: Monday\nTo: Joe\nSubject: Order\n\nRead", NULL},
      {"FYI\n\nOn Mon, May 6, 2024 at 10:00 AM Anna <anna@shop.example> wrote:\n\n> Read this", NULL},
      {"FYI\n> Read this\nthanks\n-- \nJoe", NULL},
      {"FYI\n-----Original Message-----\nRead this", NULL},
      {"My own words\n\n-- \nJoe", NULL},
      {"FYI\n\n-- \nJoe\n\n-----Original Message-----\nFrom: Anna\n\nRead this",
       "FYI\n\n-----Original Message-----\nFrom: Anna\n\nRead this"},
      {"FYI\n\nSent from my iPhone\n\nFrom: Anna\nSent: Monday\nTo: Joe\nSubject: Order\n\nRead this",
       "FYI\n\nFrom: Anna\nSent: Monday\nTo: Joe\nSubject: Order\n\nRead this"},
  };
  CHECK_CASES(cases, .forwarded = true);
}

static void test_subjects(void **state) {
  (void)state;
  static const struct {
    const char *subject;
    enum strip_subject kind;
  } rows[] = {
      {"Fwd: Order", STRIP_SUBJECT_FORWARD},    {"FW: Order", STRIP_SUBJECT_FORWARD},
      {"WG: Bestellung", STRIP_SUBJECT_FORWARD}, {"TR : Commande", STRIP_SUBJECT_FORWARD},
      {"RV: Pedido", STRIP_SUBJECT_FORWARD},    {"I: Ordine", STRIP_SUBJECT_FORWARD},
      {"ENC: Pedido", STRIP_SUBJECT_FORWARD},   {"PD: Zamówienie", STRIP_SUBJECT_FORWARD},
      {"VS: Ordre", STRIP_SUBJECT_FORWARD},     {"VB: Order", STRIP_SUBJECT_FORWARD},
      {"İLT: Sipariş", STRIP_SUBJECT_FORWARD},  {"转发：订单", STRIP_SUBJECT_FORWARD},
      {"轉寄: 訂單", STRIP_SUBJECT_FORWARD},    {"転送: 注文", STRIP_SUBJECT_FORWARD},
      {"전달: 주문", STRIP_SUBJECT_FORWARD},    {"ΠΡΘ: Παραγγελία", STRIP_SUBJECT_FORWARD},
      {"[Fwd: Order]", STRIP_SUBJECT_FORWARD},  {"[Desk #12] Fwd: Order", STRIP_SUBJECT_FORWARD},
      {"Fwd: Re: Order", STRIP_SUBJECT_FORWARD}, {"Re: Fwd: Order", STRIP_SUBJECT_REPLY},
      {"AW: Bestellung", STRIP_SUBJECT_REPLY},  {"Re[2]: Order", STRIP_SUBJECT_REPLY},
      {"RES: Pedido", STRIP_SUBJECT_REPLY},     {"Odp: Zamówienie", STRIP_SUBJECT_REPLY},
      {"YNT: Sipariş", STRIP_SUBJECT_REPLY},    {"回复：订单", STRIP_SUBJECT_REPLY},
      {"SV: Order", STRIP_SUBJECT_REPLY},       {"Vá: Rendelés", STRIP_SUBJECT_REPLY},
      {"Order 4711", STRIP_SUBJECT_PLAIN},      {"Re order 4711", STRIP_SUBJECT_PLAIN},
      {"Forward this please", STRIP_SUBJECT_PLAIN}, {"Question: forward", STRIP_SUBJECT_PLAIN},
      {"", STRIP_SUBJECT_PLAIN},                {":", STRIP_SUBJECT_PLAIN},
      {"[", STRIP_SUBJECT_PLAIN},               {"10:00", STRIP_SUBJECT_PLAIN},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    if (strip_subject(slice_text(rows[i].subject)) != rows[i].kind)
      fail_msg("%s", rows[i].subject);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_outlook_header),       cmocka_unit_test(test_original_message),
      cmocka_unit_test(test_reply_above),          cmocka_unit_test(test_forwarded_is_content),
      cmocka_unit_test(test_forwarded_by_subject), cmocka_unit_test(test_subjects),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
