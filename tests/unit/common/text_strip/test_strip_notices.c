/* SPDX-License-Identifier: Apache-2.0 */
/* Notices of lawyers and scanners below a text, warnings of gateways above it, in 27 languages; and customers who write
 * of such things. */
#include "strip_case.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#define BELOW(notice) {"It is broken.\n\n" notice, "It is broken."}

static void test_secrecy(void **state) {
  (void)state;
  static const struct strip_case cases[] = {
      BELOW("This email and any attachments are confidential and intended solely for the addressee. If you have "
            "received "
            "it in error, please notify the sender and delete it. Any disclosure or copying is prohibited."),
      BELOW("CONFIDENTIALITY NOTICE: This message may contain privileged information. If you are not the intended\n"
            "recipient, any distribution is prohibited; please destroy it and inform the sender."),
      BELOW("Diese E-Mail enthält vertrauliche und/oder rechtlich geschützte Informationen. Wenn Sie nicht der "
            "richtige "
            "Adressat sind oder diese E-Mail irrtümlich erhalten haben, informieren Sie bitte sofort den Absender und "
            "vernichten Sie diese Mail. Das unerlaubte Kopieren sowie die unbefugte Weitergabe ist nicht gestattet."),
      BELOW("Ce message et toutes les pièces jointes sont confidentiels et établis à l'intention exclusive de ses "
            "destinataires. Toute diffusion non autorisée est interdite. Si vous l'avez reçu par erreur, merci d'en "
            "avertir l'expéditeur et de le détruire."),
      BELOW("Este mensaje y sus adjuntos son confidenciales y van dirigidos exclusivamente a su destinatario. Si lo ha "
            "recibido por error, notifíquelo al remitente y elimínelo; está prohibida su divulgación."),
      BELOW("Questo messaggio è riservato e destinato esclusivamente ai destinatari indicati. Se lo avete ricevuto per "
            "errore, vi preghiamo di avvisare il mittente e di cancellarlo; ne è vietata la diffusione."),
      BELOW("Esta mensagem é confidencial e destina-se exclusivamente ao seu destinatário. Se a recebeu por erro, "
            "avise o "
            "remetente e elimine-a; é proibida a sua divulgação."),
      BELOW("Dit bericht is vertrouwelijk en uitsluitend bestemd voor de geadresseerde. Indien u dit bericht ten "
            "onrechte "
            "ontvangt, waarschuw de afzender en verwijder het; openbaarmaking en verspreiding zijn niet toegestaan."),
      BELOW("Niniejsza wiadomość jest poufna i przeznaczona wyłącznie dla adresata. Jeśli otrzymali ją Państwo "
            "omyłkowo, "
            "prosimy powiadomić nadawcę i usunąć ją; kopiowanie jest zabronione."),
      BELOW("Это сообщение является конфиденциальным и предназначено только для указанного получателя. Если вы "
            "получили "
            "его по ошибке, уведомите отправителя и удалите его; распространение запрещено."),
      BELOW("Це повідомлення є конфіденційним і призначене лише для одержувача. Якщо ви отримали його помилково, "
            "повідомте відправника і видаліть його; поширення заборонено."),
      BELOW("本邮件及其附件含有保密信息，仅限于发送给指定收件人。禁止任何其他人以任何形式使用、"
            "复制或散发。如果您错误地收到本邮件，请立即通知发件人并删除本邮件。"),
      BELOW("本郵件及其附件含有機密資訊，僅供指定收件者使用。如果您誤收本郵件，請通知寄件人並刪除，嚴禁複製或散布。"),
      BELOW("このメールには機密情報が含まれている場合があり、宛先の受信者のみを対象としています。"
            "誤って受信された場合は、送信者にご連絡のうえ削除してください。開示・複製は禁止されています。"),
      BELOW("이 메일은 지정된 수신인만을 위한 것이며 기밀 정보를 포함할 수 있습니다. 잘못 수신된 경우 발신인에게 알려 "
            "주시고 "
            "삭제하여 주십시오. 무단 복사 및 배포는 금지됩니다."),
      BELOW("Tato zpráva je důvěrná a je určena pouze adresátovi. Pokud jste ji obdrželi omylem, informujte "
            "odesílatele a "
            "zprávu smažte; kopírování je zakázáno."),
      BELOW("Detta meddelande är konfidentiellt och endast avsett för mottagaren. Om du fått det av misstag, meddela "
            "avsändaren och radera det; spridning är förbjuden."),
      BELOW("Denne e-mail er fortrolig og kun beregnet til den tilsigtede modtager. Har du modtaget den ved en fejl, "
            "bedes "
            "du underrette afsenderen og slette den; kopiering er forbudt."),
      BELOW("Denne e-posten er konfidensiell og kun ment for mottakeren. Har du mottatt den ved en feil, gi beskjed "
            "til "
            "avsenderen og slett den; videreformidling er forbudt."),
      BELOW("Tämä viesti on luottamuksellinen ja tarkoitettu vain vastaanottajalle. Jos olet saanut sen erehdyksessä, "
            "ilmoita lähettäjälle ja poista se; levittäminen on kielletty."),
      BELOW("Bu e-posta gizli bilgiler içerebilir ve yalnızca alıcısına yöneliktir. Yanlışlıkla aldıysanız göndereni "
            "uyarınız ve siliniz; kopyalanması ve dağıtılması yasaktır."),
      BELOW("Ez az e-mail bizalmas információkat tartalmaz, és kizárólag a címzettnek szól. Ha tévedésből kapta meg, "
            "értesítse a feladót és törölje; másolása és terjesztése tilos."),
      BELOW("Acest mesaj este confidențial și este destinat exclusiv persoanei vizate. Dacă l-ați primit din eroare, "
            "anunțați expeditorul și ștergeți-l; divulgarea este interzisă."),
      BELOW("Αυτό το μήνυμα είναι εμπιστευτικό και προορίζεται μόνο για τον παραλήπτη. Εάν το λάβατε εκ παραδρομής, "
            "ενημερώστε τον αποστολέα και διαγράψτε το· η αντιγραφή απαγορεύεται."),
      BELOW("הודעה זו מכילה מידע סודי ומיועדת לנמען בלבד. אם קיבלת אותה בטעות, אנא הודע לשולח ומחק אותה. אסור להעתיק "
            "או "
            "להפיץ אותה."),
      BELOW("هذه الرسالة سرية ومخصصة للمرسل إليه فقط. إذا وصلتك عن طريق الخطأ فيرجى إخطار المرسل وحذفها، ويحظر نسخها "
            "أو "
            "توزيعها."),
      BELOW("Email này chứa thông tin bảo mật và chỉ dành cho người nhận. Nếu nhận nhầm, vui lòng thông báo cho người "
            "gửi "
            "và xóa email; nghiêm cấm sao chép."),
      /* around it */
      {"It is broken.\n\n-- \nJoe\n\nThis message is confidential and intended only for the addressee. If received in "
       "error, notify us and delete it.", "It is broken."},
      {"It is broken.\n\nOn 5/6/24 10:00, Anna wrote:\n> When?\n\nThis message is confidential and intended only for "
            "the "
       "addressee. If received in error, notify us and delete it.", "It is broken."},
  };
  CHECK_CASES(cases, .fresh = false);
}

