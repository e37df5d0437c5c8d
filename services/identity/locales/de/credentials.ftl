# Andere Wege, sich anzumelden
option-title = Anders nachweisen
option-totp = Code aus der Authenticator-App
option-totp-text = Mit einem Code aus Ihrer Authenticator-App weisen Sie einen zweiten Faktor nach.
option-passkey = Mit Passkey anmelden
option-passkey-text = Mit einem Passkey melden Sie sich ohne Passwort an, zum Beispiel mit Fingerabdruck, Gesicht oder der PIN Ihres Geräts.
option-certificate = Mit Zertifikat anmelden
option-certificate-text = Ihr Browser zeigt ein Zertifikat, das Sie mit Ihrem Konto verbunden haben. Vielleicht fragt er Sie, welches.
option-reset = Passwort vergessen?
option-recovery = Mit einem Wiederherstellungscode anmelden
option-other = Anders anmelden

# Einmalcode
totp-title = Code eingeben
totp-ask = Öffnen Sie Ihre Authenticator-App und geben Sie den Code ein, den sie gerade anzeigt.
totp-code = Code aus der App
totp-code-hint = Sechs Ziffern
totp-submit = Weiter
totp-wrong = Dieser Code stimmt nicht oder wurde schon benutzt. Warten Sie bitte auf den nächsten.
totp-blocked = Zu viele Fehlversuche. Bitte warten Sie einige Minuten, bevor Sie es noch einmal versuchen.
totp-enrol-title = Authenticator-App verbinden
totp-scan = Lesen Sie diesen QR-Code mit Ihrer Authenticator-App ein.
totp-qr = QR-Code für die Authenticator-App; den Schlüssel darin finden Sie auch als Text auf dieser Seite
totp-type = Oder geben Sie diesen Schlüssel in der App ein:

# Passkey
passkey-title = Mit Passkey anmelden
passkey-ask = Ihr Gerät fragt Sie gleich nach Fingerabdruck, Gesicht oder PIN.
passkey-use = Passkey verwenden
passkey-make = Passkey erstellen
passkey-make-text = Ihr Gerät fragt Sie gleich nach Fingerabdruck, Gesicht oder PIN und legt den Passkey an.
passkey-missing = Für Passkeys braucht Ihr Browser JavaScript und Unterstützung für WebAuthn. Ohne sie können Sie sich auf andere Weise anmelden.
passkey-failed = Das hat nicht geklappt. Versuchen Sie es noch einmal oder wählen Sie einen anderen Weg.
passkey-refused-title = Dieser Passkey wird nicht angenommen
passkey-refused = Er gehört nicht zu diesem Konto, wurde entfernt, oder das Gerät hat Sie nicht geprüft.
passkey-over-title = Dieser Vorgang gilt nicht mehr
passkey-over = Er ist abgelaufen oder wurde schon verwendet. Beginnen Sie bitte von vorn.
passkey-label-hint = Zum Beispiel „Telefon“ oder „Schlüssel am Schlüsselbund“

# Wiederherstellungscodes
recovery-title = Mit einem Wiederherstellungscode anmelden
recovery-ask = Geben Sie Ihre E-Mail-Adresse und einen Ihrer Wiederherstellungscodes ein. Jeder Code gilt einmal.
recovery-limits = Ein Wiederherstellungscode ersetzt das Passwort. Was ein höheres Vertrauensniveau verlangt, weisen Sie danach neu nach.
recovery-code = Wiederherstellungscode
recovery-code-hint = Zwölf Buchstaben und Ziffern
recovery-wrong = E-Mail-Adresse oder Code stimmt nicht, oder der Code wurde schon benutzt.
recovery-text = Wiederherstellungscodes helfen, wenn Sie Ihr Passwort nicht zur Hand haben.
recovery-left = Von Ihren Wiederherstellungscodes sind noch { $n } unbenutzt. Neue Codes ersetzen die alten.
recovery-new-title = Ihre Wiederherstellungscodes
recovery-once = Diese Codes werden nur jetzt angezeigt. Drucken Sie sie aus oder schreiben Sie sie ab, und bewahren Sie sie sicher auf.
recovery-kept = Ich habe die Codes aufbewahrt

