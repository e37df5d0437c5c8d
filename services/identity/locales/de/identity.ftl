# Wer fragt, und was verlangt wird
who-title = Wer Ihre Anmeldung verlangt
who-purpose = Zweck:
who-policy = Datenschutzhinweise dieses Dienstes
test-title = Testzugang
test-text = Dieser Dienst ist nur zum Testen angeschlossen. Nichts, was Sie dort tun, hat Wirkung.
why-basic = Dafür genügt die Anmeldung mit E-Mail-Adresse und Passwort.
why-low = Verlangt wird mindestens dieses Vertrauensniveau. Ihr Passwort allein genügt nicht; mit dem Online-Ausweis erreichen Sie es.
why-substantial = Verlangt wird mindestens dieses Vertrauensniveau: Ihre Identität muss nachgewiesen sein. Mit dem Online-Ausweis erreichen Sie es.
why-high = Verlangt wird dieses Vertrauensniveau: Ihre Identität muss mit dem Online-Ausweis nachgewiesen sein.
cancel = Abbrechen

# Anmelden
login-title = Anmelden
login-again-title = Bitte melden Sie sich noch einmal an
login-select-title = Mit welchem Konto möchten Sie sich anmelden?
login-known = Sie sind angemeldet als { $address }. Bitte bestätigen Sie es für diesen Dienst mit Ihrem Passwort.
login-other = Mit einem anderen Konto anmelden
login-somebody-else-title = Dieser Dienst erwartet ein bestimmtes Konto
login-somebody-else = Sie sind gerade mit einem anderen angemeldet. Melden Sie sich bitte mit dem Konto an, das Sie dort verwenden.
login-no-password = Dieser Dienst lässt die Anmeldung mit Passwort nicht zu.
login-email = E-Mail-Adresse
login-password = Passwort
login-submit = Anmelden
login-no-account = Noch kein Konto?
login-register = Konto anlegen
login-card-title = Mit dem Online-Ausweis
login-card-text = Wenn Ihr Ausweis schon mit Ihrem Konto verbunden ist, können Sie sich ohne Passwort anmelden.
login-card = Mit Online-Ausweis anmelden
login-email-missing = Geben Sie Ihre E-Mail-Adresse ein, zum Beispiel name@example.org
login-password-missing = Geben Sie Ihr Passwort ein
login-wrong = E-Mail-Adresse oder Passwort stimmt nicht.
login-release = Waren das nicht Sie? Dieses Gerät mit einem Code per E-Mail freigeben
login-blocked = Zu viele Fehlversuche. Das Passwort nimmt eine Zeit lang keine Anmeldung an, höchstens 24 Stunden. Mit dem Online-Ausweis können Sie sich weiterhin anmelden.
login-busy-title = Gerade melden sich sehr viele an
login-busy = Bitte laden Sie die Seite in einigen Sekunden neu und versuchen Sie es noch einmal.
account-disabled-title = Dieses Konto ist gesperrt
account-disabled = Sie können sich damit zurzeit nicht anmelden. Ihre Daten und Nachrichten bleiben erhalten. Bitte wenden Sie sich an die Stelle, die das Konto betreibt; die Kontaktdaten stehen im Impressum.