static void test_single_lines(void **state) {
  (void)state;
  static const struct strip_case cases[] = {
      BELOW("This email has been checked for viruses by Avast antivirus software.\nwww.avast.com"),
      BELOW("Virus-free. www.avast.com"),
      BELOW("Please consider the environment before printing this email."),
      BELOW("Diese E-Mail wurde von Avast-Antivirussoftware auf Viren geprüft.\nwww.avast.com"),
      BELOW("Virenfrei.www.avast.com"),
      BELOW("L'absence de virus dans ce courrier électronique a été vérifiée par le logiciel antivirus Avast."),
      BELOW("Pensez à l'environnement avant d'imprimer ce message."),
      BELOW("Antes de imprimir este mensaje, piense en el medio ambiente."),
      BELOW("Mail priva di virus. www.avast.com"),
      BELOW("Livre de vírus. www.avast.com"),
      BELOW("Virusvrij. www.avast.com"),
      BELOW("Wolny od wirusów. www.avast.com"),
      BELOW("Без вирусов. www.avast.com"),
      BELOW("Bez virů. www.avast.com"),
      {"It is broken.\n\n> When?\n\nVirus-free. www.avast.com", "It is broken."},
  };
  CHECK_CASES(cases, .fresh = false);
}

#define ABOVE(warning) {warning "\n\nIt is broken.\n\nIt smells.", "It is broken.\n\nIt smells."}