# Passwort vergessen
release-title = Dieses Gerät freigeben
release-text = Jemand hat zu oft ein falsches Passwort für Ihr Konto eingegeben. Wir schicken einen Code an Ihre E-Mail-Adresse. Damit nimmt Ihr Passwort auf diesem Gerät wieder Anmeldungen an.
release-code-text = Wenn es zu dieser Adresse ein Konto gibt, haben wir einen Code dorthin geschickt. Er gilt 10 Minuten und nur auf diesem Gerät.
release-submit = Gerät freigeben
reset-title = Neues Passwort
reset-text = Wir schicken einen Code an Ihre E-Mail-Adresse. Damit legen Sie ein neues Passwort fest.
reset-choose = Wenn es zu dieser Adresse ein Konto gibt, haben wir einen Code dorthin geschickt. Er gilt 10 Minuten.
reset-limits = Danach sind Sie überall abgemeldet. Andere Anmeldearten wie Passkey oder Online-Ausweis bleiben, wie sie sind.
password-new = Neues Passwort
password-old = Bisheriges Passwort
password-old-missing = Geben Sie Ihr bisheriges Passwort ein.
password-old-wrong = Das bisherige Passwort stimmt nicht.
password-submit = Passwort setzen
password-text = Nach der Änderung werden Ihre anderen Sitzungen beendet.

# Anmeldearten im Konto
credentials-title = Ihre Anmeldearten
credentials-add = Hinzufügen
credentials-change = Ändern
credential-label = Name
credential-label-missing = Geben Sie einen Namen ein.
credential-level = Vertrauensniveau
credential-added = Hinzugefügt
credential-used = Zuletzt verwendet
credential-rename = Umbenennen
credential-remove = Entfernen
kind-password = Passwort
kind-eid = Online-Ausweis
kind-totp = Authenticator-App
kind-passkey = Passkey
kind-recovery = Wiederherstellungscodes
kind-x509 = Zertifikat
never = noch nie
add-passkey = Passkey hinzufügen
add-passkey-text = Ein Passkey liegt auf Ihrem Gerät und wird mit Fingerabdruck, Gesicht oder PIN freigegeben.
add-certificate = Zertifikat hinzufügen
add-certificate-text = Ein Zertifikat einer anerkannten Stelle, das in Ihrem Browser oder auf einer Karte liegt. Ihr Browser fragt Sie gleich, welches er zeigen soll.
certificate-label-hint = Zum Beispiel: Kanzleikarte
certificate-back = Zurück
certificate-none-title = Ihr Browser hat kein Zertifikat gezeigt
certificate-none = Prüfen Sie, ob ein Zertifikat eingerichtet ist. Manche Browser fragen erst nach einem Neustart wieder, welches sie zeigen sollen.
certificate-untrusted-title = Dieses Zertifikat wird hier nicht angenommen
certificate-untrusted = Es ist abgelaufen, oder keine anerkannte Stelle hat es ausgestellt. Es wurde nichts gespeichert.
certificate-over-title = Dieser Vorgang gilt nicht mehr
certificate-over = Er ist abgelaufen, wurde schon verwendet oder gehört zu einer anderen Anmeldung. Beginnen Sie bitte von vorn.
certificate-refused-title = Mit diesem Zertifikat können Sie sich nicht anmelden
certificate-refused = Es ist mit diesem Konto nicht verbunden. Melden Sie sich auf einem anderen Weg an; danach können Sie es unter „Ihre Anmeldearten“ hinzufügen.
desk-certificate-title = Dieses Zertifikat ist schon verbunden
desk-certificate = Ein Zertifikat gehört immer zu genau einem Konto. Es wurde nichts geändert.
add-totp = Authenticator-App verbinden
add-totp-text = Eine Authenticator-App zeigt Codes an, die Sie zusätzlich zum Passwort eingeben.
add-recovery = Neue Wiederherstellungscodes
change-password = Passwort ändern
change-email = E-Mail-Adresse ändern
remove-title = Anmeldeart entfernen?
remove-text = Danach können Sie sich damit nicht mehr anmelden. Sie bekommen eine E-Mail darüber.
remove-password-text = Über „Passwort vergessen?“ können Sie später wieder ein Passwort setzen.
done-added = Die Anmeldeart wurde hinzugefügt.
done-removed = Die Anmeldeart wurde entfernt.
done-renamed = Der Name wurde geändert.
done-password = Das Passwort wurde geändert.
done-email = Die E-Mail-Adresse wurde geändert.
desk-submit = Weiter
desk-back = Zurück zu Ihren Anmeldearten
desk-account = Zum Konto
desk-last-title = Das ist Ihre letzte Anmeldeart
desk-last = Ohne sie könnten Sie sich nicht mehr anmelden. Fügen Sie zuerst eine andere hinzu.
desk-blocked-title = Zu viele Fehlversuche
desk-blocked = Bitte warten Sie einige Minuten, bevor Sie es noch einmal versuchen.
desk-model-title = Dieses Gerät wird hier nicht angenommen
desk-model = Eine Stelle, bei der Sie angemeldet sind, nimmt Passkeys nur von bestimmten Geräten an, für die der Hersteller einsteht. Verwenden Sie bitte ein anderes Gerät, oder melden Sie sich auf einem anderen Weg an.
desk-passkey-title = Dieser Passkey wird nicht angenommen
desk-passkey = Er gehört schon zu einem Konto, oder das Gerät hat anders geantwortet als erwartet.
desk-over-title = Dieser Vorgang gilt nicht mehr
desk-over = Er ist abgelaufen oder wurde schon beendet. Beginnen Sie bitte von vorn.