# Konto anlegen
register-title = Konto anlegen
register-step-1 = E-Mail-Adresse und Passwort
register-step-2 = Code eingeben
register-email = E-Mail-Adresse
register-email-hint = An diese Adresse schicken wir Ihnen einen Code.
register-email-bad = Das ist keine gültige E-Mail-Adresse. Geben Sie sie so ein: name@example.org
register-password = Passwort
register-password-hint = Mindestens 8 Zeichen. Gut sind mehrere Wörter, die nur Sie zusammenbringen.
register-password-short = Das Passwort braucht mindestens 8 Zeichen.
register-password-long = Das Passwort darf höchstens 128 Zeichen haben.
register-password-common = Dieses Passwort ist zu leicht zu erraten. Wählen Sie bitte ein anderes.
register-password-breached = Dieses Passwort steht in Listen gestohlener Passwörter. Wählen Sie bitte ein anderes.
register-data = Gespeichert werden Ihre E-Mail-Adresse verschlüsselt und Ihr Passwort so, dass niemand es lesen kann.
register-submit = Code anfordern
register-have-account = Sie haben schon ein Konto?
register-too-many = An diese Adresse gingen in der letzten Stunde schon mehrere Mails. Bitte warten Sie eine Stunde und prüfen Sie auch den Spam-Ordner.
confirm-title = Code eingeben
confirm-text = Wir haben eine E-Mail an die angegebene Adresse geschickt. Geben Sie den Code daraus ein. Er gilt 10 Minuten.
confirm-code = Code
confirm-code-hint = Sechs Ziffern
confirm-submit = Konto anlegen
confirm-wrong = Dieser Code stimmt nicht. Prüfen Sie die Ziffern in der E-Mail.
confirm-spent-title = Der Code gilt nicht mehr
confirm-spent = Er ist abgelaufen oder wurde zu oft falsch eingegeben. Fordern Sie bitte einen neuen an.
confirm-again = Neuen Code anfordern
confirm-no-mail = Keine E-Mail bekommen?

# Wird eingerichtet
waiting-title = Ihr Konto wird eingerichtet
waiting-text = Das dauert meist nur wenige Sekunden. Die Seite geht von selbst weiter.
waiting-go-on = Weiter

# Vertrauensniveau erhöhen
step-up-title = Bitte weisen Sie sich aus
step-up-have = Sie sind angemeldet mit dem Vertrauensniveau „{ $level }“. Das reicht für diesen Dienst nicht.
step-up-offer = Sie sind angemeldet mit dem Vertrauensniveau „{ $level }“. Der Dienst bevorzugt ein höheres, nimmt dieses aber auch an.
step-up-hopeless = Mit den Anmeldearten, die Ihnen für diesen Dienst offenstehen, ist das verlangte Vertrauensniveau nicht zu erreichen.
step-up-text = Mit Ihrem Personalausweis, elektronischen Aufenthaltstitel oder Ihrer Unionsbürgerkarte weisen Sie Ihre Identität online nach. Gelesen werden Name, Geburtsdatum und -ort, Anschrift und Staatsangehörigkeit; sie werden in Ihrem Konto gespeichert.
step-up-card = Online-Ausweis
step-up-skip = Ohne Ausweis fortfahren
eid-purpose-login = Anmeldung am Servicekonto für „{ $client }“
eid-purpose-raise = Nachweis Ihrer Identität im Servicekonto für „{ $client }“

# Ergebnis des Ausweises
card-cancelled-title = Sie haben abgebrochen
card-cancelled = Es wurden keine Daten übernommen. Sie können es noch einmal versuchen.
card-failed-title = Der Ausweis konnte nicht gelesen werden
card-failed = Vielleicht ist er abgelaufen oder gesperrt, oder die Verbindung wurde unterbrochen. Es wurden keine Daten übernommen.
card-open-title = Der Ausweisvorgang ist noch nicht beendet
card-open = Schließen Sie ihn bitte zuerst ab.
card-unknown-title = Dieser Ausweisvorgang gilt nicht mehr
card-unknown = Er ist abgelaufen, wurde schon verwendet oder gehört zu einer anderen Anmeldung. Beginnen Sie bitte von vorn.
card-other-account-title = Dieser Ausweis kann hier nicht verwendet werden
card-other-account = Er ist bereits mit einem anderen Konto verbunden. Ein Ausweis gehört immer zu genau einem Konto. Melden Sie sich mit dem Online-Ausweis an, um dieses Konto zu benutzen.
card-other-person-title = Das ist der Ausweis einer anderen Person
card-other-person = Name oder Geburtsdatum stimmen nicht mit dem Ausweis überein, der schon mit Ihrem Konto verbunden ist. Es wurden keine Daten übernommen. Wenn sich Ihr Name geändert hat, wenden Sie sich bitte an die Hilfe.
card-not-bound-title = Dieser Ausweis gehört noch zu keinem Konto
card-not-bound = Melden Sie sich zuerst mit E-Mail-Adresse und Passwort an oder legen Sie ein Konto an. Danach können Sie den Ausweis verbinden.
card-back = Zurück zur Anmeldung