static void test_warnings(void **state) {
  (void)state;
  static const struct strip_case cases[] = {
      ABOVE("CAUTION: This email originated from outside of the organization. Do not click links or open attachments "
            "unless you recognize the sender and know the content is safe."),
      ABOVE("*** EXTERNAL EMAIL: do not click links or attachments unless you trust the sender. ***"),
      ABOVE("This Message Is From an External Sender\n\nThis message came from outside your organization."),
      ABOVE("ACHTUNG: Diese E-Mail stammt von einem externen Absender. Bitte klicken Sie keine Links an und öffnen Sie "
            "keine Anhänge."),
      ABOVE("ATTENTION : ce courriel provient de l'extérieur de l'organisation. Ne cliquez pas sur les liens et "
            "n'ouvrez "
            "pas les pièces jointes."),
      ABOVE("PRECAUCIÓN: este correo proviene de fuera de la organización. No haga clic en enlaces ni abra adjuntos."),
      ABOVE("ATTENZIONE: questa e-mail proviene dall'esterno dell'organizzazione. Non cliccare sui link e non aprire "
            "allegati."),
      ABOVE("CUIDADO: este e-mail tem origem fora da organização. Não clique em links nem abra anexos."),
      ABOVE("LET OP: deze e-mail is afkomstig van buiten de organisatie. Klik niet op links en open geen bijlagen."),
      ABOVE("UWAGA: wiadomość pochodzi spoza organizacji. Nie klikaj linków i nie otwieraj załączników."),
      ABOVE("ВНИМАНИЕ: письмо от внешнего отправителя. Не переходите по ссылкам и не открывайте вложения."),
      ABOVE("注意：此邮件来自组织外部。除非您认识发件人，否则请勿点击链接或打开附件。"),
      ABOVE("注意：このメールは社外から送信されました。リンクや添付ファイルを開かないでください。"),
      ABOVE("주의: 외부에서 온 메일입니다. 링크를 클릭하거나 첨부 파일을 열지 마십시오."),
  };
  CHECK_CASES(cases, .fresh = false);
}

static void test_customers_speak_of_such(void **state) {
  (void)state;
  static const struct strip_case cases[] = {
      {"Hello,\n\nI received a confidential message by mistake, I will delete it and notify the sender. It was "
            "intended "
       "only for another addressee.", NULL},
      {"Guten Tag,\n\nich habe irrtümlich eine vertrauliche Nachricht erhalten. Diese E-Mail war für einen anderen "
       "Empfänger, ich werde sie löschen und den Absender informieren.", NULL},
      {"Bonjour,\n\nj'ai reçu ce message confidentiel par erreur, le destinataire est un autre; je vais le supprimer "
            "et "
       "avertir l'expéditeur.", NULL},
      {"Hello,\n\nthis message is confidential. Please do not show it to others.", NULL},
      {"Hello,\n\nplease delete my account and destroy all confidential data you hold, this email is my request.",
       NULL},
      {"This email and any attachments are confidential and intended solely for the addressee. If you have received "
            "it in "
       "error, please notify the sender and delete it.", NULL}, /* nothing else is there */
      {"Attention: the printer is on fire.\n\nPlease help.", NULL},
      {"Caution: an external company sent me an email with links.\n\nIs it from you?", NULL},
      {"Warning\n\nThe external display shows no picture.", NULL},
      {"Achtung, der externe Monitor geht nicht.\n\nBitte helfen Sie.", NULL},
      {"The text says: please consider the environment before printing. Why?", NULL},
  };
  CHECK_CASES(cases, .fresh = false);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_secrecy),
      cmocka_unit_test(test_single_lines),
      cmocka_unit_test(test_warnings),
      cmocka_unit_test(test_customers_speak_of_such),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