# E-Mail-Adresse
email-new = Neue E-Mail-Adresse
email-text = Wir schicken einen Code an die neue und einen an die bisherige Adresse. Erst mit beiden ändert sich etwas.
email-code-text = Geben Sie den Code ein. Er gilt 10 Minuten.
email-codes-text = Geben Sie beide Codes ein. Sie gelten 10 Minuten.
email-code-new = Code von der neuen Adresse
email-code-old = Code von der bisherigen Adresse
email-codes-wrong = Mindestens einer der beiden Codes stimmt nicht.

# Ausweis
card-not-proven-title = Weisen Sie zuerst Ihren zweiten Faktor nach
card-not-proven = Ihr Konto ist mit mehr als einem Passwort geschützt. Melden Sie sich zuerst mit Passkey oder Authenticator-App an; danach können Sie den Ausweis verbinden.

# Konto löschen
done-kept = Ihr Konto bleibt bestehen.
delete-title = Konto löschen
delete-open = Das ist in Ihrem Postfach noch offen
delete-unopened = { $n ->
    [one] Eine Nachricht haben Sie noch nicht geöffnet.
   *[other] { $n } Nachrichten haben Sie noch nicht geöffnet.
}
delete-periods = { $n ->
    [one] Bei einer Nachricht läuft noch eine Frist der Bekanntgabe oder Zustellung. Die Behörde erfährt, dass Sie nicht mehr erreichbar sind; Fristen können trotzdem weiterlaufen.
   *[other] Bei { $n } Nachrichten läuft noch eine Frist der Bekanntgabe oder Zustellung. Die Behörden erfahren, dass Sie nicht mehr erreichbar sind; Fristen können trotzdem weiterlaufen.
}
delete-last-period = Die letzte dieser Fristen endet am { $date }.
delete-due = { $n ->
    [one] Eine Nachricht bittet bis zu einem Tag, der noch kommt, um etwas.
   *[other] { $n } Nachrichten bitten bis zu einem Tag, der noch kommt, um etwas.
}
delete-held = { $n ->
    [one] Eine Nachricht muss auf Anordnung aufbewahrt werden. Ihr Inhalt wird erst gelöscht, wenn die Anordnung endet.
   *[other] { $n } Nachrichten müssen auf Anordnung aufbewahrt werden. Ihr Inhalt wird erst gelöscht, wenn die Anordnung endet.
}
delete-goes = Gelöscht werden Ihre Daten, Anmeldearten, Einwilligungen, Mitgliedschaften und Ihr Postfach mit allen Nachrichten. Das lässt sich nicht rückgängig machen.
delete-stays = Bestehen bleiben Nachweise darüber, dass und wann etwas zugestellt wurde. Sie enthalten weder Ihren Namen noch Inhalte.
delete-export = Bescheide und andere Nachrichten, die Sie noch brauchen, laden Sie bitte vorher herunter. Im Konto finden Sie dafür die Seite „Alles herunterladen“.
delete-really-title = Wollen Sie Ihr Konto wirklich löschen?
delete-really = Behörden können Ihnen danach nichts mehr elektronisch zustellen, bis Sie ein neues Konto anlegen.
delete-understood = Ich habe verstanden, dass alles gelöscht wird.
delete-understood-missing = Bestätigen Sie, dass Sie das verstanden haben.
delete-order = Konto endgültig löschen
delete-waits-title = Ihr Konto wird gelöscht
delete-waits = Die Löschung beginnt am { $at }. Bis dahin können Sie es sich anders überlegen.
delete-keep = Konto behalten
delete-over-title = Ihr Konto wird gelöscht
delete-over = Sie sind überall abgemeldet. Ihre Daten werden jetzt aus allen Diensten entfernt.
delete-home = Zur Startseite

