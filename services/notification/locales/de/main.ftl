hello = Guten Tag,
footer = Diese E-Mail wurde automatisch verschickt. Bitte antworten Sie nicht darauf.
never-ask = Wir fragen Sie nie per E-Mail oder Telefon nach diesem Code oder nach Ihrem Passwort.

registration-subject = Ihr Code für die Registrierung
registration-intro = mit diesem Code bestätigen Sie Ihre E-Mail-Adresse:
code-lifetime = Der Code gilt zehn Minuten.
registration-ignore = Sie haben sich nicht registriert? Dann müssen Sie nichts tun.

password-reset-subject = Ihr Code für ein neues Passwort
password-reset-intro = mit diesem Code legen Sie ein neues Passwort fest:
password-reset-ignore = Sie wollten kein neues Passwort? Dann müssen Sie nichts tun; Ihr altes gilt weiter.

already-registered-subject = Sie haben schon ein Konto
already-registered-intro = jemand wollte mit Ihrer E-Mail-Adresse ein Konto anlegen. Zu dieser Adresse gibt es schon eines.
already-registered-sign-in = Waren Sie das? Dann melden Sie sich einfach an:
already-registered-ignore = Waren Sie das nicht, müssen Sie nichts tun. An Ihrem Konto hat sich nichts geändert.

letter-provided-subject = In Ihrem Postfach liegt eine neue Nachricht
letter-provided-intro = in Ihrem Postfach liegt eine neue Nachricht für Sie.
letter-reminder-subject = In Ihrem Postfach liegt eine ungelesene Nachricht
letter-reminder-intro = in Ihrem Postfach liegt noch eine Nachricht, die Sie nicht geöffnet haben.
letter-served-subject = Eine Nachricht in Ihrem Postfach gilt als zugestellt
letter-served-intro = eine Nachricht in Ihrem Postfach gilt durch Zeitablauf als zugestellt, weil kein Empfangsbekenntnis von Ihnen kam.
letter-level = Zum Öffnen brauchen Sie das Vertrauensniveau „{ $level }“.
letter-link = Zum Postfach:
letter-no-content = Aus Gründen des Datenschutzes nennt diese E-Mail weder Absender noch Inhalt.

email-new-subject = Ihr Code für die neue E-Mail-Adresse
email-new-intro = mit diesem Code bestätigen Sie, dass Ihr Konto künftig diese E-Mail-Adresse verwendet:
email-new-ignore = Sie haben keine Adresse geändert? Dann müssen Sie nichts tun.
email-old-subject = Die E-Mail-Adresse Ihres Kontos soll sich ändern
email-old-intro = jemand, der an Ihrem Konto angemeldet ist, möchte eine andere E-Mail-Adresse eintragen. Mit diesem Code stimmen Sie zu:
email-old-ignore = Waren Sie das nicht? Dann geben Sie den Code niemandem; ohne ihn ändert sich nichts. Ändern Sie bitte Ihr Passwort.

device-release-subject = Ihr Code, um dieses Gerät freizugeben
device-release-intro = jemand hat zu oft ein falsches Passwort für Ihr Konto eingegeben. Mit diesem Code geben Sie das Gerät frei, an dem Sie sich gerade anmelden:
device-release-ignore = Sie wollten sich nicht anmelden? Dann geben Sie den Code niemandem; ohne ihn ändert sich nichts.

invitation-subject = Sie sind eingeladen, für eine Organisation zu handeln
invitation-intro = eine Organisation lädt Sie ein, in ihrem Organisationskonto mitzuarbeiten. Melden Sie sich dafür mit dem Konto an, das diese E-Mail-Adresse hat, und öffnen Sie diese Seite:
invitation-code = Geben Sie dort diesen Code ein. Erst danach sehen Sie, wer Sie einlädt und wozu, und entscheiden selbst:
invitation-keep = Der Code gilt nur für Sie und nur einmal. Geben Sie ihn an niemanden weiter.
invitation-ignore = Wenn Sie keine Einladung erwarten, brauchen Sie nichts zu tun.