# Für wen jemand handelt
act-for-title = Für wen handeln Sie?
act-for-told = Wenn Sie für jemanden handeln, erfährt { $client } Ihr Recht dazu und von der Organisation oder Person: { $claims }. Ihr eigenes Konto bleibt Ihres.
act-for-legend = Ich handle
act-for-myself = für mich selbst
act-for-organisation = Organisation
act-for-person = Person, die Ihnen eine Vollmacht gegeben hat
act-for-too-low = Dafür brauchen Sie das Vertrauensniveau { $level }; wir fragen im nächsten Schritt danach.
act-for-more = Weitere anzeigen
act-for-submit = Weiter
act-for-missing = Wählen Sie aus, für wen Sie handeln.
act-for-not-allowed = Für diese Auswahl haben Sie hier kein Recht, oder es besteht nicht mehr. Wählen Sie bitte neu.
act-for-nobody-title = Sie können hier für niemanden handeln
act-for-nobody = Dieser Dienst ist nur für Menschen, die für eine Organisation oder eine andere Person handeln. Mit diesem Konto haben Sie hier kein Recht dazu. Bitten Sie die Organisation oder die Person darum, es Ihnen zu geben.
act-for-other = Mit einem anderen Konto anmelden
act-for-claim-name = Name
act-for-claim-legal-form = Rechtsform
act-for-claim-register-kind = Registerart
act-for-claim-register-court = Registergericht
act-for-claim-register-number = Registernummer

# Einwilligung
consent-title = Daten weitergeben?
consent-who = „{ $client }“ ({ $tenant }) möchte Daten aus Ihrem Konto erhalten. Weitergegeben wird nur, was hier steht, und erst, wenn Sie zustimmen.
consent-purpose = Zweck:
consent-purpose-none = Der Dienst hat keinen Zweck angegeben.
consent-required = Diese Daten benötigt der Dienst
consent-optional = Diese Daten können Sie freiwillig weitergeben
consent-origin = Quelle: { $source }, Vertrauensniveau: { $level }
consent-missing = Nicht in Ihrem Konto vorhanden und deshalb nicht weitergegeben:
consent-scopes = Außerdem darf der Dienst
consent-withdraw = Ihre Zustimmung gilt, bis Sie sie in Ihrem Konto widerrufen. Dort sehen Sie auch, wer wann welche Daten erhalten hat.
consent-allow = Zustimmen und weiter
consent-deny = Ablehnen
scope-postbox = Ihr Postfach kennen, um Ihnen Briefe zuzustellen
scope-locale = die Sprache Ihres Kontos erfahren
scope-offline_access = auch dann auf die genannten Daten zugreifen, wenn Sie nicht angemeldet sind
scope-account-read = Ihre Kontodaten lesen
scope-account-write = Ihre selbst eingetragenen Kontodaten ändern
scope-organisation-read = Ihre Organisationen sehen
scope-organisation-write = Organisationen für Sie anlegen und verwalten
scope-postbox-read = Ihre Briefe lesen
scope-postbox-deliver = Briefe zustellen
scope-account-documents = Dokumente abrufen, die Ihnen jemand freigegeben hat
scope-account-support = Konten einsehen (Betrieb)
scope-organisation-admin = Nachweise von Organisationen prüfen (Betrieb)
scope-postbox-admin = Postfach verwalten (Betrieb)
scope-identity-self = Ihre Anmeldungen sehen und beenden
source-self-declared = eigene Angabe
source-confirmed = bestätigt
source-eid = Online-Ausweis
source-upstream = anderes Konto
source-certificate = Zertifikat
source-operator = Prüfung durch eine Behörde
attribute-not-applicable = trifft nicht zu
attribute-salutation = Anrede
attribute-title = Doktorgrad
attribute-given-name = Vornamen
attribute-family-name = Familienname
attribute-birth-name = Geburtsname
attribute-date-of-birth = Geburtsdatum
attribute-place-of-birth = Geburtsort
attribute-nationality = Staatsangehörigkeit
attribute-street-and-building = Straße und Hausnummer
attribute-street = Straße (ohne Hausnummer)
attribute-house-number = Hausnummer
attribute-zip-code = Postleitzahl
attribute-city = Ort
attribute-country = Land
attribute-email = E-Mail-Adresse
attribute-telephone = Telefon
attribute-demail = De-Mail-Adresse
attribute-document-type = Art des Ausweises
attribute-community-id = Gemeindeschlüssel
attribute-eidas-country = Ausstellender Staat

# Abmelden
logout-title = Möchten Sie sich abmelden?
logout-text = Danach sind Sie bei allen Diensten abgemeldet, bei denen Sie sich in diesem Browser mit diesem Konto angemeldet haben.
logout-submit = Abmelden
logout-stay = Angemeldet bleiben
logout-bad-title = Abmeldung nicht möglich
logout-bad = Der Dienst, von dem Sie kommen, hat die Abmeldung fehlerhaft angefordert. Sie sind weiterhin angemeldet.
logout-bad-detail = Für die Fehlersuche
logged-out-title = Sie sind abgemeldet
logged-out = An einem fremden Gerät schließen Sie bitte auch den Browser.

# Störungen
other-browser-title = Diese Anmeldung gehört zu einem anderen Browser
other-browser = Eine Anmeldung lässt sich nur in dem Browser fortsetzen, in dem sie begonnen hat. Öffnen Sie den Dienst bitte neu. Ihr Browser muss Cookies dieser Website annehmen.
over-title = Diese Anmeldung ist abgelaufen
over = Sie wurde schon beendet oder hat zu lange gedauert. Öffnen Sie den Dienst bitte neu.
home = Zur Startseite

# Zurück zum Dienst
form-post-title = Zurück zum Dienst
form-post-text = Mit einem Klick geht es zurück zum Dienst.
form-post-submit = Zurück zum Dienst

# Mit dem Konto eines anderen Landes oder Anbieters
upstream-title = Mit einem anderen Konto
upstream-text = Sie melden sich dort an und kommen danach hierher zurück.
upstream-with = Weiter mit { $name }
upstream-back = Zurück
upstream-cancelled-title = Sie haben abgebrochen
upstream-cancelled = Bei dem anderen Konto wurde die Anmeldung abgebrochen. Es wurden keine Daten übernommen.
upstream-down-title = Das andere Konto ist gerade nicht erreichbar
upstream-down = Versuchen Sie es in einigen Minuten noch einmal, oder melden Sie sich auf einem anderen Weg an.
upstream-failed-title = Die Anmeldung wurde nicht bestätigt
upstream-failed = Die Antwort des anderen Kontos konnte nicht geprüft werden. Es wurden keine Daten übernommen.
upstream-off-title = Dieses Konto kann hier nicht verwendet werden
upstream-off = Anmeldungen von dort werden derzeit nicht angenommen.
upstream-unknown-title = Diese Anmeldung gilt nicht mehr
upstream-unknown = Sie ist abgelaufen, wurde schon verwendet oder gehört zu einem anderen Browser. Beginnen Sie bitte von vorn.
upstream-low-title = Das andere Konto reicht für diesen Dienst nicht
upstream-low = Es hat Ihre Identität mit dem Vertrauensniveau „{ $level }“ bestätigt. Dieser Dienst verlangt „{ $needed }“. Sie können sich auf einem anderen Weg ausweisen oder abbrechen.
upstream-address-title = Sie haben hier schon ein Konto
upstream-address = Melden Sie sich zuerst mit Ihren hiesigen Zugangsdaten an. Danach können Sie das andere Konto damit verbinden.
upstream-not-fresh-title = Bitte melden Sie sich zuerst neu an
upstream-not-fresh = Ein anderes Konto verbinden Sie nur kurz nach einer Anmeldung, und zwar mit dem höchsten Vertrauensniveau, das Ihr Konto schützt.
upstream-other-account-title = Das andere Konto ist schon verbunden
upstream-other-account = Es gehört zu einem anderen Konto bei uns. Melden Sie sich damit an, um jenes Konto zu benutzen.
upstream-recycled-title = Diese Anmeldung passt nicht zu Ihrem Konto
upstream-recycled = Name oder Geburtsdatum stimmen nicht mit denen überein, mit denen das Konto verbunden wurde. Sie wurden nicht angemeldet. Melden Sie sich auf einem anderen Weg an, oder wenden Sie sich an die Hilfe.
upstream-other-person-title = Das ist das Konto einer anderen Person
upstream-other-person = Name oder Geburtsdatum stimmen nicht mit Ihrem Konto überein. Es wurde nichts verbunden.
upstream-ask-title = Konto verbinden?
upstream-ask = „{ $name }“ hat Sie bestätigt und ist noch mit keinem Konto bei uns verbunden.
upstream-ask-meaning = Wenn Sie es mit Ihrem Konto verbinden, können Sie sich künftig auch damit anmelden. In Ihrem Konto können Sie die Verbindung jederzeit lösen.
upstream-ask-submit = Verbinden
upstream-ask-decline = Nicht verbinden
upstream-link-title = Konto verbinden
upstream-link = Verbinden Sie Ihr Konto mit „{ $name }“. Sie melden sich dort an und kommen danach hierher zurück.
upstream-link-submit = Zur Anmeldung dort
upstream-linked-title = Das Konto ist verbunden
upstream-linked = Sie können sich ab jetzt auch damit anmelden.
upstream-account = Zu Ihrem Konto

# Einmalig ohne Konto
guest-title = Einmalig, ohne Konto
guest-text = Sie weisen sich mit Ihrem Ausweis aus und haben danach kein Konto und kein Postfach. Was der Ausweis sagt, geht nur mit Ihrer Zustimmung an diesen Dienst und wird hier nicht aufbewahrt. Antworten bekommen Sie auf anderem Weg, zum Beispiel mit der Post.
guest-submit = Einmalig mit dem Ausweis anmelden, ohne Konto
eid-purpose-guest = Einmalige Anmeldung ohne Konto bei „{ $client }“
guest-who = „{ $client }“ ({ $tenant }) möchte Daten von Ihrem Ausweis erhalten. Weitergegeben wird nur, was hier steht, und erst, wenn Sie zustimmen.
guest-missing = Steht nicht auf Ihrem Ausweis und wird deshalb nicht weitergegeben:
guest-once = Ihre Zustimmung gilt für dieses eine Mal. Wenn Sie fertig sind, bleibt hier nichts von Ihnen zurück.
guest-logout = Sie sind einmalig und ohne Konto angemeldet. Nach dem Abmelden bleibt hier nichts von Ihnen zurück.
guest-keep-title = Doch ein Konto?
guest-keep-text = Sie können daraus ein Konto machen: mit E-Mail-Adresse und Passwort, verbunden mit dem Ausweis, den Sie gerade gezeigt haben, und mit den Angaben von ihm. Dann bekommen Sie auch ein Postfach. Die einmalige Anmeldung endet damit.
guest-keep = Als Konto behalten
register-card-title = Mit Ausweis
register-card = Ihr neues Konto wird mit dem Ausweis von { $name } verbunden. Sind Sie das nicht, brechen Sie ab.
guest-has-account-title = Sie haben schon ein Konto
guest-has-account = Der Ausweis, den Sie gezeigt haben, gehört schon zu einem Konto. Ihre einmalige Anmeldung ist beendet, an dem Konto wurde nichts geändert. Sie können sich mit dem Ausweis bei diesem Konto anmelden.
guest-has-account-go = Zur Anmeldung