# Zwei Konten zusammenführen
merge-title = Zwei Konten zusammenführen
merge-stays = Das Konto, in dem Sie gerade angemeldet sind, bleibt: mit seinen Anmeldearten, seiner E-Mail-Adresse und seinem Postfach.
merge-moves = Aus dem anderen Konto kommen Angaben hierher, die hier fehlen, außerdem die Dokumente, Ihre früheren Einwilligungen und das Protokoll darüber, wer was erhalten hat.
merge-ends = Das andere Konto wird danach gelöscht, mit seinen Anmeldearten. Das lässt sich nicht rückgängig machen.
merge-how = Wir melden Sie jetzt ab. Melden Sie sich dann innerhalb von zehn Minuten in diesem Browser mit dem anderen Konto an, auf dessen sicherstem Weg.
merge-begin = Abmelden und mit dem anderen Konto anmelden
merge-same-title = Das ist dasselbe Konto
merge-same = Sie haben sich wieder mit dem Konto angemeldet, das bleiben soll. Beginnen Sie bitte von vorn, und melden Sie sich dann mit dem anderen an.
merge-really-title = Dieses Konto in das andere übernehmen?
merge-this-ends = Das Konto, in dem Sie jetzt angemeldet sind, endet.
merge-comes = Diese Angaben kommen in das andere Konto, mit Quelle und Vertrauensniveau: { $names }.
merge-differs = Diese Angaben gibt es dort schon anders oder an anderer Stelle; es gilt, was dort steht: { $names }.
merge-documents = { $n ->
    [one] Ein Dokument zieht um.
   *[other] { $n } Dokumente ziehen um.
}
merge-consents = { $n ->
    [one] Eine Einwilligung endet; der Nachweis zieht um.
   *[other] { $n } Einwilligungen enden; die Nachweise ziehen um.
}
merge-history = Das Protokoll darüber, wer Ihre Angaben erhalten oder eingesehen hat, zieht um.
merge-services = Dienste, die Sie über dieses Konto kennen, erfahren bei Ihrer nächsten Anmeldung dort, dass Sie jetzt über das andere kommen. Nachrichten an dieses Konto kommen nicht mehr an.
merge-understood = Ich habe verstanden, dass dieses Konto endet.
merge-understood-missing = Bestätigen Sie, dass Sie das verstanden haben.
merge-order = Konten zusammenführen
merge-hindered-title = Die Konten können noch nicht zusammengeführt werden
merge-mailbox = Im Postfach dieses Kontos liegen Nachrichten. Sie sind diesem Postfach zugestellt und ziehen nicht um. Laden Sie herunter, was Sie brauchen, warten Sie laufende Fristen ab, löschen Sie die Nachrichten dann, und beginnen Sie von vorn.
merge-organisations = Dieses Konto gehört zu einer Organisation, oder es gibt Vollmachten. Übergeben oder beenden Sie sie, und lassen Sie sie für das andere Konto neu erteilen.
merge-other-person = Das nachgewiesene Geburtsdatum ist in den beiden Konten verschieden. Es können nur Konten derselben Person zusammengeführt werden.
merge-offer = Für dieses Konto liegen Angaben aus einem früheren Konto bereit. Übernehmen oder löschen Sie sie im Konto, und beginnen Sie dann von vorn.
merge-room = Die Dokumente passen nicht mehr in das andere Konto. Löschen Sie einige, und beginnen Sie von vorn.
merge-over-title = Die Konten werden zusammengeführt
merge-over = Das dauert einen Augenblick. Melden Sie sich mit dem Konto an, das bleibt.
merge-log-in = Anmelden