credential-added-subject = Ihrem Konto wurde eine Anmeldeart hinzugefügt
credential-added-intro = mit Ihrem Konto wurde eine weitere Möglichkeit verbunden, sich anzumelden.
credential-removed-subject = Aus Ihrem Konto wurde eine Anmeldeart entfernt
credential-removed-intro = eine der Möglichkeiten, sich an Ihrem Konto anzumelden, wurde entfernt.
password-changed-subject = Ihr Passwort wurde geändert
password-changed-intro = für Ihr Konto gilt ein neues Passwort. Andere Sitzungen wurden beendet.
recovery-created-subject = Neue Wiederherstellungscodes für Ihr Konto
recovery-created-intro = für Ihr Konto wurden neue Wiederherstellungscodes erzeugt. Die alten gelten nicht mehr.
recovery-used-subject = Ein Wiederherstellungscode wurde benutzt
recovery-used-intro = jemand hat sich mit einem Ihrer Wiederherstellungscodes angemeldet. Der Code gilt nicht mehr.
account-linked-subject = Ihr Konto wurde mit einem anderen verknüpft
account-linked-intro = mit Ihrem Konto wurde ein Konto bei einem anderen Anbieter verknüpft. Man kann sich damit künftig auch hier anmelden.
account-unlinked-subject = Eine Verknüpfung Ihres Kontos wurde gelöst
account-unlinked-intro = die Verknüpfung Ihres Kontos mit einem Konto bei einem anderen Anbieter wurde gelöst. Man kann sich damit hier nicht mehr anmelden.
security-yours = Waren Sie das? Dann müssen Sie nichts tun.
security-not-yours = Waren Sie das nicht, melden Sie sich bitte gleich an, prüfen Sie Ihre Anmeldearten und ändern Sie Ihr Passwort:

level-basic = Basisregistrierung
level-low = niedrig
level-substantial = substanziell
level-high = hoch

# Ende des Kontos
account-inactive-subject = Ihr Konto wird gelöscht, wenn Sie sich nicht anmelden
account-inactive-intro = Sie haben sich lange nicht angemeldet. Ihr Konto und alle Nachrichten in Ihrem Postfach werden in { $days } Tagen gelöscht.
account-inactive-keep = Wenn Sie Ihr Konto behalten möchten, melden Sie sich einfach an:
deletion-asked-subject = Ihr Konto wird gelöscht
deletion-asked-intro = { $days ->
    [0] die Löschung Ihres Kontos wurde angeordnet und hat begonnen. Sie sind überall abgemeldet.
    [one] die Löschung Ihres Kontos wurde angeordnet. Sie beginnt in einem Tag und lässt sich bis dahin in Ihrem Konto aufhalten.
   *[other] die Löschung Ihres Kontos wurde angeordnet. Sie beginnt in { $days } Tagen und lässt sich bis dahin in Ihrem Konto aufhalten.
}
deletion-asked-not-you = Wenn Sie das nicht waren, wenden Sie sich bitte sofort an den Betreiber:
deletion-cancelled-subject = Ihr Konto bleibt bestehen
deletion-cancelled-intro = die Löschung Ihres Kontos wurde zurückgenommen.
deletion-cancelled-stays = Es bleibt alles, wie es war:
data-taken-over-subject = Angaben aus einem früheren Konto sind jetzt in Ihrem Konto
data-taken-over-intro = in Ihr Konto wurden Angaben aus einem früheren Konto übernommen.
data-taken-over-look = Waren Sie das nicht, melden Sie sich bitte an, sehen Sie nach, was im Konto steht, und ändern Sie Ihr Passwort:
accounts-merged-subject = Zwei Ihrer Konten wurden zusammengeführt
accounts-merged-intro = zwei Ihrer Konten sind jetzt eines. Das Konto, das dafür endet, wird gelöscht.
accounts-merged-not-you = Wenn Sie das nicht waren, wenden Sie sich bitte sofort an den Betreiber:
